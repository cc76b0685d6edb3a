"""What the control socket offers of jobs and schedules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from jackfield.control.method import Method, Role
from jackfield.errors import JackfieldError, Recovery
from jackfield.jobs import outbox
from jackfield.jobs.models import JobState
from jackfield.schedules.service import Scheduler
from jackfield.storage.engine import Database

Number = Annotated[int, Field(ge=1, description="Number of the job")]


class NoSuchJob(JackfieldError):
    """There is no such job, or it is in a state in which that cannot be done."""

    recovery = Recovery.REFUSE_INPUT


def methods(database: Database, scheduler: Scheduler, worker_socket: Path) -> list[Method]:
    """Control methods about jobs."""

    def jobs(
        state: Annotated[JobState | None, Field(description="Only jobs in this state")] = None,
        limit: Annotated[int, Field(ge=1, le=1000, description="How many at most")] = 100,
    ) -> list[dict[str, Any]]:
        """Background jobs, newest first, without what they were given."""
        hidden = ("payload", "error")
        found = outbox.list_jobs(database, state, limit)
        return [
            {k: v for k, v in job.items() if k not in hidden} | {"error": job["error"].partition("\n")[0]}
            for job in found
        ]

    def show(job: Number) -> dict[str, Any]:
        """One job: what it was given, and all of its last error."""
        found = outbox.find_job(database, job)
        if found is None:
            raise NoSuchJob(f"there is no job {job}; see: jackfield jobs list")
        return found

    def retry(job: Number) -> dict[str, Any]:
        """Give a dead job all its attempts again."""
        if not outbox.retry_dead(database, job, worker_socket):
            raise NoSuchJob(f"job {job} is not dead; see: jackfield jobs show {job}")
        return {"job": job, "state": str(JobState.WAITING)}

    def drop(job: Number) -> dict[str, Any]:
        """Take a job off the list for good. One that runs, or is in Redis, stays."""
        if not outbox.drop_job(database, job):
            raise NoSuchJob(f"job {job} does not wait, and is neither dead nor done; see: jackfield jobs show {job}")
        return {"job": job, "state": "dropped"}

    return [
        Method("jobs", jobs, Role.VIEWER),
        Method("jobs.show", show, Role.ADMIN, personal=True, object="{job}"),
        Method("jobs.retry", retry, Role.ADMIN, change=True, object="{job}"),
        Method("jobs.drop", drop, Role.ADMIN, change=True, object="{job}"),
        Method("jobs.schedules", scheduler.describe, Role.VIEWER),
    ]
