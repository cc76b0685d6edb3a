"""Call records: searched by the daemon, shown a page at a time."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.timer import Timer
from textual.widgets import Input

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.records.words import result, result_tone
from jackfield_admintui.texts import N_, clock, span
from jackfield_admintui.widgets.grid import Column, Grid, Row

PAGE = 200
PAUSE_SECONDS = 0.25
"""After so long without a letter the daemon is asked."""
WORDS = ("direction", "trunk", "did", "number", "extension", "queue", "agent", "destination", "result")


def asked(line: str) -> dict[str, Any]:
    """What a search line asks for: `queue:sales result:abandoned 5551`; words without a column are text.

    >>> asked("queue:sales 5551")
    {'queue': 'sales', 'text': '5551'}
    """
    found: dict[str, Any] = {}
    text = []
    for word in line.split():
        name, colon, value = word.partition(":")
        if colon and name in WORDS and value:
            found[name] = value
        else:
            text.append(word)
    return found | ({"text": " ".join(text)} if text else {})


class Records(ListScreen):
    """Call records, newest first."""

    heading = N_("Call records")
    help_text = N_(
        "Calls that have been, and those that go on. / searches numbers, names, queues, agents, trunks. A word like "
        "queue:sales, agent:1001, did:5550100, trunk:carrier, number:…, extension:…, direction:inbound or "
        "result:abandoned asks for just that in its column. Enter shows a call's path, its sound, and why it was "
        "served as it was."
    )
    topics = frozenset({"call", "dropped"})
    identity = "id"
    empty = N_("No calls on record.")
    columns = (
        Column("started_at", N_("Began"), lambda row: clock(row["started_at"]), most=19),
        Column("direction", N_("Way"), most=9, drop=4),
        Column("caller_number", N_("From"), most=18),
        Column("caller_name", N_("Name"), most=16, drop=5),
        Column("called", N_("Called"), lambda row: row["did"] or row["extension"], most=16, drop=1),
        Column("destination", N_("Came to"), most=24, flex=True),
        Column("agent", N_("Agent"), most=10, drop=2),
        Column("wait_seconds", N_("Wait"), lambda row: span(row["wait_seconds"]), right=True, drop=3),
        Column("talk_seconds", N_("Talk"), lambda row: span(row["talk_seconds"]), right=True),
        Column("mos", N_("MOS"), lambda row: row["mos"], right=True, drop=6),
        Column("result", N_("Result"), result, result_tone, most=16),
    )

    def __init__(self, number: str = "") -> None:
        """`number` is what is sought at first."""
        super().__init__()
        self._line, self._rows, self._next = number, list[Row](), ""
        self._pause: Timer | None = None
        self._fetching = False

    def on_mount(self) -> None:
        """What is sought at first."""
        if self._line:
            self.action_search()
            self.query_one(Input).value = self._line
            self.grid.focus()

    async def load(self) -> None:
        """The first page; when more pages are open, they stay as they are."""
        if len(self._rows) > PAGE and self.grid.total:
            return
        await self._first_page()

    async def _first_page(self) -> None:
        page = await self.ask("records.search", limit=PAGE, **asked(self._line))
        self._rows, self._next = page["rows"], page["next"]
        self.grid.show(self._rows)

    async def _more(self) -> None:
        try:
            page = await self.ask("records.search", limit=PAGE, after=self._next, **asked(self._line))
            self._rows, self._next = [*self._rows, *page["rows"]], page["next"]
            self.grid.show(self._rows)
        finally:
            self._fetching = False

    def count_note(self) -> str:
        """How many are here, and whether there are more."""
        return f"{self.grid.total}{'+' if self._next else ''}"

    @on(Grid.NearEnd)
    def near_end(self) -> None:
        """The next page."""
        if self._next and not self._fetching:
            self._fetching = True
            self.start(self._more())

    @on(Input.Changed, "SearchLine")
    def sought(self, event: Input.Changed) -> None:
        """Ask the daemon, once the letters pause; the grid's own search knows no columns."""
        event.stop()
        event.prevent_default()
        if event.value == self._line:
            return
        self._line = event.value
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_SECONDS, self._ask_again)

    def _ask_again(self) -> None:
        self.start(self._first_page(), group="load")

    def open_row(self, row: Row) -> None:
        """Its path."""
        self.console.drill("call", call=str(row["id"]))

    async def details(self, row: Row) -> Any:
        """None: a call has a screen of its own."""
        return ""
