"""With about 200 channels up, a lost AMI connection and a killed daemon: registry and records are exact again."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from datetime import datetime

from journeys.faults import gaps, kill_daemon, same_daemon, wait_back, wait_both_ways, wait_log
from journeys.pbx import Pbx, Record, moment
from rig import Call, wait, wait_for
from rig.dialog import Dialog
from rig.load import Load, start_load

AMI_PORT = 5038
CALLERS, RATE = 190, 25
LEAVING, COMING = 10, 10
"""Callers who go and who come while AMI or the daemon is away."""
HANG_UP = 'for c; do asterisk -rx "channel request hangup $c" >/dev/null; done'
SHORT_CALLS, SHORT_RATE = 20, 2
"""Short calls of each sort, and how many of them a second."""
KILLS, SEED = 3, 20261122


def crowd(pbx: Pbx, to: str, number: str, calls: int, rate: float = RATE) -> Load:
    """Callers without sound, of one number, who stay until the far side hangs up."""
    carrier = pbx.run.carrier(pbx.node, "crowd", audio=False)
    return start_load(carrier, to, rate=rate, calls=calls, concurrent=calls, plan=[wait(600)], from_number=number)


def live(pbx: Pbx) -> set[tuple[str, str]]:
    """Name and id of Asterisk's channels."""
    rows = [row.split("!") for row in pbx.node.asterisk("core show channels concise").splitlines() if "!" in row]
    return {(row[0], row[-1]) for row in rows}


def exact(pbx: Pbx) -> bool:
    """Whether the registry has just Asterisk's channels."""
    try:
        known = pbx.ask("channels")
    except (OSError, ValueError):  # the daemon is away
        return False
    return {(row["channel"], row["id"]) for row in known} == live(pbx)


def calls_exact(pbx: Pbx) -> bool:
    """Whether the daemon's calls are just those that came in, each once, with as many as `status` tells."""
    came = {uid for name, uid in live(pbx) if name.startswith(("PJSIP/crowd-", "PJSIP/carrier-"))}
    calls, status = [call["id"] for call in pbx.ask("calls")], pbx.ask("status")
    known = {row["call"] for row in pbx.ask("channels")}
    return set(calls) == came == known and len(calls) == len(came) == status["calls"]


def come_and_go(pbx: Pbx, number: str) -> Load:
    """Some of the crowd leave, others come."""
    names = sorted(name for name, _ in live(pbx) if name.startswith("PJSIP/crowd-"))[:LEAVING]
    pbx.node.run(["sh", "-c", HANG_UP, "sh", *names])
    return crowd(pbx, "5550500", number, COMING)


def log_moment(pbx: Pbx, since: float, event: str) -> float:
    """When the daemon logged an event, as seconds since 1970."""
    return datetime.fromisoformat(json.loads(wait_log(pbx, since, f'"{event}"'))["timestamp"]).timestamp()


def wait_exact(pbx: Pbx, what: str, lost: float) -> None:
    """Waits until the registry is exact again; prints how long it took."""
    wait_for(lambda: exact(pbx), 40, f"a registry as Asterisk's list after {what}")
    seen, lost_at = time.time(), time.time() - (time.monotonic() - lost)
    login, resynced = (log_moment(pbx, lost, event) for event in ("ami.up", "registry.resynced"))
    print(
        f"{what}, {len(live(pbx))} channels: from AMI's log-in {resynced - login:.2f} s to the registry's own word, "
        f"{seen - login:.2f} s to equality seen from outside; {seen - lost_at:.2f} s from the loss"
    )


def talks(pbx: Pbx, *users: str) -> list[tuple[Call, Call]]:
    """A talk with the agent of each of these phones."""
    pbx.staff(*users)
    seen = {user: len(pbx.phone(user).calls) for user in users}
    calls = []
    for _ in users:
        calls.append(pbx.call("5550500", pbx.number()))
        calls[-1].wait_answered()
    rung = [pbx.phone(user).wait_call(seen[user] + 1) for user in users]
    for each in rung:
        each.wait_answered()
    by_caller = {each.dialog.caller_number: each for each in rung}
    pairs = [(call, by_caller[call.dialog.caller_number]) for call in calls]
    for call, each in pairs:
        wait_both_ways(call, each)
    return pairs


