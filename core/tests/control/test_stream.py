"""Live events: in order, by topic, and a slow reader only hurts itself."""

import time

import pytest
from jackfield.control import stream
from jackfield.control.method import Role
from jackfield.errors import CommandFailed


def follow(box, *topics):
    client = box.client()
    assert client.ask("events.subscribe", topics=list(topics)) == {"topics": sorted(topics)}
    return client


def test_events_come_as_they_happen(box):
    everything, calls = follow(box), follow(box, "call")
    box.events.publish("phone", extension="201", busy=True)
    box.events.publish("call", id="1.1", what="arrived")
    told = [everything.read(), everything.read()]
    assert [(t["event"], t["data"]) for t in told] == [
        ("phone", {"extension": "201", "busy": True}), ("call", {"id": "1.1", "what": "arrived"}),
    ]  # fmt: skip
    assert told[0]["v"] == "1.0" and told[0]["at"] <= told[1]["at"]
    assert calls.read()["event"] == "call"


def test_a_slow_reader_is_dropped_with_a_notice_and_holds_nobody_up(box, monkeypatch):
    monkeypatch.setattr(stream, "BOUND", 50)
    slow, quick = follow(box), follow(box, "tick")
    started = time.monotonic()
    for n in range(20_000):
        box.events.publish("flood", n=n, padding="x" * 500)
    box.events.publish("tick")
    assert time.monotonic() - started < 20
    assert quick.read()["event"] == "tick"
    last = None
    while (line := slow.read()) is not None:
        last = line
    assert last["event"] == "dropped" and "subscribe again" in last["text"]


def test_a_reader_that_is_gone_is_forgotten(box, monkeypatch):
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    client = follow(box)
    assert client.read()["event"] == "alive"
    client.close()
    deadline = time.monotonic() + 5
    while box.api.hub._streams:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_viewer_gets_nothing_about_persons(box, monkeypatch):
    box.become(Role.VIEWER, monkeypatch)
    with pytest.raises(CommandFailed, match="denied"):
        box.client().ask("events.subscribe", topics=["call"])
    client = box.client()
    assert client.ask("events.subscribe")["topics"] == ["alarm", "load", "plugin", "site"]
    box.events.publish("call", id="1")
    box.events.publish("alarm", key="a")
    assert client.read()["event"] == "alarm"


def test_the_end_of_the_daemon_ends_streams(box):
    client = follow(box)
    box.api.stop()
    assert client.read() is None
