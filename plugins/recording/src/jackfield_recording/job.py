"""The job `recording.encode`: raw sound of a call that is over → a finished recording.

It may be killed at any point and run again: the final name appears by one rename, the row says `ready` only after
that, and the raw sound goes last.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from jackfield import settings as core_settings

from jackfield_recording import encoder, service
from jackfield_recording.encoder import EncodeFailed
from jackfield_recording.models import Recording, State
from jackfield_recording.settings import RecordingSettings

if TYPE_CHECKING:
    from jackfield.storage.engine import Database
    from sqlmodel import Session

log = structlog.get_logger(__name__)
SETTLE_SECONDS = 1.0
"""Asterisk closes a recording just after the call is gone; a file changed more recently than this may still grow."""


def encode(database: Database, payload: Mapping[str, Any]) -> None:
    """Run the job with the settings of this box. `payload` is `{"recording": id}`."""
    encode_recording(database, _settings(), int(payload["recording"]))


def _settings() -> RecordingSettings:
    return RecordingSettings.model_validate(core_settings.load().plugins.get("recording", {}))


def encode_recording(database: Database, settings: RecordingSettings, recording: int) -> None:
    """Bring one recording to its end.

    Raises:
        EncodeFailed: try again later; the row says why, and the raw sound is still there.
    """
    with database.session() as session:
        row = session.get(Recording, recording)
        if row is None:
            log.info("recording.gone", recording=recording)
            return
        name = service.name_in(row.path)
        raw = settings.spool_dir / service.raw_name(name)
        try:
            if row.state != State.READY:
                _finish(session, row, raw, settings.store_dir / row.path)
            if row.state == State.READY:
                raw.unlink(missing_ok=True)
        except (EncodeFailed, OSError) as error:
            session.rollback()
            row.state, row.error = State.FAILED, str(error)[:500]
            session.commit()
            log.error("recording.encode_failed", recording=recording, call=row.call_id, error=str(error))
            if isinstance(error, EncodeFailed):
                raise
            raise EncodeFailed(
                f"recording {recording}: {error}; the raw sound is kept, and the job is tried again"
            ) from error


def _finish(session: Session, row: Recording, raw: Path, final: Path) -> None:
    """Make the final file from the raw one, or take the final one that is there already, and note it in the row."""
    _settle(raw)
    if service.samples(_size(raw)):
        row.state = State.ENCODING
        session.commit()
        count = _encode(row, raw, final)
    elif final.exists():
        count = encoder.decoded_samples(final)  # the raw sound went when this was done; the row is from a back-up
    else:
        row.state, row.error = State.MISSING, "there was a talk, but Asterisk left no sound of it"
        session.commit()
        log.error("recording.missing", recording=row.id, call=row.call_id)
        return
    row.seconds, row.size_bytes, row.sha256 = service.seconds(count), final.stat().st_size, encoder.digest(final)
    row.state, row.error, row.channels = State.READY, "", service.CHANNELS
    session.commit()
    log.info("recording.ready", recording=row.id, call=row.call_id, seconds=row.seconds)


def _encode(row: Recording, raw: Path, final: Path) -> int:
    """Encode beside the final name, then rename. Parts that a killed run left behind go first."""
    _make_folders(final.parent)
    for old in final.parent.glob(f".{final.stem}.*"):
        old.unlink(missing_ok=True)
    part = final.parent / f".{final.stem}.{secrets.token_hex(4)}{final.suffix}"
    before = raw.stat()
    try:
        count = encoder.encode(raw, part, {"CALL": row.call_id, "DATE": row.started_at.isoformat(timespec="seconds")})
        after = raw.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise EncodeFailed("Asterisk still wrote to the raw sound while it was encoded; it is tried again later")
        part.chmod(0o640)
        part.replace(final)
    finally:
        part.unlink(missing_ok=True)
    _sync(final.parent)
    return count


def _settle(raw: Path) -> None:
    """Wait, once, until the raw file has been left alone for long enough."""
    try:
        age = time.time() - raw.stat().st_mtime
    except FileNotFoundError:
        return
    if 0 <= age < SETTLE_SECONDS:
        time.sleep(SETTLE_SECONDS - age)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it, each safely on disk."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    folder.mkdir(mode=0o750, exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
