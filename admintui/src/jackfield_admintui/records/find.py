"""Searching everywhere at once: a number finds its calls, agent, extension and DID; a name its object."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.timer import Timer
from textual.widgets import Input

from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.client import Trouble, Why
from jackfield_admintui.records.words import result
from jackfield_admintui.texts import N_, _, clock, plain
from jackfield_admintui.widgets.grid import Column, Grid, Row, by

PAUSE_SECONDS = 0.25
CALLS = 50
ORDER = ("call now", "agent", "extension", "object", "screen", "call")
KINDS = {
    "call now": N_("call now"),
    "agent": N_("agent"),
    "extension": N_("extension"),
    "object": N_("object"),
    "screen": N_("screen"),
    "call": N_("call record"),
}
Finder = Callable[[str], Any]


class Find(ConsoleScreen):
    """One line, and everything that it finds."""

    heading = N_("Find")
    help_text = N_(
        "Type a number, a name or a word. Calls in progress, agents, extensions, objects of the site, screens and call "
        "records are searched at once; Enter opens what the cursor is on."
    )
    DEFAULT_CSS = "Find Input { margin: 0 1; height: 3; }"

    def __init__(self) -> None:
        super().__init__()
        self._pause: Timer | None = None
        self._objects: list[Mapping[str, Any]] | None = None

    def body(self) -> ComposeResult:
        """The line, and the list."""
        yield Input(placeholder=_("a number, a name, a word"))
        columns = (
            Column("what", N_("What"), lambda row: str(KINDS[row["what"]]), most=14),
            Column("name", N_("Name"), most=24),
            Column("about", N_("About"), most=120, flex=True),
        )
        yield Grid(columns, by("id"), empty=N_("Nothing is found yet."))

    def on_mount(self) -> None:
        """One types at once."""
        self.query_one(Input).focus()

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Search, once the letters pause."""
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_SECONDS, lambda: self.start(self._seek(event.value.strip()), group="load"))

    @on(Input.Submitted)
    def submitted(self) -> None:
        """To the list."""
        self.query_one(Grid).focus()

    async def _seek(self, text: str) -> None:
        grid = self.query_one(Grid)
        if not text:
            grid.show([])
            return
        finders = {
            "calls": self._calls_now, "agents": self._agents, "extensions": self._extensions, "site.list": self._site,
            "records.search": self._records,
        }  # fmt: skip
        wanted = [finder(text) for method, finder in finders.items() if self.console.can(method)]
        found = await asyncio.gather(*wanted, return_exceptions=True)
        rows: list[Row] = list(self._screens(text))
        for answer in found:
            if isinstance(answer, Trouble):
                if answer.why is Why.AWAY:
                    self.tell(answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                rows += answer
        grid.show(sorted(rows, key=lambda row: ORDER.index(row["what"])))
        self.note(str(len(rows)))

    def _screens(self, text: str) -> Iterable[Row]:
        for entry in self.console.entries():
            if text.casefold() in str(entry.title).casefold():
                yield {
                    "id": f"s{entry.name}",
                    "what": "screen",
                    "name": str(entry.title),
                    "about": "",
                    "key": entry.name,
                }

    async def _calls_now(self, text: str) -> list[Row]:
        return [
            {"id": f"n{call['id']}", "what": "call now", "name": call["from"], "about": call["at"], "key": call["id"]}
            for call in await self.ask("calls")
            if _has(text, call["from"], call["name"], call["did"], call["extension"], call["id"])
        ]

    async def _agents(self, text: str) -> list[Row]:
        return [
            {"id": f"a{agent['name']}", "what": "agent", "name": agent["name"], "about": agent["state"], "key": ""}
            for agent in await self.ask("agents")
            if _has(text, agent["name"], agent.get("title"), agent.get("phone"))
        ]

    async def _extensions(self, text: str) -> list[Row]:
        return [
            {"id": f"e{each['extension']}", "what": "extension", "name": each["extension"],
             "about": f"{plain(each['title'])}, {each['state']}", "key": ""}
            for each in await self.ask("extensions")
            if _has(text, each["extension"], each["title"])
        ]  # fmt: skip

    async def _site(self, text: str) -> list[Row]:
        if self._objects is None:
            self._objects = await self.ask("site.list")
        return [
            {"id": f"o{each['kind']}:{each['name']}", "what": "object", "name": each["name"], "about": each["kind"],
             "key": each["kind"]}
            for each in self._objects
            if _has(text, each["name"], *((each.get("fields") or {}).values()))
        ]  # fmt: skip

    async def _records(self, text: str) -> list[Row]:
        page = await self.ask("records.search", text=text, limit=CALLS)
        return [
            {"id": f"c{call['id']}", "what": "call", "name": call["caller_number"], "key": call["id"],
             "about": f"{clock(call['started_at'])}  {plain(call['destination'])}  {result(call)}"}
            for call in page["rows"]
        ]  # fmt: skip

    @on(Grid.Chosen)
    def chosen(self, event: Grid.Chosen) -> None:
        """Open it."""
        row = event.row
        match row["what"]:
            case "screen":
                self.console.go(row["key"])
            case "call" | "call now":
                self.console.drill("call", call=row["key"])
            case "object":
                self.console.show_object(row["key"], row["name"])
            case kind:
                self.console.drill(f"{kind}s", at=row["name"])


def _has(text: str, *values: object) -> bool:
    return any(text.casefold() in str(value).casefold() for value in values if value)
