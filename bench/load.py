"""`setup_cost`, `setup_rate` and `waiting_cost`: what a call costs, set up and waiting, beside app_queue."""

from __future__ import annotations

import time
from typing import Any

from bench import pbx
from bench.report import BenchError, line, median, say, significant

SIDES = ("jackfield", "app_queue")
ROUNDS = 2
RATE, CALLS = 15, 225
TALK_MS = (300, 500)
STEPS = (40, 80, 110, 150, 200)
STEP_SECONDS = 6
WAITING = 200
WAITING_SECONDS = 12.0
MANY = 400


def setup_cost() -> list[dict[str, Any]]:
    """CPU of a call at a modest rate, then the highest rate that loses none."""
    box = pbx.shared()
    box.agents  # noqa: B018  (logged in once)
    spent: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for number in range(ROUNDS):
        for side in SIDES if number % 2 == 0 else reversed(SIDES):
            spent[side].append(_calls(box, side))
    rate = {side: _highest(box, side) for side in SIDES}
    cost = {
        side: median(sum(v for k, v in run.items() if k != "seconds") for run in runs) for side, runs in spent.items()
    }
    parts = {
        unit: significant(median(run[unit] for run in spent["jackfield"]), 3)
        for unit in ("asterisk", *pbx.JACKFIELD_UNITS)
    }
    return [
        line(
            "setup_cost",
            cost["jackfield"],
            cost["app_queue"],
            "dialplan with app_queue",
            "ms of CPU a call",
            "at most 1.3 x app_queue",
            cost["jackfield"] <= 1.3 * cost["app_queue"],
            jackfield_parts=parts,
            rounds=ROUNDS,
            calls_a_second=RATE,
            calls=CALLS,
            note="Asterisk, jackfieldd and jackfield-worker together (cgroup cpu.stat); DID, queue, agent, talk of "
            "0.3 to 0.5 s; for the peer no process of ours runs",
        ),
        line(
            "setup_rate",
            rate["jackfield"],
            rate["app_queue"],
            "dialplan with app_queue",
            "calls/s without a failure",
            "no lower than app_queue",
            rate["jackfield"] >= rate["app_queue"],
            steps=STEPS,
            seconds_a_step=STEP_SECONDS,
        ),
    ]


def _calls(box: pbx.Pbx, side: str) -> dict[str, float]:
    """Milliseconds of CPU a call, by unit."""
    box.serve(side)
    box.switch_on(*TALK_MS)
    time.sleep(1)
    idle = box.spent(lambda: time.sleep(4))

    def work() -> None:
        account = box.telephones.call(side, pbx.RATE, rate=RATE, calls=CALLS, at_once=pbx.ALL_AGENTS).wait(
            CALLS / RATE + 20
        )
        if account.succeeded != CALLS:
            raise BenchError(f"{side}: {account} of {CALLS} calls")
        time.sleep(2)

    spent = box.spent(work)
    box.hang_up_all()
    a_call = {
        unit: 1000 * (seconds - idle[unit] / idle["seconds"] * spent["seconds"]) / CALLS
        for unit, seconds in spent.items()
        if unit != "seconds"
    }
    say(f"setup_cost: {side} " + ", ".join(f"{unit} {ms:.2f} ms" for unit, ms in a_call.items()))
    return a_call


def _highest(box: pbx.Pbx, side: str) -> float:
    """The highest step at which every call succeeds, in time."""
    box.serve(side)
    best = 0.0
    for rate in STEPS:
        box.switch_on(*TALK_MS)
        calls = rate * STEP_SECONDS
        account = box.telephones.call(side, pbx.RATE, rate=rate, calls=calls, at_once=500).wait(STEP_SECONDS + 8)
        box.hang_up_all()
        say(f"setup_rate: {side} at {rate}/s: {account}")
        if account.succeeded < calls:
            break
        best = rate
    return best


def waiting_cost() -> list[dict[str, Any]]:
    """200 callers wait with music, and nobody is there to take them."""
    box = pbx.shared()
    found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for number in range(ROUNDS):
        for side in SIDES if number % 2 == 0 else reversed(SIDES):
            found[side].append(_waiting(box, side))
    total = {side: median(sum(run.values()) for run in runs) for side, runs in found.items()}
    parts = {unit: significant(median(run[unit] for run in found["jackfield"]), 3) for unit in found["jackfield"][0]}
    return [
        line(
            "waiting_cost",
            total["jackfield"],
            total["app_queue"],
            "app_queue",
            "% of one core",
            "at most 1.1 x app_queue",
            total["jackfield"] <= 1.1 * total["app_queue"],
            waiting=WAITING,
            seconds=WAITING_SECONDS,
            jackfield_parts=parts,
            all_runs={side: [significant(sum(run.values()), 3) for run in runs] for side, runs in found.items()},
            note="Asterisk, jackfieldd and jackfield-worker together; music in the callers' codec on both",
        )
    ]


def acd_waiting_cost() -> list[dict[str, Any]]:
    """CPU of 1,000 callers who wait with music: what so many add to what is spent anyway, scaled up."""
    box = pbx.shared()
    found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for number in range(ROUNDS):
        for side in SIDES if number % 2 == 0 else reversed(SIDES):
            idle, busy = _waiting(box, side, 0), _waiting(box, side, MANY)
            found[side].append({unit: (busy[unit] - idle[unit]) * 1000 / MANY for unit in busy})
    total = {side: median(sum(run.values()) for run in runs) for side, runs in found.items()}
    parts = {unit: significant(median(run[unit] for run in found["jackfield"]), 3) for unit in found["jackfield"][0]}
    return [
        line(
            "acd_waiting_cost",
            total["jackfield"],
            total["app_queue"],
            "app_queue",
            "% of one core for 1,000 who wait",
            "at most 1.1 x app_queue",
            total["jackfield"] <= 1.1 * total["app_queue"],
            waiting=MANY,
            seconds=WAITING_SECONDS,
            jackfield_parts=parts,
            all_runs={side: [significant(sum(run.values()), 3) for run in runs] for side, runs in found.items()},
            note=f"CPU of Asterisk, jackfieldd and jackfield-worker with {MANY} waiting less that with nobody, times "
            f"1,000/{MANY}; music in the callers' codec on both",
        )
    ]


def _waiting(box: pbx.Pbx, side: str, count: int = WAITING) -> dict[str, float]:
    box.serve(side)
    if count:
        box.telephones.call(side, pbx.IDLE, rate=40, calls=count, at_once=count)
    box.node.wait_for(lambda: box.channels() == count, 40 + count / 20, f"{count} callers to wait")
    time.sleep(3)
    spent = box.spent(lambda: time.sleep(WAITING_SECONDS))
    if box.channels() != count:
        raise BenchError(f"{side}: {box.channels()} of {count} callers were still waiting at the end")
    box.hang_up_all()
    percent = {unit: 100 * seconds / spent["seconds"] for unit, seconds in spent.items() if unit != "seconds"}
    say(
        f"waiting_cost: {side} with {count} waiting "
        + ", ".join(f"{unit} {value:.1f} %" for unit, value in percent.items())
    )
    return percent
