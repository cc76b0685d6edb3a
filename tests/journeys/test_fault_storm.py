"""`kill -9` of jackfieldd with 50 callers in line and 20 in talks, again and again, at random moments.

JACKFIELD_STORM_KILLS: how often (3); JACKFIELD_STORM_SEED: the same moments again.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from journeys.faults import kill_daemon, wait_back
from journeys.pbx import Pbx
from rig import PhoneBank, hangup, start_load, wait, wait_for
from rig.dialog import Dialog

KILLS = int(os.environ.get("JACKFIELD_STORM_KILLS", "3"))
SEED = int(os.environ.get("JACKFIELD_STORM_SEED", str(int(time.time()))))
AGENTS, WAITING = 20, 50
DID = "5550890"
USERS = [str(number) for number in range(801, 801 + AGENTS)]
SITE = f"""
[[did]]
name = "storm"
number = "{DID}"
destination = "queue:storm"

[[queue]]
name = "storm"
agents = {json.dumps([f"8{user}" for user in USERS])}
ring_seconds = 10
wrapup_seconds = 0
no_answer_pause = 0
announce_position = false
""" + "".join(
    f"""
[[extension]]
name = "{user}"
secret = "secret-{user}-abc"
nat = false

[[agent]]
name = "8{user}"
extension = "{user}"
"""
    for user in USERS
)
QUERY = f"""
import json, sqlite3
base = sqlite3.connect("file:/var/lib/jackfield/jackfield.db?mode=ro", uri=True)
calls = "select id, caller_number, started_at, ended_at, result from call where did = '{DID}' order by id"
events = "select call, at, event, agent from acd_event where queue = 'storm' and call <> '' order by id"
print(json.dumps([base.execute(calls).fetchall(), base.execute(events).fetchall()]))
"""
ENDS = {"completed", "transferred", "abandoned", "exited"}


@pytest.fixture
def bank(pbx: Pbx, unchanged: int) -> Iterator[PhoneBank]:
    """Twenty phones that answer at once, their agents logged in; the site is as before afterwards."""
    pbx.apply_text(pbx.site_text() + SITE, "journey: storm")
    made = pbx.run.phone_bank(pbx.node, {user: f"secret-{user}-abc" for user in USERS}, party="storm")
    try:
        for user in USERS:
            pbx.ask("acd.agent.login", agent=f"8{user}", extension=user)
        yield made
        for user in USERS:
            pbx.ask("acd.agent.logout", agent=f"8{user}")
    finally:
        made.stop()


def up(bank: PhoneBank) -> list[Dialog]:
    """Talks at the phones."""
    return [d for d in bank.calls() if d.answered_at and not d.ended_at]


def line(pbx: Pbx) -> list[str]:
    """Who waits, by call, in order."""
    return [waiting["call"] for waiting in pbx.queue("storm")["waiting"]]


def hang_up_one(pbx: Pbx, chance: random.Random) -> str:
    """Ends a talk: its agent becomes free, and takes the first in line. Returns the agent's phone."""
    channels = sorted(c["channel"] for c in pbx.ask("channels") if c["channel"].startswith("PJSIP/8"))
    victim = chance.choice(channels)
    threading.Thread(target=pbx.node.asterisk, args=(f"channel request hangup {victim}",), daemon=True).start()
    return str(victim[6:9])


def storm(pbx: Pbx, bank: PhoneBank, chance: random.Random) -> None:
    """One kill, a random moment after an agent has become free."""
    talks, before = up(bank), line(pbx)
    freed = hang_up_one(pbx, chance)
    time.sleep(chance.uniform(0.0, 0.6))
    wait_back(pbx, kill_daemon(pbx), 60)
    # A machine that is slow brings the last of them back after the daemon's patience (3 s) is over.
    after = wait_for(lambda: _all_but_two(before, line(pbx)), 60, "all callers to be in line again", every=0.3)
    assert [c for c in after if c in before] == [c for c in before if c in after], "the order has changed"
    late = [number for number, call in enumerate(after) if call not in before]
    assert late == list(range(len(after) - len(late), len(after))), f"who came later is not at the end: {late}"
    lost = [d.called_number for d in talks if d.ended_at and d.called_number != freed]
    assert not lost, f"talks that ended: {lost}"
    steady(pbx, bank)


def _all_but_two(before: list[str], after: list[str]) -> list[str] | None:
    """The line, when at most the one for the agent who became free, and one who was being offered, are out of it."""
    return after if len(set(before) - set(after)) <= 2 else None


