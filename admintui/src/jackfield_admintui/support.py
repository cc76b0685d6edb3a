"""A report for support: versions, state, what went wrong in this console. No calls, numbers, names or secrets."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from collections import deque
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jackfield_admintui.station import Station

KEPT, CHAIN = 20, 8
_traces: deque[str] = deque(maxlen=KEPT)


def trace(error: BaseException) -> str:
    """An exception and those that it came from, each with its place; not their words, in which anything may be."""
    chain: list[BaseException] = []
    while error not in chain and len(chain) < CHAIN:
        chain.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__) or error
    return "".join(
        f"Traceback\n{''.join(traceback.format_tb(each.__traceback__))}{type(each).__module__}.{type(each).__qualname__}\n"
        for each in reversed(chain)
    )


def keep(text: str) -> None:
    """Keep a trace for the next report."""
    _traces.append(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n{text}")


def report(station: Station, screen: Any) -> str:
    """The text of a report."""
    lines = [
        f"Jackfield console, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        *(f"{name} {_version(name)}" for name in ("jackfield-admintui", "jackfield", "textual")),
        f"Python {platform.python_version()}, {platform.platform()}",
        f"terminal {os.environ.get('TERM', '?')} {screen.size.width}x{screen.size.height}, language "
        f"{os.environ.get('LANG', '?')}",
        f"daemon {'up' if station.up else 'down'} {station.server}, Asterisk {station.asterisk_version or 'down'}",
        f"role {station.role.value if station.role else 'none'}, alarms {station.alarms}",
        f"screen {type(screen).__module__}.{type(screen).__name__}",
        f"trouble {station.trouble.why.value}" if station.trouble else "no trouble with the connection",
        "",
        *(_traces or ["no errors in this console"]),
    ]
    return "\n".join(lines) + "\n"


def write(station: Station, screen: Any, folder: Path | None = None) -> Path:
    """Write a report that only its owner can read; where it is.

    Raises:
        OSError: neither the folder nor the one for temporary files can be written.
    """
    name = f"jackfield-report-{datetime.now(UTC):%Y%m%d-%H%M%S}-"
    wanted = folder or Path.home()
    where = wanted if os.access(wanted, os.W_OK) else Path(tempfile.gettempdir())
    handle, path = tempfile.mkstemp(prefix=name, suffix=".txt", dir=where)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(report(station, screen))
    return Path(path)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed as a package)"
