"""Objects of a kind as a list: which columns, and what to show in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jackfield_admintui.editing.fields import FieldSpec, KindSpec, Shape
from jackfield_admintui.editing.texts import written

SHOWN = {
    "trunk": ("host", "transport", "username", "number", "max_calls"),
    "did": ("number", "trunk", "destination", "hours", "order"),
    "extension": ("title", "may_call", "language"),
    "outbound-route": ("patterns", "trunks", "permission", "order"),
    "queue": ("title", "strategy", "agents", "overflow", "max_wait"),
    "agent": ("title", "extension", "skills"),
    "menu": ("title", "prompt", "keys"),
    "hours": ("open", "holidays", "zone"),
    "caller-list": ("numbers", "block", "priority"),
    "prompt": ("text.en", "text.zh"),
}
"""Fields that tell most about a kind's objects; of others the needed ones and then the first."""
MOST = 5


def columns(spec: KindSpec) -> list[FieldSpec]:
    """The fields that a list shows beside the name."""
    if found := [field for name in SHOWN.get(spec.kind, ()) if (field := spec.field(name))]:
        return found
    others = [f for f in spec.fields if f.name != "name" and not f.secret]
    return sorted(others, key=lambda f: not f.needed)[:MOST]


def form_order(spec: KindSpec) -> list[FieldSpec]:
    """Fields as a form shows them: name, what is needed, what tells most, then as the kind has them; secrets last."""
    first = [field.id for field in columns(spec)]

    def place(field: FieldSpec) -> tuple[bool, bool, bool, int]:
        listed = first.index(field.id) if field.id in first else len(first)
        return (field.name != "name", not field.needed, field.secret and not field.needed, listed)

    return sorted(spec.fields, key=place)


def rows(spec: KindSpec, objects: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row an object: each column's text under the field's id; defaults too, for a list must be comparable."""
    return [_row(spec, item) for item in objects]


def _row(spec: KindSpec, item: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"name": item["name"], "revision": item["revision"]}
    for field in columns(spec):
        value = item["fields"].get(field.name, field.default)
        if field.key:
            value = value.get(field.key) if isinstance(value, Mapping) else None
        row[field.id] = value if field.shape in (Shape.WHOLE, Shape.NUMBER) else shown(value, field)
    return row


def shown(value: Any, field: FieldSpec) -> str:
    """A value on one line."""
    if isinstance(value, Mapping) and field.shape is Shape.TABLE:
        return ", ".join(f"{key}→{each}" for key, each in value.items())
    return ", ".join(written(value, field).split("\n"))


def free_name(name: str, taken: Iterable[str]) -> str:
    """A name for a copy: of a number the next free one, else `name-2` and so on.

    >>> free_name("201", {"201", "202"}), free_name("sales", {"sales"})
    ('203', 'sales-2')
    """
    known = set(taken)
    if name.isdigit():
        number = int(name) + 1
        while str(number).zfill(len(name)) in known:
            number += 1
        return str(number).zfill(len(name))
    stem, dash, last = name.rpartition("-")
    stem, number = (stem, int(last) + 1) if dash and last.isdigit() and stem else (name, 2)
    while f"{stem}-{number}" in known:
        number += 1
    return f"{stem}-{number}"
