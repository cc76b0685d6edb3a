"""Supervisors in agents' talks: listen, whisper, barge in, take over. From their phone by code, or by the API."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import structlog
from jackfield.i18n import gettext_lazy
from jackfield.routing.destinations import End, Next, Result
from jackfield.routing.internal import FeatureCode

from jackfield_acd.errors import MayNotSupervise, NoSuchAgent, NotTalking
from jackfield_acd.kinds import Agent, Queue

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.config.site import Site
    from jackfield.core import Core

    from jackfield_acd.agents import AgentDesk
    from jackfield_acd.runtime import Runtime

_ = gettext_lazy("jackfield_acd")
log = structlog.get_logger(__name__)


class Mode(StrEnum):
    """What a supervisor does in a talk."""

    LISTEN = "listen"
    WHISPER = "whisper"
    """The agent hears the supervisor, the caller does not."""
    BARGE = "barge"
    """Both hear the supervisor."""
    TAKE_OVER = "take-over"
    """The supervisor talks with the caller in the agent's place."""


def feature_codes() -> list[FeatureCode]:
    """`*151001` listens to agent 1001."""
    return [
        FeatureCode("*15", _("Supervisor: listen to an agent"), f"supervise:{Mode.LISTEN}", rest=True),
        FeatureCode("*16", _("Supervisor: whisper to an agent"), f"supervise:{Mode.WHISPER}", rest=True),
        FeatureCode("*17", _("Supervisor: join an agent's talk"), f"supervise:{Mode.BARGE}", rest=True),
        FeatureCode("*18", _("Supervisor: take an agent's caller over"), f"supervise:{Mode.TAKE_OVER}", rest=True),
    ]


def may_supervise(site: Site, supervisor: str, agent: str) -> bool:
    """Whether an agent supervises another one: in a queue that the other one serves."""
    own = site.get("agent", supervisor, Agent)
    queues = (site.get("queue", name, Queue) for name in (own.supervises if own is not None else ()))
    return supervisor != agent and any(queue is not None and agent in queue.agents for queue in queues)


class Monitoring:
    """Finds the talk, and brings the supervisor in."""

    def __init__(self, core: Core, runtime: Runtime, desk: AgentDesk) -> None:
        self._core, self._runtime, self._desk = core, runtime, desk

    def talk_of(self, agent: str, mode: Mode) -> str:
        """The channel to listen at: the agent's; or to take over: the caller's.

        Raises:
            NoSuchAgent: not on the applied site.
            NotTalking: there is no talk.
        """
        row = self._runtime.supervision.agent_row(agent)
        call, phone = row["call"], row["phone"]
        if row["state"] != "talking" or not call or not phone:
            raise NotTalking(f"agent:{agent} talks with no caller of a queue")
        channel = self._core.phones.talking(call, "" if mode is Mode.TAKE_OVER else phone)
        if channel is None:
            raise NotTalking(f"agent:{agent} talks with nobody any more")
        return channel

    def by_api(self, agent: str, extension: str, mode: Mode) -> None:
        """Ring a supervisor's phone; who answers is in the talk.

        Raises:
            NoSuchAgent: not on the applied site.
            NotTalking: there is no talk.
            NotConnected: Asterisk is away.
        """
        channel = self.talk_of(agent, mode)
        self._note(mode, agent)
        self._core.asterisk.monitor(extension, channel, str(mode), agent)

    def by_code(self, call: Call, name: str) -> Next:
        """A supervisor has dialled the code and an agent."""
        call.answer()
        agent, mode = call.dialled_rest, Mode(name)
        if call.resumed is not None:
            return End(Result.COMPLETED, outcome="over")
        try:
            supervisor = self._supervisor(call)
            if not may_supervise(call.site, supervisor, agent):
                raise MayNotSupervise(f"agent:{supervisor} supervises no queue of agent {agent[:20]!r}")
            channel = self.talk_of(agent, mode)
        except (NoSuchAgent, NotTalking) as error:
            log.info("acd.not_supervised", call=call.id, mode=name, agent=agent, why=str(error))
            return self._say(call, "acd-not-talking")
        except MayNotSupervise as error:
            self._core.audit(f"extension {call.extension}", f"acd.{mode} refused", f"agent:{agent}")
            log.warning("acd.not_supervised", call=call.id, mode=name, agent=agent, why=str(error))
            return self._say(call, "acd-may-not-supervise")
        self._core.audit(f"agent {supervisor}", f"acd.{mode}", f"agent:{agent} from {call.extension}")
        self._note(mode, agent)
        if mode is Mode.TAKE_OVER:
            call.join(channel)
        else:
            call.listen(channel, str(mode))
        return End(Result.COMPLETED, outcome=f"{mode}: {agent}")

    def _supervisor(self, call: Call) -> str:
        """Who dials: the agent logged in at the phone; else the one whose own it is, who may have a PIN to give."""
        phone = call.extension or ""
        there = self._runtime.at_phone(phone)
        if there is not None:
            return there
        own = next((a for a in call.site.all("agent", Agent) if a.extension == phone), None)
        if own is None or (own.pin is not None and self._desk.ask_pin(call, own.name, own.pin)):
            raise MayNotSupervise(f"no supervisor is at extension {phone}")
        return own.name

    def _note(self, mode: Mode, agent: str) -> None:
        log.info("acd.supervised", mode=str(mode), agent=agent)
        if mode is Mode.TAKE_OVER:
            self._runtime.taking_over(agent)

    def _say(self, call: Call, prompt: str) -> End:
        call.play(prompt)
        return End(Result.REJECTED, outcome=prompt.removeprefix("acd-").replace("-", " "))
