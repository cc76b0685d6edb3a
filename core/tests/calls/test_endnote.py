"""The dialplan's note of a call that ended while no daemon was there."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.calls.endnote import EndNote, UnseenTalk
from jackfield.calls.live import Live
from jackfield.calls.party import Party
from jackfield.calls.state import Facts
from jackfield.records.models import LegRecord
from jackfield.routing.destinations import Result

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PHONE = "PJSIP/201-00000002"


def note(*fields: object) -> EndNote | None:
    return EndNote.read(",".join(str(f) for f in fields))


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_talk_is_no_longer_than_the_dial_or_the_callers_time_up() -> None:
    asked = [
        note(at(10).timestamp(), "ANSWER", PHONE, up, dialled, "") for up, dialled in ((4000, 9000), (60000, 9000))
    ]
    assert [n.talk for n in asked] == [UnseenTalk(PHONE, at(6), at(10)), UnseenTalk(PHONE, at(1), at(10))]


def test_who_was_held_after_the_talk() -> None:
    found = note(at(10).timestamp(), "ANSWER", PHONE, 3000, 3500, at(8).timestamp())
    assert found == EndNote(at(10), UnseenTalk(PHONE, at(5), at(8)))


def test_without_a_talk() -> None:
    assert note(NOON.timestamp()) == note(NOON.timestamp(), "BUSY", "", "", 2000, "") == EndNote(NOON)


@given(st.lists(st.text(alphabet="0123456789.,-/ANSWERPJI$x\u0663", max_size=12), max_size=8))
def test_what_is_no_note_is_none(fields: list[str]) -> None:
    found = note(*fields)
    assert found is None or found.ended.tzinfo is UTC


@pytest.mark.parametrize(("channel", "agent"), [(PHONE, "1001"), ("PJSIP/other-1", "")])
def test_it_is_on_record_as_answered(channel: str, agent: str) -> None:
    live = Live(Facts("1.1", "PJSIP/carrier-1", "inbound", Party("5551"), "5550500", started=NOON))
    live.enter(1, "queue:basic", NOON)
    live.legs["1.2"] = LegRecord("1.2", "1.1", PHONE, "agent", at(2), "201", "1001")
    live.talk_unseen(UnseenTalk(channel, at(4), at(7)))
    live.end(at(9))
    record = live.record(None, ("queue",))
    assert (record.result, record.agent) == (Result.ANSWERED, agent)
    assert record.talk_seconds == (3.0 if agent else 0.0)
