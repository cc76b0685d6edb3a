"""Bad plugins, installed as real distributions: the daemon lives, says why, and other calls are served."""

from __future__ import annotations

import contextlib
import textwrap
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from journeys.faults import DAEMON, same_daemon, served, settings, wait_back, wait_log, wait_music
from journeys.faults import Kill as Gone
from journeys.pbx import Pbx, path_of, together
from rig import wait_for

DIST = "/usr/lib/python3/dist-packages"
HEAD = """\
import sys, time
from jackfield.api import DestinationKind, Goto, End, Result, hookimpl
"""
KIND = """
class Plugin:
    @hookimpl
    def jackfield_destinations(self):
        return [DestinationKind("{name}", "Bad", handle)]

def handle(call, name):
{handler}
"""
HANDLERS = {
    "badraise": "raise RuntimeError('this handler is broken')",
    "badexit": "sys.exit(3)",
    "badnonsense": "return 42",
    "badhang": "call.answer()\ntime.sleep(3600)",
    "badsilent": "time.sleep(3600)",
    "badloop": "return Goto('badloop:x')",
    "badnowhere": "return Goto('nobody-serves:this')",
    "badmemory": "call.checkpoint(memo='x' * 100_000)\nreturn End()",
}
"""Plugin and kind of destination → its handler. The DID of each is 55509 and its place here."""
DIDS = {name: f"55509{n:02d}" for n, name in enumerate(HANDLERS)}


