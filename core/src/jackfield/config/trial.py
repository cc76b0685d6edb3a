"""Dry runs by a site that is not in force: what its routes would do, were every trunk well and every line free."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from jackfield.calls.dry_run import explain_outbound
from jackfield.calls.party import Party
from jackfield.config.site import Site
from jackfield.routing.conditions import Turns
from jackfield.routing.decision import QUIET, Asked, Plan
from jackfield.routing.explain import explain_inbound
from jackfield.routing.inbound import InboundRoutes
from jackfield.routing.outbound import OutboundRoutes


def inbound_by(site: Site, *, did: str, trunk: str | None, caller: str, at: str | None) -> dict[str, Any]:
    """Which inbound route a call would take; arguments, answer and errors as those of `explain_inbound`."""
    turns = Turns()
    return explain_inbound(site, InboundRoutes(site), turns.look, did=did, trunk=trunk, caller=caller, at=at)


def outbound_by(site: Site, number: str, extension: str | None, at: str | None) -> dict[str, Any]:
    """How a number would go out; arguments, answer and errors as those of `explain_outbound`."""

    def plan(by: Site, dialled: str, who: str | None, caller: Party, now: datetime) -> Plan:
        return OutboundRoutes(by).decide(Asked(dialled, who, caller, now), QUIET)

    return explain_outbound(site, plan, number, extension, at)
