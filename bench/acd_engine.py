"""`acd_engine` and `acd_why_cost`: decisions a second of the ACD's engine by itself, and what their accounts cost.

The peer is the scan that a decision costs where no index is kept: a look at each agent and each waiting contact.
"""

from __future__ import annotations

import random
import time
from functools import partial
from typing import Any

from jackfield_acd.model import AgentRules, Demand, Offer, QueueRules
from jackfield_acd.service import Engine

from bench.report import interleave, line, median, significant

ROUNDS = 5
DECISIONS = 5000
TURNS, TURN = 100, 250
"""Of the two sides of `acd_why_cost`: short, so that a noisy second hits both alike."""
FULL = (1000, 200, 10_000)
TENTH = (100, 20, 1000)
QUEUES_OF_AN_AGENT = 5


class Floor:
    """A call centre at work: everybody talks, and callers wait."""

    def __init__(self, agents: int, queues: int, waiting: int, *, stories: bool = True) -> None:
        rng = random.Random(1)
        names = [f"agent{n}" for n in range(agents)]
        served = {name: rng.sample(range(queues), QUEUES_OF_AN_AGENT) for name in names}
        members = [tuple(n for n in names if queue in served[n]) for queue in range(queues)]
        strategies = ("longest-idle", "round-robin", "fewest-calls", "most-skilled")
        rules = [
            QueueRules(
                f"queue{n}",
                members[n],
                strategies[n % len(strategies)],
                demands=(Demand(0.0, (("skill", 1),)), Demand(3600.0)),
                point_seconds=60.0,
            )
            for n in range(queues)
        ]
        self.engine = Engine()
        self.engine.stories = stories
        self.engine.configure(rules, [AgentRules(name, {"skill": rng.randint(1, 5)}) for name in names], 0.0)
        for name in names:
            self.engine.login(name, name, 0.0)
        self.rng, self.queues, self.count, self.now = rng, queues, 0, 1.0
        self.talking: list[str] = []
        while len(self.talking) < agents or self.count < agents + waiting:
            self.join()

    def join(self) -> None:
        """A caller comes; if an agent is free, it answers."""
        self.count += 1
        self.now += 0.01
        contact = f"c{self.count}"
        place = self.engine.place(self.rng.choice((0, 0, 0, 50)), self.now)
        self._answer(self.engine.join(contact, f"queue{self.rng.randrange(self.queues)}", place, self.now))

    def end_a_talk(self) -> None:
        """A talk ends, and its agent takes the next caller; another one comes."""
        number = self.rng.randrange(len(self.talking))
        self.talking[number], ended = self.talking[-1], self.talking[number]
        self.talking.pop()
        self.now += 0.01
        self._answer(self.engine.talk_ended(ended, self.now))
        self.join()

    def _answer(self, decisions: list[Any]) -> None:
        for decision in decisions:
            if isinstance(decision, Offer):
                self.engine.answered(decision.contact, decision.phones[0], self.now)
                self.talking.append(decision.contact)


def _seconds(size: tuple[int, int, int]) -> float:
    """CPU seconds a decision, of a floor that has just begun."""
    return _decisions(Floor(*size), DECISIONS)


def _decisions(floor: Floor, count: int) -> float:
    """CPU seconds a decision: a talk ends, the agent takes and answers the best place, and one more caller joins."""
    begun = time.process_time()
    for _ in range(count):
        floor.end_a_talk()
    return (time.process_time() - begun) / count


def _scan(size: tuple[int, int, int]) -> float:
    """CPU seconds of the least that a scan costs: a look at each agent and each waiting contact."""
    floor = Floor(*size)
    agents = floor.engine.agents()
    waiting = [contact for queue in floor.engine.queues() for contact in floor.engine.waiting(queue)]
    begun = time.process_time()
    rounds = 20
    for _ in range(rounds):
        min((contact.place for contact in waiting), default=None)
        min((agent.idle_since for agent in agents if agent.phone is not None), default=None)
    return (time.process_time() - begun) / rounds


def acd_engine() -> list[dict[str, Any]]:
    """Decisions a second with 1,000 agents, 200 queues and 10,000 waiting, and the growth from a tenth of that."""
    found = interleave(
        ROUNDS, {"full": lambda: _seconds(FULL), "tenth": lambda: _seconds(TENTH), "scan": lambda: _scan(FULL)}
    )
    full, tenth, scan = (median(found[side]) for side in ("full", "tenth", "scan"))
    return [
        line(
            "acd_engine",
            1 / full,
            1 / scan,
            "a scan of all agents and callers",
            "decisions/s",
            "at least 5,000 a second, and at most twice the time of a tenth of the size",
            1 / full >= 5000 and full <= 2 * tenth,
            growth=significant(full / tenth),
            us_a_decision={"full": significant(1e6 * full), "tenth": significant(1e6 * tenth)},
            agents=FULL[0],
            queues=FULL[1],
            waiting=FULL[2],
            rounds=ROUNDS,
            note="CPU time in one thread; a decision is a talk's end, the offer of the best place among the agent's "
            f"{QUEUES_OF_AN_AGENT} queues, its answer, and one more caller who joins; accounts of decisions are kept",
        )
    ]


def acd_why_cost() -> list[dict[str, Any]]:
    """What it costs to keep the account of each decision."""
    floors = {"with": Floor(*FULL), "without": Floor(*FULL, stories=False)}
    turns = {side: partial(_decisions, floor, TURN) for side, floor in floors.items()}
    found = interleave(TURNS, turns)
    kept, bare = median(found["with"]), median(found["without"])
    return [
        line(
            "acd_why_cost",
            1e6 * (kept - bare),
            1e6 * bare,
            "the same decisions without accounts",
            "µs a decision",
            "at most 25 % of a decision",
            kept <= 1.25 * bare,
            share=significant((kept - bare) / bare),
            turns=TURNS,
            note="CPU time; the engine of acd_engine at full size with and without the notes that `jackfield acd why` "
            f"tells from, in turns of {TURN} decisions",
        )
    ]
