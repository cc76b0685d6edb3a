"""Searching everywhere at once: a number finds its calls, agent, extension and DID; a name its object."""

from __future__ import annotations

import asyncio
import re
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
MOST_CUSTOMERS = 5
ORDER = ("call now", "agent", "customer", "extension", "object", "screen", "call")
_NUMBER = re.compile(r"\+?[0-9]{2,32}")
KINDS = {
    "call now": N_("call now"),
    "agent": N_("agent"),
    "customer": N_("customer"),
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
        "Type a number, a name or a word. Calls in progress, agents, customers, extensions, objects of the site, "
        "screens and call records are searched at once; a whole number finds its inbound routes and lists of callers "
        "too. Enter opens what the cursor is on; at a customer, the calls of that number."
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
        self.set_focus(self.query_one(Input))

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
            "records.search": self._records, "numbers.find": self._of_number,
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
        rows = list({row["id"]: row for row in rows}.values())
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

    async def _of_number(self, text: str) -> list[Row]:
        if not _NUMBER.fullmatch(text):
            return []
        return [
            {"id": f"o{each['kind']}:{each['name']}", "what": "object", "name": each["name"],
             "about": f"{each['kind']}  {plain(each['about'])}", "key": each["kind"]}
            for each in await self.ask("numbers.find", number=text)
        ]  # fmt: skip

    async def _records(self, text: str) -> list[Row]:
        page = await self.ask("records.search", text=text, limit=CALLS)
        return [*_customers(text, page["rows"], "+" if page["next"] else "")] + [
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
            case "customer":
                self.console.drill("records", number=f"number:{row['name']}")
            case "object":
                self.console.show_object(row["key"], row["name"])
            case kind:
                self.console.drill(f"{kind}s", at=row["name"])


def _customers(text: str, calls: Iterable[Mapping[str, Any]], more: str) -> Iterable[Row]:
    """Callers from outside whose number or name is sought, and when each called last.

    `calls` are newest first; `more` is said after their count if there are more of them.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for call in calls:
        if call["direction"] == "inbound" and _has(text.lstrip("+"), call["caller_number"], call["caller_name"]):
            found.setdefault(call["caller_number"], []).append(call)
    for number, theirs in list(found.items())[:MOST_CUSTOMERS]:
        name = next((plain(call["caller_name"]) for call in theirs if call["caller_name"]), "")
        when = clock(theirs[0]["started_at"], date=True)
        last = _("calls: {count}, last {when}").format(count=f"{len(theirs)}{more}", when=when)
        yield {
            "id": f"k{number}",
            "what": "customer",
            "name": number,
            "about": f"{name}  {last}".strip(),
            "key": number,
        }


def _has(text: str, *values: object) -> bool:
    return any(text.casefold() in str(value).casefold() for value in values if value)
