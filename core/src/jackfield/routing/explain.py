"""Which inbound route a call would take, and why: the look-up of a real call, told step by step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jackfield.config.check import suggestion
from jackfield.config.objects.inbound import Split
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site
from jackfield.control.method import Method, Role
from jackfield.errors import UnsafeValue
from jackfield.routing import questions
from jackfield.routing.conditions import Lead, Turns, by_share, by_time
from jackfield.routing.destinations import split
from jackfield.routing.inbound import InboundRoutes
from jackfield.routing.numbers import NumberPlan, from_carrier, plan_of

if TYPE_CHECKING:
    from jackfield.calls.service import CallService

MAX_STEPS = 50


def explain_inbound(
    site: Site,
    routes: InboundRoutes,
    turn: Callable[[Split], int],
    *,
    trunk: str | None,
    did: str,
    caller: str,
    at: str | None,
) -> dict[str, Any]:
    """What happens to a call, as `jackfield route test in` tells it.

    Args:
        site: the site.
        routes: its inbound routes.
        turn: whose turn it is in a split.
        trunk: the trunk; None when the site has one only.
        did: the number dialled, as the carrier writes it.
        caller: the caller's number; '' when withheld.
        at: a time as in 2026-12-25T14:30, in the site's zone unless it says another; None is now.

    Raises:
        UnsafeValue: there is no such trunk.
        BadQuestion: a number or the time is none.
    """
    over = _trunk(site, trunk)
    plan = plan_of(site.general, over)
    dialled, number = _number(did, "did", plan), _number(caller, "from", plan)
    now = questions.moment(at, ZoneInfo(site.general.zone))
    route = routes.find(over.name, dialled, number, now)
    leads = _leads(site, route.destination, number, now, turn)
    return {
        "trunk": over.name,
        "did": dialled,
        "from": number,
        "at": now.isoformat(timespec="minutes"),
        "candidates": [
            {"route": c.route, "number": c.number, "taken": c.taken, "why": c.why}
            for c in routes.candidates(over.name, dialled, number)
        ],
        "lists": [
            {"name": one.name, "block": one.block, "priority": one.priority, "language": one.language}
            for one in routes.lists(number)
        ],
        "route": route.name or None,
        "why": route.why,
        "destination": route.destination,
        "then": [{"destination": lead.destination, "why": lead.why} for lead in leads],
        "ends_at": leads[-1].destination if leads else route.destination,
        "language": route.language,
        "priority": route.priority,
        "fallback": route.fallback,
    }


def _trunk(site: Site, name: str | None) -> Trunk:
    trunks = site.all("trunk", Trunk)
    if name is None and len(trunks) == 1:
        return trunks[0]
    found = site.get("trunk", name or "", Trunk)
    if found is None:
        what = f"there is no trunk {name!r}" if name else "say over which trunk the call comes"
        raise UnsafeValue(f"{what}; {suggestion(name or '', site.names('trunk')) or 'add one to the site'}")
    return found


def _number(text: str, what: str, plan: NumberPlan) -> str:
    """In the one form; '' for a caller who is withheld."""
    return from_carrier(questions.number(text, what), plan) if text else ""


def _leads(site: Site, first: str, caller: str, now: datetime, turn: Callable[[Split], int]) -> list[Lead]:
    """Where time conditions and splits lead on from a destination."""
    leads: list[Lead] = []
    while len(leads) < MAX_STEPS:
        kind, name = split(leads[-1].destination if leads else first)
        lead = None
        if kind == "time":
            lead = by_time(site, name, now)
        elif kind == "split":
            lead = by_share(site, name, caller, turn)
        if lead is None:
            break
        leads.append(lead)
    return leads


def methods(calls: CallService, turns: Turns) -> list[Method]:
    """Methods of the control socket: the site in force."""

    def test_in(did: str, trunk: str | None = None, caller: str = "", at: str | None = None) -> dict[str, Any]:
        """Which inbound route a call would take, and why."""
        return explain_inbound(calls.site, calls.routes, turns.look, trunk=trunk, did=did, caller=caller, at=at)

    return [Method("route.test.in", test_in, Role.VIEWER)]
