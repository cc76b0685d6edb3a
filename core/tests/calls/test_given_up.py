"""Connections that Asterisk gives up while the daemon starts: the call goes on, with one record."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from jackfield.calls.party import Party
from jackfield.calls.state import Facts, Saved, encode
from jackfield.routing.destinations import Result
from jackfield.telephony.events import Message
from peers import AgiPeer
from service_rig import Daemon, Plugin


@pytest.fixture
def plugin():
    one = Plugin()
    yield one
    one.release.set()


@pytest.fixture
def daemon(plugin: Plugin) -> Daemon:
    """One that has just started: it is not through to Asterisk's manager yet."""
    daemon = Daemon(plugin, fallback="prompt:other-way")
    daemon.calls.registry.lost()
    return daemon


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert condition()


def steps(record) -> list[tuple[str, str]]:
    return [(step.destination, step.outcome) for step in record.steps]


def resumed(daemon: Daemon, packed: str, to: str = "waits") -> AgiPeer:
    return AgiPeer(daemon.port, "resume", ("token", "", packed, "", "carrier", ""), extension=daemon.numbers[to])


def state(daemon: Daemon) -> str:
    """As a call has it that talks with 251."""
    facts = Facts("1.1", "PJSIP/carrier-1", "inbound", Party("5551"), daemon.numbers["waits"], "carrier")
    return encode(Saved(facts, "test:waits", 1, {}, {}, 0, True))


def test_a_call_that_comes_back_twice_has_one_record(daemon: Daemon, plugin: Plugin) -> None:
    """The first connection is given up (its time was over); the record is not final by that."""
    first = resumed(daemon, state(daemon))
    until(lambda: plugin.seen)
    first.hang_up()
    until(lambda: next(iter(daemon.calls.calls())).hung_up.is_set())
    second = resumed(daemon, state(daemon))
    until(lambda: len(plugin.seen) == 2)
    daemon.calls.registry.known = True
    time.sleep(0.05)
    assert daemon.writer.ended == []
    second.hang_up()
    assert steps(daemon.ended()) == [("test:waits", "hang-up")]
    time.sleep(0.05)
    assert len(daemon.writer.ended) == 1


def test_a_call_that_nothing_was_said_to_starts_afresh(daemon: Daemon) -> None:
    """Its first connection is gone when the handler says its first word."""
    first = daemon.call("hangs")
    until(lambda: any(live.plugin for live in daemon.calls.calls()))
    first.hang_up()
    until(lambda: first.ended.is_set())
    live = next(iter(daemon.calls.calls()))
    live.hung_up.set()
    second = resumed(daemon, "", to="good")
    record = daemon.ended()
    assert second.played() == ["welcome"]
    assert (record.result, steps(record)) == (Result.COMPLETED, [("test:good", "1"), ("test:end", "done")])


def test_a_slow_handler_loses_its_call_to_the_fallback(daemon: Daemon) -> None:
    """Asterisk took the call away because nothing was said for too long; the handler is at it still."""
    daemon.call("hangs")
    until(lambda: any(live.plugin for live in daemon.calls.calls()))
    second = resumed(daemon, "", to="hangs")
    assert daemon.ended().steps[-1].destination == "prompt:other-way"
    assert second.played() == ["other-way"]


def test_asterisk_crashes_and_the_call_ended_with_its_connection(daemon: Daemon, plugin: Plugin) -> None:
    """And not when the next Asterisk's list told that it is gone."""
    registry = daemon.calls.registry
    registry.known, daemon.calls.endings.patience = True, 5.0
    new = {"Uniqueid": "1.1", "Linkedid": "1.1", "Channel": "Test/carrier-1"}
    lines = ["Event: Newchannel", *(f"{key}: {value}" for key, value in new.items())]
    registry.event("Newchannel", Message("\r\n".join(lines).encode()))
    peer = daemon.call("waits")
    until(lambda: plugin.seen)
    registry.lost()
    peer.hang_up()
    until(lambda: next(iter(daemon.calls.calls())).hung_up.is_set())
    time.sleep(0.3)
    found = datetime.now(UTC)
    registry.resync([], {})
    record = daemon.ended()
    assert record.ended_at < found - timedelta(seconds=0.2)
    assert [leg.ended_at for leg in record.legs] == [record.ended_at]
