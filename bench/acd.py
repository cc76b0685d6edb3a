"""`acd_free_to_ring` and `acd_idle_to_ring`: how long until the phone rings, as its network card sees it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from bench import pbx
from bench.report import BenchError, line, median, percentile, percentiles, say, significant
from bench.sniff import Message, Sniffer

SIDES = ("jackfield", "app_queue")
ROUNDS = 2
WAITING = (20, 200)
TALK_MS = (2000, 4000)
BUSY_SECONDS = 18.0
IDLE_RATE, IDLE_CALLS = 10, 80
IDLE_TALK_MS = (300, 500)
OTHER_PORT = 5080
"""Of callers who wait in another queue meanwhile."""


def acd_free_to_ring() -> list[dict[str, Any]]:
    """20 agents talk without pause while 20 or 200 callers wait: from an agent's BYE to the next INVITE there."""
    return [_free_line(waiting) for waiting in WAITING]


def _free_line(waiting: int) -> dict[str, Any]:
    found: dict[str, list[float]] = {side: [] for side in SIDES}
    for side in _in_turns():
        found[side] += _free_to_ring(side, waiting)
    ours, theirs = found["jackfield"], found["app_queue"]
    p50, p99 = percentile(ours, 0.5), percentile(ours, 0.99)
    peer = percentile(theirs, 0.5)
    return line(
        "acd_free_to_ring",
        p50,
        peer,
        "app_queue",
        "ms, median",
        "p50 at most 1/100 of app_queue's, p99 under 25 ms",
        p50 <= peer / 100 and p99 < 25,
        p99=percentiles(ours)["p99"],
        agents=pbx.RING_AGENTS,
        waiting=waiting,
        percentiles={side: percentiles(values) for side, values in found.items()},
        samples={side: len(values) for side, values in found.items()},
        rounds=ROUNDS,
        note="from the BYE that the agent's phone sends to the next INVITE at the same phone, by the kernel's "
        "clock at the phones' card; wrap-up 0 on both",
    )


def acd_idle_to_ring() -> list[dict[str, Any]]:
    """Agents are free, and 20 or 200 wait in another queue: from the caller's INVITE to the INVITE at a phone."""
    return [_idle_line(waiting) for waiting in WAITING]


def _idle_line(waiting: int) -> dict[str, Any]:
    found: dict[str, list[float]] = {"jackfield": [], "app_queue": [], "app_queue after Answer": []}
    for side in _in_turns():
        if side == "app_queue":
            found["app_queue after Answer"] += _idle_to_ring(side, pbx.RING, waiting)
        found[side] += _idle_to_ring(side, pbx.UNANSWERED[pbx.RING] if side == "app_queue" else pbx.RING, waiting)
    p50 = {side: median(values) for side, values in found.items()}
    return line(
        "acd_idle_to_ring",
        p50["jackfield"],
        p50["app_queue"],
        "app_queue",
        "ms, median",
        "at most 2.5 x app_queue",
        p50["jackfield"] <= 2.5 * p50["app_queue"],
        waiting=waiting,
        percentiles={side: percentiles(values) for side, values in found.items()},
        samples={side: len(values) for side, values in found.items()},
        rounds=ROUNDS,
        calls_a_second=IDLE_RATE,
        ratio_after_answer=significant(p50["jackfield"] / p50["app_queue after Answer"]),
        note="from the caller's INVITE to the INVITE at the phone, by the kernel's clock; the peer is Queue() "
        "without Answer() before it; Answer waits for the caller's first RTP packet; the others wait in a queue "
        "without agents",
    )


def _in_turns() -> Sequence[str]:
    turns: list[str] = []
    for number in range(ROUNDS):
        turns += SIDES if number % 2 == 0 else reversed(SIDES)
    return turns