def steady(pbx: Pbx, bank: PhoneBank) -> None:
    """All agents talk, and all the others wait."""

    def so() -> bool:
        agents = [a for a in pbx.ask("agents") if a["name"].startswith("88")]
        return (
            len(up(bank)) == AGENTS
            and len(line(pbx)) >= WAITING - 2
            and all(a["state"] == "talking" for a in agents)
            and len({a["call"] for a in agents}) == AGENTS
        )

    wait_for(so, 60, "20 talks and 50 in line", every=0.3)


def twice(bank: PhoneBank) -> list[str]:
    """Callers who rang at two phones at the same time, or were taken by two."""
    by_caller: dict[str, list[Dialog]] = {}
    for dialog in bank.calls():
        by_caller.setdefault(dialog.caller_number, []).append(dialog)
    found = []
    for caller, dialogs in by_caller.items():
        dialogs.sort(key=lambda dialog: dialog.invite_at or 0.0)
        both = any(not one.ended_at or one.ended_at > (other.invite_at or 0.0) for one, other in pairwise(dialogs))
        if both or sum(dialog.answered_at is not None for dialog in dialogs) > 1:
            told = [(d.called_number, d.invite_at, d.answered_at, d.ended_at, d.final_code) for d in dialogs]
            found.append(f"caller {caller}, rung at (phone, invite, answer, end, code): {told}")
    return found


def missing(pbx: Pbx) -> list[str]:
    """What is wrong on record: each call has one record, final, and its visit one begin, at most one talk, one end.

    A call that found the machine overloaded was refused, and has no visit.
    """
    done = pbx.node.run(["runuser", "-u", "jackfield", "--", "python3", "-c", QUERY])
    calls, events = json.loads(done.stdout)
    told: dict[str, list[list[str]]] = {}
    for call, *rest in events:
        told.setdefault(call, []).append(rest)
    numbers = Counter(int(number.removeprefix("5552")) for _, number, *_ in calls)
    found = [f"caller {n} has {numbers[n]} records" for n in range(1, max(numbers) + 1) if numbers[n] != 1]
    for name, number, begun, ended, result in calls:
        kinds = [event for _, event, _ in told.get(name, [])]
        one = int(result != "rejected")
        talks, ends = kinds.count("connected"), sum(kind in ENDS for kind in kinds)
        if not ended or (kinds.count("entered"), talks, ends) != (one, int(result == "answered"), one):
            found.append(f"call {name} of {number}, {begun} to {ended}, {result}: {told.get(name)}")
    return found


def stuck(pbx: Pbx) -> list[dict[str, Any]]:
    """Agents who are not ready."""
    return [a for a in pbx.ask("agents") if a["phone"] in USERS and a["state"] != "ready"]


def wait_none(pbx: Pbx, wrong: Callable[[], list[Any]], what: str) -> None:
    """Waits until nothing is wrong any more; fails with all that still is, and the daemon's last words."""
    try:
        wait_for(lambda: not wrong(), 30, what, every=1.0)
    except TimeoutError as error:
        lines = "\n".join(map(str, wrong()))
        raise AssertionError(f"{error}; wrong are:\n{lines}\n{pbx.logs(150)}") from None


def test_killed_at_random_moments(pbx: Pbx, bank: PhoneBank) -> None:
    """No talk is cut, no place lost, nobody offered twice, no agent stuck, no call missing on record."""
    print(f"{KILLS} kills, JACKFIELD_STORM_SEED={SEED}")
    chance, total = random.Random(SEED), AGENTS + WAITING
    load = start_load(
        pbx.carrier,
        DID,
        rate=20,
        calls=100_000,
        concurrent=total,
        plan=(wait(3600), hangup()),
        from_number="5552[call_number]",
    )
    try:
        wait_for(lambda: len(pbx.ask("calls")) >= total, 60, f"{total} calls", every=0.5)
        steady(pbx, bank)
        for _ in range(KILLS):
            storm(pbx, bank, chance)
        offered = twice(bank)
        assert not offered, "\n".join(["offered twice:", *offered])
    finally:
        load.stop()
        pbx.node.asterisk("channel request hangup all")
    wait_for(lambda: pbx.ask("calls") == [], 30, "the end of all calls", every=0.3)
    wait_none(pbx, lambda: missing(pbx), "all events on record")
    wait_none(pbx, lambda: stuck(pbx), "all agents to be ready")
