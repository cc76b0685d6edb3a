"""Reads a whole site from TOML and reports every mistake with its line."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any

from pydantic import ValidationError

from jackfield.config.check import check_site, sound_files, suggestion
from jackfield.config.kinds import Kind, SiteObject
from jackfield.config.lines import Lines
from jackfield.config.problems import Path, Problem, sentences
from jackfield.config.site import Site
from jackfield.config.words import in_words
from jackfield.errors import SiteError
from jackfield.i18n import gettext_for
from jackfield.routing.destinations import DestinationKind

_ = gettext_for("jackfield")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


MAX_LOOK_BACK = 500
"""Lines that are tried to find where a broken statement begins."""


@dataclass(slots=True)
class _Reading:
    """What was made of a text so far."""

    lines: Lines
    objects: dict[str, list[SiteObject]] = field(default_factory=dict)
    places: dict[tuple[str, str], Path] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def report(self, text: str, kind: str, name: str, path: Path, inner: Path = ()) -> None:
        self.problems.append(Problem(text, kind, name, inner, self.lines.line(path + inner)))


def import_site(
    text: str,
    kinds: Mapping[str, Kind],
    destinations: Iterable[DestinationKind] = (),
    sound_problem: Callable[[str], str | None] | None = None,
    entries: Iterable[str] = (),
    music: Collection[str] | None = None,
) -> Site:
    """Read a site.

    Args:
        text: the TOML text.
        kinds: kinds of core and of the installed plugins.
        destinations: kinds of destinations of the installed plugins.
        sound_problem: what is wrong with an uploaded sound file (by its path), or None.
        entries: destinations that feature codes lead to.
        music: classes of music on hold that there are.

    Raises:
        SiteError: with every mistake; each says its line, what is wrong and what to do.
    """
    table = _parse(text)
    reading = _Reading(Lines(text))
    for kind, items in table.items():
        _read_kind(reading, kind, items, kinds)
    site = Site(reading.objects)
    _look_over(reading, check_site(site, kinds, destinations, entries, music))
    _look_at_sounds(reading, site, sound_problem)
    if wrong := [problem for problem in reading.problems if problem.refuses]:
        raise SiteError(sentences(wrong))
    return site


def read_object(kind: str, body: Mapping[str, Any], kinds: Mapping[str, Kind]) -> SiteObject:
    """One object from plain JSON.

    Raises:
        SiteError: with every mistake.
    """
    found, problems = look_at_object(kind, body, kinds)
    if found is None:
        raise SiteError(sentences(problems))
    return found


def look_at_object(
    kind: str, body: Mapping[str, Any], kinds: Mapping[str, Kind]
) -> tuple[SiteObject | None, list[Problem]]:
    """One object from plain JSON, or None and every mistake with its place."""
    if kind not in kinds:
        hint = suggestion(kind, kinds) or _("install the plugin that brings it, or take it out")
        text = _("no installed plugin knows the kind {kind}; {hint}").format(kind=repr(kind), hint=hint)
        return None, [Problem(text)]
    reading = _Reading(Lines(""))
    _read_object(reading, kinds[kind], dict(body), (kind, 0))
    if reading.problems:
        return None, [replace(problem, line=0) for problem in reading.problems]
    return reading.objects[kind][0], []


def _parse(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SiteError([_syntax(text, str(error))]) from None
    except RecursionError:
        raise SiteError([_("line 1: arrays or tables are nested too deeply; that is no site")]) from None


def _syntax(text: str, error: str) -> str:
    """The parser's finding, with the line where the statement begins: an open quote is only noticed further down."""
    place = _PLACE.search(error)
    lines = text.split("\n")
    noticed = int(place[1]) if place and place[1] else len(lines)
    begins = next((n for n in range(noticed, max(0, noticed - MAX_LOOK_BACK), -1) if _parses(lines[: n - 1])), noticed)
    column = _(", column {column}").format(column=place[2]) if place and place[2] and begins == noticed else ""
    until = _(" (noticed on line {line})").format(line=noticed) if begins != noticed else ""
    why = _PLACE.sub("", error)
    where = _("line {line}").format(line=begins) + column
    text = _("{where}: this is not TOML: {why}{until}; correct it, and the rest will be looked at")
    return text.format(where=where, why=why, until=until)


def _parses(lines: list[str]) -> bool:
    try:
        tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return False
    return True


def _read_kind(reading: _Reading, kind: str, items: Any, kinds: Mapping[str, Kind]) -> None:
    known = kinds.get(kind)
    if known is None:
        hint = suggestion(kind, kinds) or _("install the plugin that brings it, or take it out")
        text = _("no installed plugin knows the kind {kind}; {hint}").format(kind=repr(kind), hint=hint)
        reading.report(text, "", "", (kind,))
        return
    if kind == "general":
        if isinstance(items, dict):
            _read_object(reading, known, {"name": "site"} | items, (kind,))
        else:
            reading.report(_("there is one site; write [general], in single brackets"), kind, "", (kind,))
    elif not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        reading.report(
            _("write [[{kind}]], in double brackets, once for each of them").format(kind=kind), kind, "", (kind,)
        )
    else:
        for index, item in enumerate(items):
            _read_object(reading, known, item, (kind, index))


def _read_object(reading: _Reading, kind: Kind, item: dict[str, Any], path: Path) -> None:
    name = item.get("name") if isinstance(item.get("name"), str) else None
    shown = str(name) if name is not None else f"#{int(path[-1]) + 1}" if isinstance(path[-1], int) else ""
    if kind.kind == "general" and name != "site":
        reading.report(_("the site has no other name than 'site'; take `name` out"), "general", "", path, ("name",))
        return
    first = reading.places.setdefault((kind.kind, name), path) if name is not None else path
    if first != path:
        text = _("is there twice, first on line {line}; rename or remove one").format(line=reading.lines.line(first))
        reading.report(text, kind.kind, shown, path, ("name",))
    try:
        plain = json.dumps(_plain(item), allow_nan=False)
        found = kind.model.model_validate_json(plain, strict=True)
    except ValidationError as error:
        reading.broken.add(name or "")
        for finding in error.errors(include_url=False):
            words, inner = in_words(kind, finding)
            reading.report(words, kind.kind, shown, path, inner)
    except ValueError as error:
        reading.broken.add(name or "")
        reading.report(_("holds a value that cannot be kept: {error}").format(error=error), kind.kind, shown, path)
    else:
        if first == path:
            reading.objects.setdefault(kind.kind, []).append(found)


def _plain(value: Any) -> Any:
    """TOML's own dates as text; everything else as it is."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, date | time | datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(_("{value} is no number; write one with digits").format(value=value))
    return value


def _look_over(reading: _Reading, problems: Iterable[Problem]) -> None:
    """Findings on the whole; what only follows from an object that was refused is not reported again."""
    for problem in problems:
        if any(repr(name) in problem.text for name in reading.broken):
            continue
        place = reading.places.get((problem.kind, problem.name), (problem.kind,))
        reading.problems.append(replace(problem, line=reading.lines.line(place + problem.path)))


def _look_at_sounds(reading: _Reading, site: Site, sound_problem: Callable[[str], str | None] | None) -> None:
    for prompt, language, path in sound_files(site) if sound_problem else ():
        if wrong := sound_problem(path) if sound_problem else None:
            place = reading.places["prompt", prompt.name]
            reading.report(wrong, "prompt", prompt.name, place, ("file", language))
