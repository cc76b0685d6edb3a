"""Strategies, skills, widening, wishes, weights, changes of the site and restarts under every order of events.

What must be true of each decision is worked out here from the rules by plain scans, not as the engine does it.
"""

import zlib

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from jackfield_acd.model import (
    AgentRules,
    AgentState,
    CallBack,
    Demand,
    Failure,
    Offer,
    QueueRules,
    Wish,
)
from jackfield_acd.service import Engine
from jackfield_acd.strategies import STRATEGIES

AGENTS = [f"a{n}" for n in range(5)]
QUEUES = ["q0", "q1", "q2"]
SKILLS = ["de", "en"]
SEED = 7
NEVER = float("inf")

skills = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 3))
weights = st.dictionaries(st.sampled_from(QUEUES), st.sampled_from([0.5, 1.0, 4.0]), max_size=2)


@st.composite
def demands(draw):
    first = draw(skills)
    steps = [Demand(0.0, tuple(sorted(first.items())))]
    after = 0.0
    for _ in range(draw(st.integers(0, 2))):
        after += draw(st.sampled_from([3.0, 10.0]))
        first = {name: level - 1 for name, level in first.items() if level > 1}
        steps.append(
            Demand(after, tuple(sorted(first.items())), tuple(draw(st.sets(st.sampled_from(QUEUES), max_size=1))))
        )
    return tuple(steps)


@st.composite
def sites(draw, weighted):
    queues = [
        QueueRules(
            name,
            tuple(draw(st.permutations(sorted(draw(st.sets(st.sampled_from(AGENTS), min_size=1)))))),
            strategy=draw(st.sampled_from(sorted(STRATEGIES))),
            wrapup_seconds=draw(st.sampled_from([0.0, 5.0])),
            no_answer_pause=draw(st.sampled_from([0, 2])),
            demands=draw(demands()),
            priority=draw(st.sampled_from([0, 0, 10])),
            point_seconds=draw(st.sampled_from([0.0, 1.0])),
        )
        for name in QUEUES
    ]
    agents = [AgentRules(name, draw(skills), draw(weights) if weighted else {}) for name in AGENTS]
    return queues, agents


class Waits:
    """A contact, as its caller would tell."""

    def __init__(self, name, queue, place, entered, wish):
        self.name, self.queue, self.place, self.entered, self.wish = name, queue, place, entered, wish
        self.offers = 0


