"""The menu: all screens, by group, each with the key that opens it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingsMap, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from jackfield_admintui.confirm import Modal
from jackfield_admintui.screens import Entry, Group
from jackfield_admintui.texts import N_, _, told

COLUMNS = ((Group.LIVE, Group.RECORDS), (Group.SETUP,), (Group.SYSTEM, Group.PLUGINS))
"""What stands below what, so that all of it is seen on 80 by 24."""


class GoTo(Modal[str]):
    """Returns the name of the screen chosen: by its key, by arrows and Enter, or by the mouse."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,right", "app.focus_next", N_("Next group"), show=False),
        Binding("left", "app.focus_previous", N_("Group before"), show=False),
    ]
    DEFAULT_CSS = """
    GoTo { align: center middle; }
    GoTo > Vertical { width: 76; max-width: 96%; height: auto; max-height: 96%; border: round $primary;
                      background: $surface; padding: 0 1; }
    GoTo VerticalScroll { height: auto; max-height: 100%; }
    GoTo Horizontal { height: auto; }
    GoTo .column { height: auto; width: 1fr; }
    GoTo .group { height: auto; margin: 0 1 1 0; }
    GoTo .group Label { text-style: bold; color: $secondary; }
    GoTo OptionList { height: auto; border: none; padding: 0; background: $surface; scrollbar-size: 0 0; }
    GoTo OptionList:focus { border: none; }
    GoTo OptionList > .option-list--option-highlighted { background: $surface; color: $foreground; text-style: none; }
    GoTo OptionList:focus > .option-list--option-highlighted { background: $primary; color: $background; }
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__()
        self._entries = list(entries)
        # As bindings, not in a handler of keys: a key that is typed right after `g` comes before there is one.
        keys = [Binding(each.key, f"to({each.name!r})", show=False) for each in self._entries if each.key]
        self._bindings = BindingsMap.merge([self._bindings, BindingsMap(keys)])

    def compose(self) -> ComposeResult:
        """A list a group."""
        with Vertical() as box:
            box.border_title = _("Menu")
            box.border_subtitle = _("a key, or arrows and Enter · Esc: back")
            with VerticalScroll(can_focus=False), Horizontal():
                for groups in COLUMNS:
                    with Vertical(classes="column"):
                        for group in groups:
                            yield from self._group(group)

    def _group(self, group: Group) -> ComposeResult:
        mine = [entry for entry in self._entries if entry.group is group]
        if mine:
            with Vertical(classes="group"):
                yield Label(str(group.value))
                yield OptionList(*(_option(entry) for entry in mine))

    def on_mount(self) -> None:
        """Arrows work at once."""
        for shown in self.query(OptionList):
            shown.focus()
            break

    def action_to(self, name: str) -> None:
        """To this screen."""
        self.dismiss(name)

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        """Enter, or a click."""
        self.dismiss(event.option.id)


def _option(entry: Entry) -> Option:
    text = Text(f"{entry.key or ' '} ", style="bold")
    text.append(told(entry.title), style="not bold")
    return Option(text, id=entry.name)
