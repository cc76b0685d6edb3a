"""The destination `privacy:POOL`: connects the callers of middle numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from jackfield.calls.party import Party
from jackfield.config.objects.privacy import PrivacyPool
from jackfield.config.objects.trunk import Trunk
from jackfield.privacy.mask import KIND
from jackfield.routing.destinations import DestinationKind, End, Goto, Next, Result
from jackfield.routing.numbers import plan_of, to_carrier
from jackfield.telephony import variables

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.privacy.bindings import Bindings

TakeLine = Callable[[str, str, int], bool]
"""Takes a place on a trunk (its name) for a call (its id), of so many; False when all of them are taken."""
_CAUSES = {"BUSY": 17, "NOANSWER": 19, "CHANUNAVAIL": 20, "CONGESTION": 34}


def kind(bindings: Bindings | None, take_line: TakeLine) -> DestinationKind:
    """The kind of destination; without bindings it connects nobody."""

    def connect(call: Call, name: str) -> Next:
        return _connect(bindings, take_line, call, name)

    return DestinationKind(KIND, "The other party of a middle number", connect, lambda site: site.names(KIND), True)


def _connect(bindings: Bindings | None, take_line: TakeLine, call: Call, name: str) -> Next:
    if call.resumed is not None and call.resumed.dial_status:  # the daemon was lost while it rang or they talked
        return _end(call.resumed.dial_status)
    pool = call.site.get(KIND, name, PrivacyPool)
    trunk = call.site.get("trunk", pool.trunk, Trunk) if pool else None
    if pool is None or trunk is None:
        return End(Result.FAILED, 41, "no such pool")
    bound = bindings.find(call.did, call.caller.number) if bindings is not None else None
    if bound is None:
        return Goto(pool.unbound, "not bound")
    if not take_line(trunk.name, call.id, trunk.max_calls):
        return End(Result.REJECTED, 34, "lines-busy")
    call.set_data("binding", str(bound.id))
    if bound.record:
        call.want_recording()
    _hide(call)
    plan = plan_of(call.site.general, trunk)
    target = f"PJSIP/{to_carrier(bound.other(call.caller.number), plan)}@{trunk.name}"
    shown = Party(to_carrier(bound.x, plan))
    return _end(call.dial([target], seconds=pool.ring_seconds, caller_id=shown).status)


def _hide(call: Call) -> None:
    """Take from the channel what would go on to the other side: who was diverted, and a wish to show no number."""
    for name in variables.REDIRECTING:
        call.set_variable(name, "")
    call.set_variable(variables.PRESENTATION, "allowed_passed_screen")


def _end(status: str) -> End:
    if status == "ANSWER":
        return End(Result.ANSWERED)
    return End(Result.UNANSWERED, _CAUSES.get(status, 19), status.lower())
