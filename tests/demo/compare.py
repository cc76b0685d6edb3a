"""Compares what the telephone sides saw with what Jackfield put on record. No I/O; each difference is a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from .accounts import Account, LogIn, Offer, Recording
from .plan import QUEUES, REST, WRAP_UP, Planned

TOLERANCE = 0.5
"""Seconds by which a time or a length on record may differ from what was seen on the wire: the way of an event from
Asterisk to the daemon, and of a key to the menu, on a machine that does all sides at once. Seen: up to 0.06 s, and
0.4 s at a load of 15 on two processors."""
LEAK = 0.2
"""Seconds of a tone where it must not be; less than this is chance."""
ANNOUNCED = 4.0
"""Seconds in which a caller has been told of the recording, at the latest; with an agent free, a phone then rings."""
CAUSES = {404: 1, 403: 21}
"""Q.850 cause of a call that was refused with a SIP code."""
Json = Mapping[str, Any]
Case = tuple[Planned, Account]


def compare(
    cases: Sequence[Case],
    logins: Sequence[LogIn],
    records: Sequence[Json],
    recordings: Sequence[Recording],
    agents: Mapping[str, int],
) -> list[str]:
    """All differences; an empty list when everything agrees.

    `records` is what `jackfield records --json` prints; `agents` is each agent's tone in hertz.
    """
    found: list[str] = []
    known: set[str] = set()
    inbound = [r for r in records if r["direction"] == "inbound"]
    for planned, seen in cases:
        label = f"{planned.what} ({seen.number} to {seen.did})"
        found += [f"{label}: {text}" for text in as_planned(planned, seen)]
        mine = [r for r in inbound if (r["caller_number"], r["did"]) == (seen.number, seen.did)]
        if len(mine) != 1:
            found.append(f"{label}: one call was placed, and there are {len(mine)} records of it")
        known.update(r["id"] for r in mine)
        for record in mine[:1]:
            found += [f"{label}: {text}" for text in on_record(planned, seen, record)]
            files = [one for one in recordings if one.call_id == record["id"]]
            found += [f"{label}: {text}" for text in recorded(planned, seen, files, agents)]
    found += _extra(inbound, recordings, known)
    found += log_ins(logins, [r for r in records if r["direction"] != "inbound"])
    return found + served_in_order(cases) + kept_waiting(cases)


def as_planned(planned: Planned, seen: Account) -> Iterator[str]:
    """What did not happen on the wire as it was to happen."""
    yield from _differ("the SIP code is", seen.code, planned.code)
    yield from _differ("the call was ended by", seen.by, planned.by)
    yield from _differ("the keys sent are", seen.keys, planned.keys)
    yield from _differ("it is a call that was", verdict(planned, seen), planned.result)
    answers = tuple(ring.answered for ring in planned.rings)
    given = tuple(offer.answered_at is not None for offer in seen.offers)
    if given != answers[: len(given)] or len(given) != len(answers):
        yield f"agents' phones rang {len(given)} times (answered: {list(given)}), to be {list(answers)}"
    phones = [offer.extension for offer in seen.offers]
    if len(set(phones)) != len(phones):
        yield f"the call was offered to the same phone again: {', '.join(phones)}"
    for name in planned.hears:
        spoken = sorted({language for language, prompt in seen.prompts if prompt == name})
        if spoken != [planned.language]:
            yield f"the prompt {name!r} was heard in {spoken or 'no language'}, to be {planned.language!r}"
    if planned.waits and not seen.music:
        yield "the caller heard no music on hold while waiting"
    yield from _both_ways(seen)


def verdict(planned: Planned, seen: Account) -> str:
    """The result, by what was seen on the wire."""
    if seen.code != 200:
        return "rejected"
    if seen.taken is not None:
        return "answered"
    if seen.by == "pbx":
        return "completed"
    return "abandoned" if planned.queue else "hung-up"


def _both_ways(seen: Account) -> Iterator[str]:
    taken = seen.taken
    strangers = sorted(agent for agent in seen.heard_agents if taken is None or agent != taken.agent)
    if strangers:
        yield f"the caller heard the tone of {', '.join(strangers)}, whose phone did not answer this call"
    if taken is not None:
        yield from _near("the caller heard the agent's tone for", seen.heard_agents.get(taken.agent, 0.0), taken.talk)
        yield from _near("the agent heard the caller's tone for", taken.heard_caller, taken.talk)


def on_record(planned: Planned, seen: Account, record: Json) -> Iterator[str]:
    """Where the call's record says otherwise."""
    taken = seen.taken
    yield from _differ("the record's result is", record["result"], verdict(planned, seen))
    yield from _differ("the record's agent is", record["agent"], taken.agent if taken else "")
    yield from _differ("the record's path is", [s["destination"] for s in record["steps"]], list(planned.path))
    yield from _differ("the record's queue is", record["queue"], planned.queue)
    yield from _differ("the record's language is", record["language"], planned.language)
    yield from _differ("the record's name of the caller is", record["caller_name"], seen.name)
    yield from _differ("the record's cause is", record["cause"], CAUSES.get(seen.code, 16))
    yield from _differ("the record's mark of an interruption is", record["interrupted"], False)
    last = record["steps"][-1]["outcome"] if record["steps"] else ""
    yield from _differ("by its path the caller hung up:", last == "hang-up", seen.by == "caller")
    yield from _near_time("its start", record["started_at"], seen.started_at)
    yield from _near_time("its end", record["ended_at"], seen.ended_at)
    yield from _near_time("the answer by a person", record["answered_at"], taken.answered_at if taken else None)
    yield from _near("the record's wait is", record["wait_seconds"], seen.waited if planned.queue else 0.0)
    yield from _near("the record's talk is", record["talk_seconds"], taken.talk if taken else 0.0)
    yield from _steps(record)
    yield from _legs(seen, [leg for leg in record["legs"] if leg["role"] == "agent"])
    others = [leg["role"] for leg in record["legs"] if leg["role"] != "agent"]
    yield from _differ("beside agents' legs the record has", others, ["caller"])


