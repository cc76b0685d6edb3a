"""What the daemon does for recordings: start and stop them, hand them to the worker, find what a crash left."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from jackfield.records.models import CallRow
from jackfield.routing.destinations import Result
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from jackfield_recording import service
from jackfield_recording.models import Recording, State
from jackfield_recording.room import Room

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.core import Core
    from jackfield.records.models import CallRecord
    from sqlmodel import Session

    from jackfield_recording.settings import RecordingSettings

log = structlog.get_logger(__name__)
ENCODE = "recording.encode"
_UNFINISHED = (State.RECORDING, State.FAILED, State.MISSING)
_DATA = "recording"
"""In the call's data: `on:NAME` or `off:NAME`, or `skipped:`."""
SKIPPED = "skipped"


class Recorder:
    """Recordings of calls that live."""

    def __init__(self, core: Core, settings: RecordingSettings) -> None:
        self._core = core
        self._settings = settings
        folders = (settings.spool_dir, settings.store_dir)
        self._room = Room(folders, settings.min_free_mb, core.alarms, core.timers)
        self._room.watch()
        self._started = datetime.now(UTC)
        self._lock = threading.Lock()
        self._inherited: set[str] = set()
        """Calls that an earlier daemon began to record, and that live."""
        self._ended: dict[str, bool] | None = {}
        """Calls that have ended since the start, and whether there was a talk; None once `recover` has run."""
        core.events.subscribe("call", self._event)

    # -- while the call lives, on its thread -----------------------------------------------------------------------

    def before_dial(self, call: Call, queue: str) -> None:
        """Start, go on with or pause the call's one recording, as the queue wants, or somebody for the whole call."""
        state, _, name = call.data.get(_DATA, "").partition(":")
        if not (call.recording_wanted or service.wanted(call.site, queue)):
            if state == "on":
                # Noted before it is done: should the daemon be lost in between, the next dial starts it again.
                call.set_data(_DATA, f"off:{name}")
                call.flush()
            if state:
                call.stop_mix()
            return
        if state in ("on", SKIPPED):
            return
        if not name and not self._room.enough():
            self._skip(call)
            return
        if not name and call.resumes:
            name = self._find(call.id) or ""
        if name:
            call.stop_mix()  # it may still run since before the daemon was lost
        else:
            name = self._open(call)
        call.record_mix(str(self._raw(name)))
        call.set_data(_DATA, f"on:{name}")

    def _skip(self, call: Call) -> None:
        """The call goes on without a recording, and its record says why."""
        call.set_data(_DATA, f"{SKIPPED}:")
        log.error("recording.skipped", call=call.id, folder=str(self._settings.spool_dir))
        self._add(service.new_name(call.id), call.id, State.SKIPPED, "the disk of recordings was full")

    def _open(self, call: Call) -> str:
        """Give the call a recording. It is made even when the database is away: its file is found later."""
        name = service.new_name(call.id)
        self._add(name, call.id)
        return name

    def _add(self, name: str, call_id: str, state: State = State.RECORDING, error: str = "") -> None:
        row = self._row(name, call_id, datetime.now(UTC))
        row.state, row.error = state, error
        try:
            with self._core.storage.session() as session:
                session.add(row)
                session.commit()
        except SQLAlchemyError as failure:
            log.error("recording.row_failed", call=call_id, name=name, error=str(failure))

    def _row(self, name: str, call_id: str, started: datetime) -> Recording:
        path = service.store_path(name, started, self._settings.format)
        return Recording(call_id=call_id, path=path, started_at=started, format=self._settings.format)

    def _raw(self, name: str) -> Path:
        return self._settings.spool_dir / service.raw_name(name)

    def _find(self, call_id: str) -> str | None:
        query = select(Recording.path).where(Recording.call_id == call_id, Recording.state == State.RECORDING)
        try:
            with self._core.storage.session() as session:
                path = session.exec(query).first()
        except SQLAlchemyError as error:
            log.error("recording.row_unreadable", call=call_id, error=str(error))
            return None
        return service.name_in(path) if path else None

    # -- when it is over -------------------------------------------------------------------------------------------

    def call_ended(self, call: Call, record: CallRecord) -> None:
        """Hand the call's recording to the worker; forget it when there was no talk and no sound."""
        _, _, name = call.data.get(_DATA, "").partition(":")
        if name or call.resumes:
            self._hand_over(call.id, record.result is Result.ANSWERED or record.talk_seconds > 0, name)

    def _hand_over(self, call_id: str, talked: bool, name: str = "") -> None:
        with self._core.storage.session() as session:
            rows = session.exec(select(Recording).where(Recording.call_id == call_id)).all()
            if not rows and name:
                rows = [self._row(name, call_id, datetime.now(UTC))]
            for row in rows:
                if row.state in _UNFINISHED:
                    self._over(session, row, talked)

    def _over(self, session: Session, row: Recording, talked: bool) -> None:
        """A recording's call is over. The job is asked for first: twice does no harm, never would."""
        raw = self._raw(service.name_in(row.path))
        if not talked and not _size(raw):
            if row.id is not None:
                session.delete(row)
            raw.unlink(missing_ok=True)
            session.commit()
            return
        session.add(row)
        session.commit()
        self._core.jobs.submit(ENCODE, {"recording": row.id})
        still = update(Recording).where(col(Recording.id) == row.id, col(Recording.state).in_(_UNFINISHED))
        session.execute(still.values(state=State.WAITING))  # unless the worker was quicker
        session.commit()

    def _event(self, event: Mapping[str, Any]) -> None:
        """A talk that outlived a daemon has no thread, and so no `call_ended`: its end is known from here."""
        if event["what"] != "ended":
            return
        call_id, talked = event["id"], event["result"] == Result.ANSWERED
        with self._lock:
            if self._ended is not None:
                self._ended[call_id] = talked
            if call_id not in self._inherited:
                return
            self._inherited.discard(call_id)
        self._hand_over(call_id, talked)

    # -- after a start ---------------------------------------------------------------------------------------------

    def recover(self) -> None:
        """Find recordings whose call ended while no daemon ran, and raw files that nobody knows of."""
        with self._core.storage.session() as session:
            begun = select(Recording).where(Recording.state == State.RECORDING, Recording.started_at < self._started)
            rows = session.exec(begun).all()
            alive = set(session.exec(select(CallRow.id).where(col(CallRow.ended_at).is_(None))).all())
            with self._lock:
                ended, self._ended = self._ended or {}, None
                alive -= ended.keys()
                self._inherited = alive & {row.call_id for row in rows}
            for row in rows:
                if row.call_id not in alive:
                    self._over(session, row, ended.get(row.call_id) or _talked(session, row.call_id))
            for raw in self._old_raw_files():
                call_id = service.call_of(raw.stem)
                if call_id is not None and call_id not in alive:
                    self._adopt(session, raw, call_id)

    def _old_raw_files(self) -> list[Path]:
        """Raw files that have not changed since the start."""
        try:
            return sorted(raw for raw in self._settings.spool_dir.glob("*.raw") if _changed(raw) < self._started)
        except OSError as error:
            log.error("recording.spool_unreadable", folder=str(self._settings.spool_dir), error=str(error))
            return []

    def _adopt(self, session: Session, raw: Path, call_id: str) -> None:
        """Deal with a raw file of a call that is over: encode it, unless a job has it already."""
        rows = session.exec(select(Recording).where(Recording.call_id == call_id)).all()
        row = next((row for row in rows if service.name_in(row.path) == raw.stem), None)
        if row is not None:
            if row.state == State.READY:  # a worker was stopped before it removed the raw sound
                self._core.jobs.submit(ENCODE, {"recording": row.id})
        elif _size(raw):
            log.warning("recording.orphan_found", name=raw.stem, call=call_id)
            self._over(session, self._row(raw.stem, call_id, _changed(raw)), talked=True)
        else:
            raw.unlink(missing_ok=True)


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _talked(session: Session, call_id: str) -> bool:
    """Whether the call's record tells of a talk; a call without a record may have had one."""
    call = session.get(CallRow, call_id)
    return call is None or call.result == Result.ANSWERED or call.talk_seconds > 0
