"""What a program needs to show a site as lists and forms: kinds with their fields, objects, places to send calls to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jackfield import i18n
from jackfield.config.kinds import IsSecret, Kind
from jackfield.config.plan import masked
from jackfield.config.problems import Problem
from jackfield.config.references import marked
from jackfield.config.site import Site
from jackfield.prompts.core_texts import CORE_PROMPTS
from jackfield.routing.destinations import DestinationKind

SINGLE = frozenset({"general"})
"""Kinds of which a site has exactly one object."""
Bodies = Mapping[tuple[str, str], dict[str, Any]]


def describe_kinds(kinds: Iterable[Kind]) -> list[dict[str, Any]]:
    """Each kind with the JSON schema of its fields, titles and help in the language in use.

    Beyond JSON Schema a field may say `refers` (the kind of object that it names), `destination`, `music`, and
    `writeOnly` for secrets.
    """
    found = []
    for kind in kinds:
        schema = kind.model.model_json_schema()
        for name, field in kind.model.model_fields.items():
            if field.default_factory is not None:  # which pydantic leaves out
                schema["properties"][name].setdefault("default", field.get_default(call_default_factory=True))
        say = i18n.translator(kind.model.__module__.partition(".")[0], i18n.current())
        _translate(schema, say)
        found.append(
            {
                "kind": kind.kind,
                "title": say(str.__str__(kind.title)),
                "schema": schema,
                "generated": list(kind.generated),
                "single": kind.kind in SINGLE,
            }
        )
    return found


def _translate(schema: Any, say: Callable[[str], str]) -> None:
    """Put every description within a schema into the language in use."""
    if isinstance(schema, dict):
        if isinstance(text := schema.get("description"), str) and text:
            schema["description"] = say(text)
        for inner in schema.values():
            _translate(inner, say)
    elif isinstance(schema, list):
        for inner in schema:
            _translate(inner, say)


def objects(
    bodies: Bodies, versions: Mapping[tuple[str, str], int], kinds: Mapping[str, Kind], kind: str
) -> list[dict[str, Any]]:
    """A kind's objects with the fields that are set (secrets masked), and the revision that changed each last."""
    known = kinds.get(kind)
    return [
        {"name": name, "fields": masked(body, known.model if known else None), "revision": versions[of, name]}
        for (of, name), body in sorted(bodies.items())
        if of == kind
    ]


def told(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Findings for programs; `refuses` says that the site cannot be taken with it."""
    return [
        {"text": p.text, "kind": p.kind, "name": p.name, "path": list(p.path), "refuses": p.refuses and not p.absent}
        for p in problems
    ]


def places(site: Site, kinds: Iterable[DestinationKind]) -> list[dict[str, Any]]:
    """Kinds of destinations and the names that each has in a site; no names: any well-formed one will do."""
    found = []
    for each in kinds:
        names = [] if each.names is None else sorted(each.names(site))
        if each.kind == "prompt":
            names = sorted({*site.names("prompt"), *CORE_PROMPTS})
        found.append(
            {"kind": each.kind, "title": str(each.title), "objects": each.object_kind, "names": names,
             "open": each.names is None and each.kind != "prompt"}
        )  # fmt: skip
    return found


def secrets_of(site: Site, kind: str, name: str) -> dict[str, str]:
    """An object's secrets by field."""
    item = site.find(kind, name)
    return {} if item is None else {str(m.path[0]): m.value for m in marked(item) if isinstance(m.mark, IsSecret)}
