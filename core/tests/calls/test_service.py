"""The life of a call over a scripted AGI peer: destinations, fallbacks, faults of plugins, resumption."""

from __future__ import annotations

import time

import pytest
from jackfield.plugins import State
from jackfield.routing.destinations import Result
from peers import AgiPeer
from service_rig import Daemon, Plugin


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
    daemon.calls.stalls.cut(daemon.agi.sessions(), time.monotonic(), 0.05)
    assert peer.ended.wait(5)
    assert "JF_STATUS" not in peer.variables
    back = AgiPeer(daemon.port, "resume", ("token", "", "", "", "carrier", ""), extension=daemon.numbers["hangs"])
    assert daemon.ended().steps[-1].destination == "prompt:other-way"
    assert back.played() == ["other-way"]


def test_a_thread_that_does_not_come_back_is_told_of(plugin: Plugin) -> None:
    daemon = Daemon(plugin)
    peer = daemon.call("hangs")
    while not any(live.plugin for live in daemon.calls.calls()):
        time.sleep(0.005)
    time.sleep(0.1)
    daemon.calls.stalls.cut(daemon.agi.sessions(), time.monotonic(), 0.05)
    assert peer.ended.wait(5)
    assert daemon.host.strays.look(grace=0) == {"test": ["call: a handler said nothing for 0.05 s"]}
    plugin.release.set()
    while daemon.host.strays.look(grace=0):
        time.sleep(0.005)


def test_who_waits_in_a_plugin_that_is_taken_out_goes_to_the_fallback(plugin: Plugin) -> None:
    daemon = Daemon(plugin, fallback="prompt:other-way")
    waiting = daemon.call("waits")
    while not any(live.call is not None and live.call.waiting for live in daemon.calls.calls()):
        time.sleep(0.005)
    daemon.host.refuse("test", "switched off")
    assert daemon.host.statuses["test"].calls == {"fallback": 1, "finish": 0}
    assert waiting.ended.wait(5)
    assert "JF_STATUS" not in waiting.variables
    back = AgiPeer(daemon.port, "resume", ("token", "", "", "", "carrier", ""), extension=daemon.numbers["waits"])
    assert daemon.ended().steps[-1].destination == "prompt:other-way"
    assert back.played() == ["other-way"]


def test_who_is_spoken_to_in_a_plugin_that_is_taken_out_finishes_there(plugin: Plugin) -> None:
    daemon = Daemon(plugin)
    daemon.call("hangs")
    while not any(live.plugin for live in daemon.calls.calls()):
        time.sleep(0.005)
    daemon.host.refuse("test", "switched off")
    assert daemon.host.statuses["test"].calls == {"fallback": 0, "finish": 1}
    plugin.release.set()
    assert daemon.ended().steps[-1].destination == "test:hangs"


def test_a_trunk_has_a_limit_of_its_own(plugin: Plugin) -> None:
    daemon = Daemon(plugin, trunk_calls=1)
    first = daemon.call("waits")
    while "JF_STATE" not in first.variables:
        time.sleep(0.005)
    second = daemon.call("good", uniqueid="1.2")
    record = daemon.ended()
    assert (record.result, record.cause) == (Result.REJECTED, 42)
    assert second.variables["JF_CAUSE"] == "42"
    first.hang_up()
    daemon.ended(2)
    daemon.call("good", uniqueid="1.3")
    assert daemon.ended(3).result is Result.COMPLETED
