"""Choosing one of many: a box with a list that gets shorter with each letter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Label

from jackfield_admintui.confirm import Modal
from jackfield_admintui.texts import N_, _
from jackfield_admintui.widgets.grid import Column, Grid, by


class Seek(Input):
    """The line that is typed into; up and down belong to the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "screen.move(1)", N_("Down"), show=False),
        Binding("up", "screen.move(-1)", N_("Up"), show=False),
    ]


class Pick(Modal[str]):
    """A box to choose in; its result is the chosen row's `value`. Rows have `value` and may have `about`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "take", N_("Choose"))]
    DEFAULT_CSS = """
    Pick { align: center middle; }
    Pick > Vertical { width: 76; max-width: 95%; height: 80%; border: round $primary; background: $surface;
                      padding: 0 1; }
    Pick Label { text-style: bold; }
    Pick Seek { height: 1; background: $panel; }
    Pick Grid { background: $surface; }
    """

    def __init__(self, question: str, rows: Iterable[Mapping[str, Any]], *, empty: str = "") -> None:
        """`empty` is said when there is nothing to choose."""
        super().__init__()
        self._question, self._rows, self._empty = question, list(rows), empty

    def compose(self) -> ComposeResult:
        """Question, line, list."""
        columns = [Column("value", N_("What")), Column("about", N_("Meaning"), flex=True, most=200)]
        with Vertical():
            yield Label(self._question, markup=False)
            yield Seek(placeholder=_("Type to find · Enter: choose · Esc: cancel"), compact=True)
            yield Grid(columns, by("value"), empty=self._empty or _("There is nothing to choose yet."))

    def on_mount(self) -> None:
        """All rows; keys go to the line."""
        self.query_one(Grid).show(self._rows)
        self.set_focus(self.query_one(Seek))

    @on(Input.Changed)
    def sought(self, event: Input.Changed) -> None:
        """With each letter."""
        self.query_one(Grid).seek(event.value)

    @on(Input.Submitted)
    def action_take(self) -> None:
        """The cursor's row."""
        if (row := self.query_one(Grid).current) is not None:
            self.dismiss(str(row["value"]))

    @on(Grid.Chosen)
    def chosen(self, event: Grid.Chosen) -> None:
        """A row by mouse."""
        self.dismiss(str(event.row["value"]))

    def action_move(self, by_: int) -> None:
        """Up or down in the list."""
        self.query_one(Grid).action_move(by_)
