"""Whole-site checks of inbound routes: calls that two of them want, routes that get none, conditions in a circle."""

from __future__ import annotations

from collections.abc import Iterator

from jackfield.config import number_sets
from jackfield.config.number_sets import NumberIndex, Numbers
from jackfield.config.objects.inbound import ANONYMOUS, CallerList, Did, Hours, Split, TimeCondition
from jackfield.config.problems import Problem
from jackfield.config.site import Site
from jackfield.i18n import gettext_for
from jackfield.routing.inbound import rank

_ = gettext_for("jackfield")


def check_inbound(site: Site) -> list[Problem]:
    """Everything that is wrong with how inbound routes, hours, time conditions and splits fit together."""
    return [*_routes(site), *_circles(site), *_hours(site), *_pools(site)]


def _routes(site: Site) -> Iterator[Problem]:
    dids = sorted(site.all("did", Did), key=lambda did: (rank(did), did.name))
    index = NumberIndex((number_sets.parse(did.number), place) for place, did in enumerate(dids))
    told: set[str] = set()
    for place, did in enumerate(dids):
        if did.closed is not None and did.hours is None:
            text = _("has a closed destination but no hours; set hours, or remove closed")
            yield Problem(text, "did", did.name, ("closed",))
        for other in sorted(set(index.near(number_sets.parse(did.number))) - {place}):
            first, later = dids[min(place, other)], dids[max(place, other)]
            if later.name not in told and (text := _conflict(first, later, site)):
                told.add(later.name)
                yield Problem(text, "did", later.name, ("number",))


def _conflict(first: Did, later: Did, site: Site) -> str:
    """What is wrong with two routes of which the first is tried before the later, or ''."""
    mine, its = number_sets.parse(first.number), number_sets.parse(later.number)
    common = mine.common(its)
    if common is None or first.trunk not in (None, later.trunk):
        return ""
    all_numbers, all_callers = its.within(mine), _has_all_callers(first, later, site)
    if mine == its and first.trunk == later.trunk and _callers_key(first) == _callers_key(later):
        return _("number {number} has a route already, did {name}; remove one of them").format(
            number=later.number, name=first.name
        )
    if all_numbers and all_callers:
        how = (
            _("its order is {order}").format(order=first.order) if first.order < later.order else _("it is tried first")
        )
        return _(
            "never gets a call: did {name} takes all of its calls before it ({how}); give this one a lower order, "
            "or remove it"
        ).format(name=first.name, how=how)
    if rank(first) == rank(later) and first.trunk == later.trunk and _share_callers(first, later, site):
        return _(
            "{common} also belongs to did {name}, and neither is more exact; give one of them a lower order"
        ).format(common=common, name=first.name)
    return ""


def _callers_key(did: Did) -> tuple[frozenset[str], str | None]:
    return frozenset(did.callers), did.caller_list


def _has_all_callers(first: Did, later: Did, site: Site) -> bool:
    """Whether all callers of the later route are also the first one's."""
    if not first.callers and not first.caller_list:
        return True
    mine, its = _callers(first, site), _callers(later, site)
    if its is None or mine is None or its == (Numbers(()), False):
        return False
    return its[1] <= mine[1] and its[0].within(mine[0])


def _share_callers(first: Did, later: Did, site: Site) -> bool:
    mine, its = _callers(first, site), _callers(later, site)
    if mine is None or its is None:
        return True
    return (mine[1] and its[1]) or mine[0].common(its[0]) is not None


def _callers(did: Did, site: Site) -> tuple[Numbers, bool] | None:
    """Callers whom a route is for: their numbers, and whether those without a number are among them; None: all."""
    listed = site.get("caller-list", did.caller_list, CallerList) if did.caller_list else None
    texts = did.callers or (listed.numbers if listed else None)
    if texts is None:
        return None
    blocks = [block for text in texts if text != ANONYMOUS for block in number_sets.parse(text).blocks]
    return Numbers(tuple(blocks)), ANONYMOUS in texts


def _circles(site: Site) -> Iterator[Problem]:
    """Time conditions and splits that can only lead to each other."""
    ways: dict[str, list[str]] = {
        f"time:{one.name}": [one.open, one.closed] for one in site.all("time", TimeCondition)
    } | {f"split:{one.name}": [s.destination for s in one.shares if s.percent] for one in site.all("split", Split)}
    for start in ways:
        if circle := _circle(start, ways):
            kind, _colon, name = start.partition(":")
            yield Problem(
                _("calls can go in a circle: {circle}; let one of them lead elsewhere").format(
                    circle=" → ".join(circle)
                ),
                kind,
                name,
            )


def _circle(start: str, ways: dict[str, list[str]]) -> list[str]:
    """A way from a condition back to itself, or []."""
    trails, seen = [[start]], set()
    while trails:
        trail = trails.pop()
        for after in ways.get(trail[-1], ()):
            if after == start:
                return [*trail, start]
            if after not in seen:
                seen.add(after)
                trails.append([*trail, after])
    return []


def _hours(site: Site) -> Iterator[Problem]:
    for hours in site.all("hours", Hours):
        if not hours.open and not hours.special:
            text = _("are never open; add spans such as 'mon-fri 09:00-18:00', if that is not meant")
            yield Problem(text, "hours", hours.name, ("open",), warning=True)


def _pools(site: Site) -> Iterator[Problem]:
    led_to = {did.destination for did in site.all("did", Did)}
    for name in site.names("privacy"):
        if f"privacy:{name}" not in led_to:
            text = _("has no middle numbers; give it an inbound route with destination = 'privacy:{name}'").format(
                name=name
            )
            yield Problem(text, "privacy", name, warning=True)
