"""One node of the rig for all benches that need a real Asterisk: our packages, and a hand-written peer beside them.

Callers come from two addresses. What comes from the first enters Jackfield over its trunk; what comes from the second
enters a hand-written dialplan with app_queue on the same Asterisk. Both ring the same phones.
"""

from __future__ import annotations

import functools
import json
import re
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rig import Node, Run, install_jackfield
from rig.net import Party

from bench.report import REPOSITORY, BenchError, say
from bench.telephones import Telephones

STATE = "/var/lib/jackfield/asterisk"
RING, RATE, IDLE = "1001", "1002", "1003"
"""Numbers of the queues: 20 agents, all agents, no agents."""
DIRECT = "3"
"""Before a phone's number: the DID that leads to it."""
UNANSWERED = {RING: "2001"}
"""Numbers of the peer that go to the same queue without Answer()."""
RING_AGENTS, ALL_AGENTS = 20, 60
PHONES = [str(201 + n) for n in range(ALL_AGENTS)]
MEMBERS = {RING: PHONES[:RING_AGENTS], RATE: PHONES, IDLE: []}
JACKFIELD_UNITS = ("jackfieldd", "jackfield-worker")


class Pbx:
    """A booted node with everything installed, phones registered and agents logged in."""

    def __init__(self, dist: Path) -> None:
        if not list(dist.glob("*.deb")):
            raise BenchError(f"{dist} holds no packages; build them first (make deb)")
        self.run = Run()
        say("booting a node and installing the packages")
        self.node: Node = self.run.node()
        install_jackfield(self.node, dist)
        self.party: Party = self.run.party("load", addresses=3)
        carrier, plain, phones = self.party.addresses
        self.telephones = Telephones(self.run, self.party, self.node.address, carrier, plain, phones)
        # A host that does not know its own name asks the network's DNS about it twice for each leg of a call.
        self.node.run(["sh", "-c", f"echo {self.node.address} {self.node.name} >>/etc/hosts"])
        self._write_site(carrier, plain)
        self.serving = "jackfield"

    # -- the two systems -------------------------------------------------------------------------------------------

    def _write_site(self, carrier: str, plain: str) -> None:
        self.node.write_file("/root/site.toml", _site(carrier, plain))
        # What is measured is what it can do, not where it begins to refuse.
        limits = "[overload]\ncalls_per_second = 10000\nburst = 10000\nmax_calls = 10000\n"
        self.node.write_file("/etc/jackfield/jackfield.toml", limits, mode=0o640, owner="root:jackfield")
        for name, text in _peer(plain).items():
            self.node.write_file(f"{STATE}/custom/{name}", text, mode=0o640, owner="jackfield:asterisk")
        self.node.run(["jackfield", "import", "/root/site.toml"])
        self.node.run(["jackfield", "apply", "--reason", "bench"])
        self.node.systemctl("restart", "asterisk", "jackfieldd")  # for the hand-written files, and the limits
        self.await_daemon()

    @functools.cached_property
    def token(self) -> str:
        """What Asterisk shows to the AGI server."""
        return str(tomllib.loads(self.node.read_file(f"{STATE}/secrets.toml"))["agi_token"])

    def status(self, command: str = "status") -> Any:
        """`jackfield COMMAND --json`."""
        return json.loads(self.node.run(["jackfield", command, "--json"]).stdout)

    def await_daemon(self) -> None:
        """Until it knows Asterisk, and has its calls back."""

        def ready() -> bool:
            try:
                status = self.status()
            except (ValueError, RuntimeError):
                return False
            return bool(status["asterisk"]["connected"] and status["recovered"])

        self.node.wait_for(lambda: _quietly(ready), 30, "jackfieldd to serve")

    def restart_daemon(self) -> None:
        """A daemon as it is just after its start."""
        self.node.systemctl("restart", "jackfieldd")
        self.await_daemon()

    def serve(self, side: str) -> None:
        """Have `jackfield` or `app_queue` serve; for the latter no process of ours runs, and nobody reads AMI."""
        if side == self.serving:
            return
        if side == "app_queue":
            self.node.systemctl("stop", "jackfieldd.socket", "jackfieldd", "jackfield-worker")
        else:
            self.node.systemctl("start", "jackfieldd.socket", "jackfieldd", "jackfield-worker")
            self.await_daemon()
        self.serving = side

    @functools.cached_property
    def agents(self) -> int:
        """Registers the phones and logs the agents in, once."""
        say(f"registering {len(PHONES)} phones and logging their agents in")
        accounts = {phone: f"password-of-{phone}" for phone in PHONES}
        self.telephones.register(accounts)
        self.serve("jackfield")
        self.telephones.log_in(accounts)
        here = [agent for agent in self.status("agents") if agent.get("phone") or agent.get("extension")]
        if len(here) < ALL_AGENTS:
            raise BenchError(f"{len(here)} of {ALL_AGENTS} agents are logged in: {here[:2]}")
        return len(here)

    def switch_on(self, least_ms: int, most_ms: int) -> None:
        """Phones that talk for a time between these two; returns when Asterisk has seen all of them alive."""
        self.telephones.phones(least_ms, most_ms)
        script = 'for phone; do asterisk -rx "pjsip qualify $phone" >/dev/null; done'
        self.node.run(["sh", "-c", script, "sh", *PHONES])
        self.node.wait_for(lambda: self._reachable() >= ALL_AGENTS, 30, "all phones to answer Asterisk's OPTIONS")

    def _reachable(self) -> int:
        return len(re.findall(r"Contact: +2\d\d/\S+ +\S+ +Avail", self.node.asterisk("pjsip show contacts")))

    # -- measuring -------------------------------------------------------------------------------------------------

    def cpu(self) -> dict[str, float]:
        """Seconds of CPU so far: of Asterisk, the daemon and the worker."""
        found = {}
        for unit in ("asterisk", *JACKFIELD_UNITS):
            path = self.node.path(f"/sys/fs/cgroup/system.slice/{unit}.service/cpu.stat")
            text = path.read_text() if path.exists() else "usage_usec 0"
            match = re.search(r"usage_usec (\d+)", text)
            found[unit] = int(match[1]) / 1e6 if match else 0.0
        return found

    def spent(self, work: Callable[[], None]) -> dict[str, float]:
        """Seconds of CPU that each unit spends while `work` runs, and `seconds` of time."""
        before, begun = self.cpu(), time.monotonic()
        work()
        seconds, after = time.monotonic() - begun, self.cpu()
        return {unit: after[unit] - before[unit] for unit in before} | {"seconds": seconds}

    def rss_mb(self) -> float:
        """The daemon's resident memory in MB (10^6)."""
        status = self.node.read_file(f"/proc/{self.node.main_pid('jackfieldd')}/status")
        match = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert match
        return int(match[1]) * 1024 / 1e6

    def channels(self) -> int:
        """Channels in Asterisk."""
        match = re.search(r"(\d+) active channel", self.node.asterisk("core show channels count"))
        assert match
        return int(match[1])

    def callers(self) -> tuple[int, int]:
        """Callers in Asterisk, and those of them whom no agent's phone has, or is being rung for."""
        names = [row.partition("!")[0] for row in self.node.asterisk("core show channels concise").splitlines()]
        callers = sum(name.startswith(("PJSIP/carrier-", "PJSIP/plain-")) for name in names)
        return callers, 2 * callers - len(names)

    def hang_up_all(self) -> None:
        """End every call, and wait until Asterisk has none."""
        self.telephones.stop()
        self.node.asterisk("channel request hangup all")
        self.node.wait_for(lambda: self.channels() == 0, 30, "all channels to end")

    def close(self) -> None:
        """Remove the node and all that belongs to it."""
        self.run.close()


