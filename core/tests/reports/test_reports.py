"""Reports: a session that cannot write, rows that fit, and CSV that no spreadsheet runs."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.reports import report as reports
from jackfield.reports.methods import methods
from jackfield.reports.report import Column, Report, ReportError, harmless, make, plain, to_csv
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate
from sqlalchemy import text

NOW = datetime(2026, 1, 8, tzinfo=UTC)
WEEK = (NOW - timedelta(days=7), NOW)


@pytest.fixture
def database(tmp_path):
    made = Database(f"sqlite:///{tmp_path}/a.db")
    migrate(made, [CORE])
    yield made
    made.close()


def report(query, *columns):
    return Report("busy", "Busy hours", [Column(c) for c in columns or ("hour", "calls")], query)


def test_rows_between_two_moments(database):
    made = make(report(lambda session, since, until: [(since.hour, until.day), (1, 2)]), database, *WEEK)
    assert made == [[0, 8], [1, 2]]


def test_the_sites_zone_is_told(database):
    def zone(session, since, until):
        return [(since.astimezone(session.info["zone"]).isoformat(), until.utcoffset())]

    kathmandu = ZoneInfo("Asia/Kathmandu")
    assert make(report(zone), database, *WEEK, kathmandu) == [["2026-01-01T05:45:00+05:45", timedelta(0)]]
    by_name = {m.name: m for m in methods(lambda: {"busy": report(zone)}, database, lambda: kathmandu)}
    span = {"since": WEEK[0].isoformat(), "until": WEEK[1].isoformat()}
    [row] = by_name["report"].call({"name": "busy", **span}, None)
    assert row["hour"] == "2026-01-01T05:45:00+05:45"


def test_a_query_cannot_write_and_the_next_one_can(database):
    def writes(session, since, until):
        session.execute(text("INSERT INTO schedule (name, last_at) VALUES ('x', '2026-01-01')"))
        session.commit()
        return []

    with pytest.raises(ReportError, match=r"readonly|attempt to write"):
        make(report(writes), database, *WEEK)
    with database.session() as session:
        session.execute(text("INSERT INTO schedule (name, last_at) VALUES ('y', '2026-01-01')"))
        session.commit()
        assert session.execute(text("SELECT name FROM schedule")).scalars().all() == ["y"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (lambda s, a, b: [(1, 2, 3)], "3 values for 2 columns"),
        (lambda s, a, b: 1 / 0, "ZeroDivisionError"),
        (lambda s, a, b: s.execute(text("SELECT * FROM nowhere")), "OperationalError"),
        (lambda s, a, b: None, "TypeError"),
    ],
)
def test_a_query_that_fails_is_told(database, query, words):
    with pytest.raises(ReportError, match=words):
        make(report(query), database, *WEEK)


def test_too_many_rows_and_an_empty_time(database, monkeypatch):
    monkeypatch.setattr(reports, "MAX_ROWS", 10)
    with pytest.raises(ReportError, match="more than 10 rows"):
        make(report(lambda s, a, b: ((n, n) for n in range(11))), database, *WEEK)
    with pytest.raises(ReportError, match="is empty"):
        make(report(lambda s, a, b: []), database, NOW, NOW)


@pytest.mark.parametrize(
    "risky", ["=1+1", "+HYPERLINK()", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", " =1", "\ufeff=1", "\n=1"]
)
def test_what_a_spreadsheet_would_run_is_made_text(risky):
    assert harmless(risky) == f"'{risky}"


@pytest.mark.parametrize("plain_text", ["+442079460000", "-12", "2026-01-01", "Ann", "", "a=b", "0-1 (2)"])
def test_numbers_and_words_stay_as_they_are(plain_text):
    assert harmless(plain_text) == plain_text


@given(st.lists(st.tuples(st.text(), st.integers(), st.none() | st.decimals(allow_nan=False, allow_infinity=False))))
def test_csv_comes_back_row_for_row_and_no_cell_is_a_formula(rows):
    table = Report("t", "T", [Column("a"), Column("b"), Column("c")], lambda s, a, b: rows)
    head, *back = csv.reader(io.StringIO(to_csv(table, rows), newline=""))
    assert head == ["a", "b", "c"] and len(back) == len(rows)
    for (first, *_), (given_text, number, _) in zip(back, rows, strict=True):
        assert first.removeprefix("'") == given_text.replace("\0", "").removeprefix("'") or first == given_text
        assert not first.startswith(("=", "@", "\t", "\r")) and back
        assert isinstance(number, int)


def test_values_for_json():
    assert [plain(v) for v in (NOW, Decimal("1.5"), None, True, b"x")] == [NOW.isoformat(), 1.5, None, True, "b'x'"]


@pytest.mark.parametrize(
    ("name", "columns"), [("Busy", [Column("a")]), ("busy", []), ("busy", [Column("a"), Column("a")])]
)
def test_a_report_that_makes_no_sense(name, columns):
    with pytest.raises(ValueError):
        Report(name, "T", columns, lambda s, a, b: [])
