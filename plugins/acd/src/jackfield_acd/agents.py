"""The destination `agent`: what agents dial at their phones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from jackfield.errors import UnsafeValue
from jackfield.i18n import gettext_lazy
from jackfield.routing.destinations import End, Next, Result
from jackfield.routing.internal import FeatureCode

from jackfield_acd import outside, pausing
from jackfield_acd.errors import NoSuchAgent, NotLoggedIn, NotTalking, NoWrapUp, UnknownReason
from jackfield_acd.kinds import Agent
from jackfield_acd.pins import TRIES, Pins

if TYPE_CHECKING:
    from jackfield.calls.call import Call

    from jackfield_acd.runtime import Runtime

_ = gettext_lazy("jackfield_acd")
log = structlog.get_logger(__name__)
ACTIONS = ("login", "logout", "pause", "ready", "more-time", "personal")
PIN_SECONDS = 10.0


def feature_codes() -> list[FeatureCode]:
    """`*111001` logs agent 1001 in; `*11` alone, the agent whose own phone it is. `*132` pauses for reason 2.

    `*111001*02079460000` logs agent 1001 in at a number outside, and `*11*02079460000` the phone's own agent.
    """
    return [
        FeatureCode("*11", _("Agent: log in"), "agent:login", rest=True),
        FeatureCode("*12", _("Agent: log out"), "agent:logout"),
        FeatureCode("*13", _("Agent: pause"), "agent:pause", rest=True),
        FeatureCode("*14", _("Agent: ready"), "agent:ready"),
        FeatureCode("*10", _("Agent: this talk is personal service"), "agent:personal"),
        FeatureCode("*19", _("Agent: more time for notes"), "agent:more-time"),
    ]


class AgentDesk:
    """Serves agents' calls; each says at the end what has become of it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pins = Pins()
        self._lock = threading.Lock()
        self._actions: dict[str, tuple[Callable[[str], None], str]] = {
            "logout": (runtime.logout, "acd-logged-out"),
            "ready": (runtime.ready, "acd-ready"),
            "personal": (runtime.supervision.mark_personal, "acd-personal"),
            "more-time": (runtime.extend_wrap_up, "acd-more-time"),
        }

    def handle(self, call: Call, name: str) -> Next:
        """Do what was dialled, say so, and end the call."""
        call.answer()
        if call.extension is None:
            return self._say(call, "acd-not-a-phone", Result.REJECTED)
        try:
            if name == "login":
                return self._login(call, call.extension)
            agent = self._runtime.at_phone(call.extension)
            if agent is None:
                return self._say(call, "acd-not-logged-in", Result.REJECTED)
            if name == "pause":
                return self._pause(call, agent)
            act, said = self._actions[name]
            act(agent)
        except NotLoggedIn:
            return self._say(call, "acd-not-logged-in", Result.REJECTED)
        except UnsafeValue:
            return self._say(call, "acd-not-there", Result.REJECTED)
        except UnknownReason:
            return self._say(call, "acd-unknown-reason", Result.REJECTED)
        except NotTalking:
            return self._say(call, "acd-not-talking", Result.REJECTED)
        except NoWrapUp:
            return self._say(call, "acd-no-more-time", Result.REJECTED)
        except NoSuchAgent as error:
            log.warning("acd.agent_not_applied", error=str(error))
            return self._say(call, "acd-unknown-agent", Result.REJECTED)
        return self._say(call, said)

    def _pause(self, call: Call, agent: str) -> Next:
        """Pause, for the reason whose code was dialled; it is said back."""
        if not call.dialled_rest:
            self._runtime.pause(agent)
            return self._say(call, "acd-paused")
        reason = pausing.by_code(call.site, call.dialled_rest)
        self._runtime.pause(agent, reason.name)
        call.play(["acd-paused", reason.sound])
        return End(Result.COMPLETED, outcome=f"paused: {reason.name}")

    def _login(self, call: Call, phone: str) -> Next:
        agent = self._find(call, phone)
        if agent is None:
            log.info("acd.login_refused", phone=phone, dialled=call.dialled_rest, why="unknown agent")
            return self._say(call, "acd-unknown-agent", Result.REJECTED)
        if agent.pin is not None:
            refused = self.ask_pin(call, agent.name, agent.pin)
            if refused:
                log.warning("acd.login_refused", phone=phone, agent=agent.name, why=refused)
                return self._say(call, refused, Result.REJECTED)
        where = phone
        if number := call.dialled_rest.partition(outside.MARK)[2]:
            where = outside.at(call.site, agent.name, number)
            if not self._may_call(call, agent, number):
                log.info("acd.login_refused", phone=phone, agent=agent.name, number=number, why="may not call it")
                return self._say(call, "acd-not-there", Result.REJECTED)
        self._runtime.login(agent.name, where)
        log.info("acd.logged_in", agent=agent.name, phone=where)
        return self._say(call, "acd-logged-in")

    def _may_call(self, call: Call, agent: Agent, number: str) -> bool:
        """Whether calls may go out to a number on the account of the agent's extension."""
        plan = call.desk.calls.outgoing.plan(call.site, number, agent.extension, call.caller)
        return plan.refusal is None and not plan.emergency

    def _find(self, call: Call, phone: str) -> Agent | None:
        if name := call.dialled_rest.partition(outside.MARK)[0]:
            return call.site.get("agent", name, Agent)
        return next((a for a in call.site.all("agent", Agent) if a.extension == phone), None)

    def ask_pin(self, call: Call, agent: str, pin: str) -> str:
        """Ask until the PIN is right. Returns the prompt that says why not, '' when it was right."""
        question = ["acd-enter-pin"]
        for _try in range(TRIES):
            if self._locked(agent):
                return "acd-locked-out"
            typed = call.ask(question, digits=10, seconds=PIN_SECONDS)
            if typed:
                with self._lock:
                    if self._pins.check(agent, pin, typed, self._runtime.clock.now()):
                        return ""
            question = ["acd-wrong-pin", "acd-enter-pin"]
        return "acd-locked-out" if self._locked(agent) else "acd-wrong-pin"

    def _locked(self, agent: str) -> bool:
        with self._lock:
            return self._pins.locked(agent, self._runtime.clock.now())

    def _say(self, call: Call, prompt: str, result: Result = Result.COMPLETED) -> End:
        call.play(prompt)
        return End(result, outcome=prompt.removeprefix("acd-").replace("-", " "))
