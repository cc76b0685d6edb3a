"""status, calls, agents, queues, plugins, records."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import typer
from jackfield.cli.output import cell, width
from jackfield.cli.records import moment
from jackfield.errors import CommandFailed
from jackfield.records.models import CallRecord, StepRecord
from jackfield.records.writer import RecordWriter
from jackfield.routing.destinations import Result
from jackfield.storage.engine import Database


@pytest.mark.parametrize("command", [["status"], ["calls"], ["agents"], ["queues"], ["plugins", "list"]])
def test_no_daemon(jackfield, command):
    done = jackfield(*command)
    assert done.code == 3
    assert done.err.startswith("jackfield: jackfieldd does not answer on ")
    assert "Traceback" not in done.err
    assert "error" in jackfield(*command, "--json").json()


def test_status(jackfield, daemon):
    told = {"generation": 3, "asterisk": {"connected": True, "version": "22.1"}, "left_out": [], "records_lost": 0}
    daemon(status=lambda: told)
    assert jackfield("status", "--json").json() == told
    lines = jackfield("status").out.splitlines()
    assert "generation    3" in lines
    assert "asterisk      connected=yes, version=22.1" in lines


def test_lists(jackfield, daemon):
    daemon(
        calls=lambda: [],
        agents=lambda: [
            {"agent": "1001", "name": "陈", "state": "ready"},
            {"agent": "1002", "name": "Bob", "state": "talking"},
        ],
        plugins=lambda: [{"name": "acd", "version": "0.1", "state": "enabled", "hooks": {}, "destinations": ["queue"]}],
    )
    assert jackfield("calls").out == "No calls.\n"
    assert jackfield("calls", "--json").json() == []
    assert jackfield("agents").out == "agent  name  state\n1001   陈    ready\n1002   Bob   talking\n"
    assert jackfield("plugins", "list").out.splitlines()[1].split() == [
        "acd", "0.1", "-", "enabled", "-", "-", "queue", "-",
    ]  # fmt: skip


def test_a_refusal_of_the_daemon(jackfield, daemon):
    def refuse():
        raise CommandFailed("not now; wait a second")

    daemon(queues=refuse)
    done = jackfield("queues")
    assert (done.code, done.err) == (1, "jackfield: not now; wait a second\n")


def test_records(migrated, box):
    now = datetime.now(UTC)
    record = CallRecord(
        id="1.1",
        direction="inbound",
        started_at=now - timedelta(hours=3),
        ended_at=now,
        did="5550100",
        caller_number="555",
        agent="1001",
        wait_seconds=4.04,
        result=Result.ANSWERED,
        steps=(
            StepRecord("1.1", 0, "ivr:main", now, now, "1"),
            StepRecord("1.1", 1, "queue:sales", now, now, ""),
        ),
    )
    database = Database(f"sqlite:///{box}/test.db")
    writer = RecordWriter(database)
    writer.call_started(record)
    for step in record.steps:
        writer.step(step)
    writer.call_ended(record)
    writer.close(5.0)
    out = migrated("records").out.splitlines()
    assert "ivr:main > queue:sales" in out[1]
    assert out[1].endswith("4.0   0.0  1001   -    answered")
    (found,) = migrated("records", "--json", "--number", "555").json()
    assert found["steps"][1]["destination"] == "queue:sales"
    assert migrated("records", "--since", "2h").out == "No records.\n"
    assert migrated("records", "--since", "4h").out.count("\n") == 2
    assert migrated("records", "--number", "556").out == "No records.\n"
    assert migrated("records", "--since", "yesterday").code == 2


def test_moments():
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    zone = ZoneInfo("Asia/Shanghai")
    assert moment("90m", zone, now) == datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
    assert moment("2026-11-21", zone, now) == datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert moment("2026-11-21T08:00+00:00", zone, now) == datetime(2026, 11, 21, 8, tzinfo=UTC)
    with pytest.raises(typer.BadParameter):
        moment("soon", zone, now)


def test_cells_hold_no_control_characters():
    assert cell("a\x1b[2Jb\nc") == "a�[2Jb�c"
    assert width("中a") == 3
