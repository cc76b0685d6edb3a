"""Offers what a console that was cut off had not saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Label, Static

from jackfield_admintui.confirm import BOX, Modal
from jackfield_admintui.editing.kept import Kept
from jackfield_admintui.texts import N_, _, clock, plain

TOLD = 8


class LeftBehind(Modal[str]):
    """Answers `take`, `drop`, or nothing: then it is asked again the next time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer('take')", N_("Take it up")),
        Binding("x", "answer('drop')", N_("Throw it away")),
    ]
    DEFAULT_CSS = BOX.format(name="LeftBehind", edge="$warning")

    def __init__(self, found: Sequence[Kept]) -> None:
        super().__init__()
        self._found = found

    def compose(self) -> ComposeResult:
        """What there is, and the ways."""
        with Vertical():
            yield Label(_("A console ended before this was saved. Take it up again?"), classes="question")
            lines = [
                f"{clock(each.at)}  {plain(each.kind)} {plain(each.name or _('new'))}: {plain(sorted(each.texts))}"
                for each in self._found[:TOLD]
            ]
            yield Static("\n".join(lines), classes="detail", markup=False)
            yield Static(_("Secrets that were typed are not kept."), classes="detail", markup=False)
            with Horizontal():
                yield Button(f"{_('Throw it away')} (x)", id="drop")
                yield Button(f"{_('Later')} (Esc)", id="later")
                yield Button(f"{_('Take it up')} (y)", id="take", variant="primary")

    def on_mount(self) -> None:
        """Enter takes it up: that can be thrown away later."""
        self.query_one("#take").focus()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        """The answer."""
        self.dismiss(None if event.button.id == "later" else event.button.id)

    def action_answer(self, answer: str) -> None:
        """The answer by key."""
        self.dismiss(answer)
