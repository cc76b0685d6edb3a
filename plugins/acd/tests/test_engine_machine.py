"""The engine under every order of events that hypothesis can think of, restarts included."""

from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from jackfield_acd.model import AgentRules, Failure, Offer, Place, QueueRules, StartTimer
from jackfield_acd.service import Engine

AGENTS = ["a0", "a1", "a2", "a3"]
PEOPLE = [AgentRules(name) for name in AGENTS]
QUEUES = ["q0", "q1", "q2"]


@dataclass
class ModelAgent:
    name: str
    logged_in: bool = False
    paused: bool = False
    activity: str = "idle"  # idle, offered, talking, wrap-up
    busy: bool = False
    reachable: bool = True
    resting: bool = False
    idle_since: float = 0.0
    unanswered: int = 0
    queue: str = ""

    def state(self):
        if self.activity in ("talking", "offered"):
            return self.activity
        if not self.logged_in:
            return "logged-out"
        if self.paused:
            return "paused"
        return "wrap-up" if self.activity == "wrap-up" else "ready"

    def available(self):
        return self.state() == "ready" and not self.busy and self.reachable and not self.resting


@dataclass
class Model:
    """What must be true of the engine, written down a second time and more simply than the engine does it."""

    queues: dict  # name -> QueueRules
    agents: dict = field(default_factory=dict)
    waiting: dict = field(default_factory=dict)  # contact -> (queue, Place)
    engaged: dict = field(default_factory=dict)  # contact -> (agent, queue, Place)
    timers: list = field(default_factory=list)  # all ever asked for, newest last

    def members(self, queue):
        return [self.agents[n] for n in self.queues[queue].agents]

    def queues_of(self, agent):
        return [q for q, rules in self.queues.items() if agent in rules.agents]

    def change(self, agent, now, **changes):
        """Apply changes to an agent; entering `ready` (but from an offer) starts its idle time."""
        before = agent.state()
        for name, value in changes.items():
            setattr(agent, name, value)
        if agent.state() == "ready" and before not in ("ready", "offered"):
            agent.idle_since = now

    def wrap_up(self, agent, now):
        seconds = self.queues[agent.queue].wrapup_seconds
        agent.idle_since = now
        self.change(agent, now, activity="wrap-up" if seconds and agent.logged_in else "idle", unanswered=0)

    def let_go(self, agent, failure, now):
        if failure in (Failure.NO_ANSWER, Failure.BUSY):
            agent.idle_since = now
            agent.unanswered += 1
            limit = self.queues[agent.queue].no_answer_pause
            if limit and agent.unanswered >= limit and agent.logged_in:
                agent.paused = True
        agent.resting = agent.resting or failure in (Failure.BUSY, Failure.UNREACHABLE)
        self.change(agent, now, activity="idle")

    def take(self, decisions):
        """Check each decision, and take it over."""
        for decision in decisions:
            if isinstance(decision, Offer):
                self._offer(decision)
            elif isinstance(decision, StartTimer):
                self.timers.append(decision)

    def _offer(self, offer):
        assert offer.contact in self.waiting, "only a waiting contact is offered"
        queue, place = self.waiting[offer.contact]
        (name,) = offer.agents
        agent = self.agents[name]
        assert offer.queue == queue
        assert agent.available(), f"{agent} is not available"
        assert all(a != agent.name for a, _, _ in self.engaged.values()), "an agent is offered one contact only"
        assert agent.name in self.queues[queue].agents
        first = min(p for q, p in self.waiting.values() if q in self.queues_of(agent.name))
        assert place == first, "no better place waits in any of the agent's queues"
        idle = [(a.idle_since, a.name) for a in self.members(queue) if a.available()]
        assert (agent.idle_since, agent.name) == min(idle), "the agent who is idle longest"
        del self.waiting[offer.contact]
        self.engaged[offer.contact] = (agent.name, queue, place)
        agent.activity, agent.queue = "offered", queue

    def check(self, engine):
        for queue in self.queues:
            waits = sorted((p, c) for c, (q, p) in self.waiting.items() if q == queue)
            assert [c.id for c in engine.waiting(queue)] == [c for _, c in waits]
            assert all(engine.position(c) == n for n, (_, c) in enumerate(waits, 1))
            assert not waits or not any(a.available() for a in self.members(queue)), "nobody waits beside a free agent"
            assert engine.staffed(queue) == any(a.logged_in for a in self.members(queue))
        for agent in engine.agents():
            mine = self.agents[agent.name]
            assert str(agent.state) == mine.state()
            if mine.state() == "ready":
                assert (agent.idle_since, agent.unanswered) == (mine.idle_since, mine.unanswered)
        assert all(isinstance(p, Place) for _, p in self.waiting.values())