def install(pbx: Pbx, sources: Mapping[str, str]) -> None:
    """Installs plugins, each a distribution with an entry point."""
    for name, source in sources.items():
        info = f"{DIST}/jackfield_{name}-1.0.dist-info"
        pbx.node.write_file(f"{DIST}/jackfield_{name}.py", source)
        pbx.node.write_file(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: jackfield-{name}\nVersion: 1.0\n")
        pbx.node.write_file(f"{info}/entry_points.txt", f"[jackfield.plugins]\n{name} = jackfield_{name}:Plugin\n")


def remove(pbx: Pbx, names: Mapping[str, str]) -> None:
    """Removes them again."""
    for name in names:
        pbx.node.run(["rm", "-rf", f"{DIST}/jackfield_{name}.py", f"{DIST}/jackfield_{name}-1.0.dist-info"])


@contextlib.contextmanager
def installed(pbx: Pbx, sources: Mapping[str, str]) -> Iterator[dict[str, dict[str, Any]]]:
    """Plugins that are there for a while; gives what the command says of all plugins."""
    install(pbx, sources)
    try:
        pbx.node.run(["jackfield", "plugins", "reload"], check=False, timeout=60)
        yield listed(pbx)
    finally:
        remove(pbx, sources)
        pbx.node.run(["jackfield", "plugins", "reload"], check=False, timeout=60)


def listed(pbx: Pbx) -> dict[str, dict[str, Any]]:
    """`jackfield plugins list` by name."""
    return {row["name"]: row for row in pbx.jackfield("plugins", "list", "--json")}


@pytest.fixture(scope="module")
def bad_handlers(shared_pbx: Pbx) -> Iterator[None]:
    """Plugins whose handlers misbehave, with a DID each."""
    sources = {
        name: HEAD + KIND.format(name=name, handler=textwrap.indent(body, "    ")) for name, body in HANDLERS.items()
    }
    did = '\n[[did]]\nname = "{0}"\nnumber = "{1}"\ndestination = "{0}:x"\nfallback = "prompt:fallback-here"\n'
    dids = "".join(did.format(name, DIDS[name]) for name in HANDLERS)
    with settings(shared_pbx, "[agi]\nstall_seconds = 2\n"), installed(shared_pbx, sources) as found:
        assert {found[name]["state"] for name in HANDLERS} == {"enabled"}, found
        shared_pbx.apply_text(shared_pbx.site_text() + dids, "bad plugins")
        yield
    shared_pbx.apply_site()


LOGGED = {
    "badraise": "this handler is broken",
    "badexit": "SystemExit: 3",
    "badnonsense": "returned int",
    "badhang": "call.stalled",
    "badsilent": "call.stalled",
    "badloop": "call.endless",
    "badnowhere": "no plugin serves 'nobody-serves'",
    "badmemory": "UnsafeValue",
}


@pytest.mark.parametrize("name", HANDLERS)
@pytest.mark.usefixtures("bad_handlers")
def test_a_bad_handlers_caller_hears_the_fallback(pbx: Pbx, name: str) -> None:
    """The fallback of the route is played, the log names the plugin, another caller notices nothing."""
    pid, begun, number = pbx.node.main_pid(DAEMON), time.monotonic(), pbx.number()
    call = pbx.call(DIDS[name], number)
    served(pbx)
    wanted = "sorry" if name == "badloop" else "fallback-here"
    pbx.wait_hears(call, wanted, timeout=30)
    ended = call.wait_ended(15)
    assert (ended.final_code, ended.ended_by) == (200, "them")
    wait_log(pbx, begun - 0.5, LOGGED[name])
    record = pbx.record(number)
    path = path_of(record)
    assert path[0][0] == f"{name}:x", path
    if name == "badloop":
        assert len(path) <= 52 and record["result"] == "failed", record
    else:
        assert path[-1] == ("prompt:fallback-here", ""), path
    if name not in ("badloop", "badnowhere"):
        wait_for(lambda: listed(pbx)[name]["faults"] == 1, 10, "the fault to be counted, and only once")
    if name == "badsilent":
        wait_for(lambda: listed(pbx)[name]["stuck"] == 1, 30, "the thread that does not come back to be told of")
        assert "plugin-stuck:badsilent" in {alarm["key"] for alarm in pbx.ask("alarms")}
    same_daemon(pbx, pid)
    wait_for(lambda: pbx.ask("calls") == [], 10, "the end of all calls")


@pytest.mark.usefixtures("bad_handlers")
def test_shut_off_after_repeated_faults(pbx: Pbx) -> None:
    """After five faults its destination is not served any more, `plugins list` says why, callers get the fallback."""
    pid = pbx.node.main_pid(DAEMON)
    before = listed(pbx)["badraise"]["faults"]
    numbers = [pbx.number() for _ in range(5 - before + 1)]
    calls = together(*(lambda n=n: pbx.call(DIDS["badraise"], n) for n in numbers))
    for call in calls:
        call.wait_ended(25)
        assert len(pbx.hears(call, "fallback-here")) == 1
    row = listed(pbx)["badraise"]
    assert row["state"] == "shut off after repeated errors" and "this handler is broken" in row["reason"], row
    number = pbx.number()
    call = pbx.call(DIDS["badraise"], number)
    pbx.wait_hears(call, "fallback-here")
    call.wait_ended(10)
    assert path_of(pbx.record(number))[0] == ("badraise:x", "failed")
    same_daemon(pbx, pid)


KILLER = HEAD + KIND.format(name="badkill", handler="    import os\n    call.answer()\n    os.kill(os.getpid(), 9)")
KILLER_DID = """
[[did]]
name = "badkill"
number = "5550909"
destination = "badkill:x"
fallback = "prompt:chirp"
"""


@pytest.mark.usefixtures("unchanged")
def test_a_call_that_kills_the_daemon_goes_to_its_fallback(pbx: Pbx) -> None:
    """Each time that it comes back it does so again; who waits meanwhile stays in line, and is heard of."""
    pbx.staff("201")
    pbx.dial_code("201", "*13")
    waiter, killer = pbx.number(), pbx.number()
    with installed(pbx, {"badkill": KILLER}):
        pbx.apply_text(pbx.site_text() + KILLER_DID, "journey: a call that kills")
        waiting = pbx.call("5550500", waiter)
        pbx.wait_waiting("basic", [waiter])
        begun, pid = time.monotonic(), pbx.node.main_pid(DAEMON)
        call = pbx.call("5550909", killer)
        pbx.wait_hears(call, "chirp", timeout=60)
        call.wait_ended(15)
        wait_back(pbx, Gone(begun, pid))
        pbx.wait_waiting("basic", [waiter])
        wait_log(pbx, begun, "call.guilty", '"deaths": 5')
    record = pbx.record(killer)
    assert path_of(record)[-1] == ("prompt:chirp", ""), path_of(record)
    waiting.hang_up()
    assert pbx.record(waiter)["result"] == "abandoned"
    served(pbx)


BAD_LOADS = {
    "loadraise": ("raise ImportError('no such card')", "failed to load", "no such card"),
    "loadexit": ("import sys; sys.exit(7)", "failed to load", "SystemExit"),
    "loadsyntax": ("def broken(:\n    pass", "failed to load", "SyntaxError"),
    "loadinit": ("class Plugin:\n    def __init__(self): raise OSError('no card')", "failed to load", "no card"),
    "loadapi": ("class Plugin:\n    api = '9.0'", "wrong API version", "9.0"),
    "loadclash": (HEAD + KIND.format(name="queue", handler="    return End()"), "failed to load", "acd"),
    "loadcore": (HEAD + KIND.format(name="extension", handler="    return End()"), "failed to load", "core"),
    "loadnonsense": (
        HEAD + "class Plugin:\n    @hookimpl\n    def jackfield_destinations(self): return [3]",
        "failed to load",
        "DestinationKind",
    ),
    "loadneeds": ("class Plugin:\n    requires = ('nowhere',)", "waits for another plugin", "apt install"),
    "loadsignal": (
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nclass Plugin: pass",
        "failed to load",
        "main thread",
    ),
    "loadstart": (
        HEAD
        + "class Plugin:\n    @hookimpl\n    def jackfield_start(self, core): raise OSError('no such card')\n"
        + "    @hookimpl\n    def jackfield_destinations(self): return [DestinationKind('loadstart', 'Bad', print)]",
        "failed to load",
        "no such card",
    ),
    "loadhook": (
        HEAD + "class Plugin:\n    @hookimpl\n    def jackfield_no_such_hook(self): pass",
        "failed to load",
        "jackfield_no_such_hook",
    ),
}
"""Plugin → (source, state, what the reason must name)."""


def test_plugins_that_do_not_load(pbx: Pbx) -> None:
    """Each is listed with its state and reason; the good ones and their destinations are as before."""
    pid = pbx.node.main_pid(DAEMON)
    with installed(pbx, {name: source for name, (source, _, _) in BAD_LOADS.items()}) as found:
        for name, (_, state, reason) in BAD_LOADS.items():
            assert found[name]["state"] == state and reason in found[name]["reason"], found[name]
        assert {found[name]["state"] for name in ("acd", "ivr", "recording")} == {"enabled"}
        served(pbx)
        number = pbx.number()
        call = pbx.call("5550100", number)
        pbx.wait_hears(call, "main-menu")
        call.hang_up()
        begun = Gone(time.monotonic(), pid)
        pbx.node.systemctl("restart", f"{DAEMON}.service")
        wait_back(pbx, begun)
        again = listed(pbx)
        for name, (_, state, reason) in BAD_LOADS.items():
            assert again[name]["state"] == state and reason in again[name]["reason"], again[name]
        pbx.login("201")
        served(pbx)
    assert not set(BAD_LOADS) & set(listed(pbx))


def test_a_plugin_that_hangs_on_import(pbx: Pbx) -> None:
    """It is given up after a while; calls are served meanwhile and after."""
    pid = pbx.node.main_pid(DAEMON)
    sources = {"loadhang": "import time\ntime.sleep(3600)"}
    install(pbx, sources)
    try:
        reload = pbx.node.popen(["jackfield", "plugins", "reload"])
        time.sleep(0.5)
        served(pbx)
        reload.communicate(timeout=60)
        row = next(p for p in pbx.ask("plugins") if p["name"] == "loadhang")
        assert row["state"] == "failed to load" and "did not load within" in row["reason"], row
        served(pbx)
    finally:
        remove(pbx, sources)
        pbx.ask("plugins.reload")
    same_daemon(pbx, pid)


HOOKS = (
    HEAD
    + """
class Plugin:
    @hookimpl
    def jackfield_call_arrived(self, call):
        raise ValueError("this hook is broken")
    @hookimpl
    def jackfield_route_call(self, call):
        sys.exit(1)
    @hookimpl
    def jackfield_call_ended(self, call, record):
        raise KeyError("ended")
    @hookimpl
    def jackfield_status(self):
        raise RuntimeError("status")
"""
)


def test_hooks_that_raise(pbx: Pbx) -> None:
    """A call passes a plugin that raises in every hook; the plugin is shut off after its fifth fault."""
    pid = pbx.node.main_pid(DAEMON)
    with installed(pbx, {"badhooks": HOOKS}) as found:
        assert found["badhooks"]["state"] == "enabled"
        for _ in range(2):
            served(pbx)
        assert pbx.ask("agents"), "other plugins' reports are still there"
        row = wait_for(lambda: r if (r := listed(pbx)["badhooks"])["faults"] >= 5 else None, 10, "five faults")
        assert row["state"] == "shut off after repeated errors" and row["reason"]
        served(pbx)
        assert listed(pbx)["badhooks"]["faults"] == row["faults"], "a plugin that is shut off was called"
    same_daemon(pbx, pid)


def test_a_hanging_hook_costs_its_caller_only_the_stall_time(pbx: Pbx) -> None:
    """`jackfield_call_arrived` never returns: the caller is taken away, hears the fallback; others pass at once."""
    source = (
        HEAD
        + """
class Plugin:
    @hookimpl
    def jackfield_call_arrived(self, call):
        if call.caller.number.startswith("5554"):
            time.sleep(3600)
"""
    )
    with settings(pbx, "[agi]\nstall_seconds = 2\n"), installed(pbx, {"hookhang": source}):
        pid, begun, number = pbx.node.main_pid(DAEMON), time.monotonic(), pbx.number("5554")
        call = pbx.call("5550521", number)
        served(pbx)
        pbx.wait_hears(call, "fallback-here", timeout=30)
        wait_music(call, call.dialog.answered_at or begun, within=5)
        call.wait_ended(15)
        wait_log(pbx, begun - 0.5, "call.stalled")
        assert path_of(pbx.record(number))[-1] == ("prompt:fallback-here", "")
        row = listed(pbx)["hookhang"]
        assert (row["state"], row["faults"]) == ("enabled", 1), "the hook's fault is its plugin's, not the route's"
        same_daemon(pbx, pid)
