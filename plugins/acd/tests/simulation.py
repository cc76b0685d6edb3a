"""Drives the engine as a queue with Poisson arrivals, exponential service and exponential patience would, on a clock of
its own, and tells what the callers of a long day went through."""

import heapq
import random
from dataclasses import dataclass, field

from jackfield_acd.model import AgentRules, Offer, QueueRules
from jackfield_acd.service import Engine


@dataclass
class Day:
    """What became of the callers that count, in the order of their arrival."""

    waits: list = field(default_factory=list)
    abandoned: int = 0
    agents: int = 0
    foretold: list = field(default_factory=list)
    """Of callers who had to wait and could be told: expected wait at joining, and the real one (None: gave up)."""
    places: list = field(default_factory=list)
    """Of the same callers: place at joining, and the wait."""

    @property
    def offered(self):
        return len(self.waits)


def simulate(*, agents, load, calls, seed, patience=None, strategy="longest-idle", warm_up=500):
    """`load` in erlangs; a mean talk is 1 unit of time, as is `patience` given (mean, in talks; None: infinite)."""
    rng = random.Random(seed)
    engine = Engine(seed)
    names = [f"a{n}" for n in range(agents)]
    engine.configure([QueueRules("q", tuple(names), strategy)], [AgentRules(name) for name in names], 0.0)
    for name in names:
        engine.login(name, name, 0.0)
    events, order = [], iter(range(10**9))
    day, joined, waits, told = Day(agents=agents), {}, {}, {}
    heapq.heappush(events, (rng.expovariate(load), next(order), "arrive", 0))

    def take(decisions, now):
        for decision in decisions:
            if isinstance(decision, Offer):
                waits[decision.contact] = now - joined[decision.contact]
                heapq.heappush(events, (now + rng.expovariate(1.0), next(order), "end", decision.contact))
                engine.answered(decision.contact, decision.phones[0], now)

    while events:
        now, _, what, who = heapq.heappop(events)
        if what == "arrive":
            contact = f"c{who}"
            joined[contact] = now
            take(engine.join(contact, "q", engine.place(0, now), now), now)
            if (expected := engine.expected_wait(contact)) is not None:
                told[contact] = expected, engine.position(contact)
            if patience is not None and contact not in waits:
                heapq.heappush(events, (now + rng.expovariate(1 / patience), next(order), "give up", contact))
            if who + 1 < calls + warm_up:
                heapq.heappush(events, (now + rng.expovariate(load), next(order), "arrive", who + 1))
        elif what == "end":
            take(engine.talk_ended(who, now), now)
        elif engine.is_waiting(who):
            take(engine.leave(who, now), now)
    for number in range(warm_up, calls + warm_up):
        wait = waits.get(f"c{number}")
        day.abandoned += wait is None
        day.waits.append(wait)
        if (known := told.get(f"c{number}")) is not None:
            day.foretold.append((known[0], wait))
            day.places.append((known[1], wait))
    return day
