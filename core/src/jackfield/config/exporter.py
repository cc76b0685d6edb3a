"""Writes a whole site as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from jackfield.config.kinds import SiteObject
from jackfield.config.objects.general import General
from jackfield.config.site import Site

_REVISION = re.compile(r"# Jackfield site; draft revision (\d{1,9})[\r\n]")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def export_site(site: Site, revision: int | None = None) -> str:
    """The site as TOML; `import_site` of it gives an equal site. It holds secrets: keep it as one.

    `revision` is that of the draft; the text says it, so that its import can tell what others did meanwhile.
    """
    head = "" if revision is None else f"# Jackfield site; draft revision {revision}\n\n"
    blocks = [head + "[general]\n" + _lines(_body(site.general))]
    for (kind, name), item in site.objects().items():
        if not isinstance(item, General):
            blocks.append(f"[[{_key(kind)}]]\n" + _lines({"name": name} | _body(item)))
    return "\n".join(blocks)


def revision_of(text: str) -> int | None:
    """The draft's revision that a text was exported from, if it says one."""
    found = _REVISION.match(text.lstrip("\ufeff"))
    return int(found[1]) if found else None


def _body(item: SiteObject) -> dict[str, Any]:
    """An object's keys without its name; those at their default are left out, for the model puts them back."""
    body: dict[str, Any] = item.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    body.pop("name", None)
    return body


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in table.items())


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(v) for v in value)}]"
    # JSON's strings, numbers, true and false are TOML's as well, but for the character DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
