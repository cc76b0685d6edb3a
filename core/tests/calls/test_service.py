"""The life of a call over a scripted AGI peer: destinations, fallbacks, faults of plugins, resumption."""

from __future__ import annotations

import socket
import sys
import threading
import time
from datetime import UTC, datetime

import pytest
from peers import AgiPeer

from jackfield.calls.registry import Registry
from jackfield.calls.service import CallService
from jackfield.config.kinds import Did, Trunk
from jackfield.config.site import Site
from jackfield.plugins import PluginHost, State, Status
from jackfield.routing.destinations import DestinationKind, End, Goto, Result
from jackfield.services import EventBus
from jackfield.settings import Settings
from jackfield.telephony.server import AgiServer


class Sounds:
    def file(self, name: str, language: str) -> str | None:
        return f"/sounds/{language}/{name}"


class Writer:
    def __init__(self) -> None:
        self.started, self.ended, self.steps = [], [], []

    def call_started(self, call) -> None:
        self.started.append(call)

    def call_ended(self, call) -> None:
        self.ended.append(call)

    def step(self, step) -> None:
        self.steps.append(step)

    def leg(self, leg) -> None:
        pass


class Plugin:
    """A plugin whose handlers misbehave in every way."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.seen = []

    def good(self, call, name):
        call.answer()
        call.checkpoint(level=2)
        call.play("welcome")
        return Goto("test:end", "1")

    def end(self, call, name):
        return End(Result.COMPLETED, outcome="done")

    def raises(self, call, name):
        raise RuntimeError("a bug")

    def exits(self, call, name):
        sys.exit(3)

    def nonsense(self, call, name):
        return "queue:sales"

    def loops(self, call, name):
        return Goto("test:loops")

    def waits(self, call, name):
        self.seen.append((call.memo, call.resumed))
        call.checkpoint(place=7)
        call.wait(None)
        return End()

    def hangs(self, call, name):
        self.release.wait(10)
        return End()

    def kind(self) -> DestinationKind:
        return DestinationKind("test", "Test", lambda call, name: getattr(self, name)(call, name), None, person=True)


class Daemon:
    def __init__(self, plugin: Plugin, fallback: str = "prompt:sorry", max_calls: int = 50) -> None:
        self.host = PluginHost(Settings())
        status = Status("test", declared={"jackfield_destinations": [plugin.kind()]}, instance=plugin)
        self.host.statuses["test"] = status
        self.writer = Writer()
        self.calls = CallService(self.host, self.writer, EventBus(), "token", lambda: datetime.now(UTC))
        self.calls.registry = Registry(self.calls)
        numbers = ("good", "raises", "exits", "nonsense", "loops", "waits", "hangs")
        dids = [Did(name=n, number=f"555010{i}", destination=f"test:{n}", fallback=fallback) for i, n in enumerate(numbers)]
        dids.append(Did(name="gone", number="5550109", destination="nobody:x", fallback=fallback))
        self.numbers = {d.name: d.number for d in dids}
        self.calls.serve_site(Site({"trunk": [Trunk(name="carrier", host="192.0.2.1")], "did": dids}), Sounds())
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.agi = AgiServer(listener, self.calls.serve, self.calls.refused, max_calls)
        self.agi.start()

    def call(self, to: str, **more) -> AgiPeer:
        return AgiPeer(self.port, extension=self.numbers.get(to, to), **more)

    def ended(self, count: int = 1):
        deadline = time.monotonic() + 5
        while len(self.writer.ended) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.writer.ended[count - 1]


@pytest.fixture
def plugin():
    one = Plugin()
    yield one
    one.release.set()


def test_a_call_through_two_destinations(plugin: Plugin) -> None:
    daemon = Daemon(plugin)
    peer = daemon.call("good")
    record = daemon.ended()
    assert record.result is Result.COMPLETED
    assert [(s.destination, s.outcome) for s in record.steps] == [("test:good", "1"), ("test:end", "done")]
    assert peer.played() == ["welcome"]
    assert peer.variables["JF_STATUS"] == "done"
    assert peer.variables["JF_CAUSE"] == "16"
    assert peer.variables["TIMEOUT(absolute)"] == "0"


@pytest.mark.parametrize("how", ["raises", "exits", "nonsense", "gone"])
def test_a_fault_of_a_plugin_leads_to_the_fallback(plugin: Plugin, how: str) -> None:
    daemon = Daemon(plugin, fallback="prompt:other-way")
    peer = daemon.call(how)
    record = daemon.ended()
    assert peer.played() == ["other-way"]
    assert record.steps[0].outcome == "failed"
    assert peer.variables["JF_STATUS"] == "done"


def test_a_fallback_that_fails_too_says_sorry(plugin: Plugin) -> None:
    daemon = Daemon(plugin, fallback="test:raises")
    peer = daemon.call("exits")
    record = daemon.ended()
    assert peer.played() == ["sorry"]
    assert record.result is Result.FAILED


def test_an_endless_chain_ends(plugin: Plugin) -> None:
    daemon = Daemon(plugin)
    peer = daemon.call("loops")
    assert daemon.ended().result is Result.FAILED
    assert peer.played() == ["sorry"]


def test_repeated_faults_shut_a_plugin_off(plugin: Plugin) -> None:
    daemon = Daemon(plugin)
    for number in range(5):
        daemon.call("raises", uniqueid=f"1.{number}")
        daemon.ended(number + 1)
    assert daemon.host.statuses["test"].state is State.SHUT_OFF
    peer = daemon.call("good", uniqueid="1.9")
    daemon.ended(6)
    assert peer.played() == ["sorry"]


def test_no_route_is_rejected_unanswered(plugin: Plugin) -> None:
    daemon = Daemon(plugin)
    peer = daemon.call("5559999")
    record = daemon.ended()
    assert (record.result, record.cause) == (Result.REJECTED, 1)
    assert peer.variables["JF_CAUSE"] == "1"
    assert not any(c.startswith("ANSWER") for c in peer.commands)


def test_hanging_up_while_waiting_for_a_person_is_abandoning(plugin: Plugin) -> None:
    daemon = Daemon(plugin)
    peer = daemon.call("waits")
    while "JF_STATE" not in peer.variables:
        time.sleep(0.005)
    peer.hang_up()
    assert daemon.ended().result is Result.ABANDONED


def test_strangers_get_nothing(plugin: Plugin) -> None:
    daemon = Daemon(plugin)
    for arguments in ((), ("wrong",)):
        peer = AgiPeer(daemon.port, arguments=arguments)
        assert peer.ended.wait(5)
        assert peer.commands == []
    peer = AgiPeer(daemon.port, script="../../etc/passwd")
    assert peer.ended.wait(5)
    assert peer.commands == []
    assert daemon.writer.started == []


def test_too_many_calls_are_refused(plugin: Plugin) -> None:
    daemon = Daemon(plugin, max_calls=1)
    first = daemon.call("waits")
    while "JF_STATE" not in first.variables:
        time.sleep(0.005)
    second = daemon.call("good", uniqueid="1.2")
    assert second.ended.wait(5)
    assert second.variables["JF_STATUS"] == "refused"
    assert daemon.ended().result is Result.REJECTED
    first.hang_up()


def test_a_call_comes_back_to_where_it_was(plugin: Plugin) -> None:
    before, after = Daemon(plugin), Daemon(plugin)
    peer = before.call("waits")
    while "JF_STATE" not in peer.variables:
        time.sleep(0.005)
    at, packed = peer.variables["JF_AT"], peer.variables["JF_STATE"]
    again = AgiPeer(after.port, "resume", ("token", at, packed, "", "carrier", ""))
    deadline = time.monotonic() + 5
    while len(plugin.seen) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    memo, resumed = plugin.seen[1]
    assert memo == {"place": 7}
    assert resumed is not None
    again.hang_up()
    record = after.ended()
    assert record.interrupted
    assert record.did == before.numbers["waits"]
    assert [s.destination for s in record.steps] == ["test:waits"]


@pytest.mark.parametrize("packed", ["", "rubbish", "eyJhIjoxfQ"])
def test_a_call_that_never_reached_the_daemon_starts_afresh(plugin: Plugin, packed: str) -> None:
    daemon = Daemon(plugin)
    peer = AgiPeer(daemon.port, "resume", ("token", "", packed, "", "carrier", ""), extension=daemon.numbers["good"])
    assert daemon.ended().result is Result.COMPLETED
    assert peer.played() == ["welcome"]


def test_a_handler_that_hangs_loses_its_call_to_the_rescue(plugin: Plugin) -> None:
    daemon = Daemon(plugin, fallback="prompt:other-way")
    peer = daemon.call("hangs")
    deadline = time.monotonic() + 5
    while not daemon.agi.sessions() and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.1)
    daemon.calls.cut_stalled(daemon.agi.sessions(), time.monotonic(), 0.05)
    assert peer.ended.wait(5)
    assert "JF_STATUS" not in peer.variables
    back = AgiPeer(daemon.port, "resume", ("token", "", "", "", "carrier", ""), extension=daemon.numbers["hangs"])
    assert daemon.ended().steps[-1].destination == "prompt:other-way"
    assert back.played() == ["other-way"]
