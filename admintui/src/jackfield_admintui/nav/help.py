"""Help of a screen: what it is for, and every key that works there, from the bindings themselves."""

from __future__ import annotations

from typing import ClassVar, Self

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.confirm import Modal
from jackfield_admintui.texts import _, told

HIDDEN = frozenset({"Cancel", "tab", "shift+tab", "ctrl+c", "super+c", "ctrl+i"})


class Help(Modal[None]):
    """Shows help; any of Esc, `?` and `q` closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,f1,q", "leave", "", show=False)]
    DEFAULT_CSS = """
    Help { align: center middle; }
    Help > VerticalScroll { width: 76; max-width: 96%; height: auto; max-height: 90%; border: round $primary;
                            background: $surface; padding: 1 2; }
    """

    def __init__(self, title: str, text: str, keys: list[tuple[str, str]]) -> None:
        super().__init__()
        self._heading, self._text, self._keys = title, text, keys

    @classmethod
    def of(cls, screen: ConsoleScreen) -> Self:
        """The help of a screen as it is now: what is focused brings keys too."""
        keys: dict[str, list[str]] = {}
        order = {screen: 0, screen.app: 2}  # what is special here comes first, what works everywhere last
        bindings = sorted(screen.own_bindings.items(), key=lambda item: order.get(item[1].node, 1))
        for name, active in bindings:
            words = active.binding.description
            if words and active.enabled and name not in HIDDEN:
                keys.setdefault(words, []).append(screen.app.get_key_display(active.binding))
        rows = [(" ".join(dict.fromkeys(shown)), words) for words, shown in keys.items()]
        return cls(screen.crumb, told(screen.help_text), rows)

    def compose(self) -> ComposeResult:
        """Text, then keys."""
        with VerticalScroll() as box:
            box.border_title = self._heading
            box.border_subtitle = _("Esc: back")
            if self._text:
                yield Static(self._text + "\n", markup=False)
            yield Static(keys_table(self._keys))


def keys_table(keys: list[tuple[str, str]]) -> Text:
    """Keys, and what they do, in two columns."""
    room = max([cell_len(key) for key, _words in keys], default=0)
    text = Text()
    for key, words in keys:
        text.append(key + " " * (room - cell_len(key) + 2), style="bold")
        text.append(f"{words}\n")
    return text
