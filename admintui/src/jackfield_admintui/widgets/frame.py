"""What is around every screen: the line with the state of things, the way back, and the panel that tells trouble."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from jackfield_admintui.client import Trouble, Why
from jackfield_admintui.texts import _, plain
from jackfield_admintui.themes import colour

if TYPE_CHECKING:
    from jackfield_admintui.app import ConsoleApp

ON, OFF, RAISED = "●", "✖", "▲"
WIDE = 100
"""Cells from which on there is room for what is nice to know."""
GIVE_WAY = ("leave", "command_palette", "find", "menu")
"""Hints that are left out first where there is no room for all; the help tells them."""
HELP = "show_help"


class TopBar(Static):
    """The site, the daemon, Asterisk, alarms, the person."""

    DEFAULT_CSS = """
    TopBar { dock: top; height: 1; background: $panel; color: $foreground; padding: 0 1; text-wrap: nowrap; }
    """

    def on_mount(self) -> None:
        """Follow the state."""
        app: Any = self.app
        app.station_changed.subscribe(self, lambda _station: self.refresh_state())
        self.refresh_state()

    def on_resize(self) -> None:
        """The right side stays right."""
        self.refresh_state()

    def refresh_state(self) -> None:
        """Say it anew."""
        app: ConsoleApp = self.app  # type: ignore[assignment]
        station = app.station
        good, bad, warn = (colour(app, name) for name in ("success", "error", "warning"))
        left = Text()
        left.append(" Jackfield", style="bold")
        if station.title:
            left.append(f"  {plain(station.title)}")
        right = Text()

        def say(up: bool, name: str, detail: str = "") -> None:
            right.append(f"{ON if up else OFF} {name}", style=good if up else f"bold {bad}")
            right.append(f" {detail}  " if detail else "  ")

        say(station.up, _("daemon") if station.up else _("daemon down"))
        if station.up:
            version = station.asterisk_version if self.size.width >= WIDE else ""
            say(station.asterisk, "Asterisk" if station.asterisk else _("Asterisk down"), version)
        if station.alarms:
            text = _("1 alarm") if station.alarms == 1 else _("{count} alarms").format(count=station.alarms)
            right.append(f"{RAISED} {text}  ", style=f"bold {warn}")
        if station.user:
            right.append(f"{station.user} ({station.role.value if station.role else '–'})")
        room = self.size.width - 2
        left.truncate(max(10, room - right.cell_len - 1), overflow="ellipsis")
        left.append(" " * max(1, room - left.cell_len - right.cell_len))
        self.update(left + right)


class Crumbs(Static):
    """Where we are, and the way back."""

    DEFAULT_CSS = "Crumbs { height: 1; padding: 0 1; color: $foreground 70%; text-wrap: nowrap; }"

    def say(self, words: list[str], note: str = "") -> None:
        """The way, from the outermost; `note` is what is to be known of the list."""
        line = Text(" › ".join(words[:-1]) + (" › " if len(words) > 1 else ""))
        line.append(words[-1] if words else "", style="bold")
        if note:
            line.append(f"   {note}", style="italic")
        self.update(line)


class Hints(Static):
    """What the keys do here, on the last line; a click is as good as the key.

    Textual's own footer has a widget a key and makes them anew at each change: too dear for a live screen.
    """

    DEFAULT_CSS = """
    Hints { dock: bottom; height: 1; padding: 0 1; background: $surface; text-wrap: nowrap; text-overflow: ellipsis;
            link-style: none; link-color: $foreground; link-background: $surface;
            link-style-hover: bold; link-color-hover: $accent; link-background-hover: $surface; }
    """

    def on_mount(self) -> None:
        """Follow what the keys do."""
        self._shown: list[Hint] = []
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self._say())
        self.call_after_refresh(self._say)

    def on_resize(self) -> None:
        """As many as have room now."""
        self._say()

    def _say(self) -> None:
        if not self.is_attached:  # its screen was closed before it had been drawn
            return
        bindings = [each for each in self.screen.active_bindings.values() if each.binding.show and each.enabled]
        hints = {
            each.binding.action: Hint(
                self.app.get_key_display(each.binding), each.binding.description, each.binding.key, each.binding.action
            )
            for each in bindings
        }
        shown = that_fit(list(hints.values()), self.size.width - 2)
        if shown == self._shown:
            return
        self._shown = shown
        accent = colour(self.app, "accent")
        line = Text(no_wrap=True, overflow="ellipsis")
        for hint in shown:
            line.append(f"{hint.display} ", f"bold {accent}")
            line.append(hint.words, Style(meta={"@click": f"screen.press({hint.key!r})"}))
            line.append("  ")
        self.update(line)


@dataclass(frozen=True)
class Hint:
    """A key and what it does."""

    display: str
    words: str
    key: str
    action: str

    @property
    def room(self) -> int:
        """Cells that it takes, with the gap behind it."""
        return cell_len(self.display) + cell_len(self.words) + 3


def that_fit(hints: list[Hint], room: int) -> list[Hint]:
    """Those that have room: what works everywhere gives way first, then what comes last; never the way to the help."""
    kept = list(hints)
    spare = [hint for action in GIVE_WAY for hint in hints if hint.action == action]
    spare += [hint for hint in reversed(hints) if hint not in spare and hint.action != HELP]
    for hint in spare:
        if sum(each.room for each in kept) - 2 <= room:
            break
        kept.remove(hint)
    return kept


class TroublePanel(Vertical):
    """What went wrong, and what to do about it; hidden while all is well."""

    DEFAULT_CSS = """
    TroublePanel { display: none; height: auto; max-height: 60%; border: round $error; padding: 0 1; margin: 0 1;
                   background: $surface; }
    TroublePanel.-shown { display: block; }
    TroublePanel > .what { text-style: bold; color: $error; }
    TroublePanel > .keys { color: $foreground 70%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.trouble: Trouble | None = None

    def compose(self) -> ComposeResult:
        """What, why, what to do."""
        yield Static(classes="what", markup=False)
        yield Static(classes="why", markup=False)
        yield Static(classes="keys", markup=False)

    def tell(self, trouble: Trouble | None) -> None:
        """Show it; None: all is well again."""
        self.trouble = trouble
        self.set_class(trouble is not None, "-shown")
        if trouble is None or not self.children:  # without children its screen was closed before it was there
            return
        what, why, keys = self.query(Static)
        what.update(f"{OFF} {headline(trouble)}")
        lines = [f"• {plain(each)}" for each in trouble.problems] if len(trouble.problems) > 1 else [trouble.text]
        why.update("\n".join(lines[:12]))
        keys.update(advice(trouble))


def headline(trouble: Trouble) -> str:
    """What happened, in a few words."""
    return {
        Why.AWAY: _("The daemon does not answer"),
        Why.DENIED: _("Your role does not allow it"),
        Why.REFUSED: _("It was refused"),
        Why.BROKEN: _("Something in this console is broken"),
    }[trouble.why]


def advice(trouble: Trouble) -> str:
    """What to do."""
    return {
        Why.AWAY: _("Start it: F9 · its log: journalctl -u jackfieldd · this screen comes back by itself"),
        Why.DENIED: _("An administrator gives roles in [control] of /etc/jackfield/jackfield.toml · Esc: back"),
        Why.REFUSED: _("Mend what is named and try again · Esc: back"),
        Why.BROKEN: _("F8 writes a report for support · Ctrl+R: try again · Esc: back"),
    }[trouble.why]