def _quietly(look: Callable[[], bool]) -> bool:
    try:
        return look()
    except Exception:
        return False


def _site(carrier: str, plain: str) -> str:
    queues = {RING: "ring", RATE: "rate", IDLE: "idle"}
    parts = ['[general]\ntitle = "Bench"\n', f'[[trunk]]\nname = "carrier"\nhost = "{carrier}"\ncodecs = ["ulaw"]\n']
    for number, name in queues.items():
        parts.append(f'[[did]]\nname = "{name}"\nnumber = "{number}"\ndestination = "queue:{name}"\n')
        parts.append(
            f'[[queue]]\nname = "{name}"\nagents = {json.dumps([f"a{p}" for p in MEMBERS[number]])}\n'
            "wrapup_seconds = 0\nno_answer_pause = 0\nannounce_position = false\n"
        )
    parts.append(f'[[security]]\nname = "site"\nallow = ["{plain}"]\n')
    for phone in PHONES:
        did = f'name = "to-{phone}"\nnumber = "{DIRECT}{phone}"\ndestination = "extension:{phone}"'
        parts.append(f"[[did]]\n{did}\n")
        parts.append(f'[[extension]]\nname = "{phone}"\nsecret = "password-of-{phone}"\ncodecs = ["ulaw"]\n')
        parts.append(f'[[agent]]\nname = "a{phone}"\nextension = "{phone}"\n')
    return "\n".join(parts)


def _peer(address: str) -> dict[str, str]:
    """The hand-written peer: the same endpoint, the same queues, as a careful administrator would write them."""
    queues = []
    for number, members in MEMBERS.items():
        lines = [
            f"[plain-{number}]",
            "strategy = leastrecent",
            "timeout = 20",
            "retry = 1",
            "wrapuptime = 0",
            "ringinuse = no",
            "autofill = yes",
            "joinempty = yes",
            "leavewhenempty = no",
            "musicclass = default",
            "announce-frequency = 0",
        ]
        queues.append("\n".join([*lines, *(f"member => PJSIP/{phone}" for phone in members)]))
    return {
        "queues.conf": "\n\n".join(queues) + "\n",
        "extensions.conf": """\
[bench-plain]
exten => _1XXX,1,Answer()
 same => n,Queue(plain-${EXTEN})
 same => n,Hangup()
; Without an answer of its own: quicker to the phone, but a caller who waits pays nothing and hears nothing.
exten => _2XXX,1,Queue(plain-1${EXTEN:1})
 same => n,Hangup()
exten => _3XXX,1,Dial(PJSIP/${EXTEN:1},30)
 same => n,Hangup()
""",
        "pjsip.conf": f"""\
[plain]
type = endpoint
context = bench-plain
transport = transport-udp
aors = plain
disallow = all
allow = ulaw
direct_media = no
rtp_symmetric = yes
dtmf_mode = rfc4733
trust_id_inbound = yes
send_connected_line = no

[plain]
type = aor
contact = sip:{address}:5060
qualify_frequency = 30

[plain]
type = identify
endpoint = plain
match = {address}
""",
    }


@functools.cache
def shared() -> Pbx:
    """The node that all benches of this run use."""
    return Pbx(REPOSITORY / "dist")


def close() -> None:
    """Remove the node, if there is one."""
    if shared.cache_info().currsize:
        shared().close()
