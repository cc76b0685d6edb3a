"""Times that go on between two answers of the daemon: it tells seconds once, here they grow."""

from __future__ import annotations

import time
from collections.abc import Iterable

from jackfield_admintui.widgets.grid import Row

HEARD = "heard"
"""When an answer came, on this machine's monotonic clock."""


def stamped(rows: Iterable[Row]) -> list[Row]:
    """The rows, with the time at which they came."""
    now = time.monotonic()
    return [{**row, HEARD: now} for row in rows]


def lasts(row: Row) -> float | None:
    """Seconds that a row's `seconds` are by now."""
    seconds = row.get("seconds")
    return None if seconds is None else float(seconds) + time.monotonic() - float(row.get(HEARD, time.monotonic()))
