"""What would become of a number that an extension dials now, or at another time: `jackfield route test out`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jackfield.calls.party import Party
from jackfield.config.objects.extension import Extension
from jackfield.control.method import Method, Role
from jackfield.routing import questions

if TYPE_CHECKING:
    from jackfield.calls.service import CallService
    from jackfield.config.site import Site
    from jackfield.routing.decision import Plan


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
        raise questions.BadQuestion(
            f"there is no extension {extension[:40]!r}; name one, or leave it out for a call from outside"
        )
    dialled = questions.number(number, "number")
    when = questions.moment(at, ZoneInfo(site.general.zone))
    found = plan(site, dialled, extension, Party(extension or ""), when)
    return {"from": extension, "at": when.isoformat(timespec="seconds"), **found.as_json()}
