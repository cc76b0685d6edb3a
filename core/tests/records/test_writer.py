import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jackfield.records.models import CallRecord, LegRecord, StepRecord
from jackfield.records.queries import find_call, find_calls
from jackfield.records.upsert import CALL, clean, merge
from jackfield.records.writer import RecordWriter
from jackfield.routing.destinations import Result
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

START = datetime(2026, 5, 4, 8, 0, 0, 123456, tzinfo=UTC)


def begun(call_id="1.1", **more):
    return CallRecord(call_id, "inbound", START, trunk="carrier", did="0201", caller_number="0170", **more)


def ended(call_id="1.1", **more):
    end = START + timedelta(seconds=90, microseconds=7)
    step = StepRecord(call_id, 0, "ivr:main", START, START + timedelta(seconds=5), "1")
    last = StepRecord(call_id, 1, "queue:sales", START + timedelta(seconds=5), end, "answered")
    legs = tuple(
        LegRecord(f"{call_id}.{n}", call_id, f"PJSIP/x-{n}", role, START, "201", "anna", START, end, 16, "ANSWER")
        for n, role in enumerate(("caller", "agent"))
    )
    values = {
        "answered_at": START + timedelta(seconds=30),
        "ended_at": end,
        "destination": "queue:sales",
        "queue": "sales",
        "agent": "anna",
        "wait_seconds": 24.5,
        "talk_seconds": 60.25,
        "result": Result.ANSWERED,
        "cause": 16,
        "steps": (step, last),
        "legs": legs,
    }
    return replace(begun(call_id), **{**values, **more})


@pytest.fixture
def writer(database):
    found = RecordWriter(database)
    yield found
    found.close(60)


def counts(database):
    with database.engine.connect() as connection:
        return [connection.execute(text(f"SELECT count(*) FROM {t}")).scalar() for t in ("call", "call_step", "leg")]


def test_what_is_written_comes_back_exactly(database, writer):
    record = ended()
    writer.call_started(begun())
    writer.step(replace(record.steps[0], left_at=None, outcome=""))
    writer.leg(replace(record.legs[0], ended_at=None))
    writer.call_ended(record)
    assert writer.flush(60)
    assert find_call(database, "1.1") == record


def test_twice_is_once(database, writer):
    for _ in range(3):
        writer.call_ended(ended())
        assert writer.flush(60)
    assert counts(database) == [1, 2, 2]


def test_a_late_older_row_does_not_undo_a_final_one(database, writer):
    record = ended()
    for settle in (lambda: writer.flush(60), lambda: True):  # over the database, and in one batch
        writer.call_ended(record)
        settle()
        writer.call_started(begun())
        writer.step(replace(record.steps[1], left_at=None, outcome=""))
        writer.leg(replace(record.legs[1], ended_at=None, cause=None))
        writer.flush(60)
        assert find_call(database, "1.1") == record


def test_a_final_row_may_be_corrected_by_a_final_one(database, writer):
    writer.call_ended(ended())
    writer.flush(60)
    writer.call_ended(ended(result=Result.ABANDONED))
    writer.flush(60)
    assert find_call(database, "1.1").result is Result.ABANDONED


def test_hostile_texts_are_stored_and_harm_nothing(database, writer):
    name = "a\0b\x1b[2J\udcff" + "王小明　" + "x" * 3000
    writer.call_started(begun("1.2", caller_name=name, agent="'; DROP TABLE call; --"))
    writer.call_ended(ended("1.3"))
    writer.flush(60)
    stored = find_call(database, "1.2")
    assert stored.caller_name == ("a\ufffdb\ufffd[2J\ufffd王小明 " + "x" * 3000)[:80]
    assert stored.agent == "'; DROP TABLE call; --"
    assert find_call(database, "1.3") == ended("1.3")
    assert writer.lost == 0


