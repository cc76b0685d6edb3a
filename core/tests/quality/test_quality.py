"""The E-model, RTCP's account of a leg, and trends."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.quality.emodel import CODECS, mos
from jackfield.quality.own import own
from jackfield.quality.report import read
from jackfield.quality.trend import BAD_MOS, CLEAR_SHARE, ENOUGH, RAISE_SHARE, WINDOW, Trend, Turn
from jackfield.quality.watch import QualityWatch
from jackfield.records.models import CallRecord, LegRecord

LOSS, JITTER, TRIP = st.floats(0, 100), st.floats(0, 500), st.floats(0, 5000)
NAMES = st.sampled_from([*CODECS, "speex"])
GOOD = "ssrc=1;themssrc=2;lp=0;rxjitter=0.000500;rxcount=500;txjitter=0.000250;txcount=500;rlp=0;rtt=0.010000"


def test_known_points() -> None:
    """A clean G.711 call; G.729's own impairment; 5 % and 20 % of loss: by hand from the formulas."""
    assert mos("ulaw", 0, 0, 0) == pytest.approx(4.40, abs=0.01)
    assert mos("g729", 0, 0, 0) == pytest.approx(4.10, abs=0.02)
    assert mos("alaw", 5, 0, 0) == pytest.approx(3.90, abs=0.01)
    assert mos("ulaw", 20, 0, 0) == pytest.approx(2.61, abs=0.01)
    assert mos("ulaw", 0, 0, 600) == pytest.approx(3.59, abs=0.01)


@given(NAMES, LOSS, JITTER, TRIP)
def test_it_is_a_score(codec: str, loss: float, jitter: float, trip: float) -> None:
    assert 1.0 <= mos(codec, loss, jitter, trip) <= 4.5


@given(NAMES, LOSS, JITTER, TRIP, st.floats(0.1, 50))
def test_worse_is_never_better(codec: str, loss: float, jitter: float, trip: float, more: float) -> None:
    here = mos(codec, loss, jitter, trip) + 1e-3  # the formula of G.107 rises by a hair where R is under 6.5
    assert mos(codec, min(100, loss + more), jitter, trip) <= here
    assert mos(codec, loss, jitter + more, trip) <= here
    assert mos(codec, loss, jitter, trip + more) <= here


def test_a_leg() -> None:
    quality = read("(ulaw)", GOOD.replace("lp=0;rxjitter", "lp=25;rxjitter"))
    assert quality is not None
    assert (quality.codec, quality.loss_in, quality.loss_out, quality.round_trip) == ("ulaw", 4.76, 0.0, 10.0)
    assert (quality.jitter_in, quality.jitter_out) == (0.25, 0.5)
    assert quality.mos is not None and 3.7 < quality.mos < 4.0


def test_a_far_end_without_rtcp() -> None:
    silent = GOOD.replace("rtt=0.010000", "rtt=0.000000").replace("rxjitter=0.000500", "rxjitter=0.000000")
    quality = read("(alaw)", silent)
    assert quality is not None and quality.loss_out is None and quality.round_trip is None
    assert quality.mos is not None and quality.mos > 4.3


@pytest.mark.parametrize("trip", ["0.000000", "65535.984000", "10.001000", "-0.001000", "nan"])
def test_a_round_trip_that_is_none(trip: str) -> None:
    """A far end whose DLSR is too long (65,536 s, less a little), or that has had no report of ours."""
    quality = read("(ulaw)", GOOD.replace("rtt=0.010000", f"rtt={trip}").replace("rlp=0", "rlp=25"))
    assert quality is not None and quality.round_trip is None
    assert quality.loss_out == 5.0
    assert quality.mos == round(mos("ulaw", 5.0, 0.5, 0.0), 2)


def test_a_long_round_trip_counts() -> None:
    near, far = read("(ulaw)", GOOD), read("(ulaw)", GOOD.replace("rtt=0.010000", "rtt=0.761000"))
    assert near is not None and far is not None and far.round_trip == 761.0
    assert near.mos is not None and near.mos > 4.3 and far.mos is not None and far.mos < 3.1


@given(st.text(max_size=200))
def test_nonsense_is_nothing(text: str) -> None:
    quality = read(text, text)
    assert quality is None or quality.mos is None or 1 <= quality.mos <= 4.5


FIELDS = st.sampled_from(["lp", "rlp", "rxcount", "txcount", "rxjitter", "txjitter", "rtt"])


