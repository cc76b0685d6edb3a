"""Everything that is known of a plugin, for `jackfield plugins info`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, metadata
from typing import TYPE_CHECKING, Any

from jackfield.describe import describe_settings
from jackfield.hookspecs import Hooks
from jackfield.plugins.status import Status
from jackfield.settings import PREFIX
from jackfield.storage.migrate import state_of

if TYPE_CHECKING:
    from jackfield.plugins.host import PluginHost
    from jackfield.storage.backups import Backups
    from jackfield.storage.engine import Database


def describe(
    host: PluginHost, status: Status, database: Database | None, backups: Backups | None = None
) -> dict[str, Any]:
    """What a plugin is, brings, costs and did; secrets of its settings are masked."""
    declared = status.declared
    return {
        **status.describe(),
        **_distribution(status.distribution),
        "requires": list(status.requires),
        "needed_by": sorted(s.name for s in host.statuses.values() if status.name in s.requires),
        "brings": {
            "destinations": [kind.kind for kind in declared.get("jackfield_destinations", [])],
            "kinds": [kind.kind for kind in declared.get("jackfield_site_kinds", [])],
            "feature_codes": [code.code for code in declared.get("jackfield_feature_codes", [])],
            "jobs": [job.name for job in declared.get("jackfield_jobs", [])],
            "control_methods": [method.name for method in declared.get("jackfield_control_methods", [])],
            "hooks": implemented(status.instance),
        },
        "settings": settings_of(status.name, status.settings),
        "permissions": [str(each) for each in getattr(status.instance, "permissions", ())],
        "tables": _tables(host, status, database),
        "backups": [backup.as_json() for backup in backups.found(status.name)] if backups else [],
        "last_faults": [{"at": at.isoformat(), "what": what} for at, what in status.notes],
        "threads": status.stuck,
        "calls_when_left": status.calls,
        "load_seconds": round(status.load_seconds, 3),
        "load_kilobytes": status.load_kilobytes,
    }


def implemented(instance: object) -> list[str]:
    """Names of the hooks that a plugin has, in the order in which they fire."""
    return [name for name in vars(Hooks) if name.startswith("jackfield_") and hasattr(instance, name)]


def settings_of(plugin: str, settings: Any) -> list[dict[str, Any]]:
    """Each setting as `describe_settings` tells it, and its `source`: `default`, `settings file` or `environment`."""
    if settings is None:
        return []
    rows = describe_settings(type(settings), settings)
    return [row | {"source": _source(plugin, str(row["name"]), settings)} for row in rows]


def _source(plugin: str, name: str, settings: Any) -> str:
    *sections, last = name.split(".")
    for section in sections:
        if section not in settings.model_fields_set:
            return "default"
        settings = getattr(settings, section)
    if last not in settings.model_fields_set:
        return "default"
    variable = f"{PREFIX}{'__'.join(['plugins', plugin, *sections, last])}".upper()
    return "environment" if any(each.upper() == variable for each in os.environ) else "settings file"


def _distribution(name: str) -> dict[str, str]:
    try:
        found = metadata(name) if name else None
    except PackageNotFoundError:
        found = None

    def field(key: str) -> str:
        return str(found[key]) if found is not None and found[key] else ""

    return {
        "distribution": name,
        "summary": field("Summary"),
        "licence": field("License-Expression") or field("License"),
        "home_page": field("Home-page") or _home(found.get_all("Project-URL") or [] if found is not None else []),
    }


def _home(urls: Iterable[str]) -> str:
    """The address of the project that is most of a home page."""
    found = {label.strip().lower(): address.strip() for label, _, address in (url.partition(",") for url in urls)}
    for label in ("homepage", "home page", "home", "repository", "source", "documentation"):
        if label in found:
            return found[label]
    return next(iter(found.values()), "")


def _tables(host: PluginHost, status: Status, database: Database | None) -> dict[str, Any]:
    if database is None:
        return {}
    models = next((m for name, m in host.call("jackfield_models", only=status.name)), None)
    return state_of(database, status.name, models)