class Follower:
    """Looks only at what the engine says has changed; that must be enough to know everything."""

    def __init__(self, engine):
        self.engine, self.agents, self.contacts, self.queues = engine, {}, {}, {}
        engine.watch()
        self.take(engine.agents(), engine.contacts(), engine.queues())

    def take(self, agents, contacts, queues):
        self.agents |= {a.name: (a.state, a.phone, a.pause, a.contact, a.phone_busy, a.unanswered) for a in agents}
        self.contacts |= {c.id: (c.queue, c.place, c.agents, self.engine.stage(c)) for c in contacts}
        self.queues |= {name: self.engine.line_state(name) for name in queues}

    def check(self):
        agents, contacts, queues = self.engine.changed()
        for name in [c for c in contacts if self.engine.contact(c) is None]:
            self.contacts.pop(name, None)
        self.take(
            [self.engine.agent(name) for name in agents],
            [c for name in contacts if (c := self.engine.contact(name)) is not None],
            queues,
        )
        followed = self.agents.copy(), self.contacts.copy(), self.queues.copy()
        self.contacts.clear()
        self.take(self.engine.agents(), self.engine.contacts(), self.engine.queues())
        assert followed == (self.agents, self.contacts, self.queues)


class EngineMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now = 100.0
        self.count = 0

    @initialize(members=st.lists(st.sets(st.sampled_from(AGENTS), min_size=1), min_size=3, max_size=3))
    def set_up(self, members):
        self.rules = [
            QueueRules(name, tuple(sorted(agents)), wrapup_seconds=seconds, no_answer_pause=limit)
            for name, agents, seconds, limit in zip(QUEUES, members, (0, 10, 5), (2, 0, 3), strict=True)
        ]
        self.model = Model({r.name: r for r in self.rules}, {n: ModelAgent(n) for n in AGENTS})
        self.engine = Engine()
        self.away = {}  # contacts of before a restart: agent whose talk they may still be
        assert self.engine.configure(self.rules, PEOPLE, self.now) == []
        self.follower = Follower(self.engine)

    def tick(self):
        self.now += 1.0
        return self.now

    def agent(self, data, condition):
        found = [a for a in self.model.agents.values() if condition(a)]
        return data.draw(st.sampled_from(found)) if found else None

    # -- contacts

    @rule(queue=st.sampled_from(QUEUES), priority=st.sampled_from([0, 0, 50]), late=st.sampled_from([0.0, 0.0, 7.5]))
    def join(self, queue, priority, late):
        now = self.tick()
        self.count += 1
        contact = f"c{self.count}"
        place = self.engine.place(priority, now - late)
        self.model.waiting[contact] = (queue, place)
        self.model.take(self.engine.join(contact, queue, place, now))

    @precondition(lambda self: self.model.waiting)
    @rule(data=st.data())
    def leave_line(self, data):
        contact = data.draw(st.sampled_from(sorted(self.model.waiting)))
        del self.model.waiting[contact]
        self.model.take(self.engine.leave(contact, self.tick()))

    @precondition(lambda self: self.model.waiting)
    @rule(data=st.data())
    def withdraw(self, data):
        contact = data.draw(st.sampled_from(sorted(self.model.waiting)))
        del self.model.waiting[contact]
        self.model.take(self.engine.withdraw(contact, "elsewhere", self.tick()))

    @precondition(lambda self: self.model.waiting or self.model.engaged)
    @rule(data=st.data(), priority=st.sampled_from([0, 20, 90]))
    def reprioritise(self, data, priority):
        known = self.model.waiting if self.model.waiting else self.model.engaged
        contact = data.draw(st.sampled_from(sorted(known)))
        if contact in self.away:
            return
        *rest, place = known[contact]
        known[contact] = (*rest, place._replace(rank=-priority))
        self.model.take(self.engine.reprioritise(contact, priority, self.tick()))

    @precondition(lambda self: self.model.engaged)
    @rule(data=st.data())
    def answered(self, data):
        contact = data.draw(st.sampled_from(sorted(self.model.engaged)))
        agent = self.model.agents[self.model.engaged[contact][0]]
        phone = f"p-{agent.name}"
        if agent.activity == "offered":
            self.model.change(agent, self.now, activity="talking", unanswered=0)
        self.model.take(self.engine.answered(contact, phone, self.tick()))

    @precondition(lambda self: self.model.engaged)
    @rule(data=st.data(), failure=st.sampled_from(Failure))
    def failed(self, data, failure):
        now = self.tick()
        contact = data.draw(st.sampled_from(sorted(self.model.engaged)))
        name, queue, place = self.model.engaged[contact]
        agent = self.model.agents[name]
        if agent.activity == "talking":
            return
        del self.model.engaged[contact]
        self.model.waiting[contact] = (queue, place)
        self.model.let_go(agent, failure, now)
        if contact in self.away:
            del self.away[contact]
            decisions = self.engine.resume(contact, queue, place, failure, now)
        else:
            decisions = self.engine.failed(contact, failure, now)
        self.model.take(decisions)

    @precondition(lambda self: self.model.engaged)
    @rule(data=st.data(), hung_up=st.booleans())
    def end(self, data, hung_up):
        now = self.tick()
        contact = data.draw(st.sampled_from(sorted(self.model.engaged)))
        agent = self.model.agents[self.model.engaged.pop(contact)[0]]
        self.away.pop(contact, None)
        if hung_up and agent.activity == "offered":
            self.model.let_go(agent, Failure.CANCELLED, now)
            decisions = self.engine.leave(contact, now)
        elif hung_up:
            self.model.wrap_up(agent, now)
            decisions = self.engine.leave(contact, now)
        else:
            self.model.wrap_up(agent, now)
            decisions = self.engine.talk_ended(contact, now)
        self.model.take(decisions)

    @precondition(lambda self: self.model.engaged)
    @rule(data=st.data())
    def goes_on(self, data):
        """A talk goes on in a call that was another agent's until then, or nobody's; an offer does not."""
        now = self.tick()
        contact = data.draw(st.sampled_from(sorted(self.model.engaged)))
        others = sorted(c for c in self.model.engaged if c != contact)
        to = data.draw(st.sampled_from([*others, "new"]))
        name = self.model.engaged[contact][0]
        talks = self.model.agents[name].activity == "talking"
        if to == "new":
            self.count += 1
            to = f"c{self.count}"
        elif talks:
            given_up = self.model.agents[self.model.engaged.pop(to)[0]]
            self.away.pop(to, None)
            self.model.wrap_up(given_up, now)
            self.model.take(self.engine.talk_ended(to, now))
        if talks:
            self.model.engaged[to] = self.model.engaged.pop(contact)
            if contact in self.away:
                self.away[to] = self.away.pop(contact)
        self.model.take(self.engine.goes_on(contact, to))
        assert [a.name for a in self.engine.agents_with(to if talks else contact)] == [name]
        assert self.engine.agents_with(contact if talks else "none") == []

    # -- agents

    @rule(name=st.sampled_from(AGENTS), busy=st.booleans())
    def login(self, name, busy):
        now = self.tick()
        agent = self.model.agents[name]
        if agent.logged_in:
            self.model.change(agent, now, busy=busy, reachable=True, resting=False)
        else:
            self.model.change(
                agent, now, logged_in=True, paused=False, unanswered=0, busy=busy, reachable=True, resting=False
            )
        self.model.take(self.engine.login(name, f"p-{name}", now, busy=busy))

    @rule(data=st.data())
    def logout(self, data):
        now = self.tick()
        agent = self.agent(data, lambda a: a.logged_in)
        if agent is None:
            return
        activity = "idle" if agent.activity == "wrap-up" else agent.activity
        self.model.change(agent, now, logged_in=False, paused=False, resting=False, activity=activity)
        self.model.take(self.engine.logout(agent.name, now))

    @rule(data=st.data())
    def pause(self, data):
        now = self.tick()
        agent = self.agent(data, lambda a: a.logged_in)
        if agent is not None:
            self.model.change(agent, now, paused=True)
            self.model.take(self.engine.pause(agent.name, "break", now))

    @rule(data=st.data())
    def ready(self, data):
        now = self.tick()
        agent = self.agent(data, lambda a: a.logged_in)
        if agent is not None:
            activity = "idle" if agent.activity == "wrap-up" else agent.activity
            self.model.change(agent, now, paused=False, unanswered=0, resting=False, activity=activity)
            self.model.take(self.engine.ready(agent.name, now))

    @rule(data=st.data(), busy=st.booleans(), reachable=st.sampled_from([True, True, False]))
    def phone(self, data, busy, reachable):
        now = self.tick()
        agent = self.agent(data, lambda a: a.logged_in)
        if agent is None:
            return
        freed = agent.busy and not busy
        resting = agent.resting and not freed and not (reachable and not agent.reachable)
        self.model.change(agent, now, busy=busy, reachable=reachable, resting=resting)
        lost = [c for c, name in self.away.items() if name == agent.name and agent.activity in ("offered", "talking")]
        if freed and lost:  # the talk of before the restart is over; its contact will not come back
            del self.away[lost[0]], self.model.engaged[lost[0]]
            unanswered = agent.unanswered
            self.model.wrap_up(agent, now)
            agent.unanswered = unanswered
        self.model.take(self.engine.phone_changed(f"p-{agent.name}", busy, reachable, now))

    @precondition(lambda self: self.model.timers)
    @rule(data=st.data())
    def timer(self, data):
        now = self.tick()
        timer = data.draw(st.sampled_from(self.model.timers))
        newest = [t for t in self.model.timers if t.agent == timer.agent][-1]
        agent = self.model.agents[timer.agent]
        if timer is newest:
            activity = "idle" if agent.activity == "wrap-up" else agent.activity
            self.model.change(agent, now, resting=False, activity=activity)
        self.model.take(self.engine.timer_ended(timer.agent, timer.turn, now))

    # -- the site, and restarts

    @rule()
    def configure(self):
        self.model.take(self.engine.configure(self.rules, PEOPLE, self.tick()))

    @rule(data=st.data())
    def restart(self, data):
        now = self.tick()
        memories = [self.engine.memory(name) for name in AGENTS]
        engaged = {name: contact for contact, (name, _, _) in self.model.engaged.items()}
        self.engine = Engine()
        self.engine.hold()
        self.model.timers.clear()
        self.model.take(self.engine.configure(self.rules, PEOPLE, now))
        self.follower = Follower(self.engine)
        for memory in memories:
            agent = self.model.agents[memory.name]
            agent.resting = False
            agent.busy = (agent.busy or memory.name in engaged) and agent.logged_in
            agent.reachable = agent.reachable or not agent.logged_in
            self.model.take(self.engine.remember(memory, now, busy=agent.busy, reachable=agent.reachable))
        self.away = {contact: name for name, contact in engaged.items()}
        for contact, name in list(self.away.items()):
            if not self.model.agents[name].logged_in:  # no phone to tell when it ends, and no need to know
                del self.away[contact], self.model.engaged[contact]
                self.model.change(self.model.agents[name], now, activity="idle")
        for contact in data.draw(st.permutations(sorted(self.model.waiting))):
            queue, place = self.model.waiting[contact]
            assert self.engine.place(-place.rank, place.joined, place.sequence) == place
            assert self.engine.resume(contact, queue, place, Failure.CANCELLED, now) == []
        self.model.take(self.engine.release(now))

    @invariant()
    def holds(self):
        if hasattr(self, "model"):
            self.model.check(self.engine)
            self.follower.check()


EngineMachine.TestCase.settings = settings(
    max_examples=200, database=None, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)
TestEngine = EngineMachine.TestCase
