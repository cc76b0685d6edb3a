"""A screen that is a list: what most screens are. A subclass says the method, the columns and the actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input, Static

from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.confirm import Confirm, Prompt
from jackfield_admintui.texts import N_, _
from jackfield_admintui.widgets.grid import Column, Grid, Row, by


class SearchLine(Input):
    """The line above a list, there while something is sought."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "screen.end_search", N_("All again")),
        Binding("down", "screen.to_list", N_("To the list"), show=False),
    ]
    DEFAULT_CSS = """
    SearchLine { display: none; height: 1; border: none; padding: 0 1; background: $panel; }
    SearchLine:focus { border: none; }
    SearchLine.-shown { display: block; }
    """


class ListScreen(ConsoleScreen):
    """Rows of a method's answer in a grid; `/` seeks, Enter opens, details stand beside or below it."""

    method: ClassVar[str] = ""
    """What is asked; it answers a list of objects."""
    columns: ClassVar[Sequence[Column]] = ()
    identity: ClassVar[str] = "name"
    """The field of a row that tells it from others."""
    empty: ClassVar[str] = N_("There is nothing here yet.")
    AUTO_FOCUS = ""  # else the search line has it, until its style hides it
    with_details: ClassVar[bool] = False
    """Whether `details` of the cursor's row are shown."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("slash", "search", N_("Search"), key_display="/")]
    DEFAULT_CSS = """
    ListScreen #split { height: 1fr; layout: vertical; }
    ListScreen #details { height: 40%; border-top: solid $panel; padding: 0 1; }
    ListScreen.-wide #split { layout: horizontal; }
    ListScreen.-wide #split Grid { width: 3fr; }
    ListScreen.-wide #details { width: 2fr; height: 100%; border-top: none; border-left: solid $panel; }
    """

    def __init__(self, at: str = "") -> None:
        """`at` is the row that gets the cursor at first."""
        super().__init__()
        self._at = at

    # -- for subclasses --------------------------------------------------------------------------------------------

    async def rows(self) -> list[Row]:
        """The rows: by default the answer of `method`. Raises Trouble."""
        found: list[Row] = await self.ask(type(self).method)
        return found

    async def details(self, row: Row) -> Any:
        """What is told of a row, for a Static. Raises Trouble."""
        return ""

    def open_row(self, row: Row) -> None:
        """Enter on a row."""

    @property
    def grid(self) -> Grid:
        """The list."""
        return self.query_one(Grid)

    @property
    def current(self) -> Row | None:
        """The cursor's row."""
        return self.grid.current

    def confirm(self, question: str, then: Callable[[], Any], detail: str = "", yes: str = "") -> None:
        """Ask; at Yes run `then()`, a coroutine, and load anew."""

        def answered(sure: bool | None) -> None:
            if sure:
                self.start(self._act(then))

        self.app.push_screen(Confirm(question, detail, yes=yes), answered)

    def prompt(self, question: str, then: Callable[[str], Any], **options: str) -> None:
        """Ask for a line; with it run `then(line)`, a coroutine, and load anew."""

        def answered(line: str | None) -> None:
            if line is not None:
                self.start(self._act(lambda: then(line)))

        self.app.push_screen(Prompt(question, **options), answered)

    def count_note(self) -> str:
        """What is said beside the breadcrumbs."""
        shown, total = len(self.grid.rows), self.grid.total
        return f"{shown}/{total}" if shown != total else str(total)

    # -- machinery -------------------------------------------------------------------------------------------------

    def body(self) -> ComposeResult:
        """Search line, list, details."""
        yield SearchLine(placeholder=_("What is sought, in any column"))
        with Horizontal(id="split"):
            yield Grid(self.columns, by(self.identity), empty=self.empty)
            if self.with_details:
                with VerticalScroll(id="details", can_focus=False):
                    yield Static(id="about")

    def on_mount(self) -> None:
        """The list has the keys."""
        self.set_focus(self.grid)

    async def load(self) -> None:
        """Show the rows."""
        self.grid.show(await self.rows())
        if self._at and self.grid.go_to(self._at):
            self._at = ""

    async def _act(self, then: Callable[[], Any]) -> None:
        await then()
        self.reload()

    async def _about(self, row: Row | None) -> None:
        self.query_one("#about", Static).update(await self.details(row) if row is not None else "")

    @on(Grid.Moved)
    def moved(self, event: Grid.Moved) -> None:
        """Details of the row, and how many there are."""
        self.note(self.count_note())
        self.refresh_bindings()
        if self.with_details:
            self.start(self._about(event.row), group="details")

    @on(Grid.Chosen)
    def chosen(self, event: Grid.Chosen) -> None:
        """Open it."""
        self.open_row(event.row)

    @on(Input.Changed, "SearchLine")
    def sought(self, event: Input.Changed) -> None:
        """With each letter."""
        self.grid.seek(event.value)

    @on(Input.Submitted, "SearchLine")
    def action_to_list(self) -> None:
        """Keys go to the list again; what is sought stays."""
        self.grid.focus()

    def action_search(self) -> None:
        """The search line."""
        line = self.query_one(SearchLine)
        line.add_class("-shown")
        self.set_focus(line)  # at once: letters that come with the key are for it

    def action_end_search(self) -> None:
        """All rows again."""
        line = self.query_one(SearchLine)
        line.value = ""
        line.remove_class("-shown")
        self.grid.focus()

    def action_back(self) -> None:
        """First out of the search, then out of the screen."""
        if self.query_one(SearchLine).has_class("-shown"):
            self.action_end_search()
        else:
            super().action_back()
