"""The machine: load, memory and disks, told as the event `load` while somebody follows it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jackfield.services import EventBus, TimerThread

MEMORY = Path("/proc/meminfo")
TOPIC = "load"
SECONDS = 5.0
"""The kernel works out its load average every five seconds (LOAD_FREQ in sched/loadavg.h): more often tells nothing."""


def machine(folders: Sequence[Path]) -> dict[str, Any]:
    """Load of 1, 5 and 15 minutes, cores; memory, and the disks of these folders, in bytes."""
    return {
        "load": [round(each, 2) for each in os.getloadavg()],
        "cores": os.cpu_count() or 1,
        "memory": memory(MEMORY.read_text(encoding="ascii")),
        "disks": disks(folders),
    }


def memory(text: str) -> dict[str, int]:
    """Bytes in all and still to be had, of /proc/meminfo (proc(5): in units of 1024 bytes)."""
    found = {line.partition(":")[0]: line.split()[1] for line in text.splitlines() if len(line.split()) > 1}
    return {"total": int(found["MemTotal"]) * 1024, "available": int(found["MemAvailable"]) * 1024}


def disks(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """The file systems of these folders, each once."""
    found: dict[int, dict[str, Any]] = {}
    for folder in folders:
        try:
            device, usage = folder.stat().st_dev, shutil.disk_usage(folder)
        except OSError:
            continue
        found.setdefault(device, {"path": str(folder), "total": usage.total, "used": usage.used, "free": usage.free})
    return list(found.values())


class MachineLoad:
    """Publishes the event. Looks at nothing, and has no timer, while nobody follows."""

    def __init__(self, events: EventBus, timers: TimerThread, folders: Sequence[Path]) -> None:
        self._events, self._folders = events, tuple(folders)
        self._timers = timers.apart()  # a disk that hangs holds up nothing else
        self._lock, self._ticks = threading.Lock(), False

    def start(self) -> None:
        """From now on, until `stop`."""
        self._events.source(self._look)
        self._look()

    def stop(self) -> None:
        """No more."""
        self._timers.stop()

    def _look(self) -> None:
        with self._lock:
            if not self._ticks and self._events.wanted(TOPIC):
                self._ticks = True
                self._timers.after(SECONDS, self._tell)

    def _tell(self) -> None:
        with self._lock:
            self._ticks = False
        if self._events.wanted(TOPIC):
            self._look()
            self._events.publish(TOPIC, **machine(self._folders))
