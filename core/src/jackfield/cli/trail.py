"""The audit log of commands that work on the database directly; those that ask the daemon are put on record by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass
from io import StringIO

import typer

from jackfield.cli import context, output, privileges
from jackfield.control.audit import Line, Outcome, write
from jackfield.control.method import UNMASKED
from jackfield.errors import JackfieldError
from jackfield.i18n import gettext_for
from jackfield.storage.errors import StorageError

_ = gettext_for("jackfield")


@dataclass(frozen=True, slots=True)
class _Kept:
    method: str
    personal: bool = False
    change: bool = False


_READ, _CHANGE = {"personal": True}, {"change": True}
COMMANDS = {
    ("records",): _Kept("records", **_READ),
    ("audit",): _Kept("audit", **_READ),
    ("report",): _Kept("report", **_READ),
    ("export",): _Kept("site.export", **_READ),
    ("show",): _Kept("site.get", **_READ),
    ("phone", "show"): _Kept("phone.show", **_READ),
    ("import",): _Kept("site.import", **_CHANGE),
    ("set",): _Kept("site.set", **_CHANGE),
    ("delete",): _Kept("site.delete", **_CHANGE),
    ("undo",): _Kept("site.undo", **_CHANGE),
    ("discard",): _Kept("site.discard", **_CHANGE),
    ("apply",): _Kept("site.apply", **_CHANGE),
    ("rollback",): _Kept("site.rollback", **_CHANGE),
    ("backup", "create"): _Kept("backup.create", **_CHANGE),
    ("backup", "restore"): _Kept("backup.restore", **_CHANGE),
    ("backup", "remove"): _Kept("backup.remove", **_CHANGE),
    ("migrate",): _Kept("migrate", **_CHANGE),
    ("plugins", "purge"): _Kept("plugins.purge", **_CHANGE),
}
"""Words of a command → what it is called in the audit log."""


@contextmanager
def kept(given: Sequence[str]) -> Iterator[None]:
    """Run a command, and put it on record if it is one of these and got as far as the database.

    What shows personal data is held back until it is on record: nobody sees it by stopping the command in between.
    """
    found = _found(given)
    held = StringIO() if found is not None and found[1].personal else None
    try:
        with redirect_stdout(held) if held is not None else nullcontext():
            yield
    except (JackfieldError, OSError) as error:
        _note(given, found, error)
        _show(held)
        raise
    _note(given, found, None)
    _show(held)


def _show(held: StringIO | None) -> None:
    if held is not None:
        typer.echo(held.getvalue(), nl=False)


def _found(given: Sequence[str]) -> tuple[list[str], _Kept] | None:
    """The command that was given, and the words after it."""
    words = [word for word in given if not word.startswith("-")]
    for length in (2, 1):
        if kept := COMMANDS.get(tuple(words[:length])):
            return words[length:], kept
    return None


def _note(given: Sequence[str], found: tuple[list[str], _Kept] | None, error: Exception | None) -> None:
    opened = context.opened()
    if opened is None or found is None:
        return
    words, kept = found
    about = ":".join([word for word in words if "=" not in word][:2])  # FIELD=VALUE may hold a secret
    if "--unmask" in given:
        about = f"{about} {UNMASKED}".strip()
    outcome, detail = (Outcome.OK, "") if error is None else (Outcome.REFUSED, str(error))
    who, uid = privileges.author(), privileges.uid()
    line = Line(who, uid, kept.method, about, kept.personal, kept.change, outcome, detail)
    try:
        write(opened.database, [line])
    except StorageError as trouble:
        output.note(_("warning: {warning}").format(warning=trouble))
