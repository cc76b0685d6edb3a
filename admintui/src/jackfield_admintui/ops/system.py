"""The machine: load, memory, disks, versions, certificate."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.client import Event
from jackfield_admintui.texts import N_, _, ago, clock, plain, size, span
from jackfield_admintui.widgets.bars import bar
from jackfield_admintui.widgets.facts import facts

WIDTH = 24
DAY = 86400.0
SOON = 30 * DAY


class System(ConsoleScreen):
    """The machine as the daemon sees it."""

    heading = N_("Machine")
    help_text = N_(
        "Load, memory and disks of this machine, what versions run, and until when its certificate is valid. F9 shows "
        "the services and their logs."
    )
    topics = frozenset({"site", "dropped"})
    DEFAULT_CSS = "System VerticalScroll { padding: 0 1; } System Static { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[str, Any] = {}

    def body(self) -> ComposeResult:
        """One page that scrolls."""
        with VerticalScroll():
            yield Static(id="page")

    async def load(self) -> None:
        """Ask and show."""
        self._found = await self.ask("system")
        self._show()

    def heard(self, events: list[Event]) -> None:
        """The machine's state comes with its event."""
        if loads := [event["data"] for event in events if event["event"] == "load"]:
            self._found |= loads[-1] if self._found else {}
            self._show()
        super().heard(events)

    def _show(self) -> None:
        found = self._found
        if not found:
            return
        memory, cores = found["memory"], found["cores"]
        used = memory["total"] - memory["available"]
        rows: list[tuple[str, object]] = [
            (_("Name"), found["host"]),
            (_("System"), found["system"]),
            (_("Machine is up"), span(found["seconds_up"])),
            (_("Daemon is up"), span(found["daemon_seconds"])),
            (_("Load"), f"{bar(found['load'][0], cores, WIDTH)} {plain(found['load'])} / {cores}"),
            (_("Memory"), f"{bar(used, memory['total'], WIDTH)} {size(used)} / {size(memory['total'])}"),
        ]
        for disk in found["disks"]:
            words = _("{free} free of {total}").format(free=size(disk["free"]), total=size(disk["total"]))
            rows.append((plain(disk["path"]), f"{bar(disk['used'], disk['total'], WIDTH)} {words}"))
        rows += [(plain(each["path"]), self._certificate(each)) for each in found["certificates"]]
        versions = facts(found["versions"].items())
        page = Group(facts(rows), Text(f"\n{_('Versions')}", "bold underline"), versions)
        self.query_one("#page", Static).update(page)

    def _certificate(self, found: dict[str, str]) -> Text:
        left = -(ago(found["until"]) or 0.0)
        sign, name = ("✖", "error") if left < 0 else ("▲", "warning") if left < SOON else ("●", "success")
        words = _("certificate expired on {date}") if left < 0 else _("certificate valid until {date}")
        return Text(f"{sign} {words.format(date=clock(found['until'], date=True))}", self.console.theme_variables[name])
