"""Parking: a caller waits in a numbered slot, with music, until somebody dials the slot; or goes back after a time.

The parked caller is a call with a thread of its own, as one in a queue; its checkpoint brings it back after a restart.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from jackfield.config.objects.extension import Extension
from jackfield.config.objects.parking import Parking
from jackfield.config.phones import parking_of
from jackfield.errors import CallerHungUp
from jackfield.features.codes import say
from jackfield.routing.destinations import End, Goto, Next, Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from jackfield.calls.call import Call
    from jackfield.config.site import Site

log = structlog.get_logger(__name__)
HELD = "held"
"""`park:held`: what is behind the code. `park:701` is a slot."""
SLOT = "park"
"""In the call's data: the slot that it was given."""
PARKER = "park-by"
"""In the call's data: the extension that a plugin parked it for."""
RESERVED_SECONDS = 10.0
"""How long a slot is kept for a caller who is on the way to it."""
FETCH_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Fetch:
    """Told to a parked call: this phone takes it."""

    extension: str
    channel: str


@dataclass(slots=True)
class _Slot:
    by: str
    since: float
    call: Call | None = None


class ParkingLot:
    """Which slot has whose call. Safe with many threads."""

    def __init__(self, lamp: Callable[[str, bool], None]) -> None:
        """`lamp` is told of each slot that is taken or left."""
        self._lamp = lamp
        self._lock = threading.Lock()
        self._slots: dict[str, _Slot] = {}

    def reserve(self, site: Site, by: str) -> str | None:
        """A free slot for a caller who is on the way; None when all are taken."""
        now = time.monotonic()
        with self._lock:
            for slot in (slot for lot in site.all("parking", Parking) for slot in lot.slots()):
                known = self._slots.get(slot)
                if known is None or (known.call is None and now - known.since > RESERVED_SECONDS):
                    self._slots[slot] = _Slot(by, now)
                    return slot
        return None

    def occupy(self, slot: str, call: Call, by: str) -> bool:
        """A caller is in the slot; False when another one is."""
        with self._lock:
            known = self._slots.get(slot)
            if known is not None and known.call is not None and known.call.id != call.id:
                return False
            self._slots[slot] = _Slot(by, time.monotonic(), call)
        self._lamp(slot, True)
        return True

    def leave(self, slot: str, call: Call) -> None:
        """The caller is not there any more."""
        with self._lock:
            known = self._slots.get(slot)
            if known is None or known.call is not call:
                return
            del self._slots[slot]
        self._lamp(slot, False)

    def occupant(self, slot: str) -> Call | None:
        """Who is there."""
        with self._lock:
            known = self._slots.get(slot)
            return known.call if known is not None else None

    def describe(self) -> list[dict[str, Any]]:
        """For `jackfield parked`."""
        with self._lock:
            rows = [(slot, s, s.call) for slot, s in sorted(self._slots.items())]
        now = time.monotonic()
        return [
            {"slot": slot, "call": c.id, "from": c.caller.number, "by": s.by, "seconds": round(now - s.since, 1)}
            for slot, s, c in rows
            if c is not None
        ]


def serve(call: Call, name: str) -> Next:
    """`park:held` parks; `park:701` is where a caller waits, and who dials it takes the caller."""
    if name == HELD:
        return _here(call) if call.facts.transfer else _park_held(call)
    if name in (call.facts.transfer, call.data.get(SLOT)):
        return _wait(call, name)
    return _fetch(call, name)


def _here(call: Call) -> Next:
    """A phone sent this caller to the code (blind transfer)."""
    slot = call.desk.lot.reserve(call.site, call.facts.dialler or "")
    if slot is None:
        return Goto(f"extension:{call.facts.dialler}", "full") if call.facts.dialler else Goto(call.fallback, "full")
    call.set_data(SLOT, slot)
    return Goto(f"park:{slot}")


def _park_held(call: Call) -> Next:
    """A phone dialled the code: the caller whom it has on hold goes into a slot, which the phone is told."""
    call.answer()
    found = call.desk.talk_of(call.extension, call.id) if call.extension else None
    if found is None or len(found[1]) != 1:
        return say(call, "feature-nothing-held", Result.REJECTED)
    own, [other] = found
    slot = call.desk.lot.reserve(call.site, call.extension or "")
    if slot is None:
        return say(call, "feature-park-full", Result.REJECTED)
    log.info("park", slot=slot, by=call.extension, channel=other.name)
    call.desk.asterisk.transfer(other.name, slot, own.name)
    call.play(["feature-park-slot", f"digits:{slot}"])
    return End(Result.COMPLETED, outcome=f"parked at {slot}")


def _wait(call: Call, slot: str) -> Next:
    """Music, until somebody takes the caller, or the time is up."""
    lot, memo = parking_of(call.site, slot), call.memo
    if lot is None:
        return Goto(call.fallback, "no such slot")
    if memo.get("taken") or (call.resumed is not None and call.resumed.dial_status == "ANSWER"):
        return End(Result.ANSWERED, outcome="taken")
    by, returns = str(memo.get("by", call.data.get(PARKER) or call.facts.dialler or "")), int(memo.get("returns", 0))
    call.answer(at_once=True)
    if not call.desk.lot.occupy(slot, call, by):
        return Goto(f"extension:{by}" if by else call.fallback, "slot taken")
    try:
        while True:
            call.checkpoint(by=by, returns=returns)
            call.music(True, lot.music)
            fetch = call.wait(lot.return_seconds).value
            if isinstance(fetch, Fetch):
                call.checkpoint(by=by, returns=returns, taken=fetch.extension)
                call.desk.lot.leave(slot, call)
                if call.join(fetch.channel):
                    return End(Result.ANSWERED, outcome=f"taken by {fetch.extension}")
                if not call.desk.lot.occupy(slot, call, by):
                    return Goto(lot.lost or call.fallback, "lost")
                continue
            returns += 1
            if returns > lot.returns or call.site.get("extension", by, Extension) is None:
                return Goto(lot.lost or call.fallback, "lost")
            call.checkpoint(by=by, returns=returns)
            call.desk.lot.leave(slot, call)
            seconds = call.site.get("extension", by, Extension).ring_seconds  # type: ignore[union-attr]
            if call.dial(call.phones(by), seconds=seconds, music=lot.music).status == "ANSWER":
                return End(Result.ANSWERED, outcome=f"back to {by}")
            if not call.desk.lot.occupy(slot, call, by):
                return Goto(lot.lost or call.fallback, "lost")
    finally:
        call.desk.lot.leave(slot, call)


def _fetch(call: Call, slot: str) -> Next:
    """This phone takes who is there."""
    parked = call.desk.lot.occupant(slot)
    if call.extension is None or parked is None:
        return say(call, "feature-park-empty", Result.REJECTED)
    call.answer(at_once=True)
    call.checkpoint()
    parked.wake(Fetch(call.extension, call.channel))
    try:
        call.wait(FETCH_SECONDS)
    except CallerHungUp:
        if not call.desk.became_leg(call.id):
            raise
        return End(Result.COMPLETED, outcome="taken")
    return say(call, "feature-park-empty", Result.REJECTED)
