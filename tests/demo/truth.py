"""A true account of the demo's calls, for tests to tell lies about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from demo.accounts import Account, LogIn, Offer, Recording
from demo.compare import CAUSES, TOLERANCE, compare
from demo.plan import CALLS, QUEUES, Planned

START = 1_800_000_000.0
AGENTS = {"1001": 575, "1002": 650, "1003": 800, "1004": 1025}
MORE = TOLERANCE + 0.1
SECOND = next(call.number for call in CALLS if call.what == "keeps sales busy, agent hangs up")


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


@dataclass
class World:
    """Everything that is compared, and it agrees."""

    cases: list[tuple[Planned, Account]]
    logins: list[LogIn]
    records: list[dict[str, Any]]
    recordings: list[Recording]

    def mismatches(self) -> list[str]:
        return compare(self.cases, self.logins, self.records, self.recordings, AGENTS)

    def which(self, what: str) -> int:
        return next(i for i, (planned, _) in enumerate(self.cases) if planned.what == what)

    def record(self, what: str) -> dict[str, Any]:
        number = self.cases[self.which(what)][0].number
        return next(r for r in self.records if r["caller_number"] == number)

    def see(self, what: str, **changes: Any) -> None:
        index = self.which(what)
        self.cases[index] = (self.cases[index][0], replace(self.cases[index][1], **changes))

    def seen(self, what: str) -> Account:
        return self.cases[self.which(what)][1]

    def change_recording(self, what: str, **changes: Any) -> None:
        call_id = self.record(what)["id"]
        index = next(i for i, one in enumerate(self.recordings) if one.call_id == call_id)
        self.recordings[index] = replace(self.recordings[index], **changes)


def offers_of(planned: Planned, queued: float, ended: float) -> tuple[Offer, ...]:
    """Rings of two seconds each, one after the other; who waits is rung for later, a VIP before others."""
    at = queued + (1.0 if not planned.waits else 20.0 - planned.rank / 10 + 0.1 * planned.at)
    made = []
    agents = QUEUES.get(planned.queue, ())
    for ring, agent in zip(planned.rings, agents if planned.number != SECOND else agents[::-1], strict=False):
        extension = f"20{agent[-1]}"
        if ring.answered:
            made.append(Offer(agent, extension, at, ended, at + 1.0, ended - at - 1.0))
        else:
            made.append(Offer(agent, extension, at, at + 2.0))
        at += 2.5
    return tuple(made)


def account_of(planned: Planned, tone: int, began: float) -> Account:
    key_at = began + 3.0 if planned.keys else None
    queued = key_at if key_at is not None else began
    leaves = 40.0 if planned.rings or not planned.queue else 12.0 if planned.waits else 3.5
    ended = began + (leaves if planned.code == 200 else 0.1)
    offers = offers_of(planned, queued, ended)
    taken = next((offer for offer in offers if offer.answered_at is not None), None)
    return Account(
        number=planned.number,
        name=planned.name,
        did=planned.did,
        code=planned.code,
        started_at=began,
        ended_at=ended,
        by=planned.by,
        tone=tone,
        keys=planned.keys,
        last_key_at=key_at,
        offers=offers,
        heard_agents={taken.agent: taken.talk} if taken else {},
        prompts=tuple((planned.language, name) for name in planned.hears),
        music=planned.waits,
    )


def record_of(planned: Planned, seen: Account) -> dict[str, Any]:
    taken = seen.taken
    outcome = "hang-up" if seen.by == "caller" else "done"
    bounds = [seen.started_at + 0.01 * i for i in range(len(planned.path))] + [seen.ended_at]
    leg = {"role": "caller", "number": "", "agent": "", "started_at": stamp(seen.started_at)}
    return {
        "id": f"id-{seen.number}",
        "direction": "inbound",
        "caller_number": seen.number,
        "caller_name": seen.name,
        "did": seen.did,
        "extension": "",
        "result": planned.result,
        "agent": taken.agent if taken else "",
        "queue": planned.queue,
        "language": planned.language,
        "cause": CAUSES.get(seen.code, 16),
        "interrupted": False,
        "started_at": stamp(seen.started_at),
        "ended_at": stamp(seen.ended_at),
        "answered_at": stamp(taken.answered_at) if taken and taken.answered_at else None,
        "wait_seconds": seen.waited if planned.queue else 0.0,
        "talk_seconds": taken.talk if taken else 0.0,
        "steps": [
            {"destination": d, "entered_at": stamp(a), "left_at": stamp(b), "outcome": outcome}
            for d, a, b in zip(planned.path, bounds, bounds[1:], strict=False)
        ],
        "legs": [leg]
        + [
            {
                "role": "agent",
                "number": o.extension,
                "agent": o.agent,
                "started_at": stamp(o.rang_at),
                "answered_at": stamp(o.answered_at) if o.answered_at else None,
                "ended_at": stamp(o.ended_at),
            }
            for o in seen.offers
        ],
    }


def recording_of(seen: Account) -> Recording:
    assert seen.taken
    talk, agent = seen.taken.talk, AGENTS[seen.taken.agent]
    silent = dict.fromkeys((*AGENTS.values(), seen.tone), 0.0)
    return Recording(
        f"id-{seen.number}",
        f"{seen.number}.flac",
        "ready",
        talk,
        True,
        "flac",
        2,
        talk,
        silent | {seen.tone: talk},
        silent | {agent: talk},
    )
