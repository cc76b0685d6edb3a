"""Recordings: which there are, of which call, and saving one as a file."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from jackfield_admintui.client import Trouble, Why
from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, clock, size, span
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row

STATES = {"ready": ("●", "good"), "failed": ("✖", "bad"), "lost": ("✖", "bad")}
MOST = 1000


def state(row: Row) -> str:
    """Sign and word."""
    return f"{STATES.get(str(row['state']), ('…', ''))[0]} {row['state']}"


class Recordings(ListScreen):
    """Recordings, newest first."""

    heading = N_("Recordings")
    help_text = N_(
        "Recordings of calls. Each is personal data: whoever looks or saves is put into the audit log. e saves one as "
        "a file that only you can read; its checksum is compared. Enter shows the call."
    )
    topics = frozenset({"call", "dropped"})
    identity = "id"
    empty = N_("No recordings.")
    with_details = True
    needs: ClassVar = {"export": "recording.export"}
    columns = (
        Column("id", "#", right=True),
        Column("started", N_("Began"), lambda row: clock(row["started"], date=True), most=19),
        Column("seconds", N_("Length"), lambda row: span(row["seconds"]), right=True),
        Column("bytes", N_("Size"), lambda row: size(row["bytes"]), right=True),
        Column("state", N_("State"), state, lambda row: STATES.get(str(row["state"]), ("", "dim"))[1]),
        Column("call", N_("Call"), most=40, flex=True),
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("e", "export", N_("Save as a file"))]

    def __init__(self, call: str = "") -> None:
        """Only of this call; '' for all."""
        super().__init__()
        self._call = call

    async def rows(self) -> list[Row]:
        """The newest, or those of the call."""
        asked: dict[str, Any] = {"call": self._call} if self._call else {}
        found: list[Row] = await self.ask("recording.list", limit=MOST, **asked)
        return found

    async def details(self, row: Row) -> Any:
        """All that is known of a recording."""
        return facts(
            [
                (_("Call"), row["call"]),
                (_("Began"), clock(row["started"], date=True)),
                (_("Length"), span(row["seconds"])),
                (_("Size"), size(row["bytes"])),
                (_("Format"), row["format"]),
                (_("Channels"), row["channels"]),
                (_("State"), state(row)),
                (_("Error"), row["error"]),
                ("SHA-256", row["sha256"]),
            ]
        )

    def open_row(self, row: Row) -> None:
        """Its call."""
        self.console.drill("call", call=str(row["call"]))

    def action_export(self) -> None:
        """Save it where the person says."""
        row = self.current
        if row is None:
            return
        name = f"recording-{row['id']}.{row['format'] or 'wav'}"
        self.prompt(_("Save as"), lambda line: self._save(row, line), value=str(Path.home() / name))

    async def _save(self, row: Row, line: str) -> None:
        target, digest = _path(line), hashlib.sha256()
        part = target.with_name(f"{target.name}.part")
        offset: int | None = 0
        try:
            part.touch(mode=0o600)
            with part.open("wb") as file:
                while offset is not None:
                    piece = await self.ask("recording.export", id=row["id"], offset=offset)
                    data = base64.b64decode(piece["data"])
                    digest.update(data)
                    file.write(data)
                    offset = piece["next"]
            if piece["sha256"] and digest.hexdigest() != piece["sha256"]:
                raise Trouble(
                    Why.REFUSED, _("The file is not what was recorded: its checksum differs. Nothing is saved.")
                )
            part.replace(target)
        except OSError as error:
            text = _("{file} cannot be written: {reason}; choose another place").format(
                file=target, reason=error.strerror
            )
            raise Trouble(Why.REFUSED, text) from error
        finally:
            part.unlink(missing_ok=True)
        self.notify(_("Saved as {file}").format(file=target), timeout=10)


def _path(line: str) -> Path:
    return Path(line).expanduser()
