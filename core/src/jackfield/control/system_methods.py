"""Control methods about the machine: load, memory, disks, versions; and what plugins bring for the console."""

from __future__ import annotations

import os
import platform
import shutil
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jackfield.control.method import Method, Role

if TYPE_CHECKING:
    from jackfield.daemon import Daemon

MEMORY = Path("/proc/meminfo")
UPTIME = Path("/proc/uptime")
SHOWN = ("jackfield", "jackfield-admintui", "jackfield-acd", "jackfield-ivr", "jackfield-recording", "pyst2",
         "pydantic", "sqlmodel", "SQLAlchemy", "alembic")  # fmt: skip


def methods(daemon: Daemon) -> list[Method]:
    """Control methods."""
    paths = daemon.settings.paths

    def system() -> dict[str, Any]:
        """The machine: load, memory and disks in bytes, seconds since it was started, versions."""
        return {
            "load": [round(each, 2) for each in os.getloadavg()],
            "cores": os.cpu_count() or 1,
            "memory": memory(MEMORY.read_text(encoding="ascii")),
            "disks": disks([paths.state, paths.spool]),
            "seconds_up": float(UPTIME.read_text(encoding="ascii").split()[0]),
            "daemon_seconds": round(time.monotonic() - daemon.started, 1),
            "host": platform.node(),
            "system": platform.platform(terse=True),
            "versions": versions(daemon.asterisk.version()),
        }

    def screens() -> list[dict[str, str]]:
        """Screens that plugins bring for the console."""
        return [
            {"plugin": status.name, "name": screen.name, "title": screen.title, "target": screen.target,
             "key": screen.key}
            for status in daemon.host.statuses.values()
            if status.instance is not None
            for screen in status.declared.get("jackfield_screens", [])
        ]  # fmt: skip

    return [Method("system", system, Role.VIEWER), Method("plugins.screens", screens, Role.VIEWER)]


def memory(text: str) -> dict[str, int]:
    """Bytes in all and still to be had, of /proc/meminfo (proc(5): in units of 1024 bytes)."""
    found = {line.partition(":")[0]: line.split()[1] for line in text.splitlines() if len(line.split()) > 1}
    return {"total": int(found["MemTotal"]) * 1024, "available": int(found["MemAvailable"]) * 1024}


def disks(folders: list[Path]) -> list[dict[str, Any]]:
    """The file systems of these folders, each once."""
    found: dict[int, dict[str, Any]] = {}
    for folder in folders:
        try:
            device, usage = folder.stat().st_dev, shutil.disk_usage(folder)
        except OSError:
            continue
        found.setdefault(device, {"path": str(folder), "total": usage.total, "used": usage.used, "free": usage.free})
    return list(found.values())


def versions(asterisk: str) -> dict[str, str]:
    """What runs here."""
    found = {"python": platform.python_version(), "asterisk": asterisk or "not reached"}
    for name in SHOWN:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
