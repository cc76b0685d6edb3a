"""What plugins declare once, after loading: checked for its type, and that nobody else has brought it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jackfield.config.kinds import Kind
from jackfield.config.objects import core_kinds
from jackfield.control.method import Method
from jackfield.errors import JackfieldError
from jackfield.features.codes import core_codes
from jackfield.jobs.job import Job
from jackfield.jobs.own import own_jobs
from jackfield.plugins.status import Status
from jackfield.reports.report import Report
from jackfield.routing import builtin
from jackfield.routing.destinations import DestinationKind
from jackfield.routing.internal import FeatureCode
from jackfield.schedules.schedule import Schedule
from jackfield.surfaces import Screen, WebRoute

DECLARED: dict[str, type] = {
    "jackfield_site_kinds": Kind,
    "jackfield_destinations": DestinationKind,
    "jackfield_feature_codes": FeatureCode,
    "jackfield_jobs": Job,
    "jackfield_control_methods": Method,
    "jackfield_schedules": Schedule,
    "jackfield_reports": Report,
    "jackfield_screens": Screen,
    "jackfield_web_routes": WebRoute,
}
"""Hook → what it must return a list of."""
_KEYS = {
    "jackfield_destinations": "kind",
    "jackfield_site_kinds": "kind",
    "jackfield_feature_codes": "code",
    "jackfield_jobs": "name",
    "jackfield_reports": "name",
}
"""Hook → the attribute that nobody else may bring."""


def declared_by(instance: Any) -> dict[str, list[Any]]:
    """Everything that a plugin declares, by hook.

    Raises:
        JackfieldError: something is not of the hook's type. And whatever the plugin raises.
    """
    return {hook: _list(instance, hook, kind) for hook, kind in DECLARED.items()}


def _list(instance: Any, hook: str, kind: type) -> list[Any]:
    items = list(getattr(instance, hook, lambda: ())())
    for item in items:
        if not isinstance(item, kind):
            raise JackfieldError(f"{hook} must return a list of {kind.__name__}, not {type(item).__name__}")
    return items


def check_names(status: Status, others: Iterable[Status]) -> None:
    """Refuse names that core or another plugin has taken, and control methods without the plugin's name.

    Raises:
        JackfieldError: names who has it.
    """
    others = list(others)
    for hook, key in _KEYS.items():
        taken = {getattr(i, key): s.name for s in others for i in s.declared.get(hook, [])}
        taken |= dict.fromkeys(_cores(hook), "core")
        for item in status.declared.get(hook, []):
            if getattr(item, key) in taken:
                raise JackfieldError(f"{key} {getattr(item, key)!r} is already brought by {taken[getattr(item, key)]}")
    for method in status.declared["jackfield_control_methods"]:
        _named_after(status, "a control method", method.name)
    for schedule in status.declared["jackfield_schedules"]:
        _named_after(status, "a schedule", schedule.name)
        if schedule.job not in {job.name for job in status.declared["jackfield_jobs"]}:
            raise JackfieldError(f"schedule {schedule.name}: the plugin declares no job {schedule.job!r}")
    for screen in status.declared["jackfield_screens"]:
        _named_after(status, "a screen", screen.name)


def _named_after(status: Status, what: str, name: str) -> None:
    if name.partition(".")[0] != status.name:
        raise JackfieldError(f"{what} must be named {status.name}.…, not {name!r}")


def _cores(hook: str) -> list[str]:
    match hook:
        case "jackfield_destinations":
            return [kind.kind for kind in builtin.kinds()]
        case "jackfield_jobs":
            return [job.name for job in own_jobs()]
        case "jackfield_site_kinds":
            return [kind.kind for kind in core_kinds()]
        case "jackfield_reports":
            return []
        case _:
            return [code.code for code in core_codes()]
