"""Core's own control methods; a part with several has them in a module of its own, as `alarms/methods.py`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field

from jackfield.alarms import methods as alarm_methods
from jackfield.calls import dry_run, listing
from jackfield.control import audit, call_methods, record_methods, system_methods, upkeep_methods
from jackfield.control.method import Caller, Method, Role
from jackfield.control.trunks import describe_trunks
from jackfield.describe import describe_settings
from jackfield.errands import methods as errand_methods
from jackfield.errors import JackfieldError
from jackfield.features import conference
from jackfield.features import methods as feature_methods
from jackfield.jobs import methods as job_methods
from jackfield.plugins import methods as plugin_methods
from jackfield.plugins.tables import backups_of
from jackfield.privacy import methods as privacy_methods
from jackfield.privacy.mask import mask_record
from jackfield.records.queries import find_calls
from jackfield.reports import methods as report_methods
from jackfield.security import methods as security_methods

if TYPE_CHECKING:
    from jackfield.daemon import Daemon

VIEWER, OPERATOR, ADMIN = Role
Limit = Annotated[int, Field(ge=1, le=1000, description="How many at most")]


def core_methods(daemon: Daemon) -> list[Method]:
    """All of core's methods: add yours with a line."""
    calls = daemon.calls
    return [
        Method("status", lambda: status(daemon), VIEWER, summary="Whether everything is at work"),
        Method(
            "calls",
            lambda: listing.describe(calls.board, daemon.registry),
            OPERATOR,
            personal=True,
            summary="Calls in progress",
        ),
        Method("channels", lambda: channels(daemon), VIEWER, personal=True, summary="Channels in Asterisk, by call"),
        Method("trunks", lambda: describe_trunks(daemon), VIEWER, summary="Trunks: state, round trip, calls now"),
        *call_methods.methods(daemon.registry, daemon.asterisk),
        *system_methods.methods(daemon),
        Method("queues", lambda: reported(daemon, "queues"), OPERATOR, personal=True, summary="Queues and who waits"),
        Method("agents", lambda: reported(daemon, "agents"), OPERATOR, personal=True, summary="Agents and their state"),
        *plugin_methods.methods(daemon),
        Method("site.reload", daemon.serving.reload_site, ADMIN, change=True),
        *records_methods(daemon),
        *record_methods.methods(daemon.database),
        *upkeep_methods.methods(daemon.host, daemon.database, calls, daemon.settings),
        *job_methods.methods(daemon.database, daemon.schedules, daemon.settings.paths.run / "worker.sock"),
        *report_methods.methods(daemon.host.reports, daemon.database, lambda: ZoneInfo(daemon.calls.site.general.zone)),
        Method("plugins.settings", plugin_settings(daemon), ADMIN),
        *alarm_methods.methods(daemon.alarms),
        *security_methods.methods(daemon.bans, daemon.fraud),
        *dry_run.methods(daemon.calls),
        *privacy_methods.methods(daemon.bindings),
        *feature_methods.methods(daemon.calls, daemon.states, daemon.registry),
        *conference.methods(daemon.desk),
        *errand_methods.methods(daemon.errands, calls, daemon.database),
    ]


def status(daemon: Daemon) -> dict[str, Any]:
    """What `jackfield status` shows."""
    return {
        "daemon": {"pid": os.getpid(), "seconds_up": round(time.monotonic() - daemon.started, 1)},
        "asterisk": {"connected": daemon.ami.up.is_set(), "version": daemon.asterisk.version()},
        "title": daemon.calls.site.general.title,
        "generation": daemon.calls.site.number,
        "calls": len(daemon.calls.calls()),
        "channels": len(daemon.registry.channels()),
        "agi_threads": daemon.agi.running,
        "recovered": daemon.recovery.finished,
        "overload": daemon.overload.describe(),
        "plugins": {s.name: str(s.state) for s in daemon.host.statuses.values()},
        "left_out": daemon.serving.left_out,
        "trouble": [daemon.trouble] if daemon.trouble else [],
        "alarms": len(daemon.alarms.active()),
        "records_lost": daemon.writer.lost,
        "backups": [backup.path.name for backup in backups_of(daemon.database, daemon.settings).found()],
    }


def channels(daemon: Daemon) -> list[dict[str, Any]]:
    """The registry's channels; `id` and `channel` are as in Asterisk's own list. Without callers' numbers."""
    return [
        {
            "id": channel.id,
            "channel": channel.name,
            "call": channel.call,
            "endpoint": channel.endpoint or None,
            "bridge": channel.bridge or None,
            "since": channel.started.isoformat() if channel.started else None,
            "answered": channel.answered is not None,
            "held": channel.held,
        }
        for channel in daemon.registry.channels()
    ]


def plugin_settings(daemon: Daemon) -> Callable[..., list[dict[str, Any]]]:
    """The method that tells a plugin's settings."""

    def settings(
        plugin: Annotated[str, Field(max_length=64, description="Name of the plugin")],
    ) -> list[dict[str, Any]]:
        """A plugin's settings: type, default, meaning and value; of secrets, whether there is one."""
        status = daemon.host.statuses.get(plugin)
        if status is None:
            raise JackfieldError(f"there is no plugin {plugin!r}; see: jackfield plugins list")
        return [] if status.settings is None else describe_settings(type(status.settings), status.settings)

    return settings


def reported(daemon: Daemon, key: str) -> list[Any]:
    """What plugins report of themselves."""
    return [row for _, report in daemon.host.call("jackfield_status") for row in report.get(key, [])]


def records_methods(daemon: Daemon) -> list[Method]:
    """Call records and the audit log."""

    def records(
        caller: Caller,
        since: Annotated[AwareDatetime | None, Field(description="From when; with a zone")] = None,
        number: Annotated[str | None, Field(max_length=80, description="Only this caller or extension")] = None,
        limit: Limit = 50,
        unmask: privacy_methods.Unmask = False,
    ) -> list[dict[str, Any]]:
        """Call records, newest first; of calls through middle numbers, the parties' own are hidden."""
        privacy_methods.check_unmask(caller, unmask)
        found = find_calls(daemon.database, since=since, number=number, limit=limit)
        return [each.as_json() if unmask else mask_record(each.as_json()) for each in found]

    def audit_log(
        who: Annotated[str | None, Field(max_length=64, description="Only what this user did")] = None,
        since: Annotated[AwareDatetime | None, Field(description="From when; with a zone")] = None,
        limit: Limit = 100,
    ) -> list[dict[str, Any]]:
        """Who read personal data, who changed what, who was refused; newest first."""
        return audit.read(daemon.database, who=who, since=since, limit=limit)

    return [
        Method("records", records, OPERATOR, personal=True, object="{number}"),
        Method("audit", audit_log, ADMIN, personal=True, object="{who}"),
    ]