def test_one_refused_row_does_not_take_others_with_it(database, writer):
    """A time without a zone is the caller's mistake."""
    for number in range(20):
        writer.call_ended(ended(f"2.{number}"))
    writer.call_started(replace(begun("2.x"), started_at=datetime(2026, 1, 1)))
    writer.call_started(replace(begun("2.y"), cause=object()))
    assert writer.flush(60)
    assert counts(database)[0] == 20
    assert writer.lost == 2


class Outage:
    """Makes every commit fail, as a full disk does, until it is over."""

    def __init__(self, database):
        self.on, self.tries = False, 0
        event.listen(database.engine, "commit", self._fail)

    def _fail(self, connection):
        if self.on:
            self.tries += 1
            raise OperationalError("COMMIT", {}, Exception("database or disk is full"))


def test_nothing_is_lost_while_the_disk_is_full(database):
    told = []
    outage = Outage(database)
    writer = RecordWriter(database, on_trouble=told.append, on_ok=lambda: told.append("ok"))
    outage.on = True
    for number in range(50):
        writer.call_started(begun(f"3.{number}"))
        writer.call_ended(ended(f"3.{number}"))
        time.sleep(0.01)
    assert not writer.flush(0.2)
    assert outage.tries > 1
    assert len(told) == 1
    assert "database or disk is full" in told[0]
    outage.on = False
    assert writer.flush(60)
    assert told[1:] == ["ok"]
    assert counts(database) == [50, 100, 100]
    assert writer.lost == 0
    assert writer.close(60)


def test_memory_is_bounded_and_losses_are_counted(database):
    outage = Outage(database)
    outage.on = True
    writer = RecordWriter(database, bound=10)
    for number in range(30):
        writer.call_started(begun(f"4.{number}"))
    writer.call_ended(ended("4.0", steps=(), legs=()))  # has its place already
    outage.on = False
    assert writer.flush(60)
    assert writer.lost in (20, 21)  # 4.0 may be in the batch that fails, or waiting
    assert counts(database)[0] == 10
    writer.close(60)


def test_a_listener_that_fails_does_not_stop_the_writer(database):
    def fail(*_):
        raise RuntimeError("listener")

    outage = Outage(database)
    outage.on = True
    writer = RecordWriter(database, on_trouble=fail, on_ok=fail)
    writer.call_ended(ended())
    time.sleep(0.3)
    outage.on = False
    assert writer.flush(60)
    assert writer.close(60)


def test_a_really_full_disk(tmp_path):
    """A file system of 1 MB that somebody fills up."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if shutil.which("mount") is None:
        pytest.fail("mount is missing; on Debian: apt-get install mount")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], stderr=subprocess.PIPE)
    if mounted.returncode:
        pytest.fail(f"mounting needs root: {mounted.stderr.decode()}")
    try:
        database = Database(f"sqlite:///{disk}/a.db")
        migrate(database, [CORE])
        told = []
        writer = RecordWriter(database, on_trouble=told.append, on_ok=lambda: told.append("ok"))
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(b"x" * 4096)
        for number in range(200):
            writer.call_ended(ended(f"5.{number}"))
        assert not writer.flush(1)
        assert len(told) == 1
        filler.unlink()
        assert writer.flush(60)
        assert told[1:] == ["ok"]
        assert counts(database) == [200, 400, 400]
        writer.close(60)
        database.close()
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_lost_server(postgres, request):
    database = Database(postgres.fresh())
    migrate(database, [CORE])
    told = []
    writer = RecordWriter(database, on_trouble=told.append, on_ok=lambda: told.append("ok"))
    writer.call_ended(ended("6.0"))
    assert writer.flush(60)
    postgres.stop("immediate")
    try:
        for number in range(1, 50):
            writer.call_ended(ended(f"6.{number}"))
        assert not writer.flush(0.5)
    finally:
        postgres.start()
    assert writer.flush(60)
    assert counts(database) == [50, 100, 100]
    assert told[-1] == "ok"
    assert len(told) == 2
    writer.close(60)
    database.close()


def test_many_threads_write_at_once(database, writer):
    def work(thread):
        for number in range(50):
            writer.call_started(begun(f"7.{thread}.{number}"))
            writer.call_ended(ended(f"7.{thread}.{number}"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert writer.flush(60)
    assert counts(database) == [400, 800, 800]


CHILD = """
import sys
from jackfield.records.writer import RecordWriter
from jackfield.storage.engine import Database
sys.path.insert(0, sys.argv[2])
from test_writer import ended, begun
writer = RecordWriter(Database(sys.argv[1]))
number = 0
while True:
    for _ in range(7):
        writer.call_started(begun(f"9.{number}"))
        writer.call_ended(ended(f"9.{number}"))
        number += 1
    assert writer.flush(60)
    print(number, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 5, 40])
