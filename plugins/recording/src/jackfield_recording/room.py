"""Whether there is room to record: a full disk must cost recordings, never calls."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from jackfield.core import Alarms, Timers

log = structlog.get_logger(__name__)
ALARM = "disk-full:recordings"
LOOK_SECONDS = 30.0
MEGABYTE = 1024 * 1024


class Room:
    """Looks at the disks of the spool and of the store, and raises and clears the alarm."""

    def __init__(
        self,
        folders: tuple[Path, ...],
        least_mb: int,
        alarms: Alarms,
        timers: Timers,
        free: Callable[[Path], int] | None = None,
    ) -> None:
        """`least_mb`: with less free than so many MB nothing is recorded; 0 never looks."""
        self._folders, self._least = folders, least_mb * MEGABYTE
        self._alarms, self._timers = alarms, timers
        self._free = free or free_bytes

    def watch(self) -> None:
        """Look now, and every half minute from now on: a recording that runs may fill the disk too."""
        self.enough()
        self._timers.after(LOOK_SECONDS, self.watch)

    def enough(self) -> bool:
        """Whether a recording may begin. A disk that cannot be asked is left to the recording itself."""
        for folder in self._folders:
            try:
                free = self._free(folder)
            except OSError as error:
                log.warning("recording.disk_unknown", folder=str(folder), error=str(error))
                continue
            if free < self._least:
                self._alarms.raise_(
                    ALARM,
                    f"Calls are not recorded: {folder} has {free // MEGABYTE} MB free, fewer than min_free_mb of "
                    f"[plugins.recording] ({self._least // MEGABYTE}). Make room; calls go on meanwhile.",
                    source="recording",
                    free_mb=free // MEGABYTE,
                )
                return False
        self._alarms.clear(ALARM)
        return True


def free_bytes(folder: Path) -> int:
    """Bytes that a user who is not root may still write (statvfs(3)); of the nearest folder above that there is."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
