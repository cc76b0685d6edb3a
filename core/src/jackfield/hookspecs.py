"""Hooks, in the order in which they fire. A plugin implements any of them as methods of its plugin object.

The host calls each implementation on its own, measures it, and guards it: an exception, `sys.exit` or a stall counts
against the plugin, never against the call.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from pydantic import BaseModel

    from jackfield.alarms.models import Alarm
    from jackfield.calls.call import Call
    from jackfield.config.fragments import Fragment, SoundRequest
    from jackfield.config.kinds import Kind
    from jackfield.config.site import Site
    from jackfield.control.method import Method
    from jackfield.core import Core
    from jackfield.jobs.job import Job
    from jackfield.records.models import CallRecord
    from jackfield.reports.report import Report
    from jackfield.routing.destinations import DestinationKind, Goto
    from jackfield.routing.internal import FeatureCode
    from jackfield.schedules.schedule import Schedule
    from jackfield.storage.models import Models
    from jackfield.surfaces import Screen, WebRoute

PROJECT = "jackfield"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """Every hook of API version 1.1. Order: what is declared, then start, then a call's life, then stop."""

    # -- declared: called once after loading, in the daemon, the worker and the CLI ------------------------------

    @hookspec
    def jackfield_settings(self) -> type[BaseModel]:  # type: ignore[empty-body]
        """The plugin's settings: a pydantic model, read from `[plugins.NAME]` of the settings file."""

    @hookspec
    def jackfield_models(self) -> Models:  # type: ignore[empty-body]
        """The plugin's tables and its migrations. Fires before `jackfield_start`."""

    @hookspec
    def jackfield_site_kinds(self) -> list[Kind]:  # type: ignore[empty-body]
        """Kinds of site objects that the plugin brings."""

    @hookspec
    def jackfield_destinations(self) -> list[DestinationKind]:  # type: ignore[empty-body]
        """Kinds of destinations and their handlers. Handlers run on the call's thread."""

    @hookspec
    def jackfield_feature_codes(self) -> list[FeatureCode]:  # type: ignore[empty-body]
        """Codes that people dial at their phones."""

    @hookspec
    def jackfield_jobs(self) -> list[Job]:  # type: ignore[empty-body]
        """Background jobs. They run in the worker process."""

    @hookspec
    def jackfield_control_methods(self) -> list[Method]:  # type: ignore[empty-body]
        """Methods of the control API, named `PLUGIN.…`. They run on a thread of their own."""

    @hookspec
    def jackfield_schedules(self) -> list[Schedule]:  # type: ignore[empty-body]
        """Jobs of the plugin's own that run at set times. The daemon begins them, the worker runs them."""

    @hookspec
    def jackfield_reports(self) -> list[Report]:  # type: ignore[empty-body]
        """Reports. Their queries run in `jackfield report` and the console, on a session that can only read."""

    @hookspec
    def jackfield_screens(self) -> list[Screen]:  # type: ignore[empty-body]
        """Screens of the console, by name of their class: imported when opened, and never by the daemon."""

    @hookspec
    def jackfield_web_routes(self) -> list[WebRoute]:  # type: ignore[empty-body]
        """Pages of the web interface, by name of their function: imported when asked for, never by the daemon."""

    # -- configuration: called in the CLI while planning -----------------------------------------------------------

    @hookspec
    def jackfield_asterisk_config(self, site: Site) -> list[Fragment]:  # type: ignore[empty-body]
        """Fragments of Asterisk's configuration for a site. Must depend on the site alone."""

    @hookspec
    def jackfield_sounds(self, site: Site) -> Iterable[SoundRequest]:  # type: ignore[empty-body]
        """Prompts of the plugin's own that must exist in every language (text, spoken at apply time)."""

    # -- the daemon's life -----------------------------------------------------------------------------------------

    @hookspec
    def jackfield_start(self, core: Core) -> None:
        """The daemon starts: storage is ready and the site is loaded; calls are not accepted yet. Main thread."""

    @hookspec
    def jackfield_site_changed(self, site: Site) -> None:
        """Another generation was applied. Control thread; calls are running."""

    @hookspec
    def jackfield_recovered(self) -> None:
        """After a start: every call that was live in Asterisk has come back, ended, or is talking. Core's thread."""

    @hookspec
    def jackfield_status(self) -> dict[str, list[Any]]:  # type: ignore[empty-body]
        """What `jackfield queues`, `jackfield agents` and the console show: `{"queues": […], "agents": […]}`."""

    @hookspec
    def jackfield_alarm(self, alarm: Alarm, what: str) -> None:
        """People are to be told: an alarm was `raised`, has `worsened`, is `flapping`, `escalated` or `cleared`.

        For other ways to tell them (SMS). What repeats and flaps is held back already, as for mails. On a thread of
        the alarm service; submit a job for what takes time. For everything that happens subscribe to event `alarm`.
        """

    @hookspec
    def jackfield_agent_at(self, destination: str, extension: str) -> str | None:
        """The agent who answers at an extension for a destination of the plugin's; None for those of others.

        Asked after a `kill -9`, which may have cost the note of whom a call had rung. Core's thread.
        """

    # -- a call's life, on the call's thread -----------------------------------------------------------------------

    @hookspec
    def jackfield_call_arrived(self, call: Call) -> None:
        """A new call, before it is routed. Not fired again when a call comes back after a restart."""

    @hookspec
    def jackfield_route_call(self, call: Call) -> Goto | None:
        """May choose the first destination; the first answer that is not None wins over the inbound routes."""

    @hookspec
    def jackfield_call_answered(self, call: Call) -> None:
        """A person has taken the call. Fires after the talk, when the thread is free again."""

    @hookspec
    def jackfield_before_dial(self, call: Call, agent: str, queue: str) -> None:
        """Just before a person's phone is rung; the place to start a recording. `agent`, `queue` may be empty.

        Of several agents who are rung at once none is named.
        """

    @hookspec
    def jackfield_call_ended(self, call: Call, record: CallRecord) -> None:
        """The call is over; the record is final. The channel is gone: verbs raise `CallerHungUp`.

        Not fired for a talk that outlived a daemon and ended without coming back; the event `call` (`what="ended"`) is.
        """

    @hookspec
    def jackfield_stop(self) -> None:
        """The daemon stops."""
