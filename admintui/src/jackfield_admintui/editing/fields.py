"""What a form knows of a kind: its fields, as the daemon describes them. The daemon checks values; no rule is here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

Schema = Mapping[str, Any]


class Shape(Enum):
    """How a value is written in a form."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    YES_NO = "yes-no"
    CHOICE = "choice"
    LIST = "list"
    """Texts, one a line."""
    TABLE = "table"
    """`key = value`, one a line."""
    ROWS = "rows"
    """Anything nested: a TOML value a line."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field of a kind, or an entry of a table with fixed keys (`text` of a prompt in one language)."""

    name: str
    shape: Shape
    help: str = ""
    needed: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    refers: str = ""
    """Kind of the objects that it names."""
    destination: bool = False
    music: bool = False
    secret: bool = False
    inner: Shape = Shape.TEXT
    """Of a list's or a table's values."""
    key: str = ""
    """The key within a table with fixed keys."""

    @property
    def label(self) -> str:
        """As a form calls it; the same word as in the site file."""
        return f"{self.name} ({self.key})" if self.key else self.name

    @property
    def id(self) -> str:
        """Unique within a kind."""
        return f"{self.name}.{self.key}" if self.key else self.name

    @property
    def names_something(self) -> bool:
        """Whether there is a list of what may be written."""
        return bool(self.refers or self.destination or self.music or (self.shape is Shape.LIST and self.choices))


@dataclass(frozen=True, slots=True)
class KindSpec:
    """A kind of site object."""

    kind: str
    title: str
    fields: tuple[FieldSpec, ...]
    generated: frozenset[str] = frozenset()
    """Fields that the daemon fills in with a secret when they are left empty."""
    single: bool = False

    def field(self, identity: str) -> FieldSpec | None:
        """A field by its id."""
        return next((f for f in self.fields if f.id == identity), None)


def kind_spec(described: Mapping[str, Any]) -> KindSpec:
    """A kind from an entry of `site.kinds`."""
    schema = described["schema"]
    definitions, needed = schema.get("$defs", {}), set(schema.get("required", ()))
    fields: list[FieldSpec] = []
    for name, about in schema["properties"].items():
        fields += _fields(name, about, definitions, name in needed)
    return KindSpec(
        described["kind"], described["title"], tuple(fields), frozenset(described.get("generated", ())),
        bool(described.get("single")),
    )  # fmt: skip


def _fields(name: str, about: Schema, definitions: Schema, needed: bool) -> list[FieldSpec]:
    found = _field(name, about, definitions, needed)
    inner = _real(about, definitions)
    keys = _real(inner.get("propertyNames", {}), definitions).get("enum") if found.shape is Shape.TABLE else None
    if not keys:
        return [found]
    values = _values(inner, definitions)
    return [
        FieldSpec(name, _shape(values, definitions), found.help, False, None, _choices(values), _mark(values, "refers"),
                  bool(_mark(values, "destination")), key=str(key))
        for key in keys
    ]  # fmt: skip


def _field(name: str, about: Schema, definitions: Schema, needed: bool) -> FieldSpec:
    real = _real(about, definitions)
    shape = _shape(real, definitions)
    values = _values(real, definitions) if shape in (Shape.LIST, Shape.TABLE) else real
    return FieldSpec(
        name=name,
        shape=shape,
        help=str(about.get("description") or real.get("description") or ""),
        needed=needed,
        default=about.get("default"),
        choices=_choices(values),
        refers=_mark(values, "refers") or _mark(about, "refers"),
        destination=bool(_mark(values, "destination") or _mark(about, "destination")),
        music=bool(_mark(values, "music") or _mark(about, "music")),
        secret=bool(_mark(real, "writeOnly") or _mark(about, "writeOnly")),
        inner=_shape(values, definitions) if shape in (Shape.LIST, Shape.TABLE) else Shape.TEXT,
    )


def _real(about: Schema, definitions: Schema) -> Schema:
    """What a reference or an optional value stands for."""
    if "$ref" in about:
        return _real(definitions.get(str(about["$ref"]).rpartition("/")[2], {}), definitions)
    arms = [arm for arm in about.get("anyOf", ()) if arm.get("type") != "null"]
    return _real(arms[0], definitions) if len(arms) == 1 else about


def _shape(about: Schema, definitions: Schema) -> Shape:
    simple = {"integer": Shape.WHOLE, "number": Shape.NUMBER, "boolean": Shape.YES_NO, "string": Shape.TEXT}
    if "enum" in about or "const" in about:
        return Shape.CHOICE
    kind = about.get("type")
    if kind in simple:
        return simple[kind]
    flat = (Shape.TEXT, Shape.CHOICE)
    if kind == "array":
        return Shape.LIST if _shape(_values(about, definitions), definitions) in flat else Shape.ROWS
    if kind == "object" and "properties" not in about:
        inner = _shape(_values(about, definitions), definitions)
        return Shape.TABLE if inner in (*flat, Shape.WHOLE, Shape.NUMBER) else Shape.ROWS
    return Shape.ROWS


def _values(about: Schema, definitions: Schema) -> Schema:
    """The schema of a list's or a table's values."""
    inner = about.get("items") or about.get("additionalProperties")
    patterns = about.get("patternProperties")
    if not isinstance(inner, Mapping) and patterns:
        inner = next(iter(patterns.values()))
    return _real(inner, definitions) if isinstance(inner, Mapping) else {}


def _choices(about: Schema) -> tuple[str, ...]:
    return tuple(map(str, about.get("enum", [about["const"]] if "const" in about else ())))


def _mark(about: Schema, name: str) -> str:
    """A mark of the value, or of the one arm that is not null."""
    places = [about, *about.get("anyOf", ())]
    return next((str(place[name]) for place in places if name in place), "")
