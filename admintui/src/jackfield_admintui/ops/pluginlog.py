"""What was logged by a plugin and about it."""

from __future__ import annotations

from typing import Any

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, clock, plain
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row

LINES = 1000
TONES = {"error": "bad", "critical": "bad", "warning": "warn", "debug": "dim"}
OWN = ("timestamp", "level", "event", "logger", "id")


class PluginLog(ListScreen):
    """Lines of the log, newest first."""

    heading = N_("Log")
    help_text = N_(
        "What this plugin logged, and what was logged about it, since the daemon began. The journal has more."
    )
    topics = frozenset({"plugin", "dropped"})
    identity = "id"
    empty = N_("Nothing was logged.")
    with_details = True
    columns = (
        Column("timestamp", N_("When"), lambda row: clock(row.get("timestamp")), most=19),
        Column("level", N_("Level"), None, lambda row: TONES.get(str(row.get("level")), ""), most=10),
        Column("event", N_("What"), most=60, flex=True),
        Column("more", N_("Details"), lambda row: _more(row), most=120, flex=True, drop=1),
    )

    def __init__(self, plugin: str) -> None:
        super().__init__()
        self._plugin = plugin

    @property
    def crumb(self) -> str:
        """With the plugin's name."""
        return f"{super().crumb} {self._plugin}"

    async def rows(self) -> list[Row]:
        """With numbers, since nothing else tells two lines apart."""
        found = await self.ask("plugins.log", plugin=self._plugin, lines=LINES)
        return [line | {"id": number} for number, line in reversed(list(enumerate(found)))]

    async def details(self, row: Row) -> Any:
        """The whole line."""
        return facts((str(key), value) for key, value in row.items() if key != "id")


def _more(row: Row) -> str:
    return ", ".join(f"{key}={plain(value)}" for key, value in row.items() if key not in OWN)
