"""Commands about back-ups of the whole box: create, list, show, verify, restore, export, remove."""

from __future__ import annotations

import base64
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jackfield.cli import output
from jackfield.cli.context import Context, Json, open_context
from jackfield.cli.live import ask
from jackfield.cli.privileges import author
from jackfield.errors import JackfieldError, NotConnected
from jackfield.i18n import gettext_for

if TYPE_CHECKING:
    from jackfield.backup.actions import BackupActions
    from jackfield.backup.archive import Progress

_ = gettext_for("jackfield")
app = typer.Typer(no_args_is_help=True, help="Back-ups of the whole box, and restoring them.")
Name = Annotated[str, typer.Argument(help="Name of the back-up, as in jackfield backup list.")]


@app.command()
def create(
    recordings: Annotated[bool, typer.Option("--recordings", help="With the recordings; they may be large.")] = False,
    json: Json = False,
) -> None:
    """Make a back-up now: site, database, sounds, hand-written files, certificates. Calls go on. It holds secrets."""
    found = _actions(open_context(), json).create(recordings)
    output.as_json(found) if json else typer.echo(_("Made: {name}").format(name=found["name"]))


@app.command("list")
def list_(json: Json = False) -> None:
    """List back-ups, newest first. Times are UTC."""
    from jackfield.backup.store import Store

    rows = [row.as_json() for row in Store(open_context(migrated=False).settings.paths.state).found()]
    if json:
        output.as_json(rows)
        return
    shown = [
        {"name": row["name"], "made": output.moment(row["at"]), "why": row["why"], "MB": row["bytes"] / 1e6}
        for row in rows
    ]
    output.records(shown, _("No back-ups yet. Next: jackfield backup create"))


@app.command()
def show(name: Name, json: Json = False) -> None:
    """Show what a back-up says of itself: when, by whom, of which version, and what is in it."""
    from jackfield.backup.manifest import described
    from jackfield.backup.store import Store

    found = described(name, Store(open_context(migrated=False).settings.paths.state).peek(name))
    output.as_json(found) if json else output.table(["what", "value"], [[k, v] for k, v in found.items()])


@app.command()
def verify(name: Name, json: Json = False) -> None:
    """Read a back-up to its end and compare every checksum."""
    found = _actions(open_context(migrated=False), json).verify(name)
    output.as_json(found) if json else typer.echo(_("{name} is whole.").format(name=name))


@app.command()
def restore(
    name: Annotated[str, typer.Argument(help="Name of a back-up here, or a file with one, as /root/box.tar.gz.")],
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also call records, states, certificates and recordings: all as it was then."),
    ] = False,
    json: Json = False,
) -> None:
    """Restore a back-up, after one of what is here now. By default the site alone; call records stay.

    The archive is checked to its end first; if it is damaged or of a newer Jackfield, nothing changes. With --all the
    daemon begins anew: talks go on, callers who wait come back to their places.
    """
    file = Path(name).open("rb") if "/" in name else None  # noqa: SIM115  (with the caller's own rights)
    context = open_context()
    if file is not None:
        with file:
            name = _bring(context, file)
    found = _actions(context, json).restore(name, "all" if everything else "site")
    if everything:
        try:
            ask("daemon.restart")
        except NotConnected:
            output.note(_("note: {line}").format(line=_("the daemon does not run; it reads all of it when it starts")))
    if json:
        output.as_json(found)
        return
    for line in found["notes"]:
        output.note(_("note: {line}").format(line=line))
    typer.echo(
        _("Restored {name}; generation {number} is in force. What was here before: {before}").format(
            name=name, number=found["generation"] or "-", before=found["before"]
        )
    )


@app.command()
def export(
    name: Name, file: Annotated[Path, typer.Argument(help="File to write; - is standard output.")], json: Json = False
) -> None:
    """Write a back-up's archive into a file that only you can read, to keep it off the box. It holds secrets."""
    plain = str(file) == "-"
    try:  # opened with the caller's own rights, before they are given up
        handle = os.dup(1) if plain else os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        text = _("{file} cannot be written: {error}; name another file").format(file=file, error=error.strerror)
        raise JackfieldError(text) from None
    with os.fdopen(handle, "wb") as opened:
        if not plain:
            os.fchmod(opened.fileno(), 0o600)
        offset: int | None = 0
        while offset is not None:
            found: dict[str, Any] = ask("backup.export", name=name, offset=offset)
            opened.write(base64.b64decode(found["data"]))
            offset = found["next"]
    if json and not plain:
        output.as_json({"file": str(file), "bytes": found["bytes"]})
    elif not plain:
        typer.echo(_("Written to {file}. It holds secrets; keep it as one.").format(file=file))


@app.command()
def remove(name: Name, json: Json = False) -> None:
    """Remove a back-up for good."""
    from jackfield.backup.store import Store

    Store(open_context(migrated=False).settings.paths.state).remove(name)
    output.as_json({"name": name}) if json else typer.echo(_("{name} is removed.").format(name=name))


def _bring(context: Context, file: Any) -> str:
    """Keep somebody's file with the back-ups here; the name."""
    from jackfield.backup.store import Store, Why

    name, path = Store(context.settings.paths.state).new(Why.BROUGHT, datetime.now(UTC))
    part = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            while data := file.read(1 << 20):
                target.write(data)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return name


def _actions(context: Context, json: bool) -> BackupActions:
    from jackfield.backup.actions import BackupActions

    progress: Progress | None = _told if not json and sys.stderr.isatty() else None
    return BackupActions(context.workspace, context.host, context.database, context.settings, author(), progress)


def _told(done: int, total: int, what: str) -> None:
    typer.echo(f"\r\x1b[K{done}/{total}  {what}", err=True, nl=done == total)
