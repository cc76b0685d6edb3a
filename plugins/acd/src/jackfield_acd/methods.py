"""What the control API offers of queues and agents: to see, to ask why, to steer; and call-backs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from jackfield.config.objects.extension import Extension
from jackfield.control.method import Method, Role
from jackfield.errors import UnsafeValue
from pydantic import Field

from jackfield_acd import outside, pausing
from jackfield_acd.monitoring import Mode

if TYPE_CHECKING:
    from jackfield_acd.monitoring import Monitoring
    from jackfield_acd.runtime import Runtime

CallId = Annotated[str, Field(min_length=1, max_length=150, description="The call's id, as in jackfield queues")]
AgentName = Annotated[str, Field(min_length=1, max_length=64, description="Name of the agent")]
Running = Callable[[], "Runtime"]


def methods(runtime: Running, monitoring: Callable[[], Monitoring | None]) -> list[Method]:
    """Control methods; `runtime` raises before the plugin has started."""
    return [
        *_views(runtime),
        *_agents(runtime),
        *_contacts(runtime),
        *_talks(runtime, monitoring),
        *_callbacks(runtime),
    ]


def _views(runtime: Running) -> list[Method]:
    def why(call: CallId) -> list[dict[str, Any]]:
        """Why a caller was served as it was: each decision, the candidates, and who was left out for which reason."""
        return runtime().why(call)

    def snapshot(
        queue: Annotated[str | None, Field(max_length=64, description="Only this one, its agents and contacts")] = None,
        limit: Annotated[int, Field(ge=0, le=5000, description="Contacts at most; `left_out` counts the rest")] = 1000,
    ) -> dict[str, Any]:
        """Queues, agents and contacts as they are now, and `seq`: the number of the last change that is in it."""
        return runtime().supervision.live(queue, limit)

    def pause_reasons() -> list[dict[str, Any]]:
        """The site's reasons to pause: name, code, text in each language, paid, when a notice is due."""
        return [reason.as_row() for reason in pausing.reasons(runtime().supervision.site())]

    def notices() -> list[dict[str, Any]]:
        """What nears (`soon`) or exceeds (`over`) a norm now: waits, ringing, talks, holds, pauses."""
        return runtime().supervision.notices()

    return [
        Method("acd.notices", notices, Role.OPERATOR, personal=True),
        Method("acd.pause-reasons", pause_reasons, Role.VIEWER),
        Method("acd.why", why, Role.OPERATOR, personal=True, object="{call}"),
        Method("acd.snapshot", snapshot, Role.OPERATOR, personal=True, object="{queue}"),
    ]


def _agents(runtime: Running) -> list[Method]:
    def login(
        agent: AgentName,
        extension: Annotated[str, Field(max_length=64, description="The phone; left out: the agent's own")] = "",
        number: Annotated[str, Field(max_length=21, description="Instead: a number outside, as dialled")] = "",
    ) -> dict[str, Any]:
        """Log an agent in at a phone, or at a number outside, which is called on the account of the agent's own."""
        if number:
            runtime().login(agent, outside.at(runtime().supervision.site(), agent, number))
            return runtime().supervision.agent_row(agent)
        where = extension or runtime().supervision.own_phone(agent)
        if runtime().supervision.site().get("extension", where, Extension) is None:
            raise UnsafeValue(f"there is no extension {where[:20]!r}; see: jackfield extensions")
        runtime().login(agent, where)
        return runtime().supervision.agent_row(agent)

    def logout(agent: AgentName) -> dict[str, Any]:
        """Log an agent out; a talk goes on."""
        runtime().logout(agent)
        return runtime().supervision.agent_row(agent)

    def pause(agent: AgentName, reason: Annotated[str, Field(max_length=64, description="Why")] = "") -> dict[str, Any]:
        """Pause an agent; in a talk, from its end on. Where the site has reasons, by name or code of one of them."""
        runtime().pause(agent, pausing.named(runtime().supervision.site(), reason))
        return runtime().supervision.agent_row(agent)

    def more_time(
        agent: AgentName,
        seconds: Annotated[int | None, Field(ge=1, le=3600, description="Left out: the queue's wrap-up again")] = None,
    ) -> dict[str, Any]:
        """Give an agent in wrap-up more time for notes, up to the queue's `wrapup_max_seconds`."""
        runtime().extend_wrap_up(agent, None if seconds is None else float(seconds))
        return runtime().supervision.agent_row(agent)

    def personal(agent: AgentName) -> None:
        """Mark an agent's talk as personal service: no norm holds for it, and it is left out of figures."""
        runtime().supervision.mark_personal(agent)

    def ready(agent: AgentName) -> dict[str, Any]:
        """End an agent's pause or wrap-up."""
        runtime().ready(agent)
        return runtime().supervision.agent_row(agent)

    return [
        Method(f"acd.agent.{name}", function, Role.OPERATOR, change=True, object=about)
        for name, function, about in (
            ("login", login, "agent:{agent} {extension}{number}"),
            ("logout", logout, "agent:{agent}"),
            ("pause", pause, "agent:{agent} {reason}"),
            ("ready", ready, "agent:{agent}"),
            ("personal", personal, "agent:{agent}"),
            ("more-time", more_time, "agent:{agent} {seconds}"),
        )
    ]


