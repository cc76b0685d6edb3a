"""Inbound routes: from trunk, DID, caller and hours to the first destination."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from jackfield.config.hours import is_open
from jackfield.config.objects.inbound import CallerList, Did, Hours
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site

NO_ROUTE = "hangup:unallocated"


@dataclass(frozen=True, slots=True)
class Route:
    """Where an inbound call goes first, and what the route says of it. `why` is one sentence for people."""

    destination: str
    fallback: str
    language: str
    priority: int
    why: str


def dial_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern in Asterisk's way: X 0-9, Z 1-9, N 2-9, `[1-5]`, `.` one or more, `!` none or more."""
    classes = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": ".+", "!": ".*"}
    parts = re.findall(r"\[[0-9-]+\]|.", pattern.removeprefix("_"))
    return re.compile("".join(p if p.startswith("[") else classes.get(p, re.escape(p)) for p in parts))


def _weight(did: Did) -> tuple[bool, bool, int]:
    """Sorts the more exact route first: exact before pattern, with a trunk before without, longer before shorter."""
    return (did.number.startswith("_"), did.trunk is None, -len(did.number))


class InboundRoutes:
    """A site's inbound routes, prepared for look-up."""

    def __init__(self, site: Site) -> None:
        self._site = site
        dids = site.all("did", Did)
        self._exact: dict[str, list[Did]] = {}
        for did in sorted(dids, key=_weight):
            if not did.number.startswith("_"):
                self._exact.setdefault(did.number.lstrip("+"), []).append(did)
        self._patterns = [(dial_pattern(d.number), d) for d in sorted(dids, key=_weight) if d.number.startswith("_")]
        self._lists = CallerLists(site)
        self._zone = ZoneInfo(site.general.zone)

    def find(self, trunk: str | None, did: str, caller: str, now: datetime) -> Route:
        """The route of a call. `now` is aware; a number that nobody has leads to `hangup:unallocated`."""
        listed = self._lists.find(caller)
        general = self._site.general
        language = self._language(trunk)
        route = self._match(trunk, did)
        if listed.block:
            return Route("hangup:blocked", general.fallback, language, 0, f"{caller} is on a list of blocked callers")
        if route is None:
            return Route(NO_ROUTE, general.fallback, language, 0, f"no inbound route has the number {did!r}")
        destination, why = self._by_hours(route, now)
        return Route(
            destination,
            route.fallback or general.fallback,
            listed.language or route.language or language,
            listed.priority,
            why,
        )

    def _language(self, trunk: str | None) -> str:
        own = self._site.get("trunk", trunk, Trunk) if trunk else None
        return (own.language if own else None) or self._site.general.language

    def _match(self, trunk: str | None, number: str) -> Did | None:
        for did in self._exact.get(number.lstrip("+"), []):
            if did.trunk in (None, trunk):
                return did
        for pattern, did in self._patterns:
            if did.trunk in (None, trunk) and pattern.fullmatch(number):
                return did
        return None

    def _by_hours(self, route: Did, now: datetime) -> tuple[str, str]:
        hours = self._site.get("hours", route.hours, Hours) if route.hours else None
        if hours is None or is_open(hours.open, hours.holidays, now.astimezone(self._zone)):
            return route.destination, f"inbound route {route.name}"
        return route.closed or "prompt:closed", f"inbound route {route.name}, outside the hours {hours.name}"


class CallerLists:
    """Caller lists, prepared for look-up by exact number and by prefix."""

    def __init__(self, site: Site) -> None:
        self._exact: dict[str, list[CallerList]] = {}
        self._prefixes: list[tuple[str, CallerList]] = []
        for one in site.all("caller-list", CallerList):
            for number in one.numbers:
                if number.endswith("*"):
                    self._prefixes.append((number[:-1], one))
                else:
                    self._exact.setdefault(number, []).append(one)

    def find(self, caller: str) -> CallerList:
        """What all lists together say of a caller."""
        found = [*self._exact.get(caller, [])] + [one for p, one in self._prefixes if caller and caller.startswith(p)]
        return CallerList(
            name="all",
            numbers=[],
            block=any(one.block for one in found),
            priority=max((one.priority for one in found), default=0),
            language=next((one.language for one in found if one.language), None),
        )