def test_what_was_acknowledged_survives_kill_9(database, after):
    url = database.engine.url.render_as_string(hide_password=False)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    here = str(Path(__file__).parent)
    process = subprocess.Popen([sys.executable, "-c", CHILD, url, here], stdout=subprocess.PIPE, env=env)
    lines = [process.stdout.readline() for _ in range(after)]
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.readlines()
    process.wait()
    acknowledged = int([line for line in lines if line.endswith(b"\n")][-1])
    found = {call.id: call for call in find_calls(database, limit=100_000)}
    assert len(found) >= acknowledged
    for number in range(acknowledged):
        assert found[f"9.{number}"] == ended(f"9.{number}")
    writer = RecordWriter(database)
    for call in list(found.values()):
        writer.call_ended(call if call.ended_at else ended(call.id))
    assert writer.flush(60)
    assert counts(database) == [len(found), 2 * len(found), 2 * len(found)]
    writer.close(60)


def test_calls_left_open_are_found_and_closed(database, writer):
    left = replace(ended("8.1"), ended_at=None, result=None, cause=None)
    left = replace(left, steps=(left.steps[0], replace(left.steps[1], left_at=None, outcome="")))
    writer.call_ended(left)
    writer.call_ended(ended("8.2"))
    writer.flush(60)
    (found,) = writer.open_calls()
    assert found == left
    at = START + timedelta(minutes=3)
    closing = replace(found, ended_at=at, result=Result.ABANDONED, agent="1001")
    closing = replace(closing, steps=(left.steps[0], replace(left.steps[1], left_at=at, outcome="interrupted")))
    writer.close_interrupted(closing)
    writer.close_interrupted(replace(ended("8.2"), ended_at=at, result=Result.ABANDONED))
    assert writer.open_calls() == []
    closed = find_call(database, "8.1")
    assert (closed.ended_at, closed.result, closed.interrupted) == (at, Result.ABANDONED, True)
    assert closed.agent == "1001"
    assert [(step.left_at, step.outcome) for step in closed.steps][1] == (at, "interrupted")
    assert closed.steps[0] == left.steps[0]
    assert find_call(database, "8.2") == ended("8.2")


def test_close_writes_what_waits(database):
    writer = RecordWriter(database)
    for number in range(300):
        writer.call_ended(ended(f"10.{number}"))
    assert writer.close(60)
    assert counts(database)[0] == 300


@settings(database=None)
@given(st.text(max_size=200), st.integers(1, 100))
def test_clean_texts_are_short_and_printable(value, length):
    found = clean(value, length)
    assert len(found) == min(len(value), length)
    assert found.isprintable()
    assert clean(found, length) == found
    found.encode()


@settings(max_examples=50, database=None)
@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_merging_keeps_the_newest_but_never_undoes_an_end(finals):
    rows = {}
    for number, final in enumerate(finals):
        record = begun(destination=str(number), ended_at=START if final else None)
        key, row = CALL.prepare(record)
        merge(rows, key, row)
    ends = [number for number, final in enumerate(finals) if final]
    assert [row["destination"] for row in rows.values()] == [str(ends[-1] if ends else len(finals) - 1)]
