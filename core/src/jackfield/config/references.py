"""Finds marked values in a site's objects: destinations, references to other kinds, secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from jackfield.config.kinds import IsDestination, IsSecret, NamesMusic, Refers
from jackfield.config.problems import Path, field_name

if TYPE_CHECKING:
    from jackfield.config.site import Site

Mark = Refers | IsDestination | IsSecret | NamesMusic


@dataclass(frozen=True, slots=True)
class Marked:
    """A value that carries a mark, and where it is in its object."""

    path: Path
    value: str
    mark: Mark


def marked(item: BaseModel) -> Iterator[Marked]:
    """Every marked value within an object, however deep (options, lists, tables, nested models)."""
    yield from _in_model(item, ())


def _in_model(item: BaseModel, path: Path) -> Iterator[Marked]:
    for name, field in type(item).model_fields.items():
        value = getattr(item, name)
        if value is None or isinstance(value, bool | int | float):
            continue
        marks = [m for m in field.metadata if isinstance(m, Mark)]
        yield from _in_value(value, field.annotation, marks, (*path, name))


def _in_value(value: Any, annotation: Any, marks: list[Mark], path: Path) -> Iterator[Marked]:
    while get_origin(annotation) is Annotated:
        annotation, *extra = get_args(annotation)
        marks = marks + [m for m in extra if isinstance(m, Mark)]
    if isinstance(value, BaseModel):
        yield from _in_model(value, path)
    elif isinstance(value, str):
        yield from (Marked(path, value, mark) for mark in marks + _in_union(annotation))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            for kind in _parts(annotation):
                yield from _in_value(inner, kind, marks, (*path, str(key)))
    elif isinstance(value, list | tuple | set | frozenset):
        for index, inner in enumerate(value):
            for kind in _parts(annotation):
                yield from _in_value(inner, kind, marks, (*path, index))


def _in_union(annotation: Any) -> list[Mark]:
    """Marks of the alternatives of `Annotated[str, …] | None`."""
    return [m for arm in get_args(annotation) for m in getattr(arm, "__metadata__", ()) if isinstance(m, Mark)]


def _parts(annotation: Any) -> list[Any]:
    """Annotations of the values that a container may hold; through `X | None` too."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return list(arguments[1:])
    if isinstance(origin, type) and issubclass(origin, list | tuple | set | frozenset):
        return [a for a in arguments if a is not ...][:1]
    return [part for arm in arguments for part in _parts(arm)]


def dependents(site: Site, kind: str, name: str) -> list[str]:
    """Objects that name an object, as `did main (destination)`."""
    found = []
    for (other, of), item in site.objects().items():
        for each in marked(item):
            named = (
                each.value == f"{kind}:{name}"
                if isinstance(each.mark, IsDestination)
                else isinstance(each.mark, Refers) and each.mark.kind == kind and each.value == name
            )
            if named:
                found.append(f"{other} {of} ({field_name(each.path)})")
    return list(dict.fromkeys(found))
