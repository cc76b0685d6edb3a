"""Live screens: they follow what happens, and act on it."""

from __future__ import annotations

from datetime import UTC, datetime

from console_rig import SITE, at_console
from jackfield.control import audit
from jackfield.testing import Simulator
from jackfield_acd.plugin import AcdPlugin
from jackfield_admintui.confirm import Confirm
from jackfield_admintui.nav.help import Help
from jackfield_admintui.widgets.grid import Grid
from textual.widgets import Input


def test_a_call_is_seen_sought_and_hung_up_and_its_record_tells_its_path(pbx, console) -> None:
    caller = pbx.caller("7001", dials="5550100", name="Bob\x1b[31m")
    other = pbx.caller("7002", dials="5550101", name="陈先生")

    async def work(seat):
        await seat.opens("c", "Calls")
        await seat.sees("7001", "7002", "○ waiting", "extension:201", "queue:sales")
        assert "\x1b" not in seat.text()
        phone = pbx.phone("201")
        phone.rings()
        phone.answers()
        await seat.sees("● talking")
        await seat.presses("slash", *"7001")
        await seat.no_longer_sees("7002")
        await seat.presses("enter", "x")
        await seat.sees("Hang up the call of 7001?")
        await seat.presses("n")
        assert not caller.channel.gone
        await seat.presses("x")
        await seat.until(lambda: isinstance(seat.screen, Confirm))
        await seat.presses("y")
        await seat.until(lambda: caller.channel.gone)
        await seat.presses("escape")
        await seat.no_longer_sees("7001")
        await seat.opens("r", "Call records")
        await seat.sees("7001", "● answered", "… goes on")
        ended = next(row for row in seat.screen.grid.rows if row["caller_number"] == "7001")
        assert seat.screen.grid.go_to(str(ended["id"]))
        await seat.presses("enter")
        await seat.until(lambda: seat.screen.place == "call" and "7001" in seat.screen.crumb)
        await seat.sees("Path", "extension:201", "Channels")

    console(work, size=(120, 40))
    other.hangs_up()
    done = [row for row in audit.read(pbx.daemon.database) if row["method"] == "calls.hangup"]
    assert [(row["outcome"], row["change"]) for row in done] == [("ok", True)]


def test_an_alarm_comes_is_acknowledged_and_goes(pbx, console) -> None:
    async def work(seat):
        await seat.opens("a", "Alarms")
        pbx.daemon.alarms.raise_("disk:full", "The disk is nearly full; delete recordings.", source="core")
        await seat.sees("The disk is nearly full")
        assert seat.screen.grid.go_to("disk:full")
        await seat.presses("a")
        await seat.sees("What is being done about it?")
        await seat.presses(*"ordered", "enter")
        await seat.until(lambda: seat.screen.current and seat.screen.current["note"] == "ordered")
        await seat.presses("h")
        await seat.sees("History of alarms", "acknowledged", "raised")
        await seat.presses("escape")
        pbx.daemon.alarms.clear("disk:full")
        await seat.no_longer_sees("The disk is nearly full")

    console(work)


def test_the_machine_follows_its_event_and_nothing_is_asked(pbx, console) -> None:
    async def work(seat):
        await seat.sees("Overview", "load", "memory")
        seat.app.screen._answers["machine"]["load"] = [77.77, 1, 1]
        seat.app.screen._draw("machine")
        await seat.sees("77.77")
        pbx.clock.advance(6)
        await seat.no_longer_sees("77.77")
        await seat.opens("z", "Machine")
        await seat.sees("Load")
        pbx.daemon.events.publish("load", load=[66.66, 1.0, 1.0])
        await seat.sees("66.7")

    console(work)


def test_a_wait_goes_on_though_nothing_happens(pbx, console) -> None:
    caller = pbx.caller("7003", dials="5550101")

    async def work(seat):
        await seat.opens("q", "Queues")
        await seat.sees("7003", "0:02")
        await seat.presses("enter")
        await seat.sees("Waiting in sales", "0:04")

    console(work)
    caller.hangs_up()


