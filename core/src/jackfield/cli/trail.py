"""The audit log of commands that work on the database directly; those that ask the daemon are put on record by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jackfield.cli import context, output, privileges
from jackfield.control.audit import Line, Outcome, write
from jackfield.storage.errors import StorageError


@dataclass(frozen=True, slots=True)
class _Kept:
    method: str
    personal: bool = False
    change: bool = False


_READ, _CHANGE = {"personal": True}, {"change": True}
COMMANDS = {
    ("records",): _Kept("records", **_READ),
    ("audit",): _Kept("audit", **_READ),
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
    ("migrate",): _Kept("migrate", **_CHANGE),
    ("purge-plugin",): _Kept("purge-plugin", **_CHANGE),
}
"""Words of a command → what it is called in the audit log."""


def keep(given: Sequence[str], error: Exception | None) -> None:
    """Put a command that has come to its end on record, if it is one of these and got as far as the database."""
    opened = context.opened()
    words = [word for word in given if not word.startswith("-")]
    found = next(((n, COMMANDS[tuple(words[:n])]) for n in (2, 1) if tuple(words[:n]) in COMMANDS), None)
    if opened is None or found is None:
        return
    length, kept = found
    about = [word for word in words[length:] if "=" not in word][:2]  # FIELD=VALUE may hold a secret
    line = Line(
        privileges.author(), privileges.uid(), kept.method, ":".join(about), kept.personal, kept.change,
        Outcome.OK if error is None else Outcome.REFUSED, "" if error is None else str(error),
    )  # fmt: skip
    try:
        write(opened.database, [line])
    except StorageError as trouble:
        output.note(f"warning: {trouble}")
