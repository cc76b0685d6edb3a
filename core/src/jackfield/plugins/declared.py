"""What plugins declare once, after loading: checked for its type, and that nobody else has brought it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jackfield.alarms import senders
from jackfield.config.kinds import Kind
from jackfield.config.objects import core_kinds
from jackfield.control.method import Method
from jackfield.errors import JackfieldError
from jackfield.features.codes import core_codes
from jackfield.jobs.job import Job
from jackfield.plugins.status import Status
from jackfield.routing import builtin
from jackfield.routing.destinations import DestinationKind
from jackfield.routing.internal import FeatureCode

DECLARED: dict[str, type] = {
    "jackfield_site_kinds": Kind,
    "jackfield_destinations": DestinationKind,
    "jackfield_feature_codes": FeatureCode,
    "jackfield_jobs": Job,
    "jackfield_control_methods": Method,
}
"""Hook → what it must return a list of."""
_KEYS = {
    "jackfield_destinations": "kind",
    "jackfield_site_kinds": "kind",
    "jackfield_feature_codes": "code",
    "jackfield_jobs": "name",
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
        if method.name.partition(".")[0] != status.name:
            raise JackfieldError(f"a control method must be named {status.name}.…, not {method.name!r}")


def _cores(hook: str) -> list[str]:
    match hook:
        case "jackfield_destinations":
            return [kind.kind for kind in builtin.kinds()]
        case "jackfield_jobs":
            return [job.name for job in senders.jobs()]
        case "jackfield_site_kinds":
            return [kind.kind for kind in core_kinds()]
        case _:
            return [code.code for code in core_codes()]
