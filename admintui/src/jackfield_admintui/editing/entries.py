"""A field on the screen: its name, what is written, and what is wrong with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from jackfield_admintui.editing.fields import FieldSpec, Shape
from jackfield_admintui.editing.form import Finding
from jackfield_admintui.editing.texts import NO, YES, written
from jackfield_admintui.texts import N_, _, plain

LABEL = 22
MANY = frozenset({Shape.LIST, Shape.TABLE, Shape.ROWS})
LONG_TEXT = frozenset({"text"})
"""Tables with fixed keys whose values are sentences."""
MOST_LINES = 6
BETWEEN_FIELDS: list[BindingType] = [
    Binding("up", "field(-1)", N_("Field above"), show=False, priority=True),
    Binding("down", "field(1)", N_("Field below"), show=False, priority=True),
]
"""With priority, or what is typed right after the key would still go to the field before."""


class Choice(Static, can_focus=True):
    """One of a few words: arrows and space go through them, a letter goes to the next that begins with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,right", "turn(1)", N_("Next"), show=False),
        Binding("left", "turn(-1)", N_("Before"), show=False),
        Binding("delete,backspace", "put('')", N_("Default"), show=False),
    ]
    DEFAULT_CSS = """
    Choice { height: 1; width: 1fr; background: $surface; }
    Choice:focus { background: $primary; color: $background; text-style: bold; }
    """
    value: reactive[str] = reactive("")

    @dataclass
    class Changed(Message):
        """Another word."""

        choice: Choice
        value: str

    def __init__(self, words: Sequence[str], value: str, default: str) -> None:
        super().__init__(markup=False)
        self._words, self._default = ["", *words], default
        self.set_reactive(Choice.value, value)

    def render(self) -> Text:
        """The word, or the default that holds without one."""
        if self.value:
            return Text(f"‹ {_word(self.value)} ›")
        said = _("{value} (default)").format(value=_word(self._default)) if self._default else "–"
        return Text(f"‹ {said} ›")

    def watch_value(self, value: str) -> None:
        """Tell the form."""
        self.post_message(self.Changed(self, value))

    def action_turn(self, by: int) -> None:
        """The next word."""
        place = self._words.index(self.value) if self.value in self._words else 0
        self.value = self._words[(place + by) % len(self._words)]

    def action_put(self, value: str) -> None:
        """This word."""
        self.value = value

    def on_key(self, event: events.Key) -> None:
        """By its first letter."""
        letter = event.character or ""
        place = self._words.index(self.value) if self.value in self._words else 0
        ring = self._words[place + 1 :] + self._words[: place + 1]
        if letter.isalnum() and (found := next((w for w in ring if w.startswith(letter.lower())), None)):
            self.value = found
            event.stop()

    def on_click(self) -> None:
        """As space."""
        self.focus()
        self.action_turn(1)


def _word(value: str) -> str:
    return {YES: _("yes"), NO: _("no")}.get(value, value)


class Lines(TextArea):
    """Several lines; Tab leaves it."""

    DEFAULT_CSS = """
    Lines { height: auto; min-height: 1; max-height: 6; width: 1fr; border: none; padding: 0; background: $surface; }
    Lines:focus { border: none; background: $panel; }
    """

    def __init__(self, text: str, placeholder: str) -> None:
        super().__init__(text, soft_wrap=True, tab_behavior="focus", compact=True, placeholder=placeholder)


def between_fields(screen: Screen[Any], action: str) -> bool:
    """Whether an action may be run now: in a field of several lines the arrows go through those."""
    return action != "field" or not isinstance(screen.focused, Lines)


async def arrived(screen: Screen[Any]) -> dict[str, str]:
    """Field → what is written in it, once all keys are in that were pressed before now.

    A key of the screen is acted upon at once, but letters queue up at their field: over a slow line, or pasted, some
    would come after the key that was to save them.
    """
    entries = list(screen.query(Entry))
    for entry in entries:
        come = asyncio.Event()
        if entry.focus_target.call_later(come.set):
            await come.wait()
    return {entry.field.id: entry.text for entry in entries}


