"""`calls_per_second`: DID to extension, two legs, beside a hand-written dialplan that does nothing but Dial()."""

from __future__ import annotations

import time
from typing import Any

from bench import pbx
from bench.report import BenchError, line, median, say, significant

SIDES = ("jackfield", "app_queue")
"""The second is the hand-written side of `pbx.py`."""
NUMBERS = [f"{pbx.DIRECT}{phone}" for phone in pbx.PHONES]
TALK_MS = (300, 500)
STEPS = (40, 80, 110, 150, 200, 260, 330, 400)
STEP_SECONDS = 6
COST_RATE, COST_CALLS = 15, 150
ROUNDS = 1


def calls_per_second() -> list[dict[str, Any]]:
    """The highest rate at which every call is served, and what a call costs at a modest one."""
    box = pbx.shared()
    box.agents  # noqa: B018  (registers the phones)
    cost: dict[str, list[float]] = {side: [] for side in SIDES}
    best: dict[str, list[float]] = {side: [] for side in SIDES}
    for number in range(ROUNDS):
        for side in SIDES if number % 2 == 0 else reversed(SIDES):
            cost[side].append(_cost(box, side))
            best[side].append(_highest(box, side))
    rate, price = ({side: median(found[side]) for side in SIDES} for found in (best, cost))
    return [
        line(
            "calls_per_second",
            rate["jackfield"],
            rate["app_queue"],
            "bare dialplan with Dial()",
            "calls/s without a failure",
            "at least 0.5 x the bare dialplan",
            rate["jackfield"] >= 0.5 * rate["app_queue"],
            cpu_ms_a_call={side: significant(value, 3) for side, value in price.items()},
            all_runs=best,
            steps=STEPS,
            seconds_a_step=STEP_SECONDS,
            note="inbound DID to extension, two legs, talk of 0.3 to 0.5 s; CPU of Asterisk, jackfieldd and "
            f"jackfield-worker at {COST_RATE} calls/s; for the peer no process of ours runs",
        )
    ]


def _cost(box: pbx.Pbx, side: str) -> float:
    """Milliseconds of CPU a call, all units."""
    box.serve(side)
    box.switch_on(*TALK_MS)
    time.sleep(1)
    idle = box.spent(lambda: time.sleep(3))

    def work() -> None:
        running = box.telephones.call(side, NUMBERS, rate=COST_RATE, calls=COST_CALLS, at_once=200)
        account = running.wait(COST_CALLS / COST_RATE + 20)
        if account.succeeded != COST_CALLS:
            raise BenchError(f"{side}: {account} of {COST_CALLS} calls")
        time.sleep(1)

    spent = box.spent(work)
    box.hang_up_all()
    units = [unit for unit in spent if unit != "seconds"]
    total = sum(spent[unit] - idle[unit] / idle["seconds"] * spent["seconds"] for unit in units)
    say(f"calls_per_second: {side} {1000 * total / COST_CALLS:.2f} ms of CPU a call")
    return 1000 * total / COST_CALLS


def _highest(box: pbx.Pbx, side: str) -> float:
    """The highest step at which every call succeeds, in time."""
    box.serve(side)
    best = 0.0
    for rate in STEPS:
        box.switch_on(*TALK_MS)
        calls = rate * STEP_SECONDS
        account = box.telephones.call(side, NUMBERS, rate=rate, calls=calls, at_once=500).wait(STEP_SECONDS + 8)
        box.hang_up_all()
        say(f"calls_per_second: {side} at {rate}/s: {account}")
        if account.succeeded < calls:
            break
        best = rate
    return best
