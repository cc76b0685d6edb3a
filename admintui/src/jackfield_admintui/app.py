"""The application: one daemon, a stack of screens, and the ways between them."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.signal import Signal

from jackfield_admintui import support, themes
from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.client import Event, Gatherer, Link, Trouble
from jackfield_admintui.confirm import Confirm
from jackfield_admintui.editing.kept import Keeper
from jackfield_admintui.editing.left_behind import LeftBehind
from jackfield_admintui.nav.goto import GoTo
from jackfield_admintui.nav.help import Help
from jackfield_admintui.nav.palette import Actions, Objects, Screens
from jackfield_admintui.screens import Entry, all_entries
from jackfield_admintui.station import Station, find_out, look
from jackfield_admintui.texts import N_, _, plain

GATHER_SECONDS = 0.1
"""Events are handed to the screens in batches of so long."""
STATION_TOPICS = frozenset({"alarm", "plugin", "site"})
HOME = "overview"
OBJECT = "object"
"""The screen that shows an object of the site; it is made with `kind` and `name`."""
OTHER_LANGUAGE = "language"
"""What the application returns when it is to be started anew in the other language."""


class ConsoleApp(App[str]):
    """The console. `jackfield_admintui.main` runs it; tests run it with a `Link` to a daemon of their own."""

    TITLE = "Jackfield"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[Any]] = {Screens, Actions, Objects}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "menu", N_("Menu")),
        Binding("question_mark,f1", "show_help", N_("Help"), key_display="?"),
        Binding("ctrl+f", "find", N_("Find"), key_display="^f"),
        Binding("ctrl+p", "command_palette", N_("Commands"), key_display="^p"),
        Binding("q", "leave", N_("Quit")),
        Binding("ctrl+q", "leave", N_("Quit"), show=False, priority=True),
        Binding("ctrl+t", "next_theme", N_("Other colours"), show=False),
        Binding("ctrl+l", "other_language", N_("中文 / English"), show=False),
        Binding("f8", "report", N_("Report for support"), show=False),
        Binding("f9", "down", N_("Services"), show=False),
    ]
    CSS = """
    Screen { layers: base overlay; }
    """

    def __init__(self, link: Link, *, first: str = HOME, reports: Path | None = None) -> None:
        """`first` is the screen to begin with; reports for support go to `reports`, by default the home folder."""
        super().__init__()
        self.link = link
        self.station = Station()
        self.keeper = Keeper()
        self.station_changed: Signal[Station] = Signal(self, "station")
        self.listeners: list[Callable[[list[Event]], None]] = []
        """Told every batch of events, on the loop."""
        self._first, self._reports = first, reports
        self.last_place = first
        """The screen that was open when the language was changed."""
        for theme in themes.THEMES:
            self.register_theme(theme)
        self.theme = themes.first_choice()

    # -- life ------------------------------------------------------------------------------------------------------

    async def on_mount(self) -> None:
        """Reach the daemon, then the first screen."""
        self.station = await find_out(self.link, self.station)
        self.go(self._first)
        self._offer_left_behind()
        loop = asyncio.get_running_loop()
        gatherer = Gatherer(loop, self._deliver, GATHER_SECONDS)
        context = contextvars.copy_context()

        def connection(trouble: Trouble | None) -> None:
            with suppress(RuntimeError):  # the loop is closed: the application has ended
                loop.call_soon_threadsafe(self._connection, trouble, context=context)

        self.link.follow(gatherer.put, connection)

    async def on_unmount(self) -> None:
        """No more events."""
        self.link.close()
        self.keeper.close()

    def _offer_left_behind(self) -> None:
        found = self.keeper.left_behind() if self.can("site.set") else []

        def answered(answer: str | None) -> None:
            for path, kept in found:
                if answer == "take":
                    self.drill(OBJECT, kind=kept.kind, name=kept.name if kept.revision else "", kept=(path, kept))
                elif answer == "drop":
                    path.unlink(missing_ok=True)

        if found:
            self.push_screen(LeftBehind([kept for _path, kept in found]), answered)

    def _connection(self, trouble: Trouble | None) -> None:
        """The live connection came up, or broke."""
        self.run_worker(self._reconnected(trouble), group="station", exclusive=True, exit_on_error=False)

    async def _reconnected(self, trouble: Trouble | None) -> None:
        self._set_station(await find_out(self.link, self.station))
        if trouble is None:
            for screen in self._console_screens():
                screen.reload_soon()
        elif isinstance(self.screen, ConsoleScreen) and not self.station.up:
            self.screen.tell(trouble)

    def _deliver(self, events: list[Event]) -> None:
        if any(event["event"] in STATION_TOPICS or event["event"] == "dropped" for event in events):
            self.run_worker(self._look(), group="station", exclusive=True, exit_on_error=False)
        for listener in list(self.listeners):
            listener(events)
        for screen in self._console_screens():
            screen.heard(events)

    async def _look(self) -> None:
        self._set_station(await look(self.link, self.station))

    def _set_station(self, station: Station) -> None:
        self.station = station
        self.station_changed.publish(station)

    def _console_screens(self) -> list[ConsoleScreen]:
        return [screen for screen in self.screen_stack if isinstance(screen, ConsoleScreen)]

    # -- what we may -----------------------------------------------------------------------------------------------

    def can(self, method: str) -> bool:
        """Whether the daemon offers us this method; before it has answered, everything is offered."""
        return not self.station.methods or method in self.station.methods

    def entries(self) -> list[Entry]:
        """The menu: screens that are of use to this person on this box."""
        return [e for e in all_entries(self.station.screens) if e.in_menu and (not e.method or self.can(e.method))]

    # -- ways ------------------------------------------------------------------------------------------------------

    def go(self, name: str, /, **arguments: Any) -> None:
        """To a screen of the menu, in place of all that is open."""
        self._leave_all(lambda: self._open(name, arguments, alone=True))

    def drill(self, name: str, /, **arguments: Any) -> None:
        """To a screen on top of this one; Esc comes back here."""
        self._open(name, arguments, alone=False)

    def show_object(self, kind: str, name: str) -> None:
        """An object of the site, to be looked at and changed."""
        self.drill(OBJECT, kind=kind, name=name)

    def go_back(self) -> None:
        """To the screen below; from the lowest to the overview."""
        if len(self.screen_stack) > 2:
            self._leave(self.screen, self.pop_screen)
        elif not (isinstance(self.screen, ConsoleScreen) and self.screen.place == HOME):
            self.go(HOME)

    def way(self, screen: ConsoleScreen) -> list[str]:
        """The breadcrumbs of a screen."""
        words = []
        for each in self._console_screens():
            words.append(each.crumb)
            if each is screen:
                break
        entry = next((e for e in all_entries(self.station.screens) if e.name == self._console_screens()[0].place), None)
        return [str(entry.group.value), *words] if entry is not None and words else words

    def _open(self, name: str, arguments: dict[str, Any], *, alone: bool) -> None:
        entry = next((e for e in all_entries(self.station.screens) if e.name == name), None)
        if entry is None:
            self.notify(_("There is no screen {name} here.").format(name=name), severity="warning")
            return
        try:
            screen: Any = entry.make(arguments)
        except Exception as error:  # a plugin's screen may be anything
            self.keep_for_support(support.trace(error))
            text = _("The screen {title} does not open: {error}").format(title=plain(entry.title), error=plain(error))
            self.notify(text, severity="error", timeout=15)
            return
        screen.place = entry.name
        while alone and len(self.screen_stack) > 1:
            self.pop_screen()
        self.push_screen(screen)

    def _leave_all(self, then: Callable[[], None]) -> None:
        lost = [what for screen in self._console_screens() if (what := screen.unsaved())]

        def leave() -> None:
            for screen in self._console_screens():
                screen.left()
            then()

        self._ask_first(lost, leave)

    def _leave(self, screen: Any, then: Callable[[], object]) -> None:
        lost = screen.unsaved() if isinstance(screen, ConsoleScreen) else ""

        def leave() -> None:
            if isinstance(screen, ConsoleScreen):
                screen.left()
            then()

        self._ask_first([lost] if lost else [], leave)

    def _ask_first(self, lost: list[str], then: Callable[[], object]) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                then()

        if lost:
            self.push_screen(Confirm(_("Leave without saving?"), "\n".join(lost), yes=_("Leave")), answered)
        else:
            then()

    # -- actions ---------------------------------------------------------------------------------------------------

    def action_menu(self) -> None:
        """All screens and their keys."""
        self.push_screen(GoTo(self.entries()), lambda name: self.go(name) if name else None)

    def action_show_help(self) -> None:
        """What this screen is for, and its keys."""
        if isinstance(self.screen, ConsoleScreen):
            self.push_screen(Help.of(self.screen))

    def action_find(self) -> None:
        """Search everywhere."""
        self.drill("search")

    def action_leave(self) -> None:
        """End the console."""
        self._leave_all(lambda: self.exit(""))

    def action_next_theme(self) -> None:
        """The next theme."""
        names = [*(theme.name for theme in themes.THEMES), themes.PLAIN]
        place = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(place + 1) % len(names)]
        self.notify(_("Colours: {theme}").format(theme=self.theme))
        self.station_changed.publish(self.station)

    def action_other_language(self) -> None:
        """Start anew in the other language, on the same screen."""
        screens = self._console_screens()
        self.last_place = screens[0].place if screens else HOME
        self._leave_all(lambda: self.exit(OTHER_LANGUAGE))

    def action_report(self) -> None:
        """Write a report for support."""
        path = support.write(self.station, self.screen, self._reports)
        self.notify(_("The report is in {path}").format(path=path), timeout=15)

    def action_down(self) -> None:
        """Services: state, log, start."""
        self.drill("services")

    async def run_action(self, *arguments: Any, **options: Any) -> bool:
        """As Textual's, but an action that goes wrong is told in the panel."""
        try:
            return await super().run_action(*arguments, **options)
        except Exception as error:
            self._told_broken(error)
            return True

    def _told_broken(self, error: Exception) -> None:
        screens = self._console_screens()
        if not screens:
            raise error
        screens[-1].broken(error)

    def _fatal_error(self) -> None:
        """Nothing can be shown any more: say where the report is. Textual's own way shows all that was typed."""
        error = sys.exc_info()[1]
        if error is not None:
            self.keep_for_support(support.trace(error))
        path = support.write(self.station, self, self._reports)
        words = _("The console had to stop. What you had typed is offered when it starts again; for support: {path}")
        self.panic(Text(words.format(path=path)))

    def keep_for_support(self, trace: str) -> None:
        """Keep what went wrong for the report; it is not shown."""
        support.keep(trace)
