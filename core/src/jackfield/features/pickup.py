"""Picking up a call that rings at another phone: `**201` one phone's, `*8` any of one's groups."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from jackfield.config.objects.extension import Extension, extension_of
from jackfield.errors import CallerHungUp, CommandFailed
from jackfield.features.codes import say
from jackfield.routing.destinations import End, Next, Result

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.calls.channels import Channel

log = structlog.get_logger(__name__)
NAMES = ("extension", "group")


def pick_up(call: Call, name: str) -> Next:
    """Take a call that rings elsewhere; the caller's own Dial goes on with this phone."""
    own = call.site.get("extension", call.extension or "", Extension)
    ringing = _ringing(call, own, call.dialled_rest if name == "extension" else "") if own else []
    if not ringing:
        return say(call, "feature-nothing-rings", Result.REJECTED)
    target = min(ringing, key=lambda c: c.started or datetime.now(UTC))
    log.info("pickup", call=call.id, by=call.extension, rings_at=target.endpoint, of=target.call)
    call.checkpoint()
    try:
        call.pick_up(target.name)
    except CallerHungUp:
        if not call.desk.became_leg(call.id):
            raise
        return End(Result.COMPLETED, outcome=f"at {extension_of(target.endpoint)}")
    except CommandFailed:
        log.info("pickup.too_late", call=call.id, rings_at=target.endpoint)
    return say(call, "feature-nothing-rings", Result.REJECTED)


def _ringing(call: Call, own: Extension, wanted: str) -> list[Channel]:
    """Phones that ring for somebody: of `wanted`, or of anybody in the groups. Queues' offers are their agents'."""
    groups = set(own.pickup_groups)
    found = []
    for channel in call.desk.calls.registry.channels():
        number = extension_of(channel.endpoint)
        other = call.site.get("extension", number, Extension)
        if (
            other is not None
            and number != own.name
            and number == (wanted or number)
            and channel.dialled_by
            and channel.answered is None
            and groups & set(other.pickup_groups)
            and not call.desk.offered(channel)
        ):
            found.append(channel)
    return found
