"""Runs one job, in a process of its own. Redis only ever carries the row's number to `run_job`."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import structlog

from jackfield.jobs import progress, rows
from jackfield.jobs.job import DEFAULT_RETRIES, Job
from jackfield.jobs.outbox import WORKER_SOCKET, nudge
from jackfield.jobs.progress import Progress
from jackfield.storage.engine import Database

KILL_AFTER = 30
"""Seconds that a job has to come to an end after its time is up, before its process is ended."""
log = structlog.get_logger(__name__)


class JobTimeout(BaseException):
    """The job's time is up. No Exception, so that a job's `except Exception` does not catch it."""


@dataclass(frozen=True, slots=True)
class Runner:
    """What a process needs to run jobs. The database is opened for each run: connections do not survive a fork."""

    database_url: str
    jobs: Mapping[str, Job]
    worker: str
    pauses: Sequence[float] = rows.PAUSES
    socket: Path = WORKER_SOCKET
    on_dead: Callable[[str, str], None] = lambda name, error: None
    """Told of a job that was given up: its name and the error."""

    def run(self, job_id: int) -> None:
        """Run a job and put on record what became of it. Raises only if the record cannot be written."""
        with self._database() as database:
            claimed = rows.claim(database, job_id, self.worker)
            if claimed is None:
                log.info("job.not_claimed", job=job_id)
                return
            self._attempt(database, claimed)
        nudge(self.socket)

    def died(self, job_id: int, why: str) -> None:
        """The process that ran (or was about to run) a job of ours has died."""
        with self._database() as database:
            if job_id not in rows.lost(database, self.worker, why, self.pauses):
                rows.unsend(database, [job_id], self.pauses[0])
        nudge(self.socket)

    def _attempt(self, database: Database, claimed: rows.Claimed) -> None:
        job = self.jobs.get(claimed.name)
        retries = job.retries if job else DEFAULT_RETRIES
        if claimed.attempt > retries + 1:
            died = f"Given up: the process died in each of {claimed.attempt - 1} attempts."
            rows.dead(database, claimed, died)
            self.on_dead(claimed.name, died)
            return
        error = _run(job, claimed, database) if job else _unknown(claimed.name)
        if error is None:
            rows.done(database, claimed)
        elif claimed.attempt > retries:
            log.error("job.dead", job=claimed.id, name=claimed.name, error=error)
            rows.dead(database, claimed, error)
            self.on_dead(claimed.name, error.partition("\n")[0])
        else:
            log.warning("job.failed", job=claimed.id, name=claimed.name, attempt=claimed.attempt, error=error)
            rows.again(database, claimed, error, self.pauses)

    @contextmanager
    def _database(self) -> Iterator[Database]:
        database = Database(self.database_url)
        try:
            yield database
        finally:
            database.close()


_runner: Runner | None = None


def configure(runner: Runner) -> None:
    """Say how this process, and those it forks, run jobs."""
    global _runner
    _runner = runner


def run_job(job_id: int) -> None:
    """Entry for RQ: the only function whose name is ever sent to Redis."""
    if _runner is None:
        raise RuntimeError("run_job outside of jackfield-worker; start that instead of a plain rq worker.")
    _runner.run(job_id)


def _run(job: Job, claimed: rows.Claimed, database: Database) -> str | None:
    """Run a job's function. Returns what went wrong, or None."""
    progress.follow(Progress(lambda percent, note: rows.progress(database, claimed, percent, note)))
    try:
        with _time_limit(job.timeout):
            job.function(database, json.loads(claimed.payload))
    except JobTimeout:
        return f"It took longer than its {job.timeout} s.\n{traceback.format_exc()}"
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        return f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
    finally:
        progress.follow(None)
    return None


def _unknown(name: str) -> str:
    return f"No installed plugin declares a job {name!r}. Install the plugin again and retry the job, or leave it."


@contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    """Raise JobTimeout in the block after `seconds`; end the process a while later if that does not help."""

    def up(_signal: int, _frame: FrameType | None) -> None:
        raise JobTimeout

    before = signal.signal(signal.SIGALRM, up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    # A thread of the C library: it also gets through to code that never comes back to Python.
    faulthandler.dump_traceback_later(seconds + KILL_AFTER, exit=True, file=2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        faulthandler.cancel_dump_traceback_later()


def load(name: str) -> Callable[[], Mapping[str, Job]]:
    """The function `module:function` that says which jobs there are. The name comes from our code, not from data."""
    import importlib

    module, _, function = name.partition(":")
    found: Callable[[], Mapping[str, Job]] = getattr(importlib.import_module(module), function)
    return found


def describe_exit(status: int | None) -> str:
    """In words, how a process ended (`os.wait` status)."""
    if status is not None and os.WIFSIGNALED(status):
        return f"The job's process was killed by signal {os.WTERMSIG(status)} (9 may mean: out of memory)."
    return f"The job's process ended in the middle (status {status})."
