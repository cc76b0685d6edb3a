"""The destination `to-agent`: a named agent, wherever logged in; or `back` to the agent who sent the caller away.

The caller waits for that agent in a queue, ahead of none but by age; when the agent is gone, the queue's others serve.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from jackfield.i18n import gettext_lazy
from jackfield.routing.destinations import DestinationKind, End, Goto, Next, Result
from jackfield.routing.internal import FeatureCode

from jackfield_acd.kinds import Queue

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.config.site import Site

    from jackfield_acd.runtime import Runtime

_ = gettext_lazy("jackfield_acd")
log = structlog.get_logger(__name__)
KIND = "to-agent"
BACK = "back"
DIALLED = "dialled"
"""The agent whose number was dialled after the code."""
CODE = "*21"
ASKED = "waits-for"
"""Note in the call's data: the agent to be waited for in the next queue, and why."""
SENT_BACK = "sent back"
PUT_THROUGH = "put through"
WAIT_SECONDS = 60.0
"""How long a caller waits for that agent before others of the queue may serve."""


def feature_code() -> FeatureCode:
    """`*211002` calls agent 1002, or transfers there."""
    return FeatureCode(CODE, _("Agent: call or transfer to an agent"), f"{KIND}:{DIALLED}", rest=True, transfer=True)


def kind(handler: Callable[[Call, str], Next]) -> DestinationKind:
    """The kind of destination."""
    return DestinationKind(KIND, _("A named agent, or back to the agent"), handler, _names, person=True)


def _names(site: Site) -> list[str]:
    return [BACK, DIALLED, *site.names("agent")]


def handle_to_agent(runtime: Runtime, call: Call, name: str) -> Next:
    """Into a queue, to wait for an agent there."""
    stay = runtime.stay(call)
    if name == BACK:
        if stay is None:
            return Goto(call.fallback, "nobody to go back to")
        agent, queue, why = stay.agent, stay.queue, SENT_BACK
    else:
        agent, why = call.dialled_rest if name == DIALLED else name, PUT_THROUGH
        queue = queue_of(call.site, agent, stay.queue if stay is not None else "")
        if not queue or (name == DIALLED and not runtime.is_here(agent)):
            log.info("acd.agent_not_there", call=call.id, agent=agent[:20])
            return End(Result.UNANSWERED, 20, "agent not there")
    call.set_data(ASKED, [agent, why])
    return Goto(f"queue:{queue}", f"{why}: {agent}")


def queue_of(site: Site, agent: str, last: str = "") -> str:
    """A queue that the agent serves, rather the caller's last; '' when there is none."""
    own = [queue.name for queue in site.all("queue", Queue) if agent in queue.agents]
    return last if last in own else next(iter(own), "")
