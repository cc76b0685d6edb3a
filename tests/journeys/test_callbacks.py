"""Call-backs (A5): the caller hangs up and keeps the place; at their turn the agent is rung, then the customer."""

from __future__ import annotations

import pytest
from journeys.pbx import Pbx
from rig import Call, Phone, wait_for


@pytest.fixture
def busy_ann(pbx: Pbx) -> tuple[Phone, Call, int]:
    """Ann (1001, phone 201) is the only agent and talks: her phone, the caller's call, and how many calls it had."""
    pbx.staff("201")
    ann, seen = pbx.phone("201"), len(pbx.phone("201").calls)
    call = pbx.call("5550500", pbx.number())
    ann.wait_call(seen + 1).wait_answered()
    return ann, call, seen + 1


def state(pbx: Pbx, number: str) -> tuple[str, int]:
    """How far a call-back has come, and how often the customer was called."""
    row = next(row for row in pbx.ask("acd.callbacks") if row["number"] == number)
    return row["state"], row["tries"]


def wait_state(pbx: Pbx, number: str, *wanted: object) -> None:
    wait_for(lambda: state(pbx, number) == wanted, 15, f"{wanted}; it is {state(pbx, number)}")


def test_no_premium_numbers(pbx: Pbx, busy_ann: tuple[Phone, Call, int]) -> None:
    """A caller whose own number may not be called is asked for another; premium numbers are refused."""
    number = pbx.number("555299")
    call = pbx.call("5550574", number)
    pbx.wait_hears(call, "acd-callback-offer")
    call.press("1")
    pbx.wait_hears(call, "acd-callback-enter")
    call.press(f"{number}#")
    pbx.wait_hears(call, "acd-callback-not-allowed")
    other = pbx.number("55529")
    pbx.node.wait_for(lambda: len(pbx.hears(call, "acd-callback-enter")) > 1, 10, "the question again")
    call.press(f"{other}#")
    pbx.wait_hears(call, "acd-callback-promised")
    wait_state(pbx, other, "waiting", 0)
    row = next(row for row in pbx.ask("acd.callbacks") if row["number"] == other)
    pbx.ask("acd.callback.cancel", callback=row["id"])
