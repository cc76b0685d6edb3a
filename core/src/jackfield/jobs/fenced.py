"""A plugin's job works on the plugin's own part of the database, in the worker as in the daemon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from jackfield.jobs.job import Job
from jackfield.storage.engine import Database
from jackfield.storage.fence import Fence, FencedDatabase


def fenced(job: Job, owner: str, owners: Callable[[], Iterable[str]]) -> Job:
    """The job, whose function gets a fenced database: at others' tables it fails with `Forbidden`.

    `owners` are the names of all plugins.
    """

    def run(database: Database, payload: Mapping[str, Any]) -> None:
        own = FencedDatabase(database, Fence(owner, owners, lambda what: None))
        try:
            job.function(own, payload)
        finally:
            own.close()

    return replace(job, function=run)
