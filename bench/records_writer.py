"""Writes call records until killed: `python3 -m bench.records_writer jackfield|sqlite FILE CALLS`.

Each call has two legs and three steps. `jackfield`: as the daemon, a call's start, its steps and legs as they happen,
and its end, handed to RecordWriter by several call threads. `sqlite`: one finished record of the same seven rows a
transaction, as cdr_sqlite3_custom and its like commit; the same pragmas. Ids that are acknowledged (committed) go to
stdout; a CALLS of 0 means for ever.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from jackfield import log
from jackfield.records.models import CALL_FIELDS, LEG_FIELDS, STEP_FIELDS, CallRecord, LegRecord, StepRecord
from jackfield.records.writer import RecordWriter
from jackfield.routing.destinations import Result
from jackfield.storage import migrate
from jackfield.storage.engine import Database

from bench.child import answer

THREADS = 8
ROUND = 50
"""Calls a thread hands over before it waits for their commit."""
BEGUN = datetime(2026, 11, 21, 8, tzinfo=UTC)


def call(number: int) -> tuple[CallRecord, tuple[StepRecord, ...], tuple[LegRecord, ...]]:
    """A finished call, its steps and legs."""
    identity, start = f"1795290000.{number}", BEGUN + timedelta(seconds=number / 10)
    end = start + timedelta(seconds=95.5)
    steps = tuple(
        StepRecord(
            identity,
            n,
            name,
            start + timedelta(seconds=n),
            end if n == 2 else start + timedelta(seconds=n + 1),
            outcome,
        )
        for n, (name, outcome) in enumerate(
            (("ivr:main", "1"), ("prompt:welcome", "played"), ("queue:sales", "answered"))
        )
    )
    legs = (
        LegRecord(
            identity, identity, f"PJSIP/carrier-{number:08x}", "caller", start, "15550100", "", start, end, 16, ""
        ),
        LegRecord(
            f"1795300000.{number}",
            identity,
            f"PJSIP/201-{number:08x}",
            "agent",
            start,
            "201",
            "anna",
            start,
            end,
            16,
            "ANSWER",
        ),
    )
    record = CallRecord(
        id=identity,
        direction="inbound",
        started_at=start,
        trunk="carrier",
        did="15550199",
        caller_number="15550100",
        caller_name="Bench",
        language="en",
        answered_at=start,
        ended_at=end,
        destination="queue:sales",
        queue="sales",
        agent="anna",
        wait_seconds=3.5,
        talk_seconds=92.0,
        result=Result.ANSWERED,
        cause=16,
        steps=steps,
        legs=legs,
    )
    return record, steps, legs


def numbers(limit: int) -> Iterator[int]:
    """Call numbers: so many, or without end."""
    return iter(range(limit)) if limit else itertools.count()


def jackfield(file: str, limit: int) -> None:
    """Through RecordWriter, from several threads."""
    database = Database(f"sqlite:///{file}")
    migrate.migrate(database, [migrate.CORE])
    writer = RecordWriter(database)
    supply, lock, done = numbers(limit), threading.Lock(), []
    cpu, begun = time.process_time(), time.monotonic()

    def work() -> None:
        while True:
            with lock:
                some = list(itertools.islice(supply, ROUND))
            if not some:
                return
            for number in some:
                record, steps, legs = call(number)
                writer.call_started(record)
                for step in steps:
                    writer.step(step)
                for leg in legs:
                    writer.leg(leg)
                writer.call_ended(record)
            if not writer.flush(60):
                raise SystemExit("not committed within a minute")
            acknowledge(some)
            done.extend(some)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    answer(calls=len(done), lost=writer.lost, seconds=time.monotonic() - begun, cpu=time.process_time() - cpu)


def plain_sqlite(file: str, limit: int) -> None:
    """One commit a record."""
    database = Database(f"sqlite:///{file}")
    migrate.migrate(database, [migrate.CORE])
    database.close()
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous = NORMAL")
    statements = [
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        for table, names in (("call", CALL_FIELDS), ("call_step", STEP_FIELDS), ("leg", LEG_FIELDS))
    ]
    cpu, begun, done = time.process_time(), time.monotonic(), 0
    for number in numbers(limit):
        record, steps, legs = call(number)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(statements[0], [_plain(getattr(record, name)) for name in CALL_FIELDS])
        connection.executemany(statements[1], [[_plain(getattr(step, n)) for n in STEP_FIELDS] for step in steps])
        connection.executemany(statements[2], [[_plain(getattr(leg, n)) for n in LEG_FIELDS] for leg in legs])
        connection.execute("COMMIT")
        done += 1
        acknowledge([number])
    answer(calls=done, lost=0, seconds=time.monotonic() - begun, cpu=time.process_time() - cpu)


def _plain(value: object) -> object:
    return value.isoformat(" ", "microseconds")[:26] if isinstance(value, datetime) else value


def acknowledge(some: list[int]) -> None:
    """Whole lines in one write: they are in the pipe when the process is killed a moment later."""
    if LOUD:
        os.write(1, "".join(f"{number}\n" for number in some).encode())


LOUD = sys.argv[3] == "0"
log.set_up("warning")
{"jackfield": jackfield, "sqlite": plain_sqlite}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
