"""Transfers: a phone sends its call to a number (blind) or to a call of its own (attended). It stays the same call.

Asterisk takes REFER by itself. After a blind transfer the channel that is sent on runs the context `jf-transfer`, which
brings it here; after an attended one only bridges change, and the registry sees who talks to whom.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jackfield.calls.channels import endpoint_of
from jackfield.calls.party import clean_number
from jackfield.calls.state import Facts, Saved
from jackfield.config.objects.extension import extension_of
from jackfield.routing.destinations import End, Goto, Next, Result

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.calls.live import Live
    from jackfield.telephony.agi import AgiSession

SENT = "transfer"
"""Note in a call's data: how far a transfer has come, and since when (`target 2026-01-31T08:00:00+00:00`)."""
TARGET, RECALL, FALLBACK = "target", "recall", "fallback"
_IN_VAIN = {Result.UNANSWERED, Result.REJECTED, Result.FAILED}


@dataclass(frozen=True, slots=True)
class Return:
    """What the dialplan tells of a channel that comes back: a lost daemon's call, or one that was transferred."""

    channel: str
    name: str
    state: str
    dial_status: str
    trunk: str
    extension: str
    call: str
    transfer: str
    transferrer: str

    @classmethod
    def read(cls, session: AgiSession) -> Return:
        """From the arguments of `AGI(agi://…/resume,…)`, after the token."""
        _, state, dial_status, trunk, extension, call, transfer, by = [*session.arguments[1:], *[""] * 8][:8]
        own = session.env["agi_uniqueid"]
        return cls(
            own,
            session.env["agi_channel"],
            state,
            dial_status,
            trunk,
            extension,
            call or own,
            clean_number(transfer),
            extension_of(endpoint_of(by)),
        )


def send_on(live: Live, saved: Saved | None, back: Return) -> Saved:
    """The state of a call as a blind transfer leaves it: where it was is behind it."""
    facts: Facts = replace(
        live.facts,
        channel=back.name,
        transfer=back.transfer,
        transferrer=back.transferrer,
        fallback=saved.facts.fallback if saved and saved.facts.id == live.facts.id else live.facts.fallback,
    )
    data = dict(live.call.data if live.call else saved.data if saved else {})
    data[SENT] = f"{TARGET} {datetime.now(UTC).isoformat()}"
    if saved is not None and saved.facts.id == live.facts.id:
        seq = saved.seq
    else:
        seq = max((step.seq for step in live.steps), default=saved.seq if saved else 0)
    return Saved(facts, "", seq, data, {}, 0, True)


def after_end(call: Call, end: End, answered: datetime | None) -> Next:
    """Where a transferred call goes when its target came to nothing: back to who sent it, then to the fallback.

    Args:
        call: the call.
        end: what the last handler said.
        answered: when a person last answered; None when nobody has.
    """
    stage, _, since = call.data.get(SENT, "").partition(" ")
    if stage not in (TARGET, RECALL) or end.result not in _IN_VAIN:
        return end
    if answered is not None and answered >= datetime.fromisoformat(since):
        return end
    if stage == TARGET and call.facts.transferrer:
        call.set_data(SENT, f"{RECALL} {since}")
        return Goto(f"extension:{call.facts.transferrer}", end.outcome or str(end.result))
    call.set_data(SENT, f"{FALLBACK} {since}")
    return Goto(call.fallback, end.outcome or str(end.result))
