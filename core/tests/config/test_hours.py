from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jackfield.config.hours import DAYS, opening, parse_dates, parse_span, parse_special

ZONES = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "Africa/Casablanca", "UTC"]
NONE: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("spans", "when", "open_"),
    [
        (["mon-fri 09:00-18:00"], "2026-11-23T09:00", True),  # a Monday
        (["mon-fri 09:00-18:00"], "2026-11-23T08:59", False),
        (["mon-fri 09:00-18:00"], "2026-11-23T17:59", True),
        (["mon-fri 09:00-18:00"], "2026-11-23T18:00", False),
        (["mon-fri 09:00-18:00"], "2026-11-22T12:00", False),  # a Sunday
        (["sat-mon 00:00-24:00"], "2026-11-22T23:59", True),
        (["sat-mon 00:00-24:00"], "2026-11-24T00:00", False),
        (["sat 10:00-11:00", "sun 22:00-24:00"], "2026-11-22T22:30", True),
        ([], "2026-11-23T12:00", False),
    ],
)
def test_open(spans, when, open_):
    assert opening(spans, NONE, NONE, datetime.fromisoformat(when)).open is open_


@pytest.mark.parametrize(
    ("holiday", "closed", "open_"),
    [
        ("2026-12-25", ["2026-12-25"], ["2026-12-24", "2026-12-26", "2027-12-25"]),
        ("2026-12-24/2027-01-02", ["2026-12-24", "2026-12-31", "2027-01-02"], ["2026-12-23", "2027-01-03"]),
        ("12-25", ["2026-12-25", "2031-12-25"], ["2026-12-24"]),
        ("12-24/01-02", ["2026-12-24", "2026-12-31", "2027-01-01", "2040-01-02"], ["2026-12-23", "2027-01-03"]),
        ("02-29", ["2028-02-29"], ["2027-02-28", "2027-03-01"]),
        ("05-01/05-03", ["2026-05-01", "2026-05-03"], ["2026-04-30", "2026-05-04"]),
    ],
)
def test_holidays(holiday, closed, open_):
    for day, expected in [*((d, False) for d in closed), *((d, True) for d in open_)]:
        found = opening(["mon-sun 00:00-24:00"], [holiday], NONE, datetime.fromisoformat(f"{day}T12:00"))
        assert found.open is expected, day
        assert expected or found.why == f"holiday {holiday}"


def test_special_hours_count_before_holidays_and_the_week():
    special = ["2026-12-25 10:00-12:00", "2026-12-25 14:00-15:00", "12-26/12-27 09:00-10:00"]

    def at(text: str) -> bool:
        return opening(["mon-sun 00:00-24:00"], ["12-25"], special, datetime.fromisoformat(text)).open

    assert [at(f"2026-12-25T{t}") for t in ("09:59", "10:00", "12:00", "14:30", "15:00")] == [0, 1, 0, 1, 0]
    assert [at("2027-12-25T11:00"), at("2026-12-27T09:30"), at("2026-12-27T10:00"), at("2026-12-28T10:00")] == [
        False, True, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mon",
        "mon 9:00-10:00",
        "mon 09:00-24:01",
        "mon 24:00-24:00",
        "mon 10:00-09:00",
        "mon 09:60-10:00",
        "foo 09:00-10:00",
    ],
)
def test_what_is_no_span(text):
    with pytest.raises(ValueError):
        parse_span(text)


@pytest.mark.parametrize(
    "text", ["", "2026-02-29", "26-12-25", "13-01", "2026-12-25/12-26", "2027-01-01/2026-01-01", "1/2", "2026-12-25/"]
)
def test_what_are_no_dates(text):
    with pytest.raises(ValueError):
        parse_dates(text)
    with pytest.raises(ValueError):
        parse_special(f"{text} 09:00-10:00")


SPANS = st.builds(
    lambda day, start, length: (
        f"{day} {start // 60:02}:{start % 60:02}-{(start + length) // 60:02}:{(start + length) % 60:02}"
    ),
    st.sampled_from(DAYS),
    st.integers(0, 1379).map(lambda m: m - m % 15),
    st.sampled_from([15, 30, 60]),
)


def wall_minutes(zone: str, day: date) -> list[tuple[datetime, int]]:
    """Each minute that a local day has, as an instant and as what the clock on the wall shows: 23, 24 or 25 hours.

    Told from UTC offsets alone, so that it does not go the way of the code under test.
    """
    tz, found = ZoneInfo(zone), []
    instant = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    for _ in range(60 * 55):
        offset = tz.utcoffset(instant.astimezone(tz)) or timedelta()
        shown = instant.replace(tzinfo=None) + offset
        if shown.date() == day:
            found.append((instant, shown.hour * 60 + shown.minute))
        instant += timedelta(minutes=1)
    return found


@given(
    st.sampled_from(ZONES),
    st.sampled_from(
        [date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5),
         date(2026, 10, 4), date(2026, 2, 15), date(2026, 7, 1)]
    ),
    st.lists(SPANS, max_size=4),
)  # fmt: skip
@example("Europe/London", date(2026, 3, 29), ["sun 01:00-02:00"])  # an hour that this day does not have
@example("Europe/London", date(2026, 10, 25), ["sun 01:00-02:00"])  # and one that it has twice
def test_the_days_on_which_clocks_change(zone: str, day: date, spans: list[str]) -> None:
    """At any instant, hours are open just when the clock on the wall shows a time within them."""
    read = [parse_span(span) for span in spans]
    opened = 0
    for instant, shown in wall_minutes(zone, day):
        expected = any(day.weekday() in s.days and s.start <= shown < s.end for s in read)
        assert opening(spans, NONE, NONE, instant.astimezone(ZoneInfo(zone))).open is expected
        opened += expected
    if zone == "Europe/London" and spans == ["sun 01:00-02:00"]:
        assert opened == (0 if day.month == 3 else 120)
