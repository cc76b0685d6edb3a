"""Destinations that only lead on: `time` by business hours, `split` by shares of the calls."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from jackfield.config.hours import opening
from jackfield.config.objects.inbound import Hours, Split, TimeCondition
from jackfield.routing.destinations import DestinationKind, End, Goto, Next, Result

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.config.site import Site

HUNDRED = 100


@dataclass(frozen=True, slots=True)
class Lead:
    """Where a condition leads. `outcome` goes on record, `why` is for people."""

    destination: str
    outcome: str
    why: str


def hours_now(site: Site, name: str, now: datetime) -> tuple[bool, str]:
    """Whether business hours are open at an aware time, and a sentence about it. Hours that are gone are open."""
    hours = site.get("hours", name, Hours)
    if hours is None:
        return True, f"there are no hours {name}"
    zone = hours.zone or site.general.zone
    local = now.astimezone(ZoneInfo(zone))
    found = opening(hours.open, hours.holidays, hours.special, local)
    state = "open" if found.open else "closed"
    return found.open, f"hours {name} are {state} at {local:%a %Y-%m-%d %H:%M} {zone} ({found.why})"


def by_time(site: Site, name: str, now: datetime) -> Lead | None:
    """Where a time condition leads; None when there is none of that name."""
    found = site.get("time", name, TimeCondition)
    if found is None:
        return None
    is_open, why = hours_now(site, found.hours, now)
    return Lead(found.open, "open", why) if is_open else Lead(found.closed, "closed", why)


class Turns:
    """Counts the calls of each split, so that every share is exact after a hundred calls, and nearly so at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, int] = {}

    def take(self, split: Split) -> int:
        """The number of the share that this call gets."""
        with self._lock:
            turn = self._next.get(split.name, 0)
            self._next[split.name] = (turn + 1) % HUNDRED
        return schedule(tuple(share.percent for share in split.shares))[turn]

    def look(self, split: Split) -> int:
        """The number of the share that the next call gets."""
        with self._lock:
            turn = self._next.get(split.name, 0)
        return schedule(tuple(share.percent for share in split.shares))[turn]


@lru_cache(maxsize=1024)
def schedule(percents: tuple[int, ...]) -> tuple[int, ...]:
    """Whose turn each of a hundred calls is, as evenly as can be: each goes to the share that lags behind most."""
    given = [0] * len(percents)
    turns = []
    for call in range(1, HUNDRED + 1):
        lagging = max(range(len(percents)), key=lambda i: (percents[i] * call - given[i] * HUNDRED, -i))
        given[lagging] += 1
        turns.append(lagging)
    return tuple(turns)


def share_of_caller(split: Split, caller: str) -> int:
    """The number of the share that a caller always gets: SHA-256 of split and number, evenly over a hundred."""
    digest = hashlib.sha256(f"{split.name}:{caller.lstrip('+')}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") % HUNDRED
    for index, share in enumerate(split.shares):
        place -= share.percent
        if place < 0:
            return index
    raise AssertionError("shares make a hundred")


def by_share(site: Site, name: str, caller: str, turn: Callable[[Split], int]) -> Lead | None:
    """Where a split leads; None when there is none of that name.

    `turn` is `Turns.take` for a call, `Turns.look` for a question. Callers without a number go by turns.
    """
    split = site.get("split", name, Split)
    if split is None:
        return None
    sticky = split.by == "caller" and caller
    share = split.shares[share_of_caller(split, caller) if sticky else turn(split)]
    whose = "callers" if sticky else "calls"
    return Lead(share.destination, f"{share.percent} %", f"{share.percent} % of the {whose} go this way")


def kinds(turns: Turns) -> list[DestinationKind]:
    """The kinds `time` and `split`."""

    def time(call: Call, name: str) -> Next:
        return _go(by_time(call.site, name, datetime.now(UTC)))

    def split(call: Call, name: str) -> Next:
        return _go(by_share(call.site, name, call.caller.number, turns.take))

    return [
        DestinationKind("time", "By business hours", time, lambda site: site.names("time")),
        DestinationKind("split", "By shares of the calls", split, lambda site: site.names("split")),
    ]


def _go(found: Lead | None) -> Next:
    if found is None:
        return End(Result.FAILED, 41, "no such condition")
    return Goto(found.destination, found.outcome)
