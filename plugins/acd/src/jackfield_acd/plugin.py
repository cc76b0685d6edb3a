"""Wiring: which of the plugin's parts serves which hook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jackfield.config.effects import typed
from jackfield.config.kinds import Kind
from jackfield.errors import JackfieldError
from jackfield.hookspecs import hookimpl
from jackfield.i18n import gettext_lazy
from jackfield.permissions import Permission
from jackfield.routing.destinations import DestinationKind
from jackfield.storage.models import Models

from jackfield_acd import (
    agents,
    callback_handler,
    lamps,
    methods,
    monitoring,
    pausing,
    plain,
    reports,
    sounds,
    to_agent,
)
from jackfield_acd.agents import AgentDesk
from jackfield_acd.callback_handler import handle_callback
from jackfield_acd.checks import check_agents, check_queues
from jackfield_acd.effects import describe, describe_agent
from jackfield_acd.handler import handle_queue
from jackfield_acd.kinds import Agent, Queue
from jackfield_acd.monitoring import Mode, Monitoring
from jackfield_acd.runtime import Runtime
from jackfield_acd.settings import AcdSettings
from jackfield_acd.to_agent import handle_to_agent

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.config.fragments import Fragment, SoundRequest
    from jackfield.config.site import Site
    from jackfield.control.method import Method
    from jackfield.core import Core
    from jackfield.reports.report import Report
    from jackfield.routing.destinations import Next
    from jackfield.routing.internal import FeatureCode

_ = gettext_lazy("jackfield_acd")


class AcdPlugin:
    """Queues and agents."""

    api = "1.1"
    permissions = frozenset({Permission.PERSONAL_DATA, Permission.DIAL_OUT})

    def __init__(self) -> None:
        self._runtime: Runtime | None = None
        self._desk: AgentDesk | None = None
        self._monitoring: Monitoring | None = None

    @hookimpl
    def jackfield_settings(self) -> type[AcdSettings]:
        """`[plugins.acd]`."""
        return AcdSettings

    @hookimpl
    def jackfield_models(self) -> Models:
        """Agents' states."""
        return Models("acd", "jackfield_acd.migrations")

    @hookimpl
    def jackfield_site_kinds(self) -> list[Kind]:
        """Queues and agents."""
        return [
            Kind("queue", Queue, _("Queues"), check_queues, effects=typed(Queue, describe)),
            Kind("agent", Agent, _("Agents"), check_agents, effects=typed(Agent, describe_agent)),
            Kind(pausing.KIND, pausing.PauseReason, _("Reasons to pause"), pausing.check, entry=True),
        ]

    @hookimpl
    def jackfield_destinations(self) -> list[DestinationKind]:
        """`queue:NAME`, and `agent:…` behind the feature codes."""
        return [
            DestinationKind("queue", _("Queue"), self._queue, lambda site: site.names("queue"), person=True),
            DestinationKind("agent", _("Agents' log-in and pause"), self._agent, lambda site: agents.ACTIONS),
            DestinationKind("supervise", _("Supervisors in agents' talks"), self._supervise, lambda site: list(Mode)),
            callback_handler.kind(self._callback),
            to_agent.kind(self._to_agent),
        ]

    @hookimpl
    def jackfield_feature_codes(self) -> list[FeatureCode]:
        """`*11` to `*19`, `*21`, and what call-backs ring agents with."""
        own = [callback_handler.feature_code(), to_agent.feature_code()]
        return [*agents.feature_codes(), *monitoring.feature_codes(), *own]

    @hookimpl
    def jackfield_asterisk_config(self, site: Site) -> list[Fragment]:
        """The plain fallback, and what phones may watch of agents."""
        hints = lamps.fragment(site)
        return plain.fragments(site) + ([hints] if hints is not None else [])

    @hookimpl
    def jackfield_sounds(self, site: Site) -> list[SoundRequest]:
        """Our prompts, and the reasons to pause."""
        return sounds.sounds(site)

    @hookimpl
    def jackfield_control_methods(self) -> list[Method]:
        """Why a caller was served as it was; figures."""
        return [*methods.methods(self._running, lambda: self._monitoring), *reports.methods(self._running)]

    @hookimpl
    def jackfield_reports(self) -> list[Report]:
        """Queues and agents by the hour and by the day."""
        return reports.reports()

    def _running(self) -> Runtime:
        if self._runtime is None:
            raise JackfieldError("the plugin acd has not started yet; try again in a moment")
        return self._runtime

    @hookimpl
    def jackfield_start(self, core: Core) -> None:
        """Take over what was, and hold offers back."""
        runtime = Runtime(core)
        runtime.start()
        self._desk = AgentDesk(runtime)
        self._monitoring = Monitoring(core, runtime, self._desk)
        self._runtime = runtime

    @hookimpl
    def jackfield_site_changed(self, site: Site) -> None:
        """Serve the new site."""
        self.runtime.site_changed(site)

    @hookimpl
    def jackfield_recovered(self) -> None:
        """Begin to offer."""
        self.runtime.recovered()

    @hookimpl
    def jackfield_agent_at(self, destination: str, extension: str) -> str | None:
        """Whom a queue has rung there."""
        return self.runtime.at_phone(extension) if destination.startswith("queue:") else None

    @hookimpl
    def jackfield_status(self) -> dict[str, list[Any]]:
        """For `jackfield queues` and `jackfield agents`."""
        return self.snapshot()

    @hookimpl
    def jackfield_stop(self) -> None:
        """Write what is left."""
        if self._runtime is not None:
            self._runtime.stop()

    @property
    def runtime(self) -> Runtime:
        """The running engine; there is one from `jackfield_start` on."""
        assert self._runtime is not None, "jackfield_start has not run"
        return self._runtime

    def snapshot(self) -> dict[str, list[Any]]:
        """Queues and agents as they are now."""
        return self.runtime.snapshot()

    def _queue(self, call: Call, name: str) -> Next:
        return handle_queue(self.runtime, call, name)

    def _callback(self, call: Call, name: str) -> Next:
        return handle_callback(self.runtime.callbacks, call)

    def _to_agent(self, call: Call, name: str) -> Next:
        return handle_to_agent(self.runtime, call, name)

    def _agent(self, call: Call, name: str) -> Next:
        assert self._desk is not None, "jackfield_start has not run"
        return self._desk.handle(call, name)

    def _supervise(self, call: Call, name: str) -> Next:
        assert self._monitoring is not None, "jackfield_start has not run"
        return self._monitoring.by_code(call, name)
