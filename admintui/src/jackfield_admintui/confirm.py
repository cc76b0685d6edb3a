"""Asks before what cannot be undone, and for a line of text."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from jackfield_admintui.base import translated
from jackfield_admintui.texts import N_, _, told

T = TypeVar("T")
BOX = """
    {name} {{ align: center middle; }}
    {name} > Vertical {{ width: 64; max-width: 90%; height: auto; max-height: 90%; border: round {edge};
                         background: $surface; padding: 1 2; }}
    {name} .question {{ text-style: bold; margin-bottom: 1; }}
    {name} .detail {{ margin-bottom: 1; }}
    {name} Horizontal {{ height: auto; align-horizontal: right; margin-top: 1; }}
    {name} Button {{ margin-left: 2; }}
"""


class Modal(ModalScreen[T | None], Generic[T]):
    """A box in front of a screen; Esc closes it without a result."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", N_("Cancel"))]

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """As Textual's, in the reader's language."""
        return translated(super().active_bindings)

    def action_leave(self) -> None:
        """No result."""
        self.dismiss(None)


class Confirm(Modal[bool]):
    """A question with two answers; the harmless one has the focus. `y` and `n` answer too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", N_("Yes")),
        Binding("n", "answer(False)", N_("No")),
    ]
    DEFAULT_CSS = BOX.format(name="Confirm", edge="$warning")

    def __init__(self, question: str, detail: str = "", *, yes: str = "") -> None:
        """`detail` says what depends on it; `yes` is what the button says will be done."""
        super().__init__()
        self._question, self._detail, self._yes = question, detail, yes

    def compose(self) -> ComposeResult:
        """The question and its answers."""
        with Vertical():
            yield Label(self._question, classes="question", markup=False)
            if self._detail:
                yield Static(self._detail, classes="detail", markup=False)
            with Horizontal():
                yield Button(f"{_('No')} (n)", id="no")
                yield Button(f"{told(self._yes) or _('Yes')} (y)", id="yes", variant="warning")

    def on_mount(self) -> None:
        """Enter by mistake does nothing."""
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        """The answer."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        """The answer by key."""
        self.dismiss(yes)


class Prompt(Modal[str]):
    """Asks for a line of text; '' is an answer, None is none."""

    DEFAULT_CSS = BOX.format(name="Prompt", edge="$primary")

    def __init__(self, question: str, *, value: str = "", hint: str = "", detail: str = "") -> None:
        super().__init__()
        self._question, self._value, self._hint, self._detail = question, value, hint, detail

    def compose(self) -> ComposeResult:
        """The question and its field."""
        with Vertical():
            yield Label(self._question, classes="question", markup=False)
            if self._detail:
                yield Static(self._detail, classes="detail", markup=False)
            yield Input(self._value, placeholder=self._hint)
            yield Static(_("Enter: go on · Esc: cancel"), classes="detail", markup=False)

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """The answer."""
        self.dismiss(event.value.strip())
