"""The destination `agent`: what agents dial at their phones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from jackfield.i18n import gettext_lazy
from jackfield.routing.destinations import End, Next, Result
from jackfield.routing.internal import FeatureCode

from jackfield_acd.errors import NoSuchAgent, NotLoggedIn
from jackfield_acd.kinds import Agent
from jackfield_acd.pins import TRIES, Pins

if TYPE_CHECKING:
    from jackfield.calls.call import Call

    from jackfield_acd.runtime import Runtime

_ = gettext_lazy("jackfield_acd")
log = structlog.get_logger(__name__)
ACTIONS = ("login", "logout", "pause", "ready")
PIN_SECONDS = 10.0


def feature_codes() -> list[FeatureCode]:
    """`*111001` logs agent 1001 in; `*11` alone, the agent whose own phone it is."""
    return [
        FeatureCode("*11", _("Agent: log in"), "agent:login", rest=True),
        FeatureCode("*12", _("Agent: log out"), "agent:logout"),
        FeatureCode("*13", _("Agent: pause"), "agent:pause"),
        FeatureCode("*14", _("Agent: ready"), "agent:ready"),
    ]


class AgentDesk:
    """Serves agents' calls; each says at the end what has become of it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pins = Pins()
        self._lock = threading.Lock()

    def handle(self, call: Call, name: str) -> Next:
        """Do what was dialled, say so, and end the call."""
        call.answer()
        if call.extension is None:
            return self._say(call, "acd-not-a-phone", Result.REJECTED)
        try:
            if name == "login":
                return self._login(call, call.extension)
            actions: dict[str, tuple[Callable[[str], None], str]] = {
                "logout": (self._runtime.logout, "acd-logged-out"),
                "pause": (self._runtime.pause, "acd-paused"),
                "ready": (self._runtime.ready, "acd-ready"),
            }
            act, said = actions[name]
            agent = self._runtime.at_phone(call.extension)
            if agent is None:
                return self._say(call, "acd-not-logged-in", Result.REJECTED)
            act(agent)
        except NotLoggedIn:
            return self._say(call, "acd-not-logged-in", Result.REJECTED)
        except NoSuchAgent as error:
            log.warning("acd.agent_not_applied", error=str(error))
            return self._say(call, "acd-unknown-agent", Result.REJECTED)
        return self._say(call, said)

    def _login(self, call: Call, phone: str) -> Next:
        agent = self._find(call, phone)
        if agent is None:
            log.info("acd.login_refused", phone=phone, dialled=call.dialled_rest, why="unknown agent")
            return self._say(call, "acd-unknown-agent", Result.REJECTED)
        if agent.pin is not None:
            refused = self._ask_pin(call, agent.name, agent.pin)
            if refused:
                log.warning("acd.login_refused", phone=phone, agent=agent.name, why=refused)
                return self._say(call, refused, Result.REJECTED)
        self._runtime.login(agent.name, phone)
        log.info("acd.logged_in", agent=agent.name, phone=phone)
        return self._say(call, "acd-logged-in")

    def _find(self, call: Call, phone: str) -> Agent | None:
        if call.dialled_rest:
            return call.site.get("agent", call.dialled_rest, Agent)
        return next((a for a in call.site.all("agent", Agent) if a.extension == phone), None)

    def _ask_pin(self, call: Call, agent: str, pin: str) -> str:
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
