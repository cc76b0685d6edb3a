"""Calls that stall are taken away, and whose fault it was is known though they are back at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from jackfield.calls.stalls import Stalls


def test_the_plugin_is_named_though_the_call_comes_back_while_it_is_taken_away() -> None:
    session: Any = SimpleNamespace(busy_since=None, idle_since=0.0, env={"agi_uniqueid": "1.1"})
    live = SimpleNamespace(facts=SimpleNamespace(id="1.1"), plugin="badhang", thread=None, closed=False)

    def cut() -> None:
        live.plugin = ""  # the rescue has it on another thread by now, in a prompt of core's

    live.call = SimpleNamespace(taken=False, runs_on=lambda other: other is session, cut=cut)
    blamed: list[str] = []

    def stalled(plugin: str, _thread: Any, _what: str) -> str:
        blamed.append(plugin)
        return plugin

    board: Any = SimpleNamespace(find=lambda identity: live, all=lambda: [live])
    registry: Any = SimpleNamespace(call_of=lambda channel: channel)
    host: Any = SimpleNamespace(stalled=stalled)
    stalls = Stalls(board, registry, host)
    stalls.cut([session], now=30.0, limit=20.0)
    assert blamed == ["badhang"] and live.call.taken and stalls.noted("1.1")
    stalls.cut([session], now=31.0, limit=20.0)
    assert blamed == ["badhang"], "once only"
