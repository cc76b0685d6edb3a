"""Commands about recordings: list, show, export. The plugin `recording` answers them, through the daemon."""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from jackfield.cli import output
from jackfield.cli.context import Json
from jackfield.cli.live import ask
from jackfield.cli.records import moment
from jackfield.errors import JackfieldError
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")
app = typer.Typer(no_args_is_help=True, help="Recordings of calls. Every look at them is on the audit log.")
Identity = Annotated[int, typer.Argument(metavar="ID", help="The recording, as in jackfield recordings list.", min=1)]


@app.command("list")
def list_(
    call: Annotated[str | None, typer.Option(help="Only of this call, by its id as in jackfield records.")] = None,
    since: Annotated[str | None, typer.Option(help="From when: 2h, 7d, 2026-11-21, 2026-11-21T14:30 (UTC).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    json: Json = False,
) -> None:
    """List recordings, newest first. Times are UTC."""
    start = None if since is None else moment(since, ZoneInfo("UTC"), datetime.now(UTC)).isoformat()
    found = ask("recording.list", call=call, since=start, limit=limit)
    if json:
        output.as_json(found)
        return
    keys = ("id", "call", "started", "seconds", "state", "error")
    output.records([{key: row[key] for key in keys} for row in found], _("No recordings."))


@app.command()
def show(recording: Identity, json: Json = False) -> None:
    """Show a recording: its call, length, size, checksum, and what became of it."""
    found = ask("recording.show", id=recording)
    if json:
        output.as_json(found)
        return
    output.table(["what", "value"], [[key, value] for key, value in found.items()])


@app.command()
def export(
    recording: Identity,
    file: Annotated[Path, typer.Argument(help="File to write.")],
    json: Json = False,
) -> None:
    """Write a recording's sound into a file that only you can read. It is compared with its checksum."""
    try:  # opened with the caller's own rights, before they are given up
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        text = _("{file} cannot be written: {error}; name another file").format(file=file, error=error.strerror)
        raise JackfieldError(text) from None
    with os.fdopen(handle, "wb") as opened:
        os.fchmod(opened.fileno(), 0o600)
        try:
            found = _copy(recording, opened.write)
        except BaseException:
            opened.truncate(0)  # the folder is the caller's, so the empty file stays
            raise
    if json:
        output.as_json({"file": str(file), "bytes": found["bytes"], "format": found["format"]})
        return
    typer.echo(_("Written to {file}: {count} bytes of {format}.").format(
        file=file, count=found["bytes"], format=found["format"]))  # fmt: skip


def _copy(recording: int, write: Any) -> dict[str, Any]:
    """Fetch a recording piece by piece; the last answer.

    Raises:
        JackfieldError: it is not there, or not what it was when it was made.
    """
    digest, offset = hashlib.sha256(), 0
    while True:
        found: dict[str, Any] = ask("recording.export", id=recording, offset=offset)
        data = base64.b64decode(found["data"])
        digest.update(data)
        write(data)
        if found["next"] is None:
            break
        offset = int(found["next"])
    if found["sha256"] and digest.hexdigest() != found["sha256"]:
        raise JackfieldError(
            _("recording {id} is not what it was when it was made: its checksum differs").format(id=recording)
        )
    return found
