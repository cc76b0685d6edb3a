"""What goes wrong is told in words, with what to do; never a traceback."""

from __future__ import annotations

from typing import ClassVar

from console_rig import at_console
from jackfield.surfaces import Screen
from jackfield_admintui import themes
from jackfield_admintui.base import ConsoleScreen
from jackfield_admintui.client import Why
from jackfield_admintui.texts import N_
from jackfield_admintui.widgets.frame import TroublePanel
from textual.binding import Binding, BindingType


class Broken(ConsoleScreen):
    heading = N_("Plugins")

    async def load(self) -> None:
        try:
            raise LookupError("the caller 5551234")
        except LookupError:
            raise ZeroDivisionError("secret-" + "of-the-inside")  # noqa: B904


def test_an_error_inside_is_a_panel_and_a_report(pbx, console, tmp_path) -> None:
    async def work(seat):
        await seat.sees("Acme")
        seat.app.push_screen(Broken())
        await seat.sees("Something in this console is broken", "ZeroDivisionError", "F8")
        assert "Traceback" not in seat.text()
        await seat.presses("f8")
        report = await seat.until(lambda: next(tmp_path.glob("jackfield-report-*.txt"), None))
        text = report.read_text()
        assert "ZeroDivisionError" in text and "Traceback" in text and "daemon up" in text
        assert "builtins.LookupError" in text and "raise ZeroDivisionError(" in text
        assert "secret-of-the-inside" not in text
        assert report.stat().st_mode & 0o077 == 0

    console(work, reports=tmp_path)


def test_no_daemon_is_told_and_the_console_goes_on(tmp_path) -> None:
    async def work(seat):
        await seat.sees("✖ daemon down", "The daemon does not answer", "F9")
        await seat.presses("f9")
        await seat.until(lambda: seat.screen.place == "services")
        await seat.presses("g")
        await seat.sees("Menu", "Services")

    at_console(tmp_path / "no.sock", work)


def test_the_screen_comes_back_with_the_daemon(pbx, console) -> None:
    async def work(seat):
        await seat.opens("t", "Trunks")
        await seat.sees("carrier")
        server = pbx.daemon.control.server
        server.stop()
        pbx.daemon.control.hub.close()
        await seat.sees("✖ daemon down", "The daemon does not answer")
        server.start()
        await seat.sees("● daemon")
        await seat.no_longer_sees("The daemon does not answer")

    console(work)


def test_a_refusal_says_why_and_goes_when_all_is_well(pbx, console) -> None:
    async def work(seat):
        await seat.opens("b", "Bans")
        await seat.presses("a")
        await seat.sees("Which network is never to be banned?")
        await seat.presses(*"nonsense", "enter")
        await seat.sees("It was refused")
        assert seat.screen.query_one(TroublePanel).trouble.why is Why.REFUSED
        await seat.presses("ctrl+r")
        await seat.no_longer_sees("It was refused")

    console(work)


def test_a_refusal_stays_while_the_list_loads_anew_and_goes_with_the_next_action(pbx, console) -> None:
    async def work(seat):
        await seat.opens("a", "Alarms")
        pbx.daemon.alarms.raise_("one", "The first trouble.")
        await seat.sees("The first trouble")
        seat.screen.start(seat.screen.ask("alarms.ack", key="none"))
        await seat.sees("It was refused")
        pbx.daemon.alarms.raise_("two", "The second trouble.")
        await seat.sees("The second trouble", "It was refused")
        assert seat.screen.grid.go_to("one")
        await seat.presses("a", *"seen", "enter")
        await seat.no_longer_sees("It was refused")

    console(work)


class Clumsy(ConsoleScreen):
    heading = N_("Plugins")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("z", "fall", N_("Log"))]

    def action_fall(self) -> None:
        raise ZeroDivisionError("in an action")


def test_a_mistake_in_an_action_is_told_and_the_console_goes_on(pbx, console) -> None:
    async def work(seat):
        await seat.sees("Acme")
        seat.app.push_screen(Clumsy())
        await seat.until(lambda: isinstance(seat.screen, Clumsy))
        await seat.presses("z")
        await seat.sees("Something in this console is broken", "in an action", "F8")
        await seat.opens("a", "Alarms")

    console(work)


class Unsaved(ConsoleScreen):
    heading = N_("Plugins")

    def unsaved(self) -> str:
        return "three fields"


def test_what_is_not_saved_is_not_lost_by_a_key(pbx, console) -> None:
    async def work(seat):
        await seat.sees("Acme")
        seat.app.push_screen(Unsaved())
        await seat.until(lambda: isinstance(seat.screen, Unsaved))
        await seat.presses("escape")
        await seat.sees("Leave without saving?", "three fields")
        await seat.presses("n")
        assert isinstance(seat.screen, Unsaved)
        await seat.presses("q")
        await seat.sees("Leave without saving?")
        await seat.presses("y")

    console(work)


def test_a_screen_of_a_plugin_that_does_not_import_leaves_the_console_whole(pbx, console) -> None:
    odd = Screen("acd.odd", "Odd", "jackfield_acd.no_such:Screen", key="X")
    pbx.daemon.host.statuses["acd"].declared["jackfield_screens"].append(odd)

    async def work(seat):
        await seat.sees("Acme")
        await seat.presses("g", "X")
        await seat.until(lambda: any("The screen Odd does not open" in n.message for n in seat.app._notifications))
        assert seat.screen.place == "overview"

    console(work)


def test_the_theme_follows_the_terminal() -> None:
    assert themes.first_choice({"TERM": "linux"}) == themes.PLAIN
    assert themes.first_choice({"TERM": "xterm-256color"}) == themes.DARK.name
    assert themes.first_choice({"TERM": "xterm", "COLORTERM": "truecolor"}) == themes.DARK.name
