"""Queues: who waits, how long, and who serves."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.binding import Binding, BindingType

from jackfield_admintui.client import Trouble, Why
from jackfield_admintui.lists import ListScreen
from jackfield_admintui.live.lasting import lasts, stamped
from jackfield_admintui.texts import N_, _, plain, span
from jackfield_admintui.widgets.bars import bar
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row

BINS = (10, 20, 30, 60, 120, 300)
"""Upper ends of the waits in the distribution, seconds; the last bar is of all that wait longer."""


def longest(row: Row) -> float | None:
    """Seconds that the one who waits longest has waited."""
    return max((lasts(one) or 0.0 for one in row["waiting"]), default=None)


def spread(waits: list[float]) -> list[int]:
    """How many waits fall below each of BINS, and above the last.

    >>> spread([5, 15, 400])
    [1, 1, 0, 0, 0, 0, 1]
    """
    counts = [0] * (len(BINS) + 1)
    for wait in waits:
        counts[next((i for i, end in enumerate(BINS) if wait < end), len(BINS))] += 1
    return counts


class Queues(ListScreen):
    """Queues as they are now."""

    heading = N_("Queues")
    help_text = N_(
        "Queues, most callers first. Beside the list stand those who wait in the queue of the cursor, in the order in "
        "which they will be served, and how long they have waited. Enter: who waits, and what can be done."
    )
    topics = frozenset({"queue", "agent", "site", "dropped", "acd.queues", "acd.contacts"})
    method = "queues"
    empty = N_("No queues yet.")
    with_details = True
    needs: ClassVar = {"hours": "acd.figures"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "hours", N_("By the hour")),
        Binding("e", "settings", N_("Settings")),
    ]
    columns = (
        Column("name", N_("Queue"), most=24, flex=True),
        Column("waiting", N_("Wait"), lambda row: len(row["waiting"]), lambda row: "warn" if row["waiting"] else "good",
               lambda row: len(row["waiting"]), right=True),
        Column("longest", N_("Longest"), lambda row: span(longest(row)), order=longest, right=True),
        Column("agents", N_("Agents"), lambda row: len(row["agents"]), order=lambda row: len(row["agents"]),
               right=True),
    )  # fmt: skip

    async def rows(self) -> list[Row]:
        """Most callers first."""
        found = [{**row, "waiting": stamped(row["waiting"])} for row in await super().rows()]
        return sorted(found, key=lambda row: -len(row["waiting"]))

    def on_mount(self) -> None:
        """Waits go on between events; nothing is asked for that."""
        self.set_interval(1.0, self._tick)

    def _tick(self) -> None:
        if self.current is not None and self.current["waiting"]:
            self.grid.refresh()
            self.start(self._about(self.current), group="details")

    async def details(self, row: Row) -> Any:
        """Who waits, and the spread of their waits."""
        waiting = row["waiting"]
        parts: list[Any] = [facts([(_("Agents"), row["agents"])])]
        if not waiting:
            return Group(*parts, Text(f"\n● {_('Nobody waits.')}"))
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for title in (_("Place"), _("Caller"), _("Waits"), _("Priority")):
            table.add_column(title)
        for one in waiting:
            table.add_row(*map(plain, (one["position"], one["caller"], span(lasts(one)), one["priority"])))
        counts = spread([lasts(one) or 0.0 for one in waiting])
        chart = Text(f"\n{_('How long they wait')}\n", "bold")
        names = [f"< {span(end)}" for end in BINS] + [f"≥ {span(BINS[-1])}"]
        for name, count in zip(names, counts, strict=True):
            chart.append(f"{name:>7} {bar(count, max(counts), 16)} {count}\n", "not bold")
        return Group(*parts, table, chart)

    def open_row(self, row: Row) -> None:
        """Those who wait in it."""
        self.console.drill("waiting", queue=str(row["name"]))

    def action_hours(self) -> None:
        """Its last day."""
        if self.current is not None:
            self.console.drill("queue-hours", queue=str(self.current["name"]))

    def action_settings(self) -> None:
        """Settings of the queue."""
        if self.current is not None:
            self.console.show_object("queue", str(self.current["name"]))


class Waiting(ListScreen):
    """Those who wait in one queue."""

    heading = N_("Waiting in")
    help_text = N_(
        "Those who wait in this queue, in the order in which they will be served. A supervisor can send them to "
        "another queue or destination, give them another priority, or end their call."
    )
    topics = Queues.topics
    identity = "call"
    empty = N_("Nobody waits.")
    needs: ClassVar = {
        "move_caller": "acd.contact.move", "prioritise": "acd.contact.prioritise", "drop": "acd.contact.drop",
    }  # fmt: skip
    columns = (
        Column("position", N_("Place"), right=True),
        Column("caller", N_("Caller"), most=24, flex=True),
        Column("seconds", N_("Waits"), lambda row: span(lasts(row)), order=lasts, right=True),
        Column("priority", N_("Priority"), right=True),
        Column("call", N_("Call"), most=30, drop=1),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "move_caller", N_("Move")),
        Binding("p", "prioritise", N_("Priority")),
        Binding("x", "drop", N_("Hang up")),
    ]

    def __init__(self, queue: str) -> None:
        super().__init__()
        self._queue = queue

    @property
    def crumb(self) -> str:
        """With the queue's name."""
        return f"{super().crumb} {self._queue}"

    async def rows(self) -> list[Row]:
        """Those of our queue; none when the queue is gone."""
        found = await self.ask("queues")
        return stamped(next((row["waiting"] for row in found if row["name"] == self._queue), []))

    def on_mount(self) -> None:
        """Waits go on between events; nothing is asked for that."""
        self.set_interval(1.0, self.grid.refresh)

    def open_row(self, row: Row) -> None:
        """The call."""
        self.console.drill("call", call=str(row["call"]))

    def _for_each(self, method: str, **params: Any) -> Any:
        calls = [str(row["call"]) for row in self.grid.chosen_rows]

        async def act() -> None:
            for call in calls:
                await self.ask(method, call=call, **params)
            self.grid.marked.clear()

        return act()

    def action_move_caller(self) -> None:
        """To another queue or destination."""
        if self.current is not None:
            self.prompt(
                _("Where are they to go?"),
                lambda line: self._for_each("acd.contact.move", to=line),
                hint=_("a queue, or any destination, as in extension:201"),
            )

    def action_prioritise(self) -> None:
        """Another priority."""

        async def prioritise(line: str) -> None:
            if not line.isascii() or not line.isdigit():
                raise Trouble(Why.REFUSED, _("A priority is a number from 0 to 100; higher is served first."))
            await self._for_each("acd.contact.prioritise", priority=int(line))

        if self.current is not None:
            self.prompt(_("Which priority?"), prioritise, hint=_("0 to 100; higher is served first"))

    def action_drop(self) -> None:
        """End their calls, once that is sure."""
        count = len(self.grid.chosen_rows)
        if count:
            question = _("Hang up {count} calls?").format(count=count)
            detail = _("The people in it are cut off at once.")
            self.confirm(question, lambda: self._for_each("acd.contact.drop"), detail, _("Hang up"))
