"""Alarms and the audit log on each kind of database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from jackfield.alarms import store
from jackfield.alarms.models import Alarm, Entry, Severity, What
from jackfield.control import audit
from jackfield.control.audit import Line, Outcome
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate
from jackfield.storage.testing import postgres_server

AT = datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC)


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request, tmp_path):
    sqlite = request.param == "sqlite"
    found = Database(f"sqlite:///{tmp_path}/test.db" if sqlite else request.getfixturevalue("postgres").fresh())
    migrate(found, [CORE])
    yield found
    found.close()


def test_alarms(either):
    alarm = Alarm("a:b", "Text 中", Severity.CRITICAL, "core", {"n": 1, "x": float("nan")}, AT, AT, words='{"x": 1}')
    store.save(either, {"a:b": alarm, "c": replace(alarm, key="c")}, [Entry(AT, What.RAISED, alarm)])
    changed = replace(alarm, count=2, acknowledged_by="ann", acknowledged_at=AT, flapping=True, detail={"n": 2})
    store.save(either, {"a:b": changed, "c": None}, [Entry(AT + timedelta(days=1), What.ACKNOWLEDGED, changed, "ann")])
    assert store.load(either) == [changed]
    assert {entry.alarm.words for entry in store.history(either)} == {alarm.words}
    assert [e.what for e in store.history(either)] == [What.ACKNOWLEDGED, What.RAISED]
    assert store.history(either, key="c") == []
    assert store.forget(either, AT + timedelta(hours=1)) == 1
    assert len(store.history(either)) == 1


def test_audit(either):
    first = Line("ann", 1000, "calls", "5", personal=True, at=AT, last_at=AT + timedelta(hours=1), count=7)
    audit.write(either, [first, Line("bob", 0, "set", change=True, outcome=Outcome.DENIED, at=AT)])
    assert [row["who"] for row in audit.read(either)] == ["bob", "ann"]
    (row,) = audit.read(either, who="ann", since=AT + timedelta(minutes=30))
    assert (row["count"], row["personal"], row["at"]) == (7, True, AT.isoformat())
    assert audit.read(either, since=AT + timedelta(hours=2)) == []
