"""Whole-site checks: what one object's model cannot see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from ipaddress import ip_network

from jackfield.config.check_inbound import check_inbound
from jackfield.config.check_outbound import check_outbound
from jackfield.config.kinds import IsDestination, Kind, NamesMusic, Refers
from jackfield.config.objects.prompt import Prompt
from jackfield.config.objects.trunk import Trunk
from jackfield.config.problems import Problem
from jackfield.config.reach import check_reach
from jackfield.config.references import Marked
from jackfield.config.site import Site
from jackfield.i18n import gettext_for
from jackfield.prompts.core_texts import CORE_PROMPTS
from jackfield.routing import builtin
from jackfield.routing.destinations import DestinationKind, split

_ = gettext_for("jackfield")
RESERVED_SECTIONS = frozenset(
    {"global", "system", "transport-udp", "transport-tcp", "transport-tls", "transport-tls-unverified", "transport-wss"}
)
"""Section names of pjsip.conf that no trunk may have."""
Names = Callable[[Site], Iterable[str]] | None


def check_site(
    site: Site,
    kinds: Mapping[str, Kind],
    destinations: Iterable[DestinationKind] = (),
    entries: Iterable[str] = (),
    music: Collection[str] | None = None,
) -> list[Problem]:
    """Everything that is wrong with a site beyond its objects' own models.

    Args:
        site: the site.
        kinds: kinds of core and of the installed plugins.
        destinations: kinds of destinations of the installed plugins (core's own are known).
        entries: destinations that feature codes lead to.
        music: classes of music on hold that there are; None: not known.
    """
    known = {d.kind: d for d in [*builtin.kinds(), *destinations]}
    names: dict[str, Names] = {d.kind: d.names for d in known.values()}
    names["prompt"] = lambda site: {*site.names("prompt"), *CORE_PROMPTS}
    problems = _references(site, names)
    problems += check_inbound(site) + check_outbound(site) + _sections(site) + _matches(site)
    problems += _music(site, music) + check_reach(site, kinds, known, entries)
    for kind in kinds.values():
        problems += [_from_sentence(kind.kind, text) for text in (kind.check(site) if kind.check else ())]
    return problems


def _references(site: Site, names: Mapping[str, Names]) -> list[Problem]:
    objects = cache(lambda kind: frozenset(site.names(kind)))
    ends = cache(lambda kind: None if (known := names[kind]) is None else frozenset(known(site)))
    problems = []
    for (kind, name), marks in site.marks().items():
        for found in marks:
            text, absent = _broken(found, names, objects, ends)
            if text:
                problems.append(Problem(text, kind, name, found.path, absent=absent))
    return problems


def _broken(
    found: Marked,
    names: Collection[str],
    objects: Callable[[str], frozenset[str]],
    ends: Callable[[str], frozenset[str] | None],
) -> tuple[str, bool]:
    """Why a reference leads nowhere, or ''; and whether a missing plugin is the reason.

    Each kind's names are gathered once: a large site has as many references as objects.
    """
    if isinstance(found.mark, Refers):
        return _missing(found.mark.kind, found.value, objects(found.mark.kind)), False
    if not isinstance(found.mark, IsDestination):
        return "", False
    kind, name = split(found.value)
    if kind not in names:
        hint = suggestion(kind, names)
        text = _("no installed plugin provides destinations of kind {kind}; {hint}")
        return text.format(kind=repr(kind), hint=hint or _("install its plugin")), True
    known = ends(kind)
    return ("" if known is None else _missing(kind, name, known)), False


def _missing(kind: str, name: str, known: Collection[str]) -> str:
    if name in known:
        return ""
    hint = suggestion(name, known) or _("add it, or name another {kind}").format(kind=kind)
    return _("there is no {kind} {name}; {hint}").format(kind=kind, name=repr(name), hint=hint)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`did you mean 'sales'?`, or the few that there are, or ''."""
    known = sorted(known)
    if near := get_close_matches(word, known, n=1):
        return _("did you mean {name}?").format(name=repr(near[0]))
    return _("there are {names}").format(names=", ".join(known)) if 0 < len(known) <= 12 else ""


def _from_sentence(kind: str, text: str) -> Problem:
    """A plugin's finding `queue:sales …` as a problem of that object."""
    head, _, rest = text.partition(" ")
    if head.startswith(f"{kind}:"):
        return Problem(rest.strip(), kind, head[len(kind) + 1 :].rstrip(":,"))
    return Problem(text, kind)


def _sections(site: Site) -> list[Problem]:
    phones = {*site.names("extension"), *site.names("device")}
    return [
        Problem(_("{name} is also {what}; rename the trunk").format(
                    name=repr(t.name), what=_("a phone") if t.name in phones else _("a word of ours")),
                "trunk", t.name, ("name",))
        for t in site.all("trunk", Trunk)
        if t.name in phones or t.name in RESERVED_SECTIONS
    ]  # fmt: skip


def trunk_matches(trunk: Trunk) -> list[str]:
    """Addresses that a trunk's calls come from."""
    return trunk.match or [trunk.host]


def _matches(site: Site) -> list[Problem]:
    owners: dict[str, list[str]] = defaultdict(list)
    for trunk in site.all("trunk", Trunk):
        for match in trunk_matches(trunk):
            owners[_normal(match)].append(trunk.name)
    return [
        Problem(_("calls from {match} also belong to trunk {trunk}; give each trunk its own match").format(
                    match=match, trunk=trunks[0]), "trunk", name, ("match",))
        for match, trunks in owners.items()
        for name in trunks[1:]
    ]  # fmt: skip


def _music(site: Site, music: Collection[str] | None) -> list[Problem]:
    """Music that nobody has."""
    if music is None:
        return []
    return [
        Problem(_missing(_("music class"), found.value, music), kind, name, found.path)
        for (kind, name), marks in site.marks().items()
        for found in marks
        if isinstance(found.mark, NamesMusic) and found.value not in music
    ]


def _normal(match: str) -> str:
    try:
        return str(ip_network(match, strict=False))
    except ValueError:
        return match.lower()


def sound_files(site: Site) -> list[tuple[Prompt, str, str]]:
    """(prompt, language, path) of every uploaded sound."""
    return [(p, language, path) for p in site.all("prompt", Prompt) for language, path in sorted(p.file.items())]
