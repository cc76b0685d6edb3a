"""The agents' half of the engine: log-in, pause, phones, wrap-up."""

from __future__ import annotations

from collections.abc import Mapping

from jackfield_acd.errors import NoSuchAgent, NotLoggedIn, NoWrapUp
from jackfield_acd.matching import Matching
from jackfield_acd.model import (
    Activity,
    Agent,
    AgentChanged,
    AgentMemory,
    AgentRules,
    Decision,
    Failure,
    StartTimer,
    TimerKind,
)

REST_SECONDS = {Failure.BUSY: 5.0, Failure.UNREACHABLE: 15.0}
"""How long a phone is left alone that refused, or was not there, unless it shows signs of life before."""
NO_ANSWER = "no answer"
"""Reason of the pause after too many unanswered offers."""


class Desk(Matching):
    """Agents: what they and their phones do."""

    # -- log-in ----------------------------------------------------------------------------------------------------

    def login(self, name: str, phone: str, now: float, *, busy: bool = False, reachable: bool = True) -> list[Decision]:
        """Log an agent in at a phone. An agent logged in elsewhere moves; another one at this phone is logged out.

        Raises:
            NoSuchAgent: the site has no such agent.
        """
        agent = self._agent(name)
        other = self._phones.get(phone)
        if other is not None and other != name:
            self._log_out(self._agents[other], now)
        if agent.phone is None:
            agent.pause, agent.unanswered, agent.taken = None, 0, 0
            self._count(agent, 1, 1)
        else:
            del self._phones[agent.phone]
        if agent.phone != phone:
            self._decide(AgentChanged(name))
        self._unlist(agent)
        self._phones[phone] = name
        agent.phone, agent.phone_busy, agent.reachable, agent.resting = phone, busy, reachable, False
        self._settle(agent, now)
        return self._decided()

    def logout(self, name: str, now: float) -> list[Decision]:
        """Log an agent out; a talk under way goes on, and so does a phone's ringing.

        Raises:
            NoSuchAgent: the site has no such agent.
            NotLoggedIn: the agent is not logged in.
        """
        self._log_out(self._present(name), now)
        return self._decided()

    def pause(self, name: str, reason: str, now: float) -> list[Decision]:
        """No more offers; during a talk it counts from its end.

        Raises:
            NoSuchAgent: the site has no such agent.
            NotLoggedIn: the agent is not logged in.
        """
        agent = self._present(name)
        if agent.pause not in (None, reason):
            self._decide(AgentChanged(name))
        self._set_pause(agent, reason)
        self._settle(agent, now)
        return self._decided()

    def ready(self, name: str, now: float) -> list[Decision]:
        """End a pause, wrap-up and a phone's rest.

        Raises:
            NoSuchAgent: the site has no such agent.
            NotLoggedIn: the agent is not logged in.
        """
        agent = self._present(name)
        self._set_pause(agent, None)
        agent.unanswered, agent.resting = 0, False
        if agent.activity is Activity.WRAP_UP:
            self._end_wrap_up(agent)
        self._settle(agent, now)
        return self._decided()

    def extend_wrap_up(self, name: str, now: float, seconds: float | None = None) -> list[Decision]:
        """More time for notes, by `seconds` or once more the queue's; up to the queue's longest, from the talk's end.

        Raises:
            NoSuchAgent: the site has no such agent.
            NotLoggedIn: the agent is not logged in.
            NoWrapUp: there is none, or it is as long as may be.
        """
        agent = self._present(name)
        line = self._lines.get(agent.queue or "")
        if agent.activity is not Activity.WRAP_UP or agent.until is None or line is None:
            raise NoWrapUp(f"agent:{name} is not in wrap-up")
        wanted = agent.until + (line.rules.wrapup_seconds if seconds is None else seconds)
        until = min(wanted, agent.idle_since + line.rules.wrapup_max_seconds)
        if until <= agent.until:
            raise NoWrapUp(f"agent:{name} cannot have more time for notes: queue:{agent.queue} allows no longer")
        agent.until = until
        self._start_timer(agent, TimerKind.WRAP_UP, until - now)
        self._touch(agent)
        self._decide(AgentChanged(name))
        return self._decided()

    # -- phones and timers -----------------------------------------------------------------------------------------

    def phone_changed(self, phone: str, busy: bool, reachable: bool, now: float) -> list[Decision]:
        """A phone's state, from Asterisk."""
        name = self._phones.get(phone)
        if name is not None:
            agent = self._agents[name]
            freed = agent.phone_busy and not busy
            if freed or (reachable and not agent.reachable):
                agent.resting = False
            agent.phone_busy, agent.reachable = busy, reachable
            if freed and self._is_away(agent):
                self._end_away(agent, now)
            self._settle(agent, now)
        return self._decided()

    def timer_ended(self, name: str, turn: int, now: float) -> list[Decision]:
        """A timer that `StartTimer` asked for has run out; one that was overtaken does nothing."""
        agent = self._agents.get(name)
        if agent is not None and agent.turn == turn:
            agent.resting = False
            if agent.activity is Activity.WRAP_UP:
                self._end_wrap_up(agent)
            self._settle(agent, now)
        return self._decided()

    # -- memory ----------------------------------------------------------------------------------------------------

    def memory(self, name: str) -> AgentMemory:
        """What of an agent is worth keeping over a restart.

        Raises:
            NoSuchAgent: the site has no such agent.
        """
        a = self._agent(name)
        return AgentMemory(
            name=a.name,
            phone=a.phone,
            pause=a.pause,
            activity=a.activity,
            contact=a.contact,
            queue=a.queue,
            unanswered=a.unanswered,
            idle_since=a.idle_since,
            since=a.since,
            until=a.until,
            taken=a.taken,
        )

    def remember(self, memory: AgentMemory, now: float, *, busy: bool, reachable: bool) -> list[Decision]:
        """Take over what an engine before this one knew. Agents that the site has no more are passed over."""
        agent = self._agents.get(memory.name)
        if agent is None or (memory.phone is not None and memory.phone in self._phones):
            return []
        agent.phone, agent.pause, agent.queue = memory.phone, memory.pause, memory.queue
        agent.unanswered, agent.idle_since, agent.taken = memory.unanswered, memory.idle_since, memory.taken
        agent.phone_busy, agent.reachable = busy, reachable
        if memory.phone is not None:
            self._phones[memory.phone] = agent.name
            self._count(agent, 1, 1 if memory.pause is None else 0)
        if memory.contact is not None:
            agent.activity, agent.contact = memory.activity, memory.contact
            self._engaged.setdefault(memory.contact, []).append(agent.name)
        if memory.activity is Activity.WRAP_UP and memory.until is not None:
            agent.activity, agent.until = Activity.WRAP_UP, memory.until
            self._start_timer(agent, TimerKind.WRAP_UP, max(0.0, memory.until - now))
        agent.since, agent.shown = memory.since, agent.state
        self._settle(agent, now)
        return self._decided()

    def agents(self) -> list[Agent]:
        """All agents, to look at (not to change)."""
        return list(self._agents.values())

    def agent(self, name: str) -> Agent | None:
        """One agent, to look at (not to change)."""
        return self._agents.get(name)

    def at_phone(self, phone: str) -> str | None:
        """The agent logged in at a phone."""
        return self._phones.get(phone)

    # -- within ----------------------------------------------------------------------------------------------------

    def _agent(self, name: str) -> Agent:
        if name not in self._agents:
            raise NoSuchAgent(f"agent:{name} is not on the applied site; add it and apply")
        return self._agents[name]

    def _present(self, name: str) -> Agent:
        agent = self._agent(name)
        if agent.phone is None:
            raise NotLoggedIn(f"agent:{name} is not logged in; dial *11 first")
        return agent

    def _log_out(self, agent: Agent, now: float) -> None:
        if agent.phone is None:
            return
        del self._phones[agent.phone]
        self._count(agent, -1, -1 if agent.pause is None else 0)
        agent.phone, agent.pause, agent.resting = None, None, False
        if agent.activity is Activity.WRAP_UP:
            self._end_wrap_up(agent)
        self._settle(agent, now)
        self._give_up_wishes(agent, now)

    def _set_agents(self, rules: Mapping[str, AgentRules], now: float) -> None:
        for agent in [a for a in self._agents.values() if a.name not in rules]:
            self._log_out(agent, now)
            if agent.contact is None:
                del self._agents[agent.name]
        for name in sorted(rules.keys() - self._agents.keys()):
            self._agents[name] = Agent(name)

    def _let_go(self, agent: Agent, failure: Failure, now: float) -> None:
        """The agent's offer came to nothing. Who could not be reached, or was spared, keeps the turn."""
        self._disengage(agent)
        agent.activity, agent.until = Activity.IDLE, None
        if failure in (Failure.NO_ANSWER, Failure.BUSY):
            agent.idle_since = now
        if failure in (Failure.NO_ANSWER, Failure.BUSY):
            agent.unanswered += 1
            line = self._lines.get(agent.queue or "")
            limit = self._no_answer_pause.get(agent.name, line.rules.no_answer_pause if line else 0)
            if limit and agent.unanswered >= limit and agent.pause is None and agent.phone is not None:
                self._set_pause(agent, NO_ANSWER)
        if failure in REST_SECONDS:
            agent.resting = True
            self._start_timer(agent, TimerKind.REST, REST_SECONDS[failure])
        self._settle(agent, now)

    def _wrap_up(self, agent: Agent, now: float, contact: str | None = None) -> None:
        """A talk is over. `contact` stays known during wrap-up if it may yet come back."""
        agent.idle_since = now
        line = self._lines.get(agent.queue or "")
        seconds = line.rules.wrapup_seconds if line is not None and agent.phone is not None else 0.0
        if seconds > 0:
            agent.activity, agent.until, agent.contact = Activity.WRAP_UP, now + seconds, contact
            self._start_timer(agent, TimerKind.WRAP_UP, seconds)
        else:
            agent.contact = contact
            self._end_wrap_up(agent)
        self._settle(agent, now)

    def _end_wrap_up(self, agent: Agent) -> None:
        self._disengage(agent)
        agent.activity, agent.until = Activity.IDLE, None

    def _is_away(self, agent: Agent) -> bool:
        """Whether its contact is one of before a restart, and not back yet."""
        return (
            agent.activity in (Activity.OFFERED, Activity.TALKING)
            and agent.contact is not None
            and agent.contact not in self._contacts
        )

    def _end_away(self, agent: Agent, now: float) -> None:
        """The phone is free. If the contact comes back and says that there was no talk, wrap-up is taken back.

        Of several that were rung, one who stops ringing while another's phone is still in use has not talked.
        """
        others = (self._agents[name] for name in self._engaged.get(agent.contact or "", ()) if name != agent.name)
        if agent.activity is Activity.OFFERED and any(other.phone_busy for other in others):
            self._let_go(agent, Failure.CANCELLED, now)
        else:
            self._wrap_up(agent, now, agent.contact)

    def _start_timer(self, agent: Agent, kind: TimerKind, seconds: float) -> None:
        agent.turn += 1
        self._decide(StartTimer(agent.name, kind, seconds, agent.turn))
