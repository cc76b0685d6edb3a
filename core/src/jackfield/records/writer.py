"""Writes call records on a thread of its own, so that no call ever waits for the disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, StatementError

from jackfield.records import queries
from jackfield.records.models import CallRecord, LegRecord, StepRecord
from jackfield.records.upsert import CALL, LEG, STEP, Key, Row, RowKind, chunks, merge, write
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError

log = structlog.get_logger(__name__)
GATHER_SECONDS = 0.1
"""Rows are gathered so long before a commit, so that the changes of one row become one: what `kill -9` may cost."""
_PAUSES = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Seconds between tries while the database is away."""


class RecordWriter:
    """Takes rows from call threads and commits them in groups: whatever waits when the disk is free goes in one go.

    Rows of the same call, step or leg that wait together become one. Writing twice is harmless, and a row that is final
    (has its end) is only ever replaced by a final one. While the database is away or full, up to `bound` rows wait in
    memory and none is lost; `on_trouble` is told once, `on_ok` when all is well again (both on the writer's thread).

    A commit survives a `kill -9`. The last ones before a power cut may be missing on SQLite (`synchronous=NORMAL`).
    """

    def __init__(
        self,
        database: Database,
        bound: int = 100_000,
        on_trouble: Callable[[str], None] | None = None,
        on_ok: Callable[[], None] | None = None,
    ) -> None:
        """Starts the thread."""
        self._database = database
        self._bound = bound
        self._on_trouble = on_trouble or (lambda message: None)
        self._on_ok = on_ok or (lambda: None)
        self._changed = threading.Condition()
        self._waiting: dict[Key, Row] = {}
        self._accepted = 0
        self._settled = 0
        self._busy_rows = 0
        self._idle = False
        self._stopping = False
        self._flushers = 0
        self.lost = 0
        """Rows that were dropped: refused by the database, or more than `bound` while it was away."""
        self._thread = threading.Thread(target=self._run, name="records", daemon=True)
        self._thread.start()

    # -- called by call threads ------------------------------------------------------------------------------------

    def call_started(self, call: CallRecord) -> None:
        """A call's row, as it is now. Also for changes while it lives."""
        self._accept([(CALL, call)])

    def step(self, step: StepRecord) -> None:
        """A step of a call's path, entered or left."""
        self._accept([(STEP, step)])

    def leg(self, leg: LegRecord) -> None:
        """A leg that started, was answered or ended."""
        self._accept([(LEG, leg)])

    def call_ended(self, call: CallRecord) -> None:
        """The call's last row, with all of the steps and legs that the record holds."""
        self._accept([*((STEP, step) for step in call.steps), *((LEG, leg) for leg in call.legs), (CALL, call)])

    def _accept(self, rows: list[tuple[RowKind, Any]]) -> None:
        prepared = [kind.prepare(record) for kind, record in rows]
        with self._changed:
            for key, row in prepared:
                if key not in self._waiting and len(self._waiting) + self._busy_rows >= self._bound:
                    self.lost += 1
                else:
                    merge(self._waiting, key, row)
                self._accepted += 1
            if self._idle:
                self._changed.notify_all()

    # -- waiting, stopping -----------------------------------------------------------------------------------------

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until everything given so far is committed (or counted as lost).

        Returns:
            Whether it is; False when `timeout` seconds were not enough.
        """
        with self._changed:
            wanted = self._accepted
            self._flushers += 1
            self._changed.notify_all()
            try:
                return self._changed.wait_for(lambda: self._settled >= wanted, timeout)
            finally:
                self._flushers -= 1

    def close(self, timeout: float = 10.0) -> bool:
        """Write what waits, then stop the thread.

        Returns:
            Whether everything was committed within `timeout` seconds.
        """
        done = self.flush(timeout)
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout)
        return done

    # -- after a restart -------------------------------------------------------------------------------------------

    def open_calls(self) -> list[CallRecord]:
        """Calls on record that have no end: right after a start, those that the last daemon left behind."""
        return queries.open_calls(self._database)

    def find_call(self, identity: str) -> CallRecord | None:
        """What is on record of a call; None when nothing is, or the database cannot say now."""
        try:
            return queries.find_call(self._database, identity)
        except StorageError as error:
            log.warning("records.not_read", call=identity, error=str(error))
            return None

    def close_interrupted(self, record: CallRecord) -> None:
        """End the record of a call that was gone when the daemon came back. Does nothing to one that has ended."""
        queries.close_interrupted(self._database, record)

    # -- the writer's thread ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        while (batch := self._next_batch()) is not None:
            rows, upto = batch
            if not self._write(rows):
                return
            with self._changed:
                self._busy_rows = 0
                self._settled = upto
                if self._flushers:
                    self._changed.notify_all()

    def _next_batch(self) -> tuple[dict[Key, Row], int] | None:
        with self._changed:
            self._idle = True
            self._changed.wait_for(lambda: self._waiting or self._settled < self._accepted or self._stopping)
            self._idle = False
            self._changed.wait_for(lambda: self._flushers or self._stopping, GATHER_SECONDS)
            if not self._waiting and self._stopping:
                return None
            rows, self._waiting = self._waiting, {}
            self._busy_rows = len(rows)
            return rows, self._accepted

    def _write(self, rows: dict[Key, Row]) -> bool:
        """Write until it is done; False when told to stop in the middle of trouble."""
        tries = 0
        while True:
            try:
                for part in chunks(rows):
                    self._write_once(part)
                break
            except Exception as error:
                if tries == 0:
                    self._report(error, len(rows))
                if not self._pause(_PAUSES[min(tries, len(_PAUSES) - 1)]):
                    return False
                tries += 1
        if tries:
            log.warning("records.ok")
            _tell(self._on_ok)
        return True

    def _write_once(self, rows: dict[Key, Row]) -> None:
        try:
            write(self._database, rows)
        except StatementError as error:
            if not _fault_of_a_row(error):
                raise
            self._write_singly(rows, error)

    def _write_singly(self, rows: dict[Key, Row], cause: Exception) -> None:
        """One of the rows is refused by the database; it must not keep the others from being written."""
        if len(rows) == 1:
            with self._changed:
                self.lost += 1
            log.error("records.refused", error=str(cause), what="one row is lost; the others are written")
            return
        items = list(rows.items())
        half = len(items) // 2
        self._write_once(dict(items[:half]))
        self._write_once(dict(items[half:]))

    def _report(self, error: Exception, count: int) -> None:
        message = (
            f"Call records cannot be written ({error.__class__.__name__}: {str(error).splitlines()[0]}). {count} rows "
            f"wait in memory, up to {self._bound} are kept; look at the disk and the database."
        )
        log.error("records.trouble", error=message)
        _tell(self._on_trouble, message)

    def _pause(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        with self._changed:
            while not self._stopping and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            return not self._stopping


def _fault_of_a_row(error: StatementError) -> bool:
    """Whether the database took offence at a value, rather than being away, full or misconfigured."""
    if not isinstance(error, DBAPIError):
        return True  # a value that its column's type could not convert
    if isinstance(error, ProgrammingError):
        return getattr(error.orig, "sqlstate", None) is None  # no answer of a server: the driver refused the value
    return isinstance(error, DataError | IntegrityError)


def _tell(function: Callable[..., None], *arguments: str) -> None:
    try:
        function(*arguments)
    except Exception:
        log.exception("records.listener_failed")
