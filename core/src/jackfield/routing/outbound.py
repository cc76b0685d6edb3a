"""Outbound calls: from the number dialled to the trunks that are tried, or to the reason why not. No I/O in here.

Emergency numbers come first: no permission, limit or hour stands in their way. For all others the first route that
matches decides, so that a number which is denied cannot get out by a more general route. A route that is closed now is
passed over; what it asks of the caller is still asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from jackfield.calls.party import Party
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.outbound import OutboundLimit, OutboundRoute
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site
from jackfield.routing.conditions import hours_now
from jackfield.routing.decision import Asked, Attempt, Plan, Reason, Refusal, Situation
from jackfield.routing.numbers import from_carrier, plan_of, to_carrier
from jackfield.routing.patterns import DialPattern


@dataclass(slots=True)
class _Way:
    """A decision in the making."""

    asked: Asked
    situation: Situation
    rules: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        self.rules.append(sentence)


class OutboundRoutes:
    """A site's outbound routes, prepared for look-up."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._order = match_order(site)
        self._limits = site.all("outbound-limit", OutboundLimit)
        self._emergency = frozenset(site.general.emergency)

    def is_emergency(self, dialled: str) -> bool:
        """Whether what was dialled is an emergency number."""
        return dialled in self._emergency

    def seeks_help(self, dialled: str) -> bool:
        """Whether it is an emergency number, or one behind a prefix for the outside."""
        return bool(self._emergency_of(dialled, self._matching(dialled)))

    def takes(self, dialled: str) -> bool:
        """Whether a number is one for the outside; whether it may be called is another question."""
        return self.is_emergency(dialled) or any(pattern.matches(dialled) for pattern, _ in self._order)

    def decide(self, asked: Asked, situation: Situation) -> Plan:
        """What becomes of a number."""
        way = _Way(asked, situation)
        matching = self._matching(asked.number)
        if emergency := self._emergency_of(asked.number, matching):
            return self._emergency_plan(way, emergency, matching)
        if not matching:
            return self._refuse(way, Plan(asked.number), Reason.NO_ROUTE, f"no outbound route takes {asked.number}")
        open_routes = [route for route in matching if self._is_open(way, route)]
        route = open_routes[0] if open_routes else matching[0]
        number = made(route, asked.number)
        plan = Plan(
            asked.number, route.name, route.permission, "", tuple(dict.fromkeys((asked.number, number))), (), None,
            route.try_seconds, route.ring_seconds, route.fallback or "",
        )  # fmt: skip
        passed = matching[: matching.index(route) + 1]
        refusal = self._barred(way) or self._denied(way, passed) or self._over_limit(way, plan)
        if refusal is None and not open_routes:
            refusal = Refusal(Reason.NOT_ALLOWED, f"route {route.name} is closed at this time, and no other takes it")
        if refusal is not None:
            return self._refuse(way, plan, refusal.reason, refusal.text)
        return self._attempts(way, plan, route, number)

    # -- routes ----------------------------------------------------------------------------------------------------

    def _matching(self, number: str) -> list[OutboundRoute]:
        found = [route for pattern, route in self._order if pattern.matches(number)]
        return list({route.name: route for route in found}.values())

    def _is_open(self, way: _Way, route: OutboundRoute) -> bool:
        if route.hours is None:
            return True
        opened, why = hours_now(self._site, route.hours, way.asked.now)
        way.say(f"route {route.name} is {'open' if opened else 'closed'}: {why}")
        return opened

    # -- what may stand in the way ---------------------------------------------------------------------------------

    def _barred(self, way: _Way) -> Refusal | None:
        why = way.situation.barred(way.asked.extension) if way.asked.extension else ""
        return (
            Refusal(Reason.BARRED, f"extension {way.asked.extension} may not call outside now: {why}") if why else None
        )

    def _denied(self, way: _Way, passed: Iterable[OutboundRoute]) -> Refusal | None:
        who, may_call = self._permissions(way.asked)
        for route in passed:
            if route.permission not in may_call:
                text = f"route {route.name} needs the permission {route.permission}, which {who} has not"
                return Refusal(Reason.NOT_ALLOWED, text)
            way.say(f"route {route.name} needs the permission {route.permission}, which {who} has")
        return None

    def _permissions(self, asked: Asked) -> tuple[str, Iterable[str]]:
        if asked.may_call is not None:
            whose = "a middle number (may_call of its pool)" if asked.extension is None else "a queue's call-back"
            return whose, asked.may_call
        if asked.extension is None:
            return "a call from outside (transit_may_call)", self._site.general.transit_may_call
        own = self._site.get("extension", asked.extension, Extension)
        return f"extension {asked.extension}", own.may_call if own else ()

    def _over_limit(self, way: _Way, plan: Plan) -> Refusal | None:
        account = way.asked.extension or ""
        for limit in self._limits:
            if limit.extensions and account not in limit.extensions:
                continue
            if not any(begins(number, limit.prefix) for number in plan.numbers):
                continue
            whose = frozenset({account}) if limit.per_extension else frozenset(limit.extensions) or None
            used = way.situation.used(whose, limit.prefix)
            for what, allowed, taken in (
                ("calls at once", limit.at_once, used.at_once),
                ("calls an hour", limit.per_hour, used.per_hour),
                ("minutes an hour", limit.minutes_per_hour, int(used.minutes_per_hour)),
            ):
                if allowed and taken >= allowed:
                    return Refusal(Reason.LIMIT, f"limit {limit.name} allows {allowed} {what}; there are {taken}")
                if allowed:
                    way.say(f"limit {limit.name} allows {allowed} {what}; there are {taken}")
        return None

    # -- the way out -----------------------------------------------------------------------------------------------

    def _attempts(self, way: _Way, plan: Plan, route: OutboundRoute, number: str) -> Plan:
        free = [t for name in route.trunks if (t := self._site.get("trunk", name, Trunk)) and self._has_room(way, t)]
        there = self._reachable_first_choice(way, free)
        attempts = tuple(self._attempt(way.asked, route, trunk, number) for trunk in there)
        if not attempts:
            return self._refuse(way, plan, Reason.LINES_BUSY, f"all trunks of route {route.name} have all their calls")
        return replace(plan, attempts=attempts, rules=(*way.rules, f"route {route.name} takes {plan.number}"))

    def _has_room(self, way: _Way, trunk: Trunk) -> bool:
        calls = way.situation.trunk_calls(trunk.name) if trunk.max_calls else 0
        if trunk.max_calls and calls >= trunk.max_calls:
            way.say(f"trunk {trunk.name} is passed over: it has {calls} of {trunk.max_calls} calls")
            return False
        return True

    def _reachable_first_choice(self, way: _Way, trunks: list[Trunk]) -> list[Trunk]:
        """Those that can be reached. When none can, all: what is known may be old."""
        there = [t for t in trunks if way.situation.reachable(t.name)]
        away = [t.name for t in trunks if t not in there]
        if away:
            way.say(f"{'trunk' if len(away) == 1 else 'trunks'} {', '.join(away)} cannot be reached at the moment")
        return there or trunks

    def _attempt(self, asked: Asked, route: OutboundRoute, trunk: Trunk, number: str) -> Attempt:
        shown = self._shown(asked, route, trunk)
        if shown is not None:
            shown = Party(self._for_trunk(shown.number, trunk), shown.name)
        return Attempt(trunk.name, self._for_trunk(number, trunk), shown, route.caller_id == "withheld")

    def _for_trunk(self, number: str, trunk: Trunk) -> str:
        """In the carrier's form; as it is for a carrier that wants no form of its own."""
        if trunk.numbers_out == "as-is":
            return number
        general = self._site.general
        return to_carrier(from_carrier(number, plan_of(general)), plan_of(general, trunk))

    def _shown(self, asked: Asked, route: OutboundRoute, trunk: Trunk) -> Party | None:
        if route.caller_id == "route":
            return Party(route.caller_id_number or "", route.caller_id_name)
        if route.caller_id == "trunk" and trunk.number:
            return Party(trunk.number)
        return self._own(asked, trunk)

    def _own(self, asked: Asked, trunk: Trunk) -> Party | None:
        """The extension's number, or the trunk's, or the extension's inside number; a caller from outside as is."""
        own = self._site.get("extension", asked.extension, Extension) if asked.extension else None
        if own is None:
            return None
        return Party(own.outbound_number or trunk.number or own.name, own.title)

    # -- emergency -------------------------------------------------------------------------------------------------

    def _emergency_of(self, number: str, matching: list[OutboundRoute]) -> str:
        """The emergency number that is meant, with or without the digits for an outside line; '' for others."""
        meant = [number, *(made(route, number) for route in matching[:1])]
        return next((n for n in meant if n in self._emergency), "")

    def _emergency_plan(self, way: _Way, number: str, matching: list[OutboundRoute]) -> Plan:
        way.say(f"{number} is an emergency number: permissions, limits and hours do not count")
        attempts = [
            Attempt(trunk.name, number, self._own(way.asked, trunk))
            for trunk in self._reachable_first(way, emergency_trunks(self._site, matching))
        ]
        plan = Plan(way.asked.number, matching[0].name if matching else "", "", number, (), tuple(attempts))
        if not attempts:
            return self._refuse(way, plan, Reason.NO_ROUTE, "the site has no trunk by which a call could go out")
        return replace(plan, rules=tuple(way.rules))

    def _reachable_first(self, way: _Way, trunks: list[Trunk]) -> list[Trunk]:
        return sorted(trunks, key=lambda trunk: not way.situation.reachable(trunk.name))

    def _refuse(self, way: _Way, plan: Plan, reason: Reason, text: str) -> Plan:
        return replace(plan, attempts=(), refusal=Refusal(reason, text), rules=(*way.rules, text))