def _steps(record: Json) -> Iterator[str]:
    """Each step begins when the one before has ended, within the call."""
    at = record["started_at"]
    for step in record["steps"]:
        if step["left_at"] is None:
            yield f"the step {step['destination']} has no end"
            return
        if not _seconds(at) <= _seconds(step["entered_at"]) <= _seconds(step["left_at"]):
            yield f"the step {step['destination']} lies before the one ahead of it"
        yield from _near_time(f"entering {step['destination']}", step["entered_at"], _seconds(at))
        at = step["left_at"]


def _legs(seen: Account, legs: Sequence[Json]) -> Iterator[str]:
    legs = sorted(legs, key=lambda leg: leg["started_at"])
    if len(legs) != len(seen.offers):
        yield f"the record has {len(legs)} legs to agents, and phones rang {len(seen.offers)} times"
        return
    for leg, offer in zip(legs, seen.offers, strict=True):
        yield from _differ("the leg went to", (leg["number"], leg["agent"]), (offer.extension, offer.agent))
        where = f"leg to {offer.extension}"
        yield from _near_time(f"the start of the {where}", leg["started_at"], offer.rang_at)
        yield from _near_time(f"the answer on the {where}", leg["answered_at"], offer.answered_at)
        yield from _near_time(f"the end of the {where}", leg["ended_at"], offer.ended_at)


def recorded(planned: Planned, seen: Account, files: Sequence[Recording], agents: Mapping[str, int]) -> Iterator[str]:
    """Where the call's recording is not what was said. Every queue of the example site records its talks."""
    taken = seen.taken
    wanted = 1 if taken is not None else 0
    if len(files) != wanted:
        yield f"there are {len(files)} recordings, to be {wanted}"
        return
    for file in files if taken is not None else []:
        yield from _differ("the recording's state is", file.state, "ready")
        yield from _differ("the recording is", f"{file.form} with {file.channels} channels", "flac with 2 channels")
        yield from _differ("the recording's checksum is right:", file.intact, True)
        yield from _near("the recording's length is", file.seconds, taken.talk)
        yield from _near("the recording's length by its row is", file.row_seconds, file.seconds, 0.01)
        yield from _side("left", file.left, seen.tone, "the caller", taken)
        yield from _side("right", file.right, agents[taken.agent], "the agent", taken)


def _side(side: str, tones: Mapping[int, float], own: int, who: str, taken: Offer) -> Iterator[str]:
    yield from _near(f"on the recording's {side} {who} is heard for", tones.get(own, 0.0), taken.talk)
    others = {tone: seconds for tone, seconds in tones.items() if tone != own and seconds >= LEAK}
    if others:
        yield f"on the recording's {side}, where only {who} belongs, others' tones are heard: {others}"


def log_ins(logins: Sequence[LogIn], records: Sequence[Json]) -> list[str]:
    """Where agents' log-ins went wrong, or phones have records of calls that they did not make."""
    found = []
    for one in logins:
        mine = [r for r in records if (r["extension"], r["did"]) == (one.extension, one.dialled)]
        if [(r["result"], [s["destination"] for s in r["steps"]]) for r in mine] != [("completed", ["agent:login"])]:
            found.append(f"log-in of {one.agent}: there are {len(mine)} records of it that say so, to be 1")
        elif [(mine[0]["language"], "acd-logged-in")] != list(one.heard):
            found.append(f"log-in of {one.agent}: the phone heard {list(one.heard)}, not that the agent is logged in")
    if len(records) != len(logins):
        found.append(f"phones made {len(logins)} calls, and there are {len(records)} records of such")
    return found


