"""Control methods about the machine: load, memory, disks, versions; and what plugins bring for the console."""

from __future__ import annotations

import grp
import platform
import pwd
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jackfield.config.certificates import validity
from jackfield.control.machine import machine
from jackfield.control.method import Method, Role
from jackfield.control.updates import updates

if TYPE_CHECKING:
    from jackfield.daemon import Daemon
    from jackfield.settings import ControlSettings

UPTIME = Path("/proc/uptime")
SHOWN = ("jackfield", "jackfield-admintui", "jackfield-acd", "jackfield-ivr", "jackfield-recording", "pyst2",
         "pydantic", "sqlmodel", "SQLAlchemy", "alembic")  # fmt: skip


def methods(daemon: Daemon) -> list[Method]:
    """Control methods."""
    paths = daemon.settings.paths

    def system() -> dict[str, Any]:
        """The machine: load, memory and disks in bytes, seconds since it was started, versions."""
        return {
            **machine([paths.state, paths.spool]),
            "seconds_up": float(UPTIME.read_text(encoding="ascii").split()[0]),
            "daemon_seconds": round(time.monotonic() - daemon.started, 1),
            "host": platform.node(),
            "system": platform.platform(terse=True),
            "certificates": validity(sorted((daemon.base / "tls").glob("*.crt")) + named()),
            "versions": versions(daemon.asterisk.version()),
        }

    def named() -> list[Path]:
        """The site's own certificate, where it has one."""
        own = daemon.calls.site.general.tls_certificate
        return [Path(own)] if own else []

    def screens() -> list[dict[str, str]]:
        """Screens that plugins bring for the console."""
        return [
            {"plugin": status.name, "name": screen.name, "title": screen.title, "target": screen.target,
             "key": screen.key}
            for status in daemon.host.statuses.values()
            if status.instance is not None
            for screen in status.declared.get("jackfield_screens", [])
        ]  # fmt: skip

    return [
        Method("system", system, Role.VIEWER),
        Method("system.updates", updates, Role.VIEWER),
        Method("users", lambda: users(daemon.settings.control), Role.VIEWER, summary="Who has which role here"),
        Method("plugins.screens", screens, Role.VIEWER),
    ]


def users(settings: ControlSettings) -> list[dict[str, Any]]:
    """Users and groups with a role, as `[control]` gives them; a group's members are those of the user database."""
    given = {Role.ADMIN: ["root", *settings.admins], Role.OPERATOR: settings.operators, Role.VIEWER: settings.viewers}
    return [_user(name, role) for role, names in given.items() for name in names]


def _user(name: str, role: Role) -> dict[str, Any]:
    members: list[str] = []
    try:
        if name.startswith("@"):
            members = grp.getgrnam(name[1:]).gr_mem
        else:
            pwd.getpwnam(name)
        there = True
    except KeyError:
        there = False
    return {"name": name, "role": role.value, "members": members, "there": there}


def versions(asterisk: str) -> dict[str, str]:
    """What runs here."""
    found = {"python": platform.python_version(), "asterisk": asterisk or "not reached"}
    for name in SHOWN:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