@given(st.dictionaries(FIELDS, st.floats()))
def test_hostile_numbers(found: dict[str, float]) -> None:
    quality = read("(ulaw)", ";".join(f"{k}={v}" for k, v in found.items()))
    if quality is not None:
        shares = [v for v in (quality.loss_in, quality.loss_out) if v is not None]
        assert all(0 <= v <= 100 for v in shares)
        assert quality.mos is None or 1 <= quality.mos <= 4.5


@given(st.lists(st.booleans(), max_size=120))
def test_a_trend_turns_only_at_its_shares(bad: list[bool]) -> None:
    trend, state = Trend(), None
    for count, one in enumerate(bad, 1):
        turn = trend.add(BAD_MOS - 1 if one else BAD_MOS + 0.5)
        last = bad[max(0, count - WINDOW) : count]
        share = sum(last) / len(last)
        assert trend.share == share
        if turn is Turn.BAD:
            assert share >= RAISE_SHARE and count >= ENOUGH and state is not Turn.BAD
        if turn is Turn.GOOD:
            assert share <= CLEAR_SHARE and state is not Turn.GOOD
        state = turn or state
        if count >= ENOUGH:
            assert (share < RAISE_SHARE or state is Turn.BAD) and (share > CLEAR_SHARE or state is Turn.GOOD)


class Alarms:
    def __init__(self) -> None:
        self.raised: dict[str, str] = {}

    def raise_(self, key: str, text: str, **detail: object) -> None:
        self.raised[key] = text

    def clear(self, key: str, text: str = "") -> None:
        self.raised.pop(key, None)


def leg(endpoint: str, rtcp: str) -> LegRecord:
    """A leg with its quality on record."""
    found = read("(ulaw)", rtcp)
    assert found is not None
    return LegRecord(endpoint, "1.0", f"PJSIP/{endpoint}-00000001", "phone", datetime.now(UTC), **asdict(found))


def call(*legs: LegRecord) -> CallRecord:
    """A call of these legs."""
    return CallRecord("1.0", "internal", datetime.now(UTC), legs=legs)


BAD_IN = GOOD.replace("lp=0;rxjitter", "lp=125;rxjitter")  # 125 of 625 did not arrive
BAD_OUT = GOOD.replace("rlp=0", "rlp=125")  # the far end misses 125 beside the 500 sent to it


def test_the_other_legs_gaps_are_not_its_own() -> None:
    """The called phone misses what the caller's network lost, and is not to blame; alone, it would be."""
    caller, called = leg("201", BAD_IN), leg("202", BAD_OUT)
    mine, theirs, alone = own(caller, [called]), own(called, [caller]), own(called, [])
    assert mine is not None and theirs is not None and alone is not None
    assert (mine.loss, theirs.loss, alone.loss) == (20.0, 0.0, 25.0)
    assert mine.mos < 2.7 and theirs.mos > 4.3 and alone.mos < 2.5


def test_nothing_known_is_nothing() -> None:
    assert own(LegRecord("1", "1", "PJSIP/1-1", "phone", datetime.now(UTC)), [leg("201", BAD_IN)]) is None


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_own_is_never_worse_than_heard(lost: int, missed: int, elsewhere: int) -> None:
    one = leg("201", GOOD.replace("lp=0;rxjitter", f"lp={lost};rxjitter").replace("rlp=0", f"rlp={missed}"))
    mine = own(one, [leg("202", GOOD.replace("lp=0;rxjitter", f"lp={elsewhere};rxjitter"))])
    assert mine is not None and one.mos is not None and one.loss_in is not None
    assert 1 <= one.mos <= mine.mos <= 4.5 and mine.loss >= one.loss_in


def test_the_alarm_comes_and_goes() -> None:
    """Only who is to blame is named: neither the other trunk nor the phone that hears the carrier's gaps."""
    alarms = Alarms()
    watch = QualityWatch(alarms)
    watch.serve(["carrier", "other"], ["201"])
    bad, good = call(leg("carrier", BAD_IN), leg("201", BAD_OUT)), call(leg("carrier", GOOD), leg("201", GOOD))
    for _ in range(ENOUGH):
        assert alarms.raised == {}
        watch.call_ended(bad)
        watch.call_ended(call(leg("other", GOOD), leg("unheard-of", BAD_IN)))
    assert list(alarms.raised) == ["quality:trunk:carrier"]
    assert "20 %" in alarms.raised["quality:trunk:carrier"]
    for _ in range(WINDOW):
        watch.call_ended(good)
    assert alarms.raised == {}
    for _ in range(WINDOW):
        watch.call_ended(call(leg("201-mobile", BAD_IN)))
    assert list(alarms.raised) == ["quality:extension:201"]
    watch.serve(["carrier", "other"], [])
    assert alarms.raised == {}
