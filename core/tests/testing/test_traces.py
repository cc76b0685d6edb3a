"""Replay of manager streams, and the recording of one from the fake's manager."""

from __future__ import annotations

import threading

import pytest
from jackfield.testing import FakeAsterisk, SteeredClock, applications, record_trace, replay
from jackfield.testing.manager import FakeManager


@pytest.fixture
def asterisk(tmp_path):
    made = FakeAsterisk(SteeredClock(), tmp_path)
    yield made
    made.close()


def talk(asterisk, phone):
    """A call of two legs, from 201 to `phone`."""
    caller = asterisk.open("201", number="201", exten=phone, context="jf-phone")
    thread = threading.Thread(target=applications.run, args=(asterisk, caller, "Dial", f"PJSIP/{phone},20,g"))
    thread.start()
    line = asterisk.line(phone)
    assert asterisk.until(lambda: bool(line.offered) and line.offered[-1].state == 5)
    asterisk.answer(line.offered[-1])
    assert asterisk.until(lambda: caller.peer is not None)
    asterisk.hang_up(caller)
    thread.join(5)


@pytest.mark.parametrize("name", ["trace.raw", "trace.raw.xz"])
def test_what_was_recorded_can_be_replayed(asterisk, tmp_path, name):
    manager = FakeManager(asterisk, "tester", "right")
    over = threading.Event()
    target = tmp_path / name
    sizes = []
    thread = threading.Thread(
        target=lambda: sizes.append(record_trace(target, manager.port, "tester", "right", over.is_set))
    )
    thread.start()
    assert asterisk.until(lambda: bool(asterisk.sinks))
    talk(asterisk, "202")
    talk(asterisk, "203")
    left = asterisk.open("204", number="204")
    over.set()
    thread.join(10)
    assert sizes[0] > 2000
    manager.close()
    registry, told, count = replay(target)
    assert count >= 20
    assert [c.endpoint for c in told.answered] == ["202", "203"]
    assert sorted(c.endpoint for c in told.ended) == ["201", "201", "202", "203"]
    assert {c.call for c in told.ended[:2]} == {told.ended[0].call}
    assert [c.id for c in registry.channels()] == [left.id]
    assert told.busy == {"201": False, "202": False, "203": False, "204": True}
    assert replay(target, limit=3)[2] == 3


def test_a_refused_login_and_a_file_that_is_no_trace(asterisk, tmp_path):
    manager = FakeManager(asterisk, "tester", "right")
    with pytest.raises(PermissionError, match="refused"):
        record_trace(tmp_path / "x", manager.port, "tester", "wrong", lambda: False)
    manager.close()
    (tmp_path / "z").write_bytes(b"Event: Hangup\r\nUniqueid: 1.1\r\n\r\nEvent: Hangup\r\n")
    assert replay(tmp_path / "z")[2] == 1, "a message that is cut off is none"
    (tmp_path / "y").write_bytes(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(ValueError, match="no trace"):
        replay(tmp_path / "y")
