"""Core's own destinations: `extension`, `prompt`, `hangup`, and the conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jackfield.config.objects.extension import Extension
from jackfield.routing import conditions
from jackfield.routing.conditions import Turns
from jackfield.routing.destinations import DestinationKind, End, Next, Result

if TYPE_CHECKING:
    from jackfield.calls.call import Call

CAUSES = {
    "normal": (Result.COMPLETED, 16),
    "busy": (Result.REJECTED, 17),
    "congestion": (Result.REJECTED, 42),
    "unallocated": (Result.REJECTED, 1),
    "blocked": (Result.REJECTED, 21),
}
"""Q.850 causes; Asterisk answers SIP 486, 503, 404 and 403 for 17, 42, 1 and 21."""
_NOT_THERE = {"BUSY": 17, "NOANSWER": 19, "CHANUNAVAIL": 20, "CONGESTION": 34}


def ring_extension(call: Call, name: str) -> Next:
    """Ring a phone."""
    if call.resumed is not None and call.resumed.dial_status == "ANSWER":
        return End(Result.ANSWERED)
    extension = call.site.get("extension", name, Extension)
    if extension is None:
        return End(Result.REJECTED, 1, "no such extension")
    dialled = call.dial([f"PJSIP/{name}"], seconds=extension.ring_seconds)
    if dialled.status == "ANSWER":
        return End(Result.ANSWERED)
    return End(Result.UNANSWERED, _NOT_THERE.get(dialled.status, 19), dialled.status.lower())


def play_prompt(call: Call, name: str) -> Next:
    """Play a prompt, then end."""
    call.answer()
    call.checkpoint()
    call.play(name)
    return End(Result.COMPLETED)


def hang_up(call: Call, name: str) -> Next:
    """End with a cause; unanswered, so that the caller's network hears it."""
    result, cause = CAUSES.get(name, CAUSES["normal"])
    return End(result, cause, name)


def kinds(turns: Turns | None = None) -> list[DestinationKind]:
    """Core's kinds of destinations; `turns` counts the calls of splits."""
    return [
        DestinationKind("extension", "Extension", ring_extension, lambda site: site.names("extension"), person=True),
        DestinationKind("prompt", "Prompt, then hang up", play_prompt, None),
        DestinationKind("hangup", "Hang up", hang_up, lambda _: CAUSES),
        *conditions.kinds(turns or Turns()),
    ]
