"""Bindings A–X–B: made for a set time, looked up by calls, ended by a timer."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from math import inf

import structlog

from jackfield.config import number_sets
from jackfield.config.objects.inbound import Did
from jackfield.config.objects.privacy import PrivacyPool
from jackfield.config.site import Site
from jackfield.core import Timer, Timers
from jackfield.errors import JackfieldError, Recovery
from jackfield.privacy import store
from jackfield.privacy.mask import KIND
from jackfield.privacy.models import Binding, key
from jackfield.routing.numbers import from_carrier, plan_of
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError

log = structlog.get_logger(__name__)
MAX_CHOICE = 10_000
"""Middle numbers that are looked at to find a free one."""


class BindingRefused(JackfieldError):
    """A binding that cannot be made or ended; the message says why and what to do."""

    recovery = Recovery.REFUSE_INPUT


def _now() -> datetime:
    return datetime.now(UTC)


class Bindings:
    """The live bindings, in memory for calls and in the database for the next daemon. Safe with many threads."""

    def __init__(
        self, database: Database, timers: Timers, site: Callable[[], Site], now: Callable[[], datetime] = _now
    ) -> None:
        """`site` gives the site in force, `now` the time (UTC)."""
        self._database, self._timers, self._site, self._now = database, timers, site, now
        self._lock = threading.Lock()
        self._live: dict[tuple[str, str], Binding] = {}
        """By middle number and party; each binding is there twice."""
        self._timer: Timer | None = None

    def load(self) -> None:
        """Take up what the last daemon left. Raises StorageError."""
        found = store.live(self._database, self._now())
        with self._lock:
            self._live = {slot: one for one in found for slot in _slots(one)}
            self._set_timer()
        log.info("privacy.loaded", bindings=len(found))

    # -- calls -----------------------------------------------------------------------------------------------------

    def find(self, x: str, caller: str) -> Binding | None:
        """The binding that connects a caller of a middle number, or None."""
        with self._lock:
            found = self._live.get((key(x), key(caller))) if caller else None
        return found if found is not None and found.expires_at > self._now() else None

    # -- making and ending -----------------------------------------------------------------------------------------

    def bind(
        self,
        a: str,
        b: str,
        *,
        seconds: float,
        x: str | None = None,
        pool: str | None = None,
        record: bool = False,
        author: str = "",
    ) -> Binding:
        """Bind two parties for so many seconds, through `x`, or through the least used number of `pool`.

        Raises:
            BindingRefused: a number is none, X is of no pool, or one of them is bound through it already.
            StorageError: the database refused.
        """
        site = self._site()
        a, b = self._party(site, a), self._party(site, b)
        if key(a) == key(b):
            raise BindingRefused("A and B are the same number; bind two parties")
        with self._lock:
            x, chosen = self._middle(site, x, pool, a, b)
            if key(x) in (key(a), key(b)):
                raise BindingRefused("X is the number of one of the parties; take another one")
            if not 0 < seconds <= chosen.max_hours * 3600:
                raise BindingRefused(
                    f"{seconds:g} seconds are not within 0 to {chosen.max_hours} hours, the longest that the pool "
                    f"{chosen.name} allows; choose a time within"
                )
            began = self._now()
            until = began + timedelta(seconds=seconds)
            made = Binding(0, chosen.name, x, a, b, record or chosen.record, author[:64], began, until)
            made = replace(made, id=store.add(self._database, made))
            self._live |= dict.fromkeys(_slots(made), made)
            self._set_timer()
        log.info("privacy.bound", binding=made.id, x=x, pool=made.pool, until=until.isoformat(), author=author)
        return made

    def unbind(self, identity: int) -> Binding:
        """End a binding now; a talk that goes on through it goes on.

        Raises:
            BindingRefused: there is no live binding of that id.
            StorageError: the database refused; it is still live.
        """
        with self._lock:
            found = next((one for one in self._live.values() if one.id == identity), None)
            if found is None:
                raise BindingRefused(f"there is no live binding {identity}; see: jackfield privacy list")
            store.end(self._database, identity, self._now())
            self._drop(found)
            self._set_timer()
        log.info("privacy.unbound", binding=identity, x=found.x)
        return found

    def live(self) -> list[Binding]:
        """The live bindings, the first to end first."""
        now = self._now()
        with self._lock:
            found = {one.id: one for one in self._live.values() if one.expires_at > now}
        return sorted(found.values(), key=lambda one: (one.expires_at, one.id))

    # -- within ----------------------------------------------------------------------------------------------------

    def _party(self, site: Site, text: str) -> str:
        number = from_carrier(text, plan_of(site.general))
        if not key(number).isdigit():
            raise BindingRefused(f"{text[:40]!r} is not a number; write digits, perhaps with + in front")
        return number

    def _middle(self, site: Site, x: str | None, pool: str | None, a: str, b: str) -> tuple[str, PrivacyPool]:
        """The middle number and its pool. Held lock."""
        if x is None:
            return self._free(site, pool, a, b)
        number = self._party(site, x)
        name = pool_of(site, number)
        found = site.get(KIND, name, PrivacyPool) if name else None
        if found is None or (pool is not None and name != pool):
            where = f"the pool {pool}" if pool else "any pool"
            raise BindingRefused(f"{x} is not a number of {where}; give it an inbound route to {KIND}:POOL")
        for party, which in ((a, "A"), (b, "B")):
            if self._taken(number, party):
                raise BindingRefused(
                    f"{which} is bound through {x} already; take another X, or end that binding with: "
                    "jackfield privacy unbind ID"
                )
        return number, found

    def _free(self, site: Site, pool: str | None, a: str, b: str) -> tuple[str, PrivacyPool]:
        pools = site.all(KIND, PrivacyPool)
        if pool is None and len(pools) == 1:
            pool = pools[0].name
        found = site.get(KIND, pool, PrivacyPool) if pool else None
        if found is None:
            there = ", ".join(site.names(KIND)) or "none; add one to the site"
            raise BindingRefused(f"name X, or one of the pools: {there}")
        used = Counter(x for x, _ in self._live)
        free = [x for x in numbers_of(site, found.name) if not self._taken(x, a) and not self._taken(x, b)]
        if not free:
            raise BindingRefused(
                f"no number of the pool {found.name} is free for these two; add numbers (inbound routes to "
                f"{KIND}:{found.name}), or end a binding"
            )
        return min(free, key=lambda x: used[key(x)]), found

    def _taken(self, x: str, party: str) -> bool:
        found = self._live.get((key(x), key(party)))
        return found is not None and found.expires_at > self._now()

    def _drop(self, one: Binding) -> None:
        for slot in _slots(one):
            if self._live.get(slot) == one:
                del self._live[slot]

    def _set_timer(self) -> None:
        """One timer, for the binding that ends first. Held lock."""
        if self._timer is not None:
            self._timer.cancel()
        first = min((one.expires_at for one in self._live.values()), default=None)
        self._timer = (
            None if first is None else self._timers.after(max(0.0, (first - self._now()).total_seconds()), self._expire)
        )

    def _expire(self) -> None:
        """On the timer thread: forget what has run out, and have the database told by a thread of its own."""
        now = self._now()
        with self._lock:
            over = {one.id: one for one in self._live.values() if one.expires_at <= now}
            for one in over.values():
                self._drop(one)
            self._set_timer()
        for one in over.values():
            log.info("privacy.expired", binding=one.id, x=one.x)
        if over:
            threading.Thread(target=self._note_expired, name="privacy-expired", daemon=True).start()

    def _note_expired(self) -> None:
        try:
            store.live(self._database, self._now())
        except StorageError as error:  # the next binding or the next start ends them in the database
            log.warning("privacy.not_noted", error=str(error))


def _slots(one: Binding) -> list[tuple[str, str]]:
    return [(key(one.x), key(one.a)), (key(one.x), key(one.b))]


def _pools(site: Site) -> Iterator[tuple[Did, str]]:
    for did in site.all("did", Did):
        kind, _, name = did.destination.partition(":")
        if kind == KIND:
            yield did, name


def pool_of(site: Site, x: str) -> str | None:
    """The pool that a number is in: that of an inbound route that has it."""
    return next((name for did, name in _pools(site) if x in number_sets.parse(did.number)), None)


def numbers_of(site: Site, pool: str) -> list[str]:
    """The middle numbers of a pool, as its routes have them; of more than MAX_CHOICE the first."""
    found: list[str] = []
    for did, name in _pools(site):
        numbers = number_sets.parse(did.number)
        if name != pool or numbers.size == inf:
            continue
        plus = "+" if did.number.lstrip("_").startswith("+") else ""
        for block in numbers.blocks:
            for digits in product(*(sorted(place) for place in block.places)):
                found.append(plus + "".join(digits))
                if len(found) >= MAX_CHOICE:
                    return found
    return found
