import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from jackfield.records.models import (
    CALL_FIELDS,
    LEG_FIELDS,
    STEP_FIELDS,
    CallRecord,
    CallRow,
    LegRecord,
    LegRow,
    StepRecord,
    StepRow,
)
from jackfield.records.queries import find_call, find_calls
from jackfield.records.writer import RecordWriter
from jackfield.routing.destinations import Result
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError

T0 = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)


def call(number, **more):
    at = T0 + timedelta(minutes=number)
    return CallRecord(f"1.{number}", "inbound", at, ended_at=at, **more)


CALLS = [
    call(0, caller_number="0170", did="100", queue="sales", agent="anna", result=Result.ANSWERED),
    call(1, caller_number="0171", did="100", queue="sales", result=Result.ABANDONED),
    call(2, caller_number="0171", did="200", extension="201", result=Result.REJECTED),
    call(3, caller_number="201", did="", queue="service", agent="anna", result=Result.ANSWERED),
]


@pytest.fixture
def filled(database):
    writer = RecordWriter(database)
    for each in CALLS:
        writer.call_ended(each)
    assert writer.close(60)
    return database


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [3, 2, 1, 0]),
        ({"limit": 2}, [3, 2]),
        ({"since": T0 + timedelta(minutes=1)}, [3, 2, 1]),
        ({"until": T0 + timedelta(minutes=1)}, [0]),
        ({"number": "201"}, [3, 2]),
        ({"did": "100"}, [1, 0]),
        ({"agent": "anna"}, [3, 0]),
        ({"queue": "sales", "result": Result.ABANDONED}, [1]),
        ({"agent": "anna", "queue": "none"}, []),
    ],
)
def test_calls_are_found(filled, wanted, found):
    assert [each.id for each in find_calls(filled, **wanted)] == [f"1.{number}" for number in found]


def test_steps_and_legs_come_with_their_call_in_order(database):
    steps = tuple(StepRecord("1.0", n, f"prompt:p{n}", T0 + timedelta(seconds=n)) for n in range(12))
    legs = tuple(LegRecord(f"l{9 - n}", "1.0", "PJSIP/a", "agent", T0 + timedelta(seconds=n)) for n in range(3))
    record = replace(CALLS[0], steps=steps, legs=legs)
    writer = RecordWriter(database)
    writer.call_ended(replace(record, steps=steps[::-1], legs=legs[::-1]))
    for number in range(1, 1200):  # more than one IN list
        writer.call_started(call(number))
    assert writer.close(60)
    found = find_calls(database, limit=5000)
    assert len(found) == 1200
    assert found[-1] == record
    assert not any(each.steps or each.legs for each in found[:-1])


def test_an_unknown_call_is_none(filled):
    assert find_call(filled, "9.9") is None


def test_json(filled):
    plain = json.loads(json.dumps(find_call(filled, "1.0").as_json()))
    assert plain["started_at"] == "2026-02-03T04:05:06.000789Z"
    assert (plain["result"], plain["agent"], plain["steps"], plain["legs"]) == ("answered", "anna", [], [])
    step = replace(CALLS[0], steps=(StepRecord("1.0", 0, "ivr:main", T0),)).as_json()["steps"][0]
    assert step == {
        "call_id": "1.0",
        "seq": 0,
        "destination": "ivr:main",
        "entered_at": "2026-02-03T04:05:06.000789Z",
        "left_at": None,
        "outcome": "",
    }


def test_records_and_tables_have_the_same_fields():
    for names, row in ((CALL_FIELDS, CallRow), (STEP_FIELDS, StepRow), (LEG_FIELDS, LegRow)):
        assert set(names) == set(row.model_fields)
    assert {f.name for f in fields(CallRecord)} - set(CALL_FIELDS) == {"steps", "legs"}


def test_a_database_that_is_away_is_said_so():
    with pytest.raises(StorageError, match="cannot be read"):
        find_calls(Database("postgresql://nobody@/none?host=/nowhere"))
