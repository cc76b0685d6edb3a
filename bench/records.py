"""`records`: call records a second to disk, and nothing lost that was acknowledged before a kill -9."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from bench.child import Child, environment
from bench.report import REPOSITORY, BenchError, interleave, line, median, say, significant

ROUNDS = 3
CALLS = 5000
KILLS = 3
KILL_AFTER = 2.0


def records() -> list[dict[str, Any]]:
    """Rates of both sides, then the kills."""
    with tempfile.TemporaryDirectory(prefix="jackfield-bench-", dir="/var/tmp") as folder:
        count = iter(range(1000))

        def run(side: str) -> dict[str, Any]:
            return _run(side, Path(folder) / f"{side}{next(count)}.db")

        sides = {side: partial(run, side) for side in ("jackfield", "sqlite")}
        results = interleave(ROUNDS, sides)
        kills = [_kill(Path(folder) / f"kill{number}.db", KILL_AFTER + number / 3) for number in range(KILLS)]
    rate = {name: median(r["calls"] / r["seconds"] for r in runs) for name, runs in results.items()}
    cpu = {name: significant(1e6 * median(r["cpu"] / r["calls"] for r in runs)) for name, runs in results.items()}
    lost = sum(k["lost"] for k in kills)
    return [
        line(
            "records",
            rate["jackfield"],
            rate["sqlite"],
            "one sqlite3 commit a record",
            "call records/s",
            "nothing lost on kill -9",
            lost == 0,
            cpu_us_a_record=cpu,
            kills=KILLS,
            acknowledged=sum(k["acknowledged"] for k in kills),
            lost=lost,
            rounds=ROUNDS,
            note="a record: the call, 3 steps, 2 legs, on disk below /var/tmp; jackfield gets each row as it happens "
            "and again at the end, from 8 threads; the peer only the finished rows, in one transaction a call, as "
            "cdr_sqlite3_custom commits; both journal_mode=WAL, synchronous=NORMAL",
        )
    ]


def _run(name: str, file: Path) -> dict[str, Any]:
    with Child("bench.records_writer", name, file, CALLS) as child:
        result = child.read()
    found = len(_ids(file))
    if found != CALLS or result["lost"]:
        raise BenchError(f"{name} left {found} of {CALLS} records on disk, and counted {result['lost']} rows as lost")
    say(
        f"records: {name} {result['calls'] / result['seconds']:.0f} records/s, "
        f"{1e6 * result['cpu'] / CALLS:.0f} us of CPU each"
    )
    return result


def _kill(file: Path, seconds: float) -> dict[str, int]:
    """Let it write for ever, kill it, and look for each acknowledged call, with its steps and legs."""
    log = file.with_suffix(".acknowledged")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.records_writer", "jackfield", str(file), "0"],
            stdout=out,
            cwd=REPOSITORY,
            env=environment(),
        )
        deadline = time.monotonic() + 30
        while not log.stat().st_size and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    acknowledged = {f"1795290000.{number}" for number in log.read_text().split()}
    if not acknowledged:
        raise BenchError("the writer acknowledged nothing before it was killed")
    whole = _ids(file)
    lost = len(acknowledged - whole)
    say(f"records: killed after {seconds:.1f} s: {len(acknowledged)} acknowledged, {len(whole)} on disk, {lost} lost")
    return {"acknowledged": len(acknowledged), "lost": lost}


def _ids(file: Path) -> set[str]:
    """Calls on disk that have an end, three steps and two legs."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(
            "SELECT id FROM call WHERE ended_at IS NOT NULL"
            " AND (SELECT count(*) FROM call_step WHERE call_id = call.id AND left_at IS NOT NULL) = 3"
            " AND (SELECT count(*) FROM leg WHERE call_id = call.id AND ended_at IS NOT NULL) = 2"
        )
        return {row[0] for row in rows}