def _contacts(runtime: Running) -> list[Method]:
    def move(
        call: CallId,
        to: Annotated[str, Field(max_length=100, description="Queue, or any destination as kind:name")],
    ) -> None:
        """Send a waiting caller to another queue or destination; the time waited goes along."""
        runtime().supervision.send(call, to if ":" in to else f"queue:{to}", "moved by a supervisor")

    def prioritise(
        call: CallId, priority: Annotated[int, Field(ge=0, le=100, description="Higher is served first")]
    ) -> None:
        """Give a caller in a queue another priority; it stays with the caller in further queues."""
        runtime().supervision.reprioritise(call, priority)

    def drop(call: CallId) -> None:
        """End the call of a caller who waits."""
        runtime().supervision.send(call, "", "dropped by a supervisor")

    return [
        Method("acd.contact.move", move, Role.OPERATOR, change=True, object="{call} {to}"),
        Method("acd.contact.prioritise", prioritise, Role.OPERATOR, change=True, object="{call} {priority}"),
        Method("acd.contact.drop", drop, Role.OPERATOR, change=True, object="{call}"),
    ]


def _talks(runtime: Running, monitoring: Callable[[], Monitoring | None]) -> list[Method]:
    def monitor(
        agent: AgentName,
        extension: Annotated[str, Field(min_length=1, max_length=64, description="The supervisor's phone: it rings")],
        mode: Annotated[Mode, Field(description="listen, whisper (to the agent), barge (in), take-over")] = Mode.LISTEN,
    ) -> None:
        """Bring a supervisor into an agent's talk."""
        if runtime().supervision.site().get("extension", extension, Extension) is None:
            raise UnsafeValue(f"there is no extension {extension[:20]!r}; see: jackfield extensions")
        found = monitoring()
        if found is not None:
            found.by_api(agent, extension, mode)

    return [
        Method(
            "acd.monitor", monitor, Role.OPERATOR, personal=True, change=True, object="agent:{agent} {mode} {extension}"
        )
    ]


def _callbacks(runtime: Running) -> list[Method]:
    def callbacks() -> list[dict[str, Any]]:
        """Call-backs with what has become of them, the newest first: those under way, and the last that are over."""
        return runtime().called_back()

    def cancel(callback: Annotated[int, Field(ge=1, description="Its number, as in acd.callbacks")]) -> None:
        """Take a call-back out of the line that no agent has yet."""
        runtime().callbacks.cancel(callback)

    return [
        Method("acd.callbacks", callbacks, Role.OPERATOR, personal=True),
        Method("acd.callback.cancel", cancel, Role.OPERATOR, change=True, object="callback-{callback}"),
    ]
