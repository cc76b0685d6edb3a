"""The console in a real terminal on an installed node, with live calls (N1, N4)."""

from __future__ import annotations

from journeys.faults import away
from journeys.pbx import Pbx
from journeys.terminal import Terminal


def test_a_live_call_is_seen_found_and_hung_up(pbx: Pbx) -> None:
    """Overview, the call in the list, hung up from there; then its record with its path, found by the customer."""
    number = pbx.number()
    pbx.phone("201")
    with Terminal(pbx.node, ["jackfield", "console"]) as terminal:
        terminal.sees("Overview", "● daemon", "● Asterisk", "(admin)")
        call = pbx.call("5550401", number)
        call.wait_answered(15)
        terminal.sees("1 now")
        terminal.press("g", "c")
        terminal.sees("Live › Calls", number, "● talking", "extension:201")
        terminal.press("x")
        terminal.sees(f"Hang up the call of {number}?")
        terminal.press("y")
        assert call.wait_ended(15).ended_by == "them"
        terminal.sees("No calls at the moment.")
        terminal.press("C-f")
        terminal.sees("Find")
        terminal.types(number)
        terminal.sees("customer", "call record", "● answered")
        terminal.press("Enter", "Enter")
        terminal.sees("Call records", f"number:{number}", "● answered")
        terminal.press("Enter")
        terminal.sees(f"Call {number}", "Path", "extension:201", "Channels")
        terminal.press("q")
    entries = pbx.ask("audit", limit=50)
    assert any(row["method"] == "calls.hangup" and row["change"] and row["outcome"] == "ok" for row in entries)


def test_in_chinese_on_a_larger_terminal(pbx: Pbx) -> None:
    """The language of the terminal is heard; the menu opens every screen of the group by its key."""
    with Terminal(
        pbx.node, ["jackfield", "console", "trunks-live"], size=(120, 40), language="zh_CN.UTF-8"
    ) as terminal:
        terminal.sees("实时 › 中继", "carrier", "● 守护进程")
        terminal.press("g")
        terminal.sees("菜单", "通话记录", "审计日志")
        terminal.press("p")
        terminal.sees("插件", "● 运行中", "recording")
        terminal.press("q")


def test_the_daemon_goes_and_comes_back(pbx: Pbx) -> None:
    """It is told, the services and their log are there, and the screen comes back by itself."""
    with Terminal(pbx.node, ["jackfield", "console", "trunks-live"]) as terminal:
        terminal.sees("Live › Trunks", "● daemon")
        with away(pbx):
            terminal.sees("✖ daemon down", "The daemon does not answer", "F9")
            terminal.press("F9")
            terminal.sees("Services", "jackfieldd", "✖ dead", "● running")
            terminal.press("Escape")
        terminal.no_longer_sees("The daemon does not answer")
        terminal.sees("● daemon", "carrier")
        terminal.press("q")
