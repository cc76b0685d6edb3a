"""Everything that is known of a plugin, for `jackfield plugins info`."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, metadata
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from jackfield.hookspecs import Hooks
from jackfield.plugins.status import Status
from jackfield.storage.migrate import state_of

if TYPE_CHECKING:
    from jackfield.plugins.host import PluginHost
    from jackfield.storage.backups import Backups
    from jackfield.storage.engine import Database

HIDDEN = "(secret)"
_SECRET_WORDS = ("password", "secret", "token", "passphrase", "api_key", "pin")


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
        "settings": settings_of(status.settings),
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


def settings_of(settings: Any) -> list[dict[str, Any]]:
    """Each setting with its value, default and help."""
    if settings is None:
        return []
    rows = []
    for name, field in type(settings).model_fields.items():
        value, default = getattr(settings, name), field.get_default(call_default_factory=True)
        hidden = _is_secret(name, value, field)
        rows.append(
            {
                "name": name,
                "value": HIDDEN if hidden and value else _plain(value),
                "default": None if field.is_required() else HIDDEN if hidden and default else _plain(default),
                "help": field.description or "",
                "secret": hidden,
            }
        )
    return rows


def _is_secret(name: str, value: Any, field: Any) -> bool:
    extra = field.json_schema_extra
    said = isinstance(extra, dict) and bool(extra.get("secret"))
    named = any(word in name.lower() for word in _SECRET_WORDS)
    return said or not field.repr or isinstance(value, SecretStr) or named


def _plain(value: Any) -> Any:
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Iterable):
        return [_plain(each) for each in value]
    return str(value)


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
