"""The machine: load, memory, disks, versions, certificate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Group
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.client import Event, Trouble
from jackfield_admintui.texts import N_, _, ago, clock, plain, size, span
from jackfield_admintui.themes import colour
from jackfield_admintui.widgets.bars import bar
from jackfield_admintui.widgets.facts import facts

WIDTH = 24
DAY = 86400.0
SOON = 30 * DAY


class System(ConsoleScreen):
    """The machine as the daemon sees it."""

    heading = N_("Machine")
    help_text = N_(
        "Load, memory and disks of this machine, what versions run and what newer packages apt knows, and until when "
        "its certificates are valid. F9 shows the services and their logs."
    )
    topics = frozenset({"site", "dropped"})
    DEFAULT_CSS = "System VerticalScroll { padding: 0 1; } System Static { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[str, Any] = {}
        self._updates: dict[str, Any] = {}

    def body(self) -> ComposeResult:
        """One page that scrolls."""
        with VerticalScroll():
            yield Static(id="page")

    async def load(self) -> None:
        """Ask and show."""
        self._found = await self.ask("system")
        self._show()
        try:  # apt takes its time; the rest is shown already
            self._updates = await self.ask("system.updates")
        except Trouble:
            return  # a box without apt
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
        parts = [facts(rows), *_part(_("Versions"), found["versions"].items())]
        self.query_one("#page", Static).update(Group(*parts, *self._packages()))

    def _packages(self) -> list[Any]:
        """What apt has newer; nothing where there is no apt."""
        if not self._updates:
            return []
        found = self._updates
        rows = [(plain(each["package"]), self._package(each)) for each in found["packages"]]
        looked = [(_("apt looked last"), clock(found["looked_at"], date=True))] if found["looked_at"] else []
        return _part(_("Packages"), [*rows, *looked])

    def _package(self, found: dict[str, Any]) -> Text:
        if not found["newer"]:
            return Text(f"● {plain(found['installed'])}")
        words = _("{installed}, newer: {candidate} (apt upgrade)")
        words = words.format(installed=plain(found["installed"]), candidate=plain(found["candidate"]))
        return Text(f"▲ {words}", colour(self.console, "warning"))

    def _certificate(self, found: dict[str, str]) -> Text:
        left = -(ago(found["until"]) or 0.0)
        sign, name = ("✖", "error") if left < 0 else ("▲", "warning") if left < SOON else ("●", "success")
        words = _("certificate expired on {date}") if left < 0 else _("certificate valid until {date}")
        return Text(f"{sign} {words.format(date=clock(found['until'], date=True))}", colour(self.console, name))


def _part(title: str, rows: Iterable[tuple[str, object]]) -> list[Any]:
    return [Text(f"\n{title}", "bold underline"), facts(rows)]
