"""A worker process: takes jobs out of Redis and runs each in a forked process. Started by `jackfield.jobs.worker`."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from rq import Queue, Worker
from rq.job import Job as RQJob
from rq.serializers import JSONSerializer

from jackfield.alarms.remote import DaemonAlarms
from jackfield.jobs import run
from jackfield.jobs.job import Job
from jackfield.jobs.relay import QUEUE
from jackfield.plugins import PluginHost
from jackfield.settings import load

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class ChildSettings:
    """What the parent tells a worker process, on its standard input: a command line would show the passwords."""

    name: str
    database_url: str
    redis_url: str
    socket: str
    pauses: list[float]
    jobs: str
    """`module:function` that says which jobs there are."""
    control: str | None = None
    """The daemon's control socket."""


class _Worker(Worker):
    max_connection_wait_time = 5.0  # seconds between two tries to reach Redis; RQ's own is 60

    def main_work_horse(self, *arguments: Any, **named: Any) -> None:
        """In the forked process: it must not outlive its worker, or a job could run twice at the same time."""
        die_with_parent(int(self.pid or 0))
        super().main_work_horse(*arguments, **named)


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends, however that happens (prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def declared_jobs() -> Mapping[str, Job]:
    """The jobs that installed plugins declare."""
    host = PluginHost(load())
    host.load()
    return host.runnable_jobs()


def main() -> None:
    """Work until told to stop (SIGTERM: the job that runs may finish)."""
    settings = ChildSettings(**json.load(sys.stdin))
    runner = run.Runner(
        settings.database_url,
        run.load(settings.jobs)(),
        settings.name,
        settings.pauses,
        Path(settings.socket),
        DaemonAlarms(Path(settings.control) if settings.control else None).dead,
    )
    run.configure(runner)

    def horse_died(job: RQJob, _pid: int, status: int, _usage: object) -> None:
        runner.died(int(job.args[0]), run.describe_exit(status))

    connection = Redis.from_url(settings.redis_url)
    queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
    worker = _Worker(
        [queue],
        name=settings.name,
        connection=connection,
        serializer=JSONSerializer,
        work_horse_killed_handler=horse_died,
        log_job_description=False,
    )
    worker.work(logging_level="WARNING")


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    main()
