"""What a site's objects lead to: what nothing leads to, and where calls would go round for ever."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from pydantic import BaseModel

from jackfield.config.kinds import Kind, Onward, Refers, SiteObject
from jackfield.config.objects.inbound import Did
from jackfield.config.objects.trunk import Trunk
from jackfield.config.problems import Problem
from jackfield.config.references import Marked
from jackfield.config.site import Site
from jackfield.i18n import gettext_for
from jackfield.prompts.core_texts import CORE_PROMPTS
from jackfield.routing.destinations import DestinationKind

_ = gettext_for("jackfield")
_REFERS = re.compile(r"Refers\(kind='([^']+)'\)")
_CONDITIONS = ("time", "split")
Key = tuple[str, str]
Graph = dict[str, list[str]]
"""Destination → destinations."""


def check_reach(
    site: Site, kinds: Mapping[str, Kind], destinations: Mapping[str, DestinationKind], entries: Iterable[str]
) -> list[Problem]:
    """Objects that nothing leads to, circles, trunks without a route.

    Args:
        site: the site.
        kinds: all kinds of objects.
        destinations: all kinds of destinations.
        entries: destinations that are reached from elsewhere, as by feature codes.
    """
    return _unreached(site, kinds, destinations, entries) + _circles(site, destinations) + _trunks(site)


# -- what nothing leads to ---------------------------------------------------------------------------------------------


def _unreached(
    site: Site, kinds: Mapping[str, Kind], destinations: Mapping[str, DestinationKind], entries: Iterable[str]
) -> list[Problem]:
    objects = site.objects()
    leads = {key: list(_leads(marks, destinations)) for key, marks in site.marks().items()}
    led_to = {d.object_kind for d in destinations.values() if d.names is not None or d.kind == "prompt"}
    led_to |= {to for kind in kinds.values() for to in _referred(kind.model)}
    led_to -= {kind.kind for kind in kinds.values() if kind.entry}
    reached = {key for key in objects if key[0] not in led_to}
    reached |= {key for entry in entries if (key := _object(entry, destinations)) in objects}
    reached |= {("prompt", name) for name in CORE_PROMPTS}  # a site's own words for one of core's prompts
    waiting = list(reached)
    while waiting:
        for to in leads.get(waiting.pop(), ()):
            if to in objects and to not in reached:
                reached.add(to)
                waiting.append(to)
    return [
        Problem(_("nothing leads to it; name it where calls should use it, or remove it"), *key, warning=True)
        for key in objects
        if key not in reached
    ]


@cache
def _referred(model: type[SiteObject]) -> frozenset[str]:
    """Kinds that fields of a model name."""
    said = repr([(field.annotation, field.metadata) for field in model.model_fields.values()])
    return frozenset(_REFERS.findall(said))


def _leads(marks: Iterable[Marked], destinations: Mapping[str, DestinationKind]) -> Iterator[Key]:
    for found in marks:
        if isinstance(found.mark, Refers):
            yield found.mark.kind, found.value
        elif (key := _object(found.value, destinations)) is not None:
            yield key


def _object(destination: str, destinations: Mapping[str, DestinationKind]) -> Key | None:
    """The object that a destination stands for."""
    kind, _colon, name = destination.partition(":")
    return (destinations[kind].object_kind, name) if kind in destinations else None


# -- circles -----------------------------------------------------------------------------------------------------------


def _circles(site: Site, destinations: Mapping[str, DestinationKind]) -> list[Problem]:
    """Ways on which a call goes round without anybody's doing; a warning where somebody may answer on the way."""
    problems: list[Problem] = []
    told: set[frozenset[str]] = set()
    edges = list(_edges(site, destinations))
    for behaviour in sorted({behaviour for _start, _end, behaviour in edges}):
        graph: Graph = {}
        for start, end, when in edges:
            if when in ("", behaviour):
                graph.setdefault(start, []).append(end)
        for circle in find_circles(graph):
            alone = all(at.partition(":")[0] in _CONDITIONS for at in circle)  # check_inbound tells of those
            if not alone and frozenset(circle) not in told:
                told.add(frozenset(circle))
                problems.append(_circle(circle, behaviour, destinations))
    return problems


def _edges(site: Site, destinations: Mapping[str, DestinationKind]) -> Iterator[tuple[str, str, str]]:
    """(from, to, how the caller behaves who is sent on there)."""
    kind_of = {d.object_kind: d.kind for d in destinations.values()}
    for (kind, name), item in site.objects().items():
        if kind not in kind_of:
            continue
        for value, mark in _onward(item):
            to = value or (site.general.fallback if mark.or_fallback else None)
            if to:
                yield f"{kind_of[kind]}:{name}", to, mark.behaviour


def _onward(item: BaseModel) -> Iterator[tuple[str | None, Onward]]:
    """Fields marked as ways on, also in lists of tables."""
    for field, about in type(item).model_fields.items():
        value = getattr(item, field)
        yield from ((value, mark) for mark in about.metadata if isinstance(mark, Onward))
        for inner in value if isinstance(value, list) else ():
            if isinstance(inner, BaseModel):
                yield from _onward(inner)


def find_circles(graph: Graph) -> list[list[str]]:
    """Circles of a graph, each node in at most one of them; none is missed entirely."""
    left = {node: [to for to in dict.fromkeys(ends) if to in graph] for node, ends in graph.items()}
    circles = []
    while _trim(left):
        at = min(left)
        path: list[str] = []
        while at not in path:
            path.append(at)
            at = left[at][0]
        circle = path[path.index(at) :]
        circles.append(circle)
        for node in circle:
            del left[node]
    return circles


def _trim(left: Graph) -> bool:
    """Take away what is on no circle because it leads nowhere; whether anything is left."""
    incoming: Graph = {}
    for node in left:
        left[node] = [to for to in left[node] if to in left]
        for to in left[node]:
            incoming.setdefault(to, []).append(node)
    ends = [node for node in left if not left[node]]
    while ends:
        gone = ends.pop()
        del left[gone]
        for node in incoming.get(gone, ()):
            if node in left:
                left[node] = [to for to in left[node] if to != gone]
                if not left[node]:
                    ends.append(node)
    return bool(left)


def _circle(circle: list[str], behaviour: str, destinations: Mapping[str, DestinationKind]) -> Problem:
    way = " → ".join([*circle, circle[0]])
    kind, _colon, name = circle[0].partition(":")
    who = {
        "silent": _("a caller who presses nothing goes round for ever"),
        "wrong": _("a caller who presses only wrong keys goes round for ever"),
    }.get(behaviour, _("calls go round for ever"))
    person = any(destinations[at.partition(":")[0]].person for at in circle)
    unless = _(" unless somebody answers") if person else ""
    text = _("{who}{unless} ({way}); let one of these lead elsewhere").format(who=who, unless=unless, way=way)
    return Problem(text, destinations[kind].object_kind, name, warning=person)


# -- trunks ------------------------------------------------------------------------------------------------------------


def _trunks(site: Site) -> list[Problem]:
    """Trunks that no call comes in by or goes out by."""
    used = {
        found.value
        for marks in site.marks().values()
        for found in marks
        if isinstance(found.mark, Refers) and found.mark.kind == "trunk"
    }
    if any(did.trunk is None for did in site.all("did", Did)):
        return []
    return [
        Problem(
            _("has no route: no inbound route takes its calls and no call goes out by it; add a route, or remove it"),
            "trunk", trunk.name, warning=True,
        )
        for trunk in site.all("trunk", Trunk)
        if trunk.name not in used
    ]  # fmt: skip
