"""What the control API offers of recordings: which there are, and their sound. All of it is personal data."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from jackfield.control.method import Method, Role
from jackfield.errors import JackfieldError
from jackfield.storage.errors import StorageError
from pydantic import AwareDatetime, Field
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from jackfield_recording import service
from jackfield_recording.models import Recording, State

if TYPE_CHECKING:
    from jackfield.core import Core

    from jackfield_recording.settings import RecordingSettings

CHUNK = 512 * 1024
"""Bytes of sound in one answer: an answer stays below a megabyte."""
Identity = Annotated[int, Field(ge=1, description="The recording's number, as in recording.list")]
Connection = Callable[[], "tuple[Core, RecordingSettings]"]


def methods(connection: Connection) -> list[Method]:
    """Control methods. `connection` gives the daemon's services, and raises before the plugin has started."""

    def list_(
        call: Annotated[str | None, Field(max_length=150, description="Only of this call")] = None,
        since: Annotated[AwareDatetime | None, Field(description="From when; with a zone")] = None,
        limit: Annotated[int, Field(ge=1, le=1000, description="How many at most")] = 50,
    ) -> list[dict[str, Any]]:
        """Recordings, newest first."""
        wanted = select(Recording).order_by(col(Recording.started_at).desc(), col(Recording.id).desc()).limit(limit)
        if call is not None:
            wanted = wanted.where(Recording.call_id == call)
        if since is not None:
            wanted = wanted.where(col(Recording.started_at) >= since)
        core, _ = connection()
        try:
            with core.storage.session() as session:
                return [describe(row) for row in session.exec(wanted)]
        except SQLAlchemyError as error:
            raise StorageError(f"the recordings cannot be read: {error}") from error

    def show(id: Identity) -> dict[str, Any]:
        """A recording: its call, length, size, checksum, and what became of it."""
        return describe(find(connection()[0], id))

    def export(
        id: Identity,
        offset: Annotated[int, Field(ge=0, description="Byte to begin at; ask again until `next` is null")] = 0,
    ) -> dict[str, Any]:
        """The sound of a recording, a piece at a time: `data` in base64, `next` is where the next piece begins."""
        core, settings = connection()
        row = find(core, id)
        if row.state != State.READY:
            raise JackfieldError(f"recording {id} is {row.state}, not ready; {row.error or 'try again in a moment'}")
        return piece(settings.store_dir, row, offset)

    return [
        Method("recording.list", list_, Role.OPERATOR, personal=True, object="{call}"),
        Method("recording.show", show, Role.OPERATOR, personal=True, object="{id}"),
        Method("recording.export", export, personal=True, object="{id}"),
    ]


def find(core: Core, identity: int) -> Recording:
    """A recording by its number.

    Raises:
        JackfieldError: there is none.
        StorageError: the database cannot be read.
    """
    try:
        with core.storage.session() as session:
            row = session.get(Recording, identity)
    except SQLAlchemyError as error:
        raise StorageError(f"the recordings cannot be read: {error}") from error
    if row is None:
        raise JackfieldError(f"there is no recording {identity}; see: jackfield recordings list")
    return row


def describe(row: Recording) -> dict[str, Any]:
    """Plain JSON; without the name of the file, which nobody can guess and nobody needs."""
    return {
        "id": row.id,
        "call": row.call_id,
        "started": row.started_at.isoformat(timespec="seconds"),
        "state": str(row.state),
        "seconds": row.seconds,
        "bytes": row.size_bytes,
        "format": row.format,
        "channels": row.channels,
        "sha256": row.sha256,
        "error": row.error,
    }


def piece(store: Path, row: Recording, offset: int) -> dict[str, Any]:
    """A piece of a finished recording's file.

    Raises:
        JackfieldError: the file is not there, or not as long as it was.
    """
    service.name_in(row.path)  # a path of ours, whatever the database says
    try:
        with (store / row.path).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(offset)
            data = file.read(CHUNK)
    except OSError as error:
        raise JackfieldError(f"recording {row.id} cannot be read: {error.strerror}; look into {store}") from error
    if size != row.size_bytes:
        raise JackfieldError(f"recording {row.id} has {size} bytes and had {row.size_bytes} when it was made")
    end = offset + len(data)
    return {
        "format": row.format,
        "bytes": size,
        "sha256": row.sha256,
        "offset": offset,
        "data": base64.b64encode(data).decode(),
        "next": end if end < size else None,
    }
