"""Twice as many new calls as the box is rated for: each is served whole or refused at once; talks have no gap."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from journeys.faults import DAEMON, channels, gaps, kill_daemon, served, settings, wait_back, wait_both_ways
from journeys.pbx import Pbx
from rig import wait, wait_for
from rig.dialog import Dialog
from rig.load import start_load

RATE = 5
SECONDS = 10
"""The rated load is set this low so that twice of it is easy for any machine: what is tried is the refusal."""
OVERLOAD = f"[overload]\ncalls_per_second = {RATE}\nburst = {RATE}\n"


@pytest.fixture(scope="module", autouse=True)
def rated(shared_pbx: Pbx) -> Iterator[None]:
    """A box rated for few calls a second."""
    with settings(shared_pbx, OVERLOAD):
        yield
    shared_pbx.wait_ready()


@pytest.fixture(autouse=True)
def calm(pbx: Pbx) -> Iterator[None]:
    """The next test begins without overload."""
    yield
    wait_for(lambda: not refusing(pbx), 20, "the end of the overload")


def refusing(pbx: Pbx) -> bool:
    """Whether the daemon says that it refuses calls."""
    return bool(pbx.ask("status")["overload"]["refusing"])


def alarmed(pbx: Pbx) -> bool:
    """Whether the alarm is on."""
    return any(alarm["key"] == "overload" for alarm in pbx.ask("alarms"))


def load(pbx: Pbx, known: set[str], factor: float = 2, seconds: int = SECONDS) -> list[Dialog]:
    """Offers so many times the rated load over a trunk of its own; the calls, all ended."""
    rate = RATE * factor
    running = start_load(
        pbx.zh_carrier, "5550200", rate=rate, calls=round(rate * seconds), concurrent=500, plan=[wait(60)]
    )
    running.wait(120)
    with pbx.zh_carrier.capture.changed:
        every = dict(pbx.zh_carrier.capture.dialogs)
    return [d for i, d in every.items() if i not in known and d.invite and d.invite.outgoing]


def seen(pbx: Pbx) -> set[str]:
    """Calls of the load's carrier so far."""
    with pbx.zh_carrier.capture.changed:
        return set(pbx.zh_carrier.capture.dialogs)


@pytest.mark.slow
def test_twice_the_rated_load(pbx: Pbx) -> None:
    """Half of it is served to its end, half is told 503 within a second; the talk has no gap; then all is as before."""
    pbx.staff("201")
    phone, before = pbx.phone("201"), len(pbx.phone("201").calls)
    talk = pbx.call("5550500", pbx.number())
    rung = phone.wait_call(before + 1)
    rung.wait_answered()
    wait_both_ways(talk, rung)
    begun, known = time.monotonic(), seen(pbx)
    calls = load(pbx, known)
    over = time.monotonic() - 0.5
    assert len(calls) == 2 * RATE * SECONDS
    good = [d for d in calls if d.final_code == 200]
    refused = [d for d in calls if d.final_code == 503]
    assert len(good) + len(refused) == len(calls), sorted({d.final_code for d in calls}, key=str)
    assert len(calls) * 0.4 <= len(good) <= RATE * (SECONDS + 2), (len(good), len(calls))
    assert all(d.ended_by == "them" for d in good), "a call was not served to its end"
    waits = [d.final.at - d.invite_at for d in refused if d.final and d.invite_at]
    kept_away = [d for d in refused if d.final and d.final.header("retry-after")]
    print(f"{len(good)} served, {len(refused)} refused within {max(waits):.2f} s, {len(kept_away)} of them Retry-After")
    assert sorted(waits)[len(waits) // 2] < 0.5
    assert kept_away, "no carrier was told to stay away"
    assert all(d.final and d.final.header("retry-after").isdigit() for d in kept_away)
    assert alarmed(pbx)
    assert talk.dialog.ended_at is None
    assert gaps(talk.heard, rung.tone, begun, over) < 0.3 and gaps(rung.heard, talk.tone, begun, over) < 0.3
    talk.hang_up()
    wait_for(lambda: not alarmed(pbx), 20, "the end of the alarm")
    wait_for(lambda: channels(pbx) == [] and pbx.ask("calls") == [], 20, "the end of all calls")
    served(pbx)


def test_a_phone_hears_that_all_lines_are_busy(pbx: Pbx) -> None:
    """One call is all that there may be: a caller at a phone is told so, unanswered; who dials 112 gets through."""
    with settings(pbx, "[overload]\nmax_calls = 1\n"):
        inside = pbx.call("5550500", pbx.number())
        inside.wait_answered()
        refused = pbx.phone("201").call("202")
        pbx.wait_hears(refused, "all-busy")
        assert refused.wait_ended(20).final_code == 503
        far, seen = pbx.far_end("out-a"), len(pbx.far_end("out-a").calls)
        emergency = pbx.phone("221").call("112")
        far.wait_call(seen + 1).wait_answered()
        emergency.hang_up()
        assert inside.dialog.ended_at is None
        inside.hang_up()


def test_a_killed_daemon_leaves_no_trunk_shut(pbx: Pbx) -> None:
    """Killed while trunks are shut: Asterisk takes their calls again at once."""
    for trunk in ("carrier", "zhtrunk"):
        pbx.node.asterisk(f"pjsip set maintenance on {trunk}")
    number = pbx.number()
    assert pbx.call("5550200", number).wait_ended(10).final_code == 503
    wait_back(pbx, kill_daemon(pbx))
    assert "carrier" not in pbx.node.asterisk("pjsip show maintenance")
    served(pbx)
    assert pbx.node.main_pid(DAEMON)
