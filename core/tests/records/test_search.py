"""Searching call records, page by page, on each kind of database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from jackfield.records.models import CallRecord, StepRecord
from jackfield.records.search import search_calls
from jackfield.records.writer import RecordWriter
from jackfield.routing.destinations import Result

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def record(number: int, **fields) -> CallRecord:
    given = {"caller_number": f"555{number:04}", "queue": "sales" if number % 2 else "help", "result": Result.ANSWERED}
    started = NOON + timedelta(seconds=number // 2)  # two calls begin at each moment
    return CallRecord(id=f"9.{number:04}", direction="inbound", started_at=started, **(given | fields))


@pytest.fixture
def filled(database):
    writer = RecordWriter(database)
    for number in range(25):
        writer.call_started(record(number))
    hidden = StepRecord("9.9000", 0, "privacy:x", NOON)
    secret = record(9000, caller_number="+447700900123", caller_name="Eve")
    writer.call_started(secret)
    writer.step(hidden)
    writer.flush(10.0)
    yield database
    writer.close(5.0)


def pages(database, **asked):
    found, after = [], ""
    while True:
        page = search_calls(database, after=after, **asked)
        found.append([row["id"] for row in page["rows"]])
        after = page["next"]
        if not after:
            return found


def test_pages_hold_each_call_once_newest_first(filled) -> None:
    found = pages(filled, limit=7)
    ids = [identity for page in found for identity in page]
    assert [len(page) for page in found] == [7, 7, 7, 5]
    assert len(set(ids)) == 26
    started = {f"9.{number:04}": number // 2 for number in [*range(25), 9000]}
    assert [started[identity] for identity in ids] == sorted(started.values(), reverse=True)


def test_text_is_found_in_any_column_and_means_itself(filled) -> None:
    assert [row["id"] for row in search_calls(filled, text="5550012")["rows"]] == ["9.0012"]
    assert len(search_calls(filled, text="SALES")["rows"]) == 12
    assert search_calls(filled, text="%")["rows"] == []
    assert search_calls(filled, text="555_012")["rows"] == []


def test_columns_and_times(filled) -> None:
    asked = {"columns": {"queue": "help"}, "since": NOON + timedelta(seconds=2), "until": NOON + timedelta(seconds=4)}
    assert [row["id"] for row in search_calls(filled, **asked)["rows"]] == ["9.0006", "9.0004"]


def test_a_party_behind_a_middle_number_is_masked_and_cannot_be_found(filled) -> None:
    shown = next(row for row in search_calls(filled)["rows"] if row["id"] == "9.9000")
    assert (shown["caller_number"], shown["caller_name"]) == ("+447*******23", "")
    assert search_calls(filled, text="7700900")["rows"] == []
    assert search_calls(filled, columns={"caller_number": "+447700900123"})["rows"] == []
