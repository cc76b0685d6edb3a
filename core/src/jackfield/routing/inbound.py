"""Inbound routes: from trunk, number dialled, caller and hours to the first destination, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from jackfield.config import number_sets
from jackfield.config.number_sets import NumberIndex
from jackfield.config.objects.inbound import ANONYMOUS, CallerList, Did
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site
from jackfield.routing.conditions import hours_now

NO_ROUTE = "hangup:unallocated"
Exactness = tuple[float, int]
"""How many numbers a set has and, if there is no end of them, how few digits are fixed; the more exact, the less."""
Rank = tuple[int, Exactness, int, Exactness, bool]


@dataclass(frozen=True, slots=True)
class Route:
    """Where an inbound call goes first, and what the route says of it. `why` is one sentence for people."""

    destination: str
    fallback: str
    language: str
    priority: int
    why: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A route that has the number dialled, and why it takes the call or not."""

    route: str
    number: str
    taken: bool
    why: str


def rank(did: Did) -> Rank:
    """Sorts routes as they are tried.

    By `order`; then the one that fewer numbers fit (and of those without end, the longer pattern); then one for
    callers of its own (the fewer, the earlier), one for a list of callers, one for all; then one of a trunk before one
    of all trunks.
    """
    class_ = 0 if did.callers else 1 if did.caller_list else 2
    return (did.order, _exactness([did.number]), class_, _exactness(did.callers), did.trunk is None)


def _exactness(texts: Iterable[str]) -> Exactness:
    sets = [number_sets.parse(text) for text in texts if text != ANONYMOUS]
    size = sum(one.size for one in sets)
    shortest = min((len(block.places) for one in sets for block in one.blocks if block.more is not None), default=0)
    return size, -shortest


class InboundRoutes:
    """A site's inbound routes, prepared for look-up."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._routes = sorted(site.all("did", Did), key=lambda did: (rank(did), did.name))
        self._index = NumberIndex((number_sets.parse(did.number), place) for place, did in enumerate(self._routes))
        self._lists = CallerLists(site)

    def find(self, trunk: str | None, did: str, caller: str, now: datetime) -> Route:
        """The route of a call. `now` is aware; a number that nobody has leads to `hangup:unallocated`."""
        lists = self._lists.of(caller)
        taken = next((r for r in self.having(did) if not self._refusal(r, trunk, caller, lists)), None)
        return self._route(taken, trunk, did, caller, lists, now)

    def candidates(self, trunk: str | None, did: str, caller: str) -> list[Candidate]:
        """Every route that has the number, as they are tried, and why it takes the call or not."""
        lists, found, first = self._lists.of(caller), [], None
        for route in self.having(did):
            why = self._refusal(route, trunk, caller, lists)
            if not why and first is not None:
                why = f"did {first.name} comes before it: {_before(first, route)}"
            elif not why:
                first, why = route, f"the first whose number, trunk and callers fit ({route.number})"
                found.append(Candidate(route.name, route.number, True, why))
                continue
            found.append(Candidate(route.name, route.number, False, why))
        return found

    def lists(self, caller: str) -> list[CallerList]:
        """The lists that a caller is on."""
        return self._lists.of(caller)

    def having(self, number: str) -> list[Did]:
        """Every route that has a number, as they are tried."""
        return [self._routes[place] for place in sorted(self._index.find(number))]

    def _refusal(self, route: Did, trunk: str | None, caller: str, lists: list[CallerList]) -> str:
        """Why a route that has the number does not take the call; '' when it does."""
        if route.trunk not in (None, trunk):
            return f"only from trunk {route.trunk}, not from {trunk or 'none'}"
        if route.callers and not any(_is_caller(one, caller) for one in route.callers):
            return f"only for callers {', '.join(route.callers)}"
        if route.caller_list and all(one.name != route.caller_list for one in lists):
            return f"only for callers on the list {route.caller_list}"
        return ""

    def _route(
        self, taken: Did | None, trunk: str | None, number: str, caller: str, lists: list[CallerList], now: datetime
    ) -> Route:
        general = self._site.general
        priority = max((one.priority for one in lists), default=0)
        language = self._language(trunk)
        blocking = next((one.name for one in lists if one.block), None)
        if blocking is not None:
            why = f"{caller or 'a caller without a number'} is on the list {blocking} of blocked callers"
            return Route("hangup:blocked", general.fallback, language, 0, why)
        if taken is None:
            return Route(NO_ROUTE, general.fallback, language, 0, f"no inbound route takes the number {number!r}")
        destination, why = taken.destination, f"inbound route {taken.name} has the number ({taken.number})"
        if taken.hours:
            is_open, reason = hours_now(self._site, taken.hours, now)
            why += f"; {reason}"
            destination = destination if is_open else taken.closed or "prompt:closed"
        listed = next((one.language for one in lists if one.language), None)
        fallback = taken.fallback or general.fallback
        lifted = max(priority, taken.priority)
        return Route(destination, fallback, listed or taken.language or language, lifted, why, taken.name)

    def _language(self, trunk: str | None) -> str:
        own = self._site.get("trunk", trunk, Trunk) if trunk else None
        return (own.language if own else None) or self._site.general.language


class CallerLists:
    """Caller lists, prepared for look-up."""

    def __init__(self, site: Site) -> None:
        lists = site.all("caller-list", CallerList)
        self._index = NumberIndex(
            (number_sets.parse(text), place)
            for place, one in enumerate(lists)
            for text in one.numbers
            if text != ANONYMOUS
        )
        self._anonymous = [one for one in lists if ANONYMOUS in one.numbers]
        self._lists = lists

    def of(self, caller: str) -> list[CallerList]:
        """The lists that a caller is on, by name."""
        if not caller:
            return self._anonymous
        return [self._lists[place] for place in sorted(set(self._index.find(caller)))]


def _is_caller(text: str, caller: str) -> bool:
    return not caller if text == ANONYMOUS else bool(caller) and caller in number_sets.parse(text)


def _before(first: Did, other: Did) -> str:
    """In words, why a route is tried before another one."""
    mine, its = rank(first), rank(other)
    if mine[0] != its[0]:
        return f"its order is {mine[0]}, this one's {its[0]}"
    if mine[1] != its[1]:
        return f"its number {first.number} is more exact than {other.number}"
    if mine[2:4] != its[2:4]:
        return "it is for fewer callers"
    return "it is for one trunk" if mine[4] != its[4] else "by its name"
