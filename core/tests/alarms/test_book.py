"""The rules of alarms: one per key, worsening, acknowledging, escalating, flapping."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.alarms.book import FLAPS, FULL, MAX_ACTIVE, Book, Moment, NoSuchAlarm
from jackfield.alarms.models import Severity, What

START = datetime(2026, 11, 22, tzinfo=UTC)
NOTICE, WARNING, CRITICAL = Severity


def at(seconds: float) -> Moment:
    return Moment(START + timedelta(seconds=seconds), 1000.0 + seconds)


def raise_(book: Book, key: str, seconds: float, severity: Severity = WARNING, text: str = "wrong"):
    return [e.what for e in book.raise_(key, text, severity, "core", {}, at(seconds))]


def clear(book: Book, key: str, seconds: float):
    return [e.what for e in book.clear(key, "well", at(seconds))]


def due(book: Book, seconds: float):
    return [(e.what, e.alarm.key) for e in book.due(at(seconds))]


@pytest.fixture
def book() -> Book:
    return Book(escalate_seconds=900, flap_seconds=600)


def test_one_alarm_a_key(book: Book):
    assert raise_(book, "a", 0) == [What.RAISED]
    assert raise_(book, "a", 5, text="still wrong") == []
    alarm = book.alarms["a"]
    assert (alarm.count, alarm.text, alarm.raised_at, alarm.last_at) == (2, "still wrong", at(0).utc, at(5).utc)
    assert clear(book, "a", 9) == [What.CLEARED]
    assert clear(book, "a", 9) == []
    assert book.alarms == {}


def test_worse_is_news_and_needs_a_new_acknowledgement(book: Book):
    raise_(book, "a", 0)
    assert book.acknowledge("a", "ann", "on it", at(1)).alarm.acknowledged_by == "ann"
    assert raise_(book, "a", 2, CRITICAL) == [What.WORSENED]
    assert book.alarms["a"].acknowledged_at is None
    assert raise_(book, "a", 3, NOTICE) == []
    assert book.alarms["a"].severity is NOTICE


def test_what_nobody_acknowledges_escalates_once(book: Book):
    raise_(book, "a", 0)
    raise_(book, "b", 0)
    raise_(book, "n", 0, NOTICE)
    book.acknowledge("b", "ann", "", at(10))
    assert book.next_due() == at(900).mono
    assert due(book, 899) == []
    assert due(book, 900) == [(What.ESCALATED, "a")]
    assert due(book, 5000) == []


def test_acknowledging_what_is_not_up(book: Book):
    with pytest.raises(NoSuchAlarm, match="alarms list"):
        book.acknowledge("a", "ann", "", at(0))


def test_flapping_is_told_once_and_ends_when_it_keeps_still(book: Book):
    news = []
    for n in range(20):
        news += raise_(book, "a", 10 * n)
        news += clear(book, "a", 10 * n + 5)
    assert news == [What.RAISED, What.CLEARED] * (FLAPS - 1) + [What.RAISED, What.FLAPPING]
    assert book.alarms["a"].flapping
    last = 10 * 19 + 5
    assert book.next_due() == at(last + 600).mono
    assert due(book, last + 599) == []
    assert due(book, last + 600) == [(What.CLEARED, "a")]


def test_flapping_that_ends_as_trouble_stays_up(book: Book):
    for n in range(FLAPS):
        raise_(book, "a", 10 * n)
        clear(book, "a", 10 * n + 5)
    raise_(book, "a", 100)
    assert due(book, 700) == []
    assert not book.alarms["a"].flapping
    assert clear(book, "a", 5000) == [What.CLEARED]


def test_rare_troubles_do_not_flap(book: Book):
    for n in range(20):
        assert raise_(book, "a", 700 * n) == [What.RAISED]
        assert clear(book, "a", 700 * n + 5) == [What.CLEARED]
        due(book, 700 * n + 690)


def test_after_a_restart(book: Book):
    raise_(book, "a", 0)
    raise_(book, "old", 0)
    raise_(book, "b", 800)
    after = Book(escalate_seconds=900, flap_seconds=600)
    later = Moment(at(850).utc, 3.0)
    after.raise_("b", "again", WARNING, "core", {}, later)
    after.restore([*book.alarms.values()], later)
    assert (after.alarms["b"].count, after.alarms["b"].text, after.alarms["b"].raised_at) == (2, "again", at(800).utc)
    assert [e.alarm.key for e in after.due(Moment(at(901).utc, 54.0))] == ["a", "old"]


def test_there_is_a_limit(book: Book):
    for n in range(MAX_ACTIVE + 50):
        raise_(book, f"k{n}", 0)
    assert len(book.alarms) == MAX_ACTIVE + 1
    assert book.alarms[FULL].count == 50


def test_hostile_text_is_made_plain(book: Book):
    book.raise_("k", "a\r\nBcc: x\x00\ud800" + "y" * 900, WARNING, "s\n", {"n\n": "v\r\n" * 500, "f": 1.5}, at(0))
    alarm = book.alarms["k"]
    assert alarm.text.startswith("a Bcc: x y") and len(alarm.text) == 500 and alarm.text.isprintable()
    assert alarm.source == "s" and alarm.detail["f"] == 1.5 and "\n" not in str(alarm.detail)


steps = st.lists(
    st.tuples(st.sampled_from(["raise", "clear", "ack", "time"]), st.sampled_from("ab"), st.integers(0, 400),
              st.sampled_from(list(Severity))),
    max_size=60,
)  # fmt: skip


@given(steps)
def test_news_always_make_sense(done):
    """Raised only what was clear, cleared only what was up; the list is what the news say; nothing stays due."""
    book, now, up = Book(900, 600), 0.0, set()
    for what, key, seconds, severity in done:
        now += seconds
        entries = list(book.due(at(now)))
        if what == "raise":
            entries += book.raise_(key, "wrong", severity, "core", {}, at(now))
        elif what == "clear":
            entries += book.clear(key, "", at(now))
        elif what == "ack" and key in book.alarms:
            entries.append(book.acknowledge(key, "ann", "", at(now)))
        for entry in entries:
            assert (entry.alarm.key in up) is (entry.what is not What.RAISED)
            if entry.what is What.RAISED:
                up.add(entry.alarm.key)
            elif entry.what is What.CLEARED:
                up.discard(entry.alarm.key)
            elif entry.what is What.ESCALATED:
                assert entry.alarm.acknowledged_at is None and entry.alarm.severity is not None
        assert up == set(book.alarms)
        assert book.next_due() is None or book.next_due() > at(now).mono or what in ("raise", "clear", "ack")


def test_replace_keeps_told(book: Book):
    raise_(book, "a", 0)
    book.told(["a", "gone"], at(3))
    raise_(book, "a", 4)
    assert book.alarms["a"] == replace(book.alarms["a"], told_at=at(3).utc)