def test_two_hundred_channels(pbx: Pbx) -> None:
    """Callers come and go while AMI is cut, then while the daemon is dead: channels, calls and records are exact."""
    pairs, number = talks(pbx, "201", "202"), pbx.number()
    begun, pid = time.monotonic(), pbx.node.main_pid("jackfieldd")
    loads = [crowd(pbx, "5550500", number, CALLERS)]
    wait_for(lambda: len(live(pbx)) == CALLERS + 4, 60, f"{CALLERS} callers in line", every=0.3)
    wait_for(lambda: exact(pbx), 15, "a true registry")
    lost = time.monotonic()
    with pbx.node.refusing(AMI_PORT):
        loads.append(come_and_go(pbx, number))
        assert not exact(pbx), "the daemon cannot know who has left"
    wait_exact(pbx, "AMI cut", lost)
    wait_for(lambda: calls_exact(pbx), 20, "the calls")
    same_daemon(pbx, pid)
    kill = kill_daemon(pbx)
    loads.append(come_and_go(pbx, number))
    wait_exact(pbx, "kill -9", kill.at)
    wait_back(pbx, kill)
    wait_for(lambda: exact(pbx) and calls_exact(pbx), 30, "the calls")
    for call, rung in pairs:
        assert gaps(call.heard, rung.tone, begun, time.monotonic() - 0.5) < 1, "a talk was interrupted"
    for phone in pbx.phones.values():
        phone.answer_after = None  # those in line are not to get an agent when the talks end
    for load in loads:
        load.stop()
    pbx.node.asterisk("channel request hangup all")
    records = pbx.records(number, count=CALLERS + 2 * COMING, timeout=40)
    assert len({record["id"] for record in records}) == len(records)
    assert all(record["result"] == "abandoned" for record in records), Counter(r["result"] for r in records)


def dialogs(pbx: Pbx, number: str) -> list[Dialog]:
    """What the carrier saw of a number's calls, in order."""
    capture = pbx.run.carrier(pbx.node, "crowd", audio=False).capture
    with capture.changed:
        found = [d for d in capture.dialogs.values() if d.invite and d.invite.outgoing and d.caller_number == number]
    return sorted(found, key=lambda d: d.invite_at or 0.0)


def test_records_survive_kills_under_load(pbx: Pbx) -> None:
    """Killed three times at random moments amid short calls: a record for each, no more, with the carrier's times."""
    pbx.staff("201", "202", "203", "204")
    for phone in pbx.phones.values():
        phone.answer_after, phone.hang_up_after = 0.3, 0.7
    clock, to_prompt, to_queue = time.time() - time.monotonic(), pbx.number(), pbx.number()
    loads = {
        number: crowd(pbx, to, number, SHORT_CALLS, SHORT_RATE)
        for number, to in ((to_prompt, "5550200"), (to_queue, "5550500"))
    }
    begun, chance, away = time.monotonic(), random.Random(SEED), list[tuple[float, float]]()
    for at in sorted(chance.uniform(1, SHORT_CALLS / SHORT_RATE) for _ in range(KILLS)):
        time.sleep(max(0.0, begun + at - time.monotonic()))
        kill = kill_daemon(pbx)
        away.append((kill.at, kill.at + wait_back(pbx, kill)))
    for number, result in ((to_prompt, "completed"), (to_queue, "answered")):
        account = loads[number].wait(90)
        assert (account.offered, account.succeeded) == (SHORT_CALLS, SHORT_CALLS), account
        check_records(pbx.records(number, count=account.offered), dialogs(pbx, number), result, clock, away)
    talked = [c for phone in pbx.phones.values() for c in phone.calls if c.dialog.caller_number == to_queue]
    assert len([c for c in talked if c.dialog.answered_at]) == SHORT_CALLS
    assert pbx.ask("status")["records_lost"] == 0


def check_records(
    records: list[Record], calls: list[Dialog], result: str, clock: float, away: list[tuple[float, float]]
) -> None:
    """Records and the carrier's calls are the same ones: as many, each served, begun and over at the same times."""
    assert len(records) == len({record["id"] for record in records}) == len(calls)
    assert all(d.final_code == 200 and d.ended_by == "them" for d in calls)
    # Nobody saw who hung up on a call that ended while there was no daemon.
    unseen = [r for r in records if r["result"] != result]
    assert all(r["interrupted"] and r["result"] in ("hung-up", "abandoned") for r in unseen), unseen
    for record in unseen:
        over = moment(record["ended_at"]) - clock
        assert any(killed - 1 < over < back + 1 for killed, back in away), (record, away)
    print(f"{len(records)} records, {len(records) - len(unseen)} of them {result}")
    for field, seen in (("started_at", [d.invite_at for d in calls]), ("ended_at", [d.ended_at for d in calls])):
        told = sorted(moment(record[field]) - clock for record in records)
        worst = max(abs(one - other) for one, other in zip(told, sorted(at or 0.0 for at in seen), strict=True))
        print(f"{len(records)} records {result}: {field} within {worst:.2f} s of the carrier's")
        assert worst < max(back - killed for killed, back in away) + 1, "what nobody saw is no further off than that"
