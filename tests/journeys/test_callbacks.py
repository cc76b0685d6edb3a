"""Call-backs (A5): the caller hangs up and keeps the place; at their turn the agent is rung, then the customer."""

from __future__ import annotations

import pytest
from journeys.faults import kill_daemon, wait_back, wait_both_ways
from journeys.pbx import Pbx, path_of
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


def ask(pbx: Pbx, number: str) -> Call:
    """A caller asks to be called back, and is hung up on."""
    call = pbx.call("5550574", number)
    pbx.wait_hears(call, "acd-callback-offer")
    call.press("1")
    pbx.wait_hears(call, "acd-callback-right")
    call.press("1")
    pbx.wait_hears(call, "acd-callback-promised")
    assert call.wait_ended(10).ended_by == "them"
    return call


def test_called_back(pbx: Pbx, busy_ann: tuple[Phone, Call, int]) -> None:
    """The place is kept over a kill of the daemon, and so is the talk; the next caller comes after it."""
    ann, talking, seen = busy_ann
    far = pbx.far_end("out-a")
    before, number, next_one = len(far.calls), pbx.number("55529"), pbx.number()
    ask(pbx, number)
    waiting = pbx.call("5550574", next_one)
    pbx.wait_waiting("called-back", [number, next_one])
    wait_back(pbx, kill_daemon(pbx))
    pbx.wait_waiting("called-back", [number, next_one])
    talking.hang_up()
    rung = ann.wait_call(seen + 1)
    assert rung.dialog.caller_number == number
    rung.wait_answered()
    customer = far.wait_call(before + 1)
    assert customer.dialog.called_number == number
    assert pbx.wait_hears(rung, "acd-callback-for") < (customer.dialog.invite_at or 0.0)
    wait_state(pbx, number, "calling", 1)
    customer.wait_answered()
    wait_both_ways(rung, customer)
    wait_back(pbx, kill_daemon(pbx))
    assert customer.dialog.ended_at is None and pbx.waiting("called-back") == [next_one]
    customer.hang_up()
    wait_state(pbx, number, "done", 1)
    taken = ann.wait_call(seen + 2)
    taken.wait_answered()
    assert taken.dialog.caller_number == next_one
    waiting.hang_up()
    asked, called = sorted(pbx.records(number, 2), key=lambda record: record["direction"])
    assert (asked["direction"], path_of(asked)) == ("inbound", [("queue:called-back", "call-back")])
    assert (called["direction"], called["agent"], called["queue"], called["result"]) == (
        "outbound",
        "1001",
        "called-back",
        "answered",
    )
    assert [step["destination"] for step in called["steps"]] == ["callback:agent", f"outbound:{number}"]


def test_a_customer_who_is_busy_and_an_agent_who_refuses(pbx: Pbx, busy_ann: tuple[Phone, Call, int]) -> None:
    """The agent's refusal costs the customer nothing; who is busy is called later, and can be taken off the list."""
    ann, talking, seen = busy_ann
    far = pbx.far_end("out-a")
    before, number = len(far.calls), pbx.number("55529")
    ask(pbx, number)
    ann.refuse_with, far.refuse_with = 486, 486
    talking.hang_up()
    ann.wait_call(seen + 1).wait_ended(10)
    wait_state(pbx, number, "waiting", 0)
    assert pbx.waiting("called-back") == [number]
    ann.refuse_with = None
    rung = ann.wait_call(seen + 2, timeout=20)
    rung.wait_answered()
    far.wait_call(before + 1)
    wait_state(pbx, number, "later", 1)
    assert pbx.waiting("called-back") == []
    shown = pbx.jackfield("acd", "callbacks", "--json")
    row = next(row for row in shown if row["number"] == number)
    assert row["next_at"] and row["agent"] == "1001"
    pbx.jackfield("acd", "cancel", str(row["id"]))
    assert state(pbx, number) == ("cancelled", 1)


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