class RulesMachine(RuleBasedStateMachine):
    weighted = False

    def __init__(self):
        super().__init__()
        self.now, self.alarm, self.count = 100.0, NEVER, 0
        self.waiting, self.engaged, self.timers = {}, {}, []

    @initialize(data=st.data())
    def set_up(self, data):
        self.engine = Engine(SEED)
        self.adopt(data.draw(sites(self.weighted)))
        assert self.engine.configure(self.queues.values(), self.agents.values(), self.now) == []
        for name in data.draw(st.permutations(AGENTS))[:3]:
            self.now += 1.0
            self.engine.login(name, f"p-{name}", self.now)

    def adopt(self, site):
        queues, agents = site
        self.queues, self.agents = {q.name: q for q in queues}, {a.name: a for a in agents}

    # -- the rules, told a second time

    def demand(self, contact):
        return [d for d in self.queues[contact.queue].demands if d.after <= self.now - contact.entered][-1]

    def asked(self, queue, demand):
        names = list(self.queues[queue].agents)
        for other in demand.queues:
            names += [n for n in self.queues[other].agents if n not in names]
        return [n for n in names if all(self.agents[n].skills.get(s, 0) >= level for s, level in demand.skills)]

    def wish_holds(self, contact):
        wish = contact.wish
        if wish is None or wish.until <= self.now or self.engine.agent(wish.agent).phone is None:
            return False
        return any(wish.agent in self.asked(contact.queue, d) for d in self.queues[contact.queue].demands)

    def candidates(self, contact):
        return [contact.wish.agent] if self.wish_holds(contact) else self.asked(contact.queue, self.demand(contact))

    def spot(self, contact, agent=None):
        rules = self.queues[contact.queue]
        priority = -contact.place.rank + rules.priority
        joined = contact.place.joined - priority * rules.point_seconds
        if agent is not None and self.agents[agent].weights:
            waited = max(0.0, self.now - joined) * self.agents[agent].weights.get(contact.queue, 1.0)
            return (0 if rules.point_seconds else -priority, -waited, joined, contact.place.sequence)
        return (0 if rules.point_seconds else -priority, joined, contact.place.sequence)

    def right(self, contact, free, last):
        """Whom the queue's strategy rings, of those who are free and may."""
        candidates = self.candidates(contact)
        may = [n for n in candidates if n in free]
        strategy = self.queues[contact.queue].strategy
        idle = sorted(may, key=lambda n: (self.engine.agent(n).idle_since, n))
        if self.wish_holds(contact) or strategy == "linear":
            return may[:1]
        if strategy == "ring-all":
            return idle
        if strategy == "longest-idle":
            return idle[:1]
        if strategy == "fewest-calls":
            return sorted(idle, key=lambda n: self.engine.agent(n).taken)[:1]
        if strategy == "most-skilled":
            asked = [s for s, _ in self.demand(contact).skills]
            return sorted(idle, key=lambda n: -sum(self.agents[n].skills.get(s, 0) for s in asked))[:1]
        if strategy == "random":
            return [may[zlib.crc32(f"{SEED} {contact.name} {contact.offers}".encode()) % len(may)]]
        start = candidates.index(last) + 1 if last in candidates else 0
        return [n for n in candidates[start:] + candidates[:start] if n in free][:1]

    # -- decisions

    def take(self, decisions, turns=None):
        offers = [d for d in decisions if isinstance(d, Offer)]
        free = {a.name for a in self.engine.agents() if a.available}
        turns = dict(turns or {})
        for number, offer in enumerate(offers):
            later = {name for one in offers[number:] for name in one.agents}
            self.check_offer(offer, free | later, turns)
        for decision in decisions:
            if isinstance(decision, CallBack):
                self.alarm = min(self.alarm, self.now + decision.seconds)
            elif hasattr(decision, "turn"):
                self.timers.append(decision)

    def check_offer(self, offer, free, turns):
        contact = self.waiting[offer.contact]
        taken = [n for _, names in self.engaged.values() for n in names]
        assert not set(offer.agents) & set(taken), "an agent is never offered two contacts"
        assert set(offer.agents) <= set(self.candidates(contact)), "only who qualifies is rung"
        chosen = offer.agents[0]
        for other in self.waiting.values():
            if other is not contact and chosen in self.candidates(other):
                assert self.spot(contact, chosen) < self.spot(other, chosen), "a better place was passed over"
        if not self.weighted:
            want = self.right(contact, free, turns.get(offer.queue))
            assert set(offer.agents) == set(want), (self.queues[offer.queue].strategy, offer, want)
        if self.queues[offer.queue].strategy == "round-robin" and not self.wish_holds(contact):
            turns[offer.queue] = chosen
        contact.offers += 1
        del self.waiting[offer.contact]
        self.engaged[offer.contact] = (contact, list(offer.agents))

    def act(self, event, *args, **kwargs):
        turns = self.engine.turns()
        self.take(getattr(self.engine, event)(*args, **kwargs), turns)

    def line_up(self, contact):
        if not self.wish_holds(contact):
            contact.wish = None
        self.waiting[contact.name] = contact

    def let_time_pass(self, seconds):
        self.now += seconds
        if self.alarm <= self.now:
            self.alarm = NEVER
            self.act("advance", self.now)
        for contact in self.waiting.values():
            if contact.wish is not None and contact.wish.until <= self.now:
                contact.wish = None

    # -- events

    @rule(seconds=st.sampled_from([0.5, 3.0, 11.0]))
    def time(self, seconds):
        self.let_time_pass(seconds)

    @rule(
        queue=st.sampled_from(QUEUES),
        priority=st.sampled_from([0, 0, 5]),
        late=st.sampled_from([0.0, 0.0, 7.5]),
        wish=st.none() | st.tuples(st.sampled_from(AGENTS), st.sampled_from([4.0, NEVER])),
    )
    def join(self, queue, priority, late, wish):
        self.let_time_pass(1.0)
        self.count += 1
        wanted = None if wish is None else Wish(wish[0], self.now + wish[1])
        contact = Waits(f"c{self.count}", queue, self.engine.place(priority, self.now - late), self.now, wanted)
        self.line_up(contact)
        self.act("join", contact.name, queue, contact.place, self.now, wanted)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data):
        name = data.draw(st.sampled_from(sorted(self.waiting)))
        del self.waiting[name]
        self.act("leave", name, self.now)

    @precondition(lambda self: self.engaged)
    @rule(data=st.data(), what=st.sampled_from(["answered", "failed", "failed", "ended", "ended", "left"]))
    def offer_ends(self, data, what):
        self.let_time_pass(1.0)
        name = data.draw(st.sampled_from(sorted(self.engaged)))
        contact, agents = self.engaged[name]
        if what == "answered":
            agent = data.draw(st.sampled_from(agents))
            if self.engine.agent(agent).state is AgentState.OFFERED and self.engine.agent(agent).phone:
                self.engaged[name] = (contact, [agent])
                self.act("answered", name, self.engine.agent(agent).phone, self.now)
            return
        talking = any(self.engine.agent(n).state is AgentState.TALKING for n in agents)
        if what == "failed" and talking:
            return
        del self.engaged[name]
        if what == "failed":
            self.line_up(contact)
            self.act("failed", name, data.draw(st.sampled_from(Failure)), self.now)
        else:
            self.act("talk_ended" if what == "ended" else "leave", name, self.now)

    @rule(
        data=st.data(), what=st.sampled_from(["login", "login", "logout", "pause", "ready", "ready", "phone", "phone"])
    )
    def agent_does(self, data, what):
        self.let_time_pass(1.0)
        there = [a.name for a in self.engine.agents() if a.phone is not None]
        if what == "login":
            name = data.draw(st.sampled_from(AGENTS))
            self.act("login", name, f"p-{name}", self.now)
            return
        if not there:
            return
        name = data.draw(st.sampled_from(there))
        if what == "phone":
            self.act("phone_changed", f"p-{name}", data.draw(st.booleans()), data.draw(st.booleans()), self.now)
        elif what == "pause":
            self.act("pause", name, "tea", self.now)
        elif what == "ready":
            self.act("ready", name, self.now)
        else:
            for contact in self.waiting.values():
                if contact.wish is not None and contact.wish.agent == name:
                    contact.wish = None
            self.act("logout", name, self.now)

    @precondition(lambda self: self.timers)
    @rule(data=st.data())
    def timer(self, data):
        timer = data.draw(st.sampled_from(self.timers))
        self.act("timer_ended", timer.agent, timer.turn, self.now)

    @rule(data=st.data())
    def another_site(self, data):
        before = {q: [c.id for c in self.engine.waiting(q)] for q in QUEUES}
        self.adopt(data.draw(sites(self.weighted)))
        for contact in self.waiting.values():
            if not self.wish_holds(contact):
                contact.wish = None
        self.act("configure", self.queues.values(), self.agents.values(), self.now)
        for queue, names in before.items():
            left = [c.id for c in self.engine.waiting(queue)]
            places = [self.engine.contact(n).place for n in left]
            assert set(left) == {n for n in names if n in self.waiting}, "a change of the site costs nobody the place"
            assert [p.sequence for p in sorted(places)] or not left

    # -- a restart

    def state(self):
        """All that matters of the engine, and outlives it."""
        agents = {}
        for agent in self.engine.agents():
            memory = self.engine.memory(agent.name)
            agents[agent.name] = (memory, agent.state, agent.phone_busy, agent.reachable, agent.standing)
        lines = {
            q: [(c.id, c.place, c.wish, c.tier.face) for c in self.engine.waiting(q)] for q in self.engine.queues()
        }
        return agents, lines, self.engine.turns()

    @rule(data=st.data())
    def restart(self, data):
        if any(agent.resting for agent in self.engine.agents()):
            return  # forgotten on purpose
        before, old = self.state(), self.engine
        self.engine, self.alarm = Engine(SEED), NEVER
        self.timers.clear()
        self.engine.hold()
        self.act("configure", self.queues.values(), self.agents.values(), self.now)
        for queue, last in old.turns().items():
            self.engine.remember_turn(queue, last)
        for agent in old.agents():
            decisions = self.engine.remember(
                old.memory(agent.name), self.now, busy=agent.phone_busy, reachable=agent.reachable
            )
            self.take(decisions)
        for name in data.draw(st.permutations(sorted(self.waiting))):
            c = self.waiting[name]
            assert self.engine.place(-c.place.rank, c.place.joined, c.place.sequence) == c.place
            decisions = self.engine.resume(
                name, c.queue, c.place, Failure.CANCELLED, self.now, entered=c.entered, wish=c.wish
            )
            self.take(decisions)
            c.offers = 0
        after = self.state()
        assert after == before
        # Those in an offer or a talk tell of its end, as the dialplan does.
        for contact, agents in list(self.engaged.values()):
            del self.engaged[contact.name]
            talking = any(self.engine.agent(n).state is AgentState.TALKING for n in agents)
            if talking:
                self.act("talk_ended", contact.name, self.now)
            else:
                self.line_up(contact)
                contact.offers = 0
                self.act(
                    "resume",
                    contact.name,
                    contact.queue,
                    contact.place,
                    Failure.CANCELLED,
                    self.now,
                    entered=contact.entered,
                    wish=contact.wish,
                )
        self.act("release", self.now)

    # -- what always holds

    @invariant()
    def holds(self):
        if not hasattr(self, "engine"):
            return
        free = {a.name for a in self.engine.agents() if a.available}
        for contact in self.waiting.values():
            beside = free & set(self.candidates(contact))
            assert not beside, f"{beside} are free and {contact.name} waits"
        for queue in QUEUES:
            mine = sorted((c for c in self.waiting.values() if c.queue == queue), key=self.spot)
            assert [c.id for c in self.engine.waiting(queue)] == [c.name for c in mine]
            assert [self.engine.position(c.name) for c in mine] == list(range(1, len(mine) + 1))
        engaged = {n: c for c, (_, names) in self.engaged.items() for n in names}
        for agent in self.engine.agents():
            busy = agent.state in (AgentState.OFFERED, AgentState.TALKING)
            assert busy == (agent.name in engaged), "busy with a contact, or not"
            assert not busy or agent.contact == engaged[agent.name]
            assert not (agent.pause is not None and agent.available)
        assert len(self.engine._due) <= 2 * len(self.waiting) + 2 * len(self.engaged) + 65


class WeightedMachine(RulesMachine):
    weighted = True


for machine in (RulesMachine, WeightedMachine):
    machine.TestCase.settings = settings(
        max_examples=60, database=None, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
    )
TestRules = RulesMachine.TestCase
TestWeights = WeightedMachine.TestCase