def match_order(site: Site) -> list[tuple[DialPattern, OutboundRoute]]:
    """All patterns with their routes, the one that is asked first in front."""
    found = [
        (DialPattern.read(p), route) for route in site.all("outbound-route", OutboundRoute) for p in route.patterns
    ]
    return sorted(found, key=lambda one: (one[1].order, one[0].weight, one[1].name))


def made(route: OutboundRoute, dialled: str) -> str:
    """The number that a route makes of what was dialled."""
    return route.prepend + dialled[route.strip :]


def begins(number: str, prefix: str) -> bool:
    """Whether a number begins so; a + in front of either does not matter."""
    return number.lstrip("+").startswith(prefix.lstrip("+"))


def emergency_trunks(site: Site, matching: Iterable[OutboundRoute]) -> list[Trunk]:
    """Trunks for an emergency call: those of the routes that match, then those of all other routes, then all others."""
    routes = [*matching, *(route for _, route in match_order(site))]
    names = dict.fromkeys([*(name for route in routes for name in route.trunks), *site.names("trunk")])
    return [trunk for name in names if (trunk := site.get("trunk", name, Trunk))]


def emergency_trunks_for(site: Site, number: str) -> list[Trunk]:
    """Trunks for an emergency number, in order: what the dialplan knows when the daemon is away."""
    return emergency_trunks(site, [route for pattern, route in match_order(site) if pattern.matches(number)])
