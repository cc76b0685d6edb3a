"""Gives a migration up that does not come to an end, and frees the database from it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import Connection

from jackfield.storage.errors import MigrationFailed

GRACE_SECONDS = 5.0
"""After it was stopped it has so long to notice."""
log = structlog.get_logger(__name__)


class Rope:
    """By which a migration can be pulled out of the database from another thread."""

    def __init__(self) -> None:
        """Nothing is held yet."""
        self._lock = threading.Lock()
        self._held: Connection | None = None
        self.pulled = False

    def hold(self, connection: Connection | None) -> None:
        """The connection that the migration works on; None when it does no more."""
        with self._lock:
            self._held = connection

    def pull(self) -> None:
        """End the statement that runs, roll back, and close the connection: locks are free, code behind it fails."""
        with self._lock:
            self.pulled = True
            if self._held is None:
                return
            raw: Any = self._held.connection.dbapi_connection
            steps = ("interrupt", "rollback", "close") if hasattr(raw, "interrupt") else ("cancel", "close")
            for step in steps:
                with contextlib.suppress(Exception):
                    getattr(raw, step)()


def run_limited(
    work: Callable[[Rope], str],
    owner: str,
    revision: str,
    seconds: float,
    give_up: Callable[[threading.Thread], object] = lambda thread: None,
) -> str:
    """Run a migration on a thread of its own for so long at most; what it says.

    Args:
        work: the migration; it must hand its connection to the rope.
        owner: whose tables.
        revision: to which they were to be brought.
        seconds: the limit.
        give_up: told of a thread that does not come back even so.

    Raises:
        MigrationFailed: the time was up; the tables are as they were before.
        Exception: whatever the migration raises.
    """
    rope, outcome = Rope(), list[Any]()

    def run() -> None:
        try:
            outcome.append((work(rope), None))
        except BaseException as error:
            outcome.append(("", error))

    thread = threading.Thread(target=run, name=f"{owner}-migration", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        log.error("migration.hangs", owner=owner, seconds=seconds)
        rope.pull()
        thread.join(GRACE_SECONDS)
        if thread.is_alive():
            give_up(thread)
        if not outcome or outcome[0][1] is not None:
            raise _too_slow(owner, revision, seconds)
    said, error = outcome[0]
    if error is not None:
        raise error
    return str(said)


def _too_slow(owner: str, revision: str, seconds: float) -> MigrationFailed:
    return MigrationFailed(
        owner,
        revision,
        f"The migration of {owner} to {revision} did not come to an end within {seconds:g} s; it was stopped, and its "
        f"tables are as they were before. Report this to the maker of {owner}; if it only needs more time, raise "
        "migration_seconds in [isolation].",
    )