class Entry(Vertical):
    """A field's row."""

    DEFAULT_CSS = f"""
    Entry {{ height: auto; }}
    Entry > Horizontal {{ height: auto; }}
    Entry .label {{ width: {LABEL + 3}; height: 1; text-wrap: nowrap; }}
    Entry Input {{ width: 1fr; height: 1; border: none; padding: 0 1; background: $surface; }}
    Entry Input:focus {{ border: none; background: $panel; }}
    Entry .finding {{ display: none; margin-left: {LABEL + 3}; color: $warning; }}
    Entry .finding.-bad {{ color: $error; }}
    Entry .finding.-shown {{ display: block; }}
    """

    @dataclass
    class Written(Message):
        """Somebody has typed."""

        field: str
        text: str

    @dataclass
    class Entered(Message):
        """The cursor is in this field."""

        field: FieldSpec

    def __init__(self, field: FieldSpec, text: str, *, fixed: bool = False, secret_set: bool = False) -> None:
        """`fixed` cannot be changed; `secret_set` says that there is a secret which is not shown."""
        super().__init__(id=f"entry-{field.id.replace('.', '--')}")
        self.field, self._text, self._fixed, self._secret_set = field, text, fixed, secret_set
        self._unsaved = False
        self._findings: list[Finding] = []

    @property
    def focus_target(self) -> Widget:
        """What is typed into."""
        return self.query_one("Input, Lines, Choice")

    @property
    def text(self) -> str:
        """What is written."""
        writer = self.focus_target
        return writer.value if isinstance(writer, Input | Choice) else writer.text if isinstance(writer, Lines) else ""

    def compose(self) -> ComposeResult:
        """Name, place to write, room for a finding."""
        with Horizontal():
            yield Static(self._label(), classes="label")
            yield self._writer()
        yield Static(classes="finding", markup=False)

    def _writer(self) -> Widget:
        field, default = self.field, self._default()
        if field.shape is Shape.YES_NO:
            return Choice((YES, NO), self._text, default)
        if field.shape is Shape.CHOICE:
            return Choice(field.choices, self._text, default)
        hint = _("{value} (default)").format(value=default) if default else ""
        if self._secret_set:
            hint = _("set; not shown (F6 shows it)")
        elif field.needed:
            hint = _("needed")
        if field.shape in MANY or field.name in LONG_TEXT:
            return Lines(self._text, hint)
        return Input(self._text, placeholder=hint, password=field.secret, disabled=self._fixed, compact=True,
                     select_on_focus=False)  # fmt: skip

    def _default(self) -> str:
        value = self.field.default
        return ", ".join(written(value, self.field).split("\n")) if value not in (None, "", [], {}) else ""

    def _label(self) -> Text:
        label = Text()
        bad = any(finding.refuses for finding in self._findings)
        sign = "✖" if bad else "!" if self._findings else "●" if self._unsaved else " "
        label.append(f"{sign} ", style="bold")
        name = self.field.label
        if cell_len(name) > LABEL - 1:
            name = name[: LABEL - 2] + "…"
        label.append(name, style="bold" if self._unsaved else "")
        if self.field.needed:
            label.append("*")
        return label

    def show(self, text: str) -> None:
        """Another text, as after an undo."""
        writer = self.focus_target
        if isinstance(writer, TextArea):
            if writer.text != text:
                writer.load_text(text)
        elif isinstance(writer, Input | Choice) and writer.value != text:
            writer.value = text

    def mark(self, unsaved: bool, findings: list[Finding]) -> None:
        """Whether it is unsaved, and what is wrong with it."""
        if (unsaved, findings) == (self._unsaved, self._findings):
            return
        self._unsaved, self._findings = unsaved, findings
        self.query_one(".label", Static).update(self._label())
        told = self.query_one(".finding", Static)
        told.update("\n".join(plain(finding.text) for finding in findings))
        told.set_class(bool(findings), "-shown")
        told.set_class(any(finding.refuses for finding in findings), "-bad")

    # -- what is typed ---------------------------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        """A letter."""
        event.stop()
        self.post_message(self.Written(self.field.id, event.value))

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """A letter."""
        event.stop()
        self.post_message(self.Written(self.field.id, event.text_area.text))

    def on_choice_changed(self, event: Choice.Changed) -> None:
        """A word."""
        event.stop()
        self.post_message(self.Written(self.field.id, event.value))

    def on_descendant_focus(self, _event: Any) -> None:
        """Its help is shown."""
        self.post_message(self.Entered(self.field))
