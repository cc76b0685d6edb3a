"""The services of this machine, for when the daemon does not answer: their state, their log, starting them.

The only screen that does not ask the control API: it must work without it.
"""

from __future__ import annotations

import asyncio
import subprocess
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, plain
from jackfield_admintui.widgets.grid import Column, Row

UNITS = {
    "jackfieldd.service": N_("answers calls"),
    "asterisk.service": N_("moves the sound"),
    "jackfield-worker.service": N_("slow work in the background"),
    "jackfield-firewall.service": N_("keeps attackers out"),
    "redis-server.service": N_("hands jobs to the worker"),
}
PROPERTIES = ("Id", "LoadState", "ActiveState", "SubState", "NRestarts", "MainPID", "ActiveEnterTimestamp")
LINES = 40


def parse(text: str) -> list[dict[str, str]]:
    r"""What `systemctl show` says of several units: blocks of NAME=VALUE, with an empty line between.

    >>> parse("Id=a\\nActiveState=active\n\nId=b\n")
    [{'Id': 'a', 'ActiveState': 'active'}, {'Id': 'b'}]
    """
    blocks = [block for block in text.strip().split("\n\n") if block.strip()]
    return [dict(line.partition("=")[::2] for line in block.splitlines()) for block in blocks]


def tone(row: Row) -> str:
    """Good, on the way, or bad."""
    state = row.get("ActiveState")
    return "good" if state == "active" else "warn" if state in ("activating", "reloading") else "bad"


async def output(*command: str) -> str:
    """What a command prints; what it says instead, if it fails."""
    try:
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        told, _error = await process.communicate()
    except OSError as error:
        return str(error)
    return told.decode(errors="replace")


class Services(ListScreen):
    """Services, and the last lines of their logs."""

    heading = N_("Services")
    help_text = N_(
        "The programs that make up the telephone system on this machine. This screen works when the daemon does not "
        "answer: look at the log of what has failed, and start it. systemd asks for a password if you need one."
    )
    identity = "Id"
    empty = N_("systemd does not answer here.")
    with_details = True
    columns = (
        Column("Id", N_("Service"), lambda row: str(row["Id"]).removesuffix(".service"), most=24),
        Column("state", N_("State"), lambda row: f"{'●' if tone(row) == 'good' else '✖'} {row.get('SubState')}", tone),
        Column("what", N_("What it does"), lambda row: str(UNITS.get(row["Id"], "")), most=40, flex=True),
        Column("NRestarts", N_("Restarts"), right=True, drop=1),
        Column("ActiveEnterTimestamp", N_("Since"), most=30, drop=2),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "start_unit", N_("Start")),
        Binding("t", "restart_unit", N_("Restart")),
    ]

    async def rows(self) -> list[Row]:
        """All of our units that there are."""
        told = await output("systemctl", "show", f"--property={','.join(PROPERTIES)}", *UNITS)
        return [row for row in parse(told) if row.get("Id") in UNITS and row.get("LoadState") != "not-found"]

    async def details(self, row: Row) -> Any:
        """The end of its log."""
        log = await output("journalctl", "--no-pager", "--output=short", f"--lines={LINES}", "--unit", str(row["Id"]))
        return Text("\n".join(plain(line) for line in log.splitlines()))

    def action_start_unit(self) -> None:
        """Start it."""
        if self.current is not None:
            self._systemctl("start", self.current)

    def action_restart_unit(self) -> None:
        """Restart it, once that is sure."""
        row = self.current
        if row is None:
            return

        async def restart() -> None:
            self._systemctl("restart", row)

        question = _("Restart {unit}?").format(unit=row["Id"])
        self.confirm(question, restart, _("Calls that talk go on when it is not Asterisk."), _("Restart"))

    def _systemctl(self, verb: str, row: Row) -> None:
        """On the terminal itself, since systemd may ask for a password."""
        with self.app.suspend():
            done = subprocess.run(["systemctl", verb, str(row["Id"])], check=False)
        if done.returncode:
            text = _("systemctl {verb} {unit} failed; its log says why").format(verb=verb, unit=row["Id"])
            self.notify(text, severity="error")
        self.reload()
