"""Where a transferred call goes when its target came to nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from jackfield.calls.live import Live
from jackfield.calls.party import Party
from jackfield.calls.state import Facts, Saved, decode, encode
from jackfield.calls.transfer import SENT, Return, after_end, send_on
from jackfield.routing.destinations import End, Goto, Result

BACK = Return("1.2", "PJSIP/202-2", "", "", "", "202", "1.1", "203", "201")


class Sent:
    """A call as a transfer leaves it."""

    def __init__(self, transferrer: str = "201") -> None:
        live = Live(
            Facts("1.1", "PJSIP/carrier-1", "inbound", Party("5551"), "5550100", "carrier", fallback="prompt:x")
        )
        live.enter(1, "extension:201")
        self.live = live
        self.saved = send_on(live, None, BACK)
        self.facts, self.data = self.saved.facts, self.saved.data
        self.facts.transferrer = transferrer
        self.fallback = self.facts.fallback

    def set_data(self, key: str, value: str) -> None:
        self.data[key] = value


def test_it_stays_the_same_call() -> None:
    sent = Sent()
    assert (sent.facts.id, sent.facts.did, sent.facts.trunk) == ("1.1", "5550100", "carrier")
    assert (sent.facts.channel, sent.facts.dialled, sent.facts.dialler) == ("PJSIP/202-2", "203", "201")
    assert (sent.saved.seq, sent.saved.resumes) == (1, 0)
    assert decode(encode(sent.saved)) == sent.saved


@pytest.mark.parametrize("result", [Result.UNANSWERED, Result.REJECTED, Result.FAILED])
def test_in_vain_it_goes_back_then_to_the_fallback_then_ends(result: Result) -> None:
    call, end = Sent(), End(result, 19, "noanswer")
    assert after_end(call, end, None) == Goto("extension:201", "noanswer")
    assert after_end(call, end, None) == Goto("prompt:x", "noanswer")
    assert after_end(call, end, None) is end


def test_without_a_transferrer_it_goes_to_the_fallback() -> None:
    call, end = Sent(""), End(Result.UNANSWERED, 19)
    assert after_end(call, end, None) == Goto("prompt:x", "unanswered")
    assert after_end(call, end, None) is end


def test_a_talk_after_the_transfer_ends_it() -> None:
    since = datetime.fromisoformat(Sent().data[SENT].partition(" ")[2])
    end = End(Result.UNANSWERED, 19)
    assert after_end(Sent(), end, since + timedelta(hours=1)) is end
    assert isinstance(after_end(Sent(), end, since - timedelta(hours=1)), Goto)
    served = End(Result.COMPLETED)
    assert after_end(Sent(), served, None) is served
    assert after_end(Sent(), End(Result.ANSWERED), datetime.now(UTC)).result is Result.ANSWERED


def test_what_the_handler_says_late_does_not_hide_the_transfer() -> None:
    live = Sent().live
    assert live.transferred("transferred:201", 1).outcome == "transferred:201"
    assert live.leave(1, "hang-up").outcome == "transferred:201"


def test_a_transfer_that_comes_again_is_the_same_one() -> None:
    """Its first connection was given up before its step could be stored on the channel."""
    live = Sent().live
    before = Saved(live.facts, "extension:201", 1, {}, {}, 0, True)
    for _ in range(2):
        assert live.transferred("transferred:201", send_on(live, before, BACK).seq).seq == 1
        live.enter(2, "queue:sales")
    assert [(step.seq, step.destination) for step in live.steps] == [(1, "extension:201"), (2, "queue:sales")]


def test_a_channel_that_led_another_call_says_nothing_of_this_ones_steps() -> None:
    live = Sent().live
    live.enter(2, "queue:sales")
    other = Saved(replace(live.facts, id="1.9"), "extension:203", 7, {}, {}, 0, True)
    assert send_on(live, other, BACK).seq == 2