def _extra(inbound: Sequence[Json], recordings: Sequence[Recording], known: set[str]) -> list[str]:
    found = [
        f"there is a record of a call that nobody placed: {r['caller_number']} to {r['did']} ({r['id']})"
        for r in inbound
        if r["id"] not in known
    ]
    for file in recordings:
        if file.call_id not in known:
            found.append(f"there is a recording of a call that nobody placed: {file.path}")
    return found


def served_in_order(cases: Sequence[Case]) -> list[str]:
    """Callers in line are rung for by rank, then in the order of their coming; and some VIP did overtake."""
    found, overtaken = [], 0
    waiting = [(p, a) for p, a in cases if p.queue]
    for first, a in waiting:
        for second, b in waiting:
            if not _was_ahead(first, a, second, b):
                continue
            if not a.offers or b.offers[0].rang_at < a.offers[0].rang_at:
                turn = f"{a.number} ({first.what}), whose turn it was"
                found.append(f"{b.number} ({second.what}) was served before {turn}")
            elif a.queued_at > b.queued_at:
                overtaken += 1
    if not overtaken and any(p.rank for p, _ in waiting):
        found.append("no VIP overtook a caller who had come earlier")
    return found


def _was_ahead(first: Planned, a: Account, second: Planned, b: Account) -> bool:
    """Whether both were in line at once, in the same queue, and the first one was ahead by rank or by coming."""
    if first is second or first.queue != second.queue or not b.offers:
        return False
    rang = b.offers[0].rang_at
    if not a.offers and a.ended_at < rang:
        return False  # gone before it mattered
    left = a.offers[0].rang_at if a.offers else a.ended_at
    if max(a.queued_at, b.queued_at) + 2 * TOLERANCE > min(left, rang):
        return False
    earlier = a.queued_at < b.queued_at - TOLERANCE
    return first.rank > second.rank or (first.rank == second.rank and earlier)


def kept_waiting(cases: Sequence[Case]) -> list[str]:
    """Callers for whom no phone rang although an agent of their queue was free."""
    found = []
    offers = [offer for _, seen in cases for offer in seen.offers]
    for planned, seen in cases:
        until = (seen.offers[0].rang_at if seen.offers else seen.ended_at) - TOLERANCE
        if not planned.queue or until < seen.queued_at + ANNOUNCED:
            continue
        idle = [a for a in QUEUES[planned.queue] if not any(o.agent == a and _engaged(o, until) for o in offers)]
        if idle:
            found.append(f"{seen.number} ({planned.what}) waited on while {', '.join(idle)} had nothing to do")
    return found


def _engaged(offer: Offer, at: float) -> bool:
    """Whether an offer, or what comes after it, kept its agent from taking another caller."""
    after = WRAP_UP if offer.answered_at is not None else REST
    return offer.rang_at - TOLERANCE <= at <= offer.ended_at + after + TOLERANCE


def _differ(what: str, given: object, wanted: object) -> Iterator[str]:
    if given != wanted:
        yield f"{what} {given!r}, to be {wanted!r}"


def _near(what: str, given: float, wanted: float, tolerance: float = TOLERANCE) -> Iterator[str]:
    if abs(given - wanted) > tolerance:
        yield f"{what} {given:.2f} s, seen were {wanted:.2f} s"


def _near_time(what: str, given: str | None, wanted: float | None) -> Iterator[str]:
    if given is None or wanted is None:
        if given is not None or wanted is not None:
            seen = "seen" if wanted is not None else "not seen"
            yield f"{what} is {'on record' if given else 'not on record'}, and was {seen}"
    elif abs(_seconds(given) - wanted) > TOLERANCE:
        yield f"the time of {what} is {_seconds(given) - wanted:+.2f} s off"


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def counts(cases: Sequence[Case], records: Sequence[Json], recordings: Sequence[Recording]) -> dict[str, int]:
    """The numbers of the demo's last line."""
    results = [verdict(planned, seen) for planned, seen in cases]
    answered, abandoned = results.count("answered"), results.count("abandoned")
    return {
        "calls": len(cases),
        "answered": answered,
        "abandoned": abandoned,
        "other": len(cases) - answered - abandoned,
        "recorded": sum(file.state == "ready" for file in recordings),
        "records": sum(record["direction"] == "inbound" for record in records),
        "audio_both_ways": sum(seen.both_ways for _, seen in cases),
    }
