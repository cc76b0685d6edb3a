"""Talks that begin and end while no daemon is there: they are on record as what they were."""

from __future__ import annotations

import time

import pytest
from journeys.faults import away, wait_both_ways
from journeys.pbx import Pbx


@pytest.mark.parametrize(("to", "who"), [("5550402", "caller"), ("5550402", "phone"), ("5550500", "caller")])
def test_a_talk_that_nobody_saw(pbx: Pbx, to: str, who: str) -> None:
    """202 rings, the daemon goes, 202 answers and talks, one hangs up (who was called: the caller hears music, and
    leaves later), the daemon comes: the record says answered, by whom, and how long.
    """
    number, phone = pbx.number(), pbx.phone("202")
    if to == "5550500":
        pbx.staff("202")
    phone.answer_after, seen = None, len(phone.calls)
    call = pbx.call(to, number)
    rung = phone.wait_call(seen + 1)
    rung.wait_ringing()
    with away(pbx):
        phone.answer(rung)
        wait_both_ways(call, rung)
        if who == "phone":
            rung.hang_up()
            rung.wait_ended(5)
            time.sleep(1.5)
        call.hang_up()
        call.wait_ended(5)
        rung.wait_ended(5)
    record = pbx.record(number)
    [leg] = [leg for leg in record["legs"] if leg["role"] != "caller"]
    queue = to == "5550500"
    assert (record["result"], record["interrupted"], leg["number"], leg["status"]) == (
        "answered",
        True,
        "202",
        "ANSWER",
    )
    assert record["agent"] == ("1002" if queue else "")
    talked = rung.dialog.ended_at - rung.dialog.answered_at
    rang = rung.dialog.answered_at - rung.dialog.invite_at
    assert talked - 0.5 < record["talk_seconds"] < talked + 0.5 + (rang if queue else 0.0)
