"""Jobs for the tests. They leave marks in a folder, so that each run can be counted."""

import os
import signal
import time
from pathlib import Path

from jackfield.jobs.job import Job


def _mark(payload, what):
    with (Path(payload["folder"]) / payload["key"]).open("a") as file:
        file.write(f"{what}\n")


def note(database, payload):
    _mark(payload, "done")


def slow(database, payload):
    _mark(payload, f"begin {os.getpid()}")
    time.sleep(payload["seconds"])
    _mark(payload, "done")


def first_time_slow(database, payload):
    """Takes long the first time only."""
    again = (Path(payload["folder"]) / payload["key"]).exists()
    _mark(payload, f"begin {os.getpid()}")
    if not again:
        time.sleep(60)
    _mark(payload, "done")


def raises(database, payload):
    _mark(payload, "begin")
    raise ValueError("the disk\0 is \udcff wrong")


def exits(database, payload):
    raise SystemExit(3)


def dies(database, payload):
    _mark(payload, "begin")
    os.kill(os.getpid(), signal.SIGKILL)


def stubborn(database, payload):
    while True:
        try:
            time.sleep(60)
        except Exception:
            _mark(payload, "swallowed")


def jobs():
    found = [
        Job("note", note),
        Job("slow", slow),
        Job("first_time_slow", first_time_slow),
        Job("raises", raises, retries=2),
        Job("exits", exits, retries=0),
        Job("dies", dies, retries=1),
        Job("stubborn", stubborn, retries=0, timeout=1),
    ]
    return {job.name: job for job in found}


def more_jobs():
    """As those of a box on which a plugin is installed meanwhile: it is there when a file is."""
    late = {"late": Job("late", note)} if Path(os.environ["JOBS_TEST_INSTALLED"]).exists() else {}
    return jobs() | late
