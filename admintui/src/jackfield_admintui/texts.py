"""What people read, in their language, and safe on a terminal.

The language is that of the running task (`jackfield.i18n.use`), set before the application starts; to change it the
application is started anew (`main.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from jackfield.i18n import LazyText, gettext_for, gettext_lazy

PACKAGE = "jackfield_admintui"
_ = gettext_for(PACKAGE)
N_ = gettext_lazy(PACKAGE)
NOTHING = "–"


def told(text: str) -> str:
    """A text as it is to be shown: one that was marked with `N_` in this package, or `gettext_lazy` in another."""
    return str(text) if isinstance(text, LazyText) else _(text) if text else ""


def plain(value: object) -> str:
    """A value on one line, without control characters: callers' names are whatever the caller likes."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, list | tuple):
        return ", ".join(plain(each) for each in value) or NOTHING
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={plain(each)}" for key, each in value.items()) or NOTHING
    return "".join(c if c.isprintable() else "\ufffd" for c in str(value))


def span(seconds: float | None) -> str:
    """A length of time, as in 7 s, 2:05, 1:02:05, 3 d 4 h.

    >>> span(125)
    '2:05'
    """
    if seconds is None:
        return NOTHING
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return _("{days} d {hours} h").format(days=days, hours=hours)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(number: float | None) -> str:
    """Bytes, as in 1.5 GB.

    >>> size(1500)
    '1.5 kB'
    """
    if number is None:
        return NOTHING
    for unit in ("B", "kB", "MB", "GB"):
        if abs(number) < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def moment(text: str | None) -> datetime | None:
    """A time as the control API writes it; None for what is none."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def clock(text: str | None, *, date: bool = False) -> str:
    """A time of the control API in the terminal's zone: the time of day, or the date too."""
    found = moment(text)
    if found is None:
        return NOTHING
    local = found.astimezone()
    return (
        f"{local:%Y-%m-%d %H:%M:%S}"
        if date or local.date() != datetime.now().astimezone().date()
        else f"{local:%H:%M:%S}"
    )


def ago(text: str | None) -> float | None:
    """Seconds since a time of the control API."""
    found = moment(text)
    return None if found is None else (datetime.now(UTC) - found).total_seconds()
