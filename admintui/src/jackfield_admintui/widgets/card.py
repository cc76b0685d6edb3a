"""A box with a title that opens a screen."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget

from jackfield_admintui.texts import N_


class Card(Vertical, can_focus=True):
    """Enter or a click opens its screen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", N_("Open"))]
    DEFAULT_CSS = """
    Card { border: round $panel; border-title-color: $secondary; border-title-style: bold; padding: 0 1; height: 1fr; }
    Card:focus { border: round $primary; border-title-color: $primary; }
    """

    def __init__(self, opens: str, title: str, *inside: Widget, id: str) -> None:
        super().__init__(*inside, id=id)
        self._opens = opens
        self.border_title = title

    def action_open(self) -> None:
        """To the screen."""
        app: Any = self.app
        app.go(self._opens)

    def on_click(self) -> None:
        """As Enter."""
        self.action_open()
