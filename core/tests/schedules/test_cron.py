"""Set times: cron's fields, the zone's clock, and its jumps."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jackfield.schedules.cron import next_after, parse

LONDON = ZoneInfo("Europe/London")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "after", "expected"),
    [
        ("30 2 * * *", "2026-01-01T02:29", "2026-01-01T02:30"),
        ("30 2 * * *", "2026-01-01T02:30", "2026-01-02T02:30"),
        ("*/20 8-9 * * 1-5", "2026-01-02T09:50", "2026-01-05T08:00"),  # Friday → Monday
        ("0 0 29 2 *", "2026-01-01T00:00", "2028-02-29T00:00"),
        ("0 12 1 * 7", "2026-01-02T00:00", "2026-01-04T12:00"),  # the first, or a Sunday
        ("5,10 0 * * 0", "2026-01-04T00:05", "2026-01-04T00:10"),
        ("0 6 31 * *", "2026-02-01T00:00", "2026-03-31T05:00"),  # summer time has begun
        ("30 1 29 3 *", "2026-03-01T00:00", "2026-03-29T01:30"),  # skipped by the clock: an hour later by the sun
        ("30 1 25 10 *", "2026-10-01T00:00", "2026-10-25T00:30"),  # comes twice: the first
        ("30 1 25 10 *", "2026-10-25T00:30", "2027-10-25T00:30"),
    ],
)
def test_the_next_time(line, after, expected):
    assert next_after(parse(line), at(after), LONDON) == at(expected)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("* * * *", "4 fields"),
        ("60 * * * *", "minute '60'"),
        ("* 5-2 * * *", "hour '5-2'"),
        ("* * 0 * *", "day '0'"),
        ("*/0 * * * *", "minute"),
        ("* * * * mon", "weekday 'mon'"),
        ("0 0 30 2 *", "never comes"),
        ("1,,2 * * * *", "minute ''"),
    ],
)
def test_a_line_that_is_wrong_says_where(line, words):
    with pytest.raises(ValueError, match=words):
        parse(line)


numbers = st.integers(0, 59).map(str)
hours = st.sampled_from(["*", "0", "3-5", "*/6", "23"])


@settings(max_examples=60)
@given(
    numbers,
    hours,
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.sampled_from(["UTC", "Europe/London", "Asia/Shanghai"]),
)
def test_it_comes_later_and_fits_the_line(minute, hour, moment, zone):
    cron, moment = parse(f"{minute} {hour} * * *"), moment.replace(tzinfo=UTC)
    found = next_after(cron, moment, ZoneInfo(zone))
    assert moment < found <= moment + timedelta(days=2)
    assert found.astimezone(ZoneInfo(zone)).minute in cron.minutes
    again = next_after(cron, found - timedelta(seconds=1), ZoneInfo(zone))
    assert again <= found
