"""The destination `extension`: forwarding, do-not-disturb, call waiting, and what happens when nobody answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from jackfield.config.objects.extension import Extension
from jackfield.routing.decision import ON_BEHALF
from jackfield.routing.destinations import End, Goto, Next, Result

if TYPE_CHECKING:
    from jackfield.calls.call import Call

log = structlog.get_logger(__name__)
FORWARDED = "forwarded"
"""In the call's data: extensions that have forwarded it, with commas."""
MAX_FORWARDS = 8
_REASONS = {"always": "cfu", "busy": "cfb", "no-answer": "cfnr"}
"""How Asterisk's REDIRECTING() names them; the next phone shows who forwarded the call."""
_UNREACHABLE = ("CHANUNAVAIL", "CONGESTION")
_CAUSES = {"busy": 17, "dnd": 17, "no-answer": 19, "unreachable": 20}


def ring_extension(call: Call, name: str) -> Next:
    """Ring an extension's phones, or send the call where its owner wants it."""
    if call.resumed is not None and call.resumed.dial_status == "ANSWER":
        return End(Result.ANSWERED)
    extension = call.site.get("extension", name, Extension)
    if extension is None:
        return End(Result.REJECTED, 1, "no such extension")
    state = call.desk.states.get(name).over(extension)
    if state.forward_always and (forwarded := _forward(call, name, state.forward_always, "always")):
        return forwarded
    if state.dnd:
        return _not_taken(call, extension, "dnd", state.forward_busy)
    if not extension.call_waiting and call.desk.busy(name):
        return _not_taken(call, extension, "busy", state.forward_busy)
    dialled = call.dial(call.phones(name), seconds=extension.ring_seconds)
    if dialled.status == "ANSWER":
        return End(Result.ANSWERED)
    if dialled.status == "BUSY":
        return _not_taken(call, extension, "busy", state.forward_busy)
    outcome = "unreachable" if dialled.status in _UNREACHABLE else "no-answer"
    return _not_taken(call, extension, outcome, state.forward_no_answer)


def _not_taken(call: Call, extension: Extension, outcome: str, forward: str | None) -> Next:
    """The user's forward, else the site's destination, else the end."""
    if outcome == "unreachable" and extension.unreachable is not None:
        return Goto(extension.unreachable, outcome)
    reason = "busy" if outcome in ("busy", "dnd") else "no-answer"
    if forward and (forwarded := _forward(call, extension.name, forward, reason)):
        return forwarded
    onward = extension.busy if reason == "busy" else extension.no_answer
    if onward is not None:
        return Goto(onward, outcome)
    return End(Result.UNANSWERED, _CAUSES[outcome], outcome)


def _forward(call: Call, name: str, number: str, reason: str) -> Goto | None:
    """Where a forward leads; None when it would go round in a circle, or nowhere."""
    came = [n for n in call.data.get(FORWARDED, "").split(",") if n]
    if name in came or len(came) >= MAX_FORWARDS:
        log.warning("forward.loop", call=call.id, extension=name, to=number, came=came)
        return None
    destination = call.desk.leads(number)
    if not destination:
        log.warning("forward.nowhere", call=call.id, extension=name, to=number)
        return None
    call.set_data(FORWARDED, ",".join([*came, name]))
    call.set_data(ON_BEHALF, name)
    call.set_variable("REDIRECTING(from-num,i)", _diverted_from(call, name, destination))
    call.set_variable("REDIRECTING(reason,i)", _REASONS[reason])
    call.set_variable("REDIRECTING(count,i)", str(len(came) + 1))  # without it, nobody is told
    return Goto(destination, f"forwarded {reason}")


def _diverted_from(call: Call, name: str, destination: str) -> str:
    """Who forwards, as the next one knows the number: SIP's Diversion."""
    own = call.site.get("extension", name, Extension)
    outside = own.outbound_number if own is not None and destination.startswith("outbound:") else None
    return outside or name