def test_a_queues_day_is_shown_by_the_hour() -> None:
    async def work(seat):
        await seat.opens("q", "Queues")
        await seat.sees("7004")
        await seat.presses("h")
        await seat.sees("By the hour: sales", "█")
        (row,) = seat.screen.grid.rows
        assert (row["offered"], row["abandoned"], row["in_line"]) == (2, 1, 1)

    with Simulator({"acd": AcdPlugin}, site=SITE, now=datetime.now(UTC)) as pbx:  # figures are of the last 24 hours
        gone = pbx.caller("7003", dials="5550101")
        gone.hears_music()
        gone.hangs_up()
        pbx.caller("7004", dials="5550101")
        at_console(pbx.folder / "control.sock", work)


def test_a_waiting_caller_is_seen_in_the_queue(pbx, console) -> None:
    async def work(seat):
        await seat.opens("q", "Queues")
        await seat.sees("sales", "Nobody waits.")
        caller = pbx.caller("7003", dials="5550101")
        await seat.sees("7003", "How long they wait")
        await seat.presses("enter")
        await seat.sees("Waiting in sales", "7003")
        caller.hangs_up()
        await seat.no_longer_sees("7003")

    console(work)


def test_a_number_is_found_everywhere(pbx, console) -> None:
    gone = pbx.caller("7009", dials="5550100")
    pbx.phone("201").rings()
    gone.hangs_up()
    caller = pbx.caller("7009", dials="5550101")

    async def work(seat):
        await seat.presses("ctrl+f")
        await seat.until(lambda: seat.screen.place == "search")
        await seat.presses(*"7009")
        await seat.sees("call now", "call record")
        await seat.presses("enter")
        await seat.until(lambda: isinstance(seat.app.focused, Grid))
        await seat.presses("enter")
        await seat.until(lambda: seat.screen.place == "call")
        await seat.presses("escape")
        await seat.until(lambda: seat.screen.place == "search")

    console(work)
    caller.hangs_up()


def test_a_number_finds_its_customer_and_its_inbound_route(pbx, console) -> None:
    for number in ("7031", "7032", "7031"):
        caller = pbx.caller(number, name="Zoë", dials="5550101")
        caller.call.goes_to("queue:sales")
        caller.hangs_up()
        assert caller.record().caller_number == number

    async def work(seat):
        await seat.presses("ctrl+f")
        await seat.until(lambda: seat.screen.place == "search")
        await seat.presses(*"7031")
        await seat.sees("customer", "Zoë", "calls: 2, last 20")
        await seat.presses("enter")
        await seat.until(lambda: isinstance(seat.app.focused, Grid))
        assert seat.screen.query_one(Grid).current["what"] == "customer"
        await seat.presses("enter")
        await seat.until(lambda: seat.screen.place == "records" and len(seat.screen.query_one(Grid).rows) == 2)
        await seat.presses("escape")  # all calls
        await seat.until(lambda: len(seat.screen.query_one(Grid).rows) == 3)
        await seat.presses("escape")
        await seat.until(lambda: seat.screen.place == "search")
        seat.screen.query_one(Input).focus()
        await seat.presses("ctrl+u", *"5550101")
        await seat.sees("object", "did  5550101 → queue:sales")

    console(work, size=(120, 40))


def test_extensions_states_are_changed(pbx, console) -> None:
    async def work(seat):
        await seat.opens("e", "Extensions")
        await seat.sees("201", "Ann", "陈静")
        await seat.presses("d")
        await seat.until(lambda: seat.screen.current["dnd"])
        await seat.presses("f")
        await seat.sees("Forward all calls of 201 to")
        await seat.presses(*"202", "enter")
        await seat.until(lambda: seat.screen.current["forward_always"] == "202")

    console(work)


def test_a_plugin_tells_all_about_itself(pbx, console) -> None:
    async def work(seat):
        await seat.opens("p", "Plugins")
        await seat.sees("acd", "● at work")
        assert seat.screen.grid.go_to("ivr")
        await seat.presses("d")
        await seat.sees("Switch the plugin ivr off?", "their fallback")
        await seat.presses("n", "enter")
        await seat.sees("Log ivr", "Nothing was logged.")
        await seat.presses("escape")
        await seat.sees("What its hooks cost")
        await seat.presses("question_mark")
        await seat.until(lambda: isinstance(seat.screen, Help))
        await seat.sees("Switch on", "Parts of the telephone system")

    console(work, size=(120, 40))
