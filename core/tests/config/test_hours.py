from datetime import datetime

import pytest
from jackfield.config.hours import is_open, parse_span


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
    assert is_open(spans, [], datetime.fromisoformat(when)) is open_


def test_holidays_are_closed():
    assert not is_open(["mon-sun 00:00-24:00"], ["2026-12-25"], datetime(2026, 12, 25, 12))
    assert is_open(["mon-sun 00:00-24:00"], ["2026-12-25"], datetime(2026, 12, 26, 12))


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
