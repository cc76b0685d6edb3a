"""What would become of a number that an extension dials now, or at another time: `jackfield route test out`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jackfield.calls.party import Party, clean_number
from jackfield.config.objects.extension import Extension
from jackfield.control.method import Method, Role
from jackfield.errors import JackfieldError, Recovery

if TYPE_CHECKING:
    from jackfield.calls.service import CallService
    from jackfield.config.site import Site
    from jackfield.routing.outbound import Plan


class BadQuestion(JackfieldError):
    """The question cannot be answered; the message says how to ask it."""

    recovery = Recovery.REFUSE_INPUT


def methods(calls: CallService) -> list[Method]:
    """Control methods."""

    def test_out(number: str, extension: str | None = None, at: str | None = None) -> dict[str, Any]:
        """How a number would go out, or why not: with limits and trunks as they are now."""
        return explain_outbound(calls.site, calls.outgoing.plan, number, extension, at)

    return [Method("route.test.out", test_out, Role.VIEWER)]


def explain_outbound(
    site: Site,
    plan: Callable[[Site, str, str | None, Party, datetime], Plan],
    number: str,
    extension: str | None,
    at: str | None,
) -> dict[str, Any]:
    """How a number would go out, or why not, as `jackfield route test out` tells it.

    Args:
        site: the site.
        plan: what decides: (site, number, extension, caller, time).
        number: as dialled.
        extension: who dials; None for a call from outside.
        at: a time as in 2026-12-25T14:30, in the site's zone unless it says another; None is now.

    Raises:
        BadQuestion: the extension, the number or the time is none.
    """
    own = site.get("extension", extension, Extension) if extension else None
    if extension and own is None:
        raise BadQuestion(
            f"there is no extension {extension[:40]!r}; name one, or leave it out for a call from outside"
        )
    dialled = clean_number(number)
    if not dialled:
        raise BadQuestion(f"{number[:40]!r} is not a number; write digits, perhaps with + in front")
    when = _moment(at, ZoneInfo(site.general.zone))
    found = plan(site, dialled, extension, Party(extension or ""), when)
    return {"from": extension, "at": when.isoformat(timespec="seconds"), **found.as_json()}


def _moment(text: str | None, zone: ZoneInfo) -> datetime:
    if text is None:
        return datetime.now(UTC).astimezone(zone)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadQuestion(f"{text[:40]!r} is no time; write it as in 2026-12-25T14:30") from None
    return found.replace(tzinfo=zone) if found.tzinfo is None else found
