"""Core's own destinations: `extension`, `prompt`, `hangup`, the conditions, and what is behind the feature codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jackfield.config.objects.parking import Parking
from jackfield.errors import JackfieldError
from jackfield.features import codes, conference, parking, pickup
from jackfield.features.ringing import ring_extension
from jackfield.privacy import handler as privacy_handler
from jackfield.routing import conditions
from jackfield.routing.conditions import Turns
from jackfield.routing.destinations import DestinationKind, End, Next, Result

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.config.site import Site
    from jackfield.privacy.bindings import Bindings
    from jackfield.privacy.handler import WaysOut

CAUSES = {
    "normal": (Result.COMPLETED, 16),
    "busy": (Result.REJECTED, 17),
    "congestion": (Result.REJECTED, 42),
    "unallocated": (Result.REJECTED, 1),
    "blocked": (Result.REJECTED, 21),
}
"""Q.850 causes; Asterisk answers SIP 486, 503, 404 and 403 for 17, 42, 1 and 21."""


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


def _no_daemon(call: Call, name: str) -> Next:
    raise JackfieldError("calls to the outside need the daemon's services")


def _parking_names(site: Site) -> list[str]:
    return [parking.HELD, *(slot for lot in site.all("parking", Parking) for slot in lot.slots())]


def kinds(
    turns: Turns | None = None,
    bindings: Bindings | None = None,
    ways_out: WaysOut | None = None,
) -> list[DestinationKind]:
    """Core's kinds of destinations.

    Args:
        turns: counts the calls of splits.
        bindings: those of middle numbers.
        ways_out: how calls through middle numbers go out.
    """
    return [
        DestinationKind("outbound", "A number outside", _no_daemon, None, person=True),
        DestinationKind("extension", "Extension", ring_extension, lambda site: site.names("extension"), person=True),
        DestinationKind("prompt", "Prompt, then hang up", play_prompt, None),
        DestinationKind("hangup", "Hang up", hang_up, lambda _: CAUSES),
        *conditions.kinds(turns or Turns()),
        DestinationKind("feature", "What a feature code does", codes.change_state, lambda _: codes.ACTIONS),
        privacy_handler.kind(bindings, ways_out),
        DestinationKind("park", "Parking slot", parking.serve, _parking_names, person=True),
        DestinationKind("pickup", "Pick-up", pickup.pick_up, lambda _: pickup.NAMES),
        DestinationKind("conference", "Conference", conference.serve, None),
    ]
