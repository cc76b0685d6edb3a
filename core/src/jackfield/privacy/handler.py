"""The destination `privacy:POOL`: connects the callers of middle numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from jackfield.calls.party import Party
from jackfield.config.objects.privacy import PrivacyPool
from jackfield.config.objects.trunk import Trunk
from jackfield.privacy.mask import KIND
from jackfield.routing.decision import Asked, Attempt, Plan
from jackfield.routing.destinations import DestinationKind, End, Goto, Next, Result
from jackfield.routing.numbers import dial_forms, plan_of, to_carrier
from jackfield.telephony import variables

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.config.site import Site
    from jackfield.privacy.bindings import Bindings


class WaysOut(Protocol):
    """Calls to the outside, trunk after trunk."""

    def again(self, call: Call) -> Next | None:
        """Go on with a call that was on its way out when the daemon was lost; None when this one was not."""

    def takes(self, site: Site, number: str) -> bool:
        """Whether an outbound route takes a number as dialled."""

    def decide(self, call: Call, asked: Asked) -> Plan:
        """What becomes of a number; from then on it counts for limits."""

    def follow(self, call: Call, plan: Plan) -> Next:
        """Try the plan's trunks, or say why not."""


def kind(bindings: Bindings | None, ways: WaysOut | None) -> DestinationKind:
    """The kind of destination; without bindings it connects nobody."""

    def connect(call: Call, name: str) -> Next:
        return _connect(bindings, ways, call, name)

    return DestinationKind(KIND, "The other party of a middle number", connect, lambda site: site.names(KIND), True)


def _connect(bindings: Bindings | None, ways: WaysOut | None, call: Call, name: str) -> Next:
    if ways is not None and (again := ways.again(call)) is not None:
        return again
    pool = call.site.get(KIND, name, PrivacyPool)
    if pool is None or ways is None:
        return End(Result.FAILED, 41, "no such pool")
    bound = bindings.find(call.did, call.caller.number) if bindings is not None else None
    if bound is None:
        return Goto(pool.unbound, "not bound")
    call.set_data("binding", str(bound.id))
    if bound.record:
        call.want_recording()
    _hide(call)
    return ways.follow(call, _plan(call, pool, bound.other(call.caller.number), bound.x, ways))


def _plan(call: Call, pool: PrivacyPool, number: str, x: str, ways: WaysOut) -> Plan:
    """Over the pool's own trunk, or by the outbound routes; the other party is always shown X."""
    site = call.site
    if pool.trunk is not None:
        plan = Plan(number, attempts=(Attempt(pool.trunk, _for_trunk(site, pool.trunk, number)),))
    else:
        dialled = next((n for n in dial_forms(number, plan_of(site.general)) if ways.takes(site, n)), number)
        plan = ways.decide(call, Asked(dialled, None, Party(x), datetime.now(UTC), tuple(pool.may_call)))
    shown = tuple(replace(a, caller_id=Party(_for_trunk(site, a.trunk, x)), withheld=False) for a in plan.attempts)
    return replace(plan, attempts=shown, ring_seconds=pool.ring_seconds)


def _for_trunk(site: Site, name: str, number: str) -> str:
    return to_carrier(number, plan_of(site.general, site.get("trunk", name, Trunk)))


def _hide(call: Call) -> None:
    """Take from the channel what would go on to the other side: who was diverted, and a wish to show no number."""
    for name in variables.REDIRECTING:
        call.set_variable(name, "")
    call.set_variable(variables.PRESENTATION, "allowed_passed_screen")
