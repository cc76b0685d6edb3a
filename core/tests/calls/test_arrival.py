"""When a call began, though it had to wait for a daemon; that a talk nobody saw was one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.calls.arrival import begun
from jackfield.calls.live import Live
from jackfield.calls.party import Party
from jackfield.calls.state import Facts
from jackfield.routing.destinations import End, Result

NOW = datetime(2026, 9, 1, 12, 0, 0, 250000, UTC)


@given(st.floats(0, 3000))
def test_a_late_arrival_began_within_a_second_of_its_channel(waited: float) -> None:
    made = NOW.timestamp() - waited
    told = begun(f"{int(made)}.7", NOW).timestamp()
    assert -1e-3 <= told - made <= 1 + 1e-3 and told <= NOW.timestamp()


@pytest.mark.parametrize(
    "channel", ["1.1", "", "x", "\u0663.1", f"{int(NOW.timestamp()) + 50}.1", "9" * 30 + ".1", "no.1"]
)
def test_other_ids_and_other_clocks_say_nothing(channel: str) -> None:
    assert begun(channel, NOW) == NOW


@pytest.mark.parametrize(("talked", "result"), [(True, Result.ANSWERED), (False, Result.UNANSWERED)])
def test_a_talk_that_ended_unseen_was_answered(talked: bool, result: Result) -> None:
    live = Live(Facts("1.1", "PJSIP/carrier-1", "inbound", Party("5551234"), "5550500"), talked=talked)
    assert live.record(End(Result.ANSWERED), ("queue",)).result is result
