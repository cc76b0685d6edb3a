"""Writes docs/reference.md from the models: every kind of site object, every setting, every feature code.

Run `make docs`; a test fails when the file is not what this writes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jackfield.describe import describe_settings
from jackfield.plugins import PluginHost
from jackfield.routing import builtin
from jackfield.settings import Settings
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

TARGET = Path(__file__).with_name("reference.md")


def _default(field: Any) -> str:
    if field.default_factory is not None:
        value = field.default_factory()
        return f"`{value}`" if isinstance(value, list) and value else ""
    if field.default is PydanticUndefined:
        return "needed"
    return "" if field.default in (None, "") else f"`{field.default}`"


def _table(model: type[BaseModel], prefix: str = "") -> list[str]:
    lines = ["| field | default | what |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            continue
        lines.append(f"| `{prefix}{name}` | {_default(field)} | {field.description or ''} |")
    return lines


def _settings(model: type[BaseModel], *, sections: bool = True) -> list[str]:
    """As `jackfield plugins info` tells them; without `sections` only those of the model itself."""
    lines = ["| setting | type | default | what |", "|---|---|---|---|"]
    for row in describe_settings(model):
        if sections or "." not in row["name"]:
            default = "needed" if row["needed"] else f"`{json.dumps(row['default'], ensure_ascii=False)}`"
            lines.append(f"| `{row['name']}` | {row['type']} | {default} | {row['description']} |")
    return lines


def _sections(model: type[BaseModel], prefix: str) -> list[str]:
    """The tables of a model's sections, and of theirs."""
    out: list[str] = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            out += [
                "",
                f"### `[{prefix}{name}]`",
                "",
                *_settings(inner, sections=False),
                *_sections(inner, f"{prefix}{name}."),
            ]
    return out


def reference(host: PluginHost) -> str:
    """The whole text."""
    out = [
        "# Reference",
        "",
        "Written by `make docs` from the program itself; do not edit. The guide is `guide.md`.",
        "",
        "## Site file",
        "",
        "A table a kind: `[[queue]]`, then its fields. `name` is unique within a kind.",
    ]
    for kind in host.kinds().values():
        about = (kind.model.__doc__ or "").strip().splitlines()[0]
        out += ["", f"### `{kind.kind}`: {kind.title}", "", about, "", *_table(kind.model)]
    out += ["", "## Destinations", "", "| kind | what |", "|---|---|"]
    kinds = [*builtin.kinds(), *(kind for _, kind in host.destinations().values())]
    out += [f"| `{kind.kind}:NAME` | {kind.title} |" for kind in kinds]
    out += ["", "## Feature codes", "", "| dial | what |", "|---|---|"]
    out += [
        f"| `{c.code}{'…' if c.rest else ''}` | {c.title} |" for c in sorted(host.feature_codes(), key=lambda c: c.code)
    ]
    out += ["", "## Settings of the box (`/etc/jackfield/jackfield.toml`)", "", *_settings(Settings, sections=False)]
    out += _sections(Settings, "")
    for status in host.statuses.values():
        if status.settings is not None:
            out += ["", f"### `[plugins.{status.name}]`", "", *_settings(type(status.settings))]
    return "\n".join(out) + "\n"


def installed() -> PluginHost:
    """A host with the workspace's plugins."""
    from importlib.metadata import EntryPoint

    host = PluginHost(Settings())
    names = {"acd": "AcdPlugin", "ivr": "IvrPlugin", "recording": "RecordingPlugin"}
    host.load([EntryPoint(n, f"jackfield_{n}.plugin:{c}", "jackfield.plugins") for n, c in names.items()])
    return host


if __name__ == "__main__":
    TARGET.write_text(reference(installed()), encoding="utf-8")