def _free_to_ring(side: str, count: int) -> list[float]:
    box = _ready(side, TALK_MS)
    callers = box.telephones.call(side, pbx.RING, rate=25, calls=100_000, at_once=count + pbx.RING_AGENTS)
    full = count + 2 * pbx.RING_AGENTS
    box.node.wait_for(
        lambda: box.channels() >= full or callers.process.popen.poll() is not None, 60, f"{count} callers to wait"
    )
    time.sleep(2)
    sniffer = Sniffer(box.party)
    begun, there, waiting = time.monotonic(), list[int](), list[int]()
    while time.monotonic() - begun < BUSY_SECONDS:
        time.sleep(BUSY_SECONDS / 5)
        here, alone = box.callers()
        there.append(here - pbx.RING_AGENTS)
        waiting.append(alone)
    messages = sniffer.stop()
    box.hang_up_all()
    slack = max(0.1 * count, 4)
    # Who is slow to ring has agents without a caller meanwhile, and so a few more who wait.
    if min(waiting) < count - slack or max(there) > count + slack:
        raise BenchError(f"not {count} callers were waiting for {side} all the time, but {waiting} ({there} to serve)")
    samples = free_to_ring(messages, box.telephones.addresses["phones"])
    if len(samples) < 50:
        raise BenchError(f"{side} rang only {len(samples)} times in {BUSY_SECONDS:g} s")
    say(f"acd_free_to_ring: {side} {percentiles(samples)} ms of {len(samples)}, {waiting} waiting")
    return samples


def _ready(side: str, talk_ms: tuple[int, int]) -> pbx.Pbx:
    box = pbx.shared()
    box.agents  # noqa: B018  (logged in once)
    box.serve(side)
    box.switch_on(*talk_ms)
    return box


def free_to_ring(messages: Sequence[Message], phones: str) -> list[float]:
    """Milliseconds from each BYE of a phone to the next INVITE there, if the BYE was in the capture too."""
    user_of: dict[bytes, str] = {}
    freed: dict[str, float] = {}
    samples = []
    for message in messages:
        if message.method == "INVITE" and message.target == phones and message.call_id not in user_of:
            user_of[message.call_id] = message.to_user
            begun = freed.pop(message.to_user, None)
            if begun is not None:
                samples.append(1000 * (message.at - begun))
        elif message.method == "BYE" and message.source == phones and message.call_id in user_of:
            freed.setdefault(user_of[message.call_id], message.at)
    return samples


def _idle_to_ring(side: str, to: str, waiting: int) -> list[float]:
    box = _ready(side, IDLE_TALK_MS)
    box.telephones.call(side, pbx.IDLE, rate=40, calls=waiting, at_once=waiting, port=OTHER_PORT)
    box.node.wait_for(lambda: box.channels() == waiting, 40, f"{waiting} callers to wait")
    sniffer = Sniffer(box.party)
    callers = box.telephones.call(side, to, rate=IDLE_RATE, calls=IDLE_CALLS, at_once=pbx.RING_AGENTS)
    account = callers.wait(IDLE_CALLS / IDLE_RATE + 20)
    messages = sniffer.stop()
    box.hang_up_all()
    samples = idle_to_ring(messages, box.telephones.addresses["phones"])
    if account.succeeded != IDLE_CALLS or len(samples) != IDLE_CALLS:
        raise BenchError(f"{side}: {account} and {len(samples)} phones rang, of {IDLE_CALLS} calls")
    say(f"acd_idle_to_ring: {side} {to} {percentiles(samples)} ms of {len(samples)}, {waiting} waiting elsewhere")
    return samples


def idle_to_ring(messages: Sequence[Message], phones: str) -> list[float]:
    """Milliseconds from each caller's first INVITE to the first one at a phone that shows the caller's number."""
    called: dict[str, float] = {}
    rung: dict[str, float] = {}
    for message in messages:
        if message.method == "INVITE":
            (rung if message.target == phones else called).setdefault(message.from_user, message.at)
    return [1000 * (at - called[user]) for user, at in rung.items() if user in called]
