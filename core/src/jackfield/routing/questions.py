"""What people ask a dry run by: a number and a time, as they write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from jackfield.calls.party import clean_number
from jackfield.errors import JackfieldError, Recovery

_SHOWN = 40


class BadQuestion(JackfieldError):
    """The question cannot be answered; the message says how to ask it."""

    recovery = Recovery.REFUSE_INPUT


def number(text: str, what: str) -> str:
    """A number without what people put in between.

    Raises:
        BadQuestion: there is none; `what` says of which of several.
    """
    found = clean_number(text)
    if not found:
        raise BadQuestion(f"{what} {text[:_SHOWN]!r} is not a number; write digits, perhaps with + in front")
    return found


def moment(text: str | None, zone: ZoneInfo) -> datetime:
    """A time as in 2026-12-25T14:30, in `zone` unless it says another; None is now.

    Raises:
        BadQuestion: it is no time.
    """
    if text is None:
        return datetime.now(UTC).astimezone(zone)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadQuestion(f"{text[:_SHOWN]!r} is no time; write it as in 2026-12-25T14:30") from None
    return found.replace(tzinfo=zone) if found.tzinfo is None else found
