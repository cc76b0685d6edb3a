"""What limits are measured by."""

from datetime import UTC, datetime, timedelta

from jackfield.calls.ledger import Entry, Ledger, entry_of
from jackfield.records.models import CallRecord, LegRecord
from jackfield.routing.decision import Used

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Box:
    """A ledger with a clock that is set by hand."""

    def __init__(self) -> None:
        self.now, self.answered = NOON, {}
        self.ledger = Ledger(self.answered.get, lambda: self.now)

    def call(self, call: str, extension: str = "201", *numbers: str) -> None:
        self.ledger.begin(Entry(call, extension, numbers or ("0301",), self.now))

    def later(self, **much: int) -> None:
        self.now += timedelta(**much)

    def used(self, extension: str | None = "201", prefix: str = "") -> Used:
        return self.ledger.used(None if extension is None else frozenset({extension}), prefix)


def test_counts_by_extension_and_prefix() -> None:
    box = Box()
    box.call("a", "201", "90044123", "0044123")
    box.call("b", "201", "0301")
    box.call("c", "202", "+44123")
    assert box.used() == Used(2, 2, 0.0)
    assert box.used(None, "0044") == Used(1, 1, 0.0)
    assert box.used(None, "44") == Used(1, 1, 0.0), "a + does not matter"
    assert box.used("203") == Used()


def test_minutes_of_the_last_hour_only_and_of_talks_that_go_on() -> None:
    box = Box()
    box.call("a")
    box.answered["a"] = NOON
    box.later(minutes=30)
    assert box.used() == Used(1, 1, 30.0)
    box.ledger.end("a", 1800.0)
    assert box.used() == Used(0, 1, 30.0)
    box.later(minutes=45)
    assert box.used() == Used(0, 0, 15.0), "a quarter of an hour of it lies within the last hour"
    box.later(minutes=20)
    assert box.used() == Used()
    box.call("b")
    box.later(minutes=1)
    box.ledger.end("b", 10.0)
    box.ledger.end("b", 99.0)
    assert round(box.used().minutes_per_hour, 3) == round(10 / 60, 3), "the first end counts"


def test_a_call_longer_than_an_hour_is_still_there() -> None:
    box = Box()
    box.call("a")
    box.answered["a"] = NOON
    box.later(hours=3)
    box.call("b", "202")
    assert box.used() == Used(1, 0, 60.0)


def test_calls_of_before_a_restart() -> None:
    box = Box()
    leg = LegRecord("1.2", "1.1", "PJSIP/carrier-1", "trunk", NOON, "0044123")
    record = CallRecord(
        "1.1",
        "outbound",
        NOON,
        "carrier",
        "90044123",
        "201",
        extension="201",
        ended_at=NOON,
        talk_seconds=60.0,
        legs=(leg,),
    )
    box.call("2.1")
    box.ledger.restore([entry_of(record), Entry("2.1", "209", (), NOON)])
    assert box.used("201", "0044") == Used(0, 1, 1.0)
    assert box.used() == Used(1, 2, 1.0), "what is known already stays"


def test_a_leg_that_goes_on_in_another_call_still_counts() -> None:
    """Attended transfer to the outside: neither the call nor its hour is forgotten with the call that asked first."""
    box = Box()
    box.call("asked")
    box.ledger.move("asked", "caller's")
    box.ledger.end("asked", 3.0)
    assert box.used() == Used(1, 1, 0.0)
    box.call("caller's", "201", "0302")
    assert box.used() == Used(1, 2, 0.0), "sent outside again, it has lost the first leg"
    box.ledger.end("caller's", 60.0)
    assert box.used() == Used(0, 2, 1.0)
