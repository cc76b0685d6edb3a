"""What must be true of the engine, written down a second time and more simply than the engine does it."""

from dataclasses import dataclass, field

from jackfield_acd.model import Failure, Offer, Place, StartTimer


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
        self.change(agent, now, activity="wrap-up" if seconds and agent.logged_in else "idle", unanswered=0)

    def let_go(self, agent, failure, now):
        if failure is not Failure.CANCELLED:
            agent.idle_since = now
        if failure in (Failure.NO_ANSWER, Failure.BUSY):
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
        agent = self.agents[offer.agent]
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
            assert str(agent.state) == self.agents[agent.name].state()
        assert all(isinstance(p, Place) for _, p in self.waiting.values())
