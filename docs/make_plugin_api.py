"""Writes docs/plugin-api.md and docs/plugin-api.json from `jackfield.api`: every name, hook and verb.

Run `make docs`; tests fail when the files are not what this writes. The JSON is the surface: names, signatures, fields.
When it changes, raise `API` in plugins/loading.py first (a minor version adds; a major one takes away or changes);
until 1.0 is released, `--unreleased` writes a changed surface under the same version.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import sys
import types
from enum import Enum
from pathlib import Path
from typing import Any

from jackfield import api
from jackfield.calls.call import Call
from jackfield.hookspecs import Hooks
from pydantic import BaseModel

HERE = Path(__file__).parent
TARGET, SURFACE = HERE / "plugin-api.md", HERE / "plugin-api.json"
SERVICES = ("Core", "Alarms", "Asterisk", "Clock", "Events", "Jobs", "Phones", "Storage", "Timer", "Timers")
OWN = "core's own"
"""What the docstring of a public member says that is not for plugins."""
_SECTION = re.compile(r"^(Args|Returns|Raises|Example|Yields):$")


def verbs() -> dict[str, Any]:
    """What plugins may use of a `Call`: methods and properties."""
    found = {
        name: value
        for name, value in inspect.getmembers_static(Call)
        if not name.startswith("_") and isinstance(value, types.FunctionType | property)
    }
    return {name: value for name, value in found.items() if OWN not in (inspect.getdoc(value) or "")}


def hooks() -> dict[str, Any]:
    """Every hook, in the order in which they fire."""
    return {name: value for name, value in vars(Hooks).items() if name.startswith("jackfield_")}


def names() -> dict[str, Any]:
    """Every public name."""
    return {name: getattr(api, name) for name in api.__all__}


# -- the surface ---------------------------------------------------------------------------------------------------


def signature(function: Any) -> str:
    """A function's signature, without `self`."""
    found = inspect.signature(function)
    parameters = [_bare(p) for p in found.parameters.values() if p.name != "self"]
    returns = found.return_annotation
    return str(found.replace(parameters=parameters, return_annotation=_Words(returns) if returns else returns))


class _Words(str):
    """An annotation, shown without quotes."""

    def __repr__(self) -> str:
        return str(self)


def _bare(parameter: inspect.Parameter) -> inspect.Parameter:
    if isinstance(parameter.annotation, str):
        return parameter.replace(annotation=_Words(parameter.annotation))
    return parameter


def surface() -> dict[str, Any]:
    """Everything that a plugin can come to depend on."""
    return {
        "api": api.API,
        "hooks": {name: signature(value) for name, value in hooks().items()},
        "call": {name: "property" if isinstance(v, property) else signature(v) for name, v in verbs().items()},
        "names": {name: _shape(name, value) for name, value in sorted(names().items())},
    }


def _shape(name: str, value: Any) -> Any:
    if not isinstance(value, type):
        return signature(value) if inspect.isfunction(value) else type(value).__name__
    if name == "Call":
        return "see call"
    if issubclass(value, Enum):
        return {member.name: member.value for member in value}
    if issubclass(value, BaseModel):
        return {field: str(info.annotation).replace("'", "") for field, info in value.model_fields.items()}
    shape: dict[str, str] = {}
    if dataclasses.is_dataclass(value):
        shape |= {f.name: str(f.type) + ("" if _needed(f) else " = …") for f in dataclasses.fields(value)}
    for member, function in vars(value).items():
        if not member.startswith("_") and inspect.isfunction(function):
            shape[f"{member}()"] = signature(function)
    return shape


def _needed(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


# -- the text ------------------------------------------------------------------------------------------------------


def markdown(doc: str) -> list[str]:
    """A docstring's sections as Markdown; examples in code blocks."""
    out: list[str] = []
    code = False
    for line in inspect.cleandoc(doc).splitlines():
        is_code = line.lstrip().startswith((">>>", "...")) or (code and bool(line.strip()))
        if is_code != code:
            out += ["```pycon"] if is_code else ["```", ""]
            code = is_code
        if is_code:
            out.append(line.strip() if line.lstrip().startswith(">>>") else re.sub(r"^    ", "", line))
        elif found := _SECTION.fullmatch(line):
            out += [f"**{found[1]}**", ""]
        elif line.startswith("    ") and not line.startswith("     "):
            out.append(f"- {line.strip()}")
        elif line.startswith("     "):
            out.append(f"  {line.strip()}")
        else:
            out.append(line)
    return [*out, "```"] if code else out


def _entry(title: str, doc: str | None) -> list[str]:
    return ["", f"### `{title}`", "", *markdown(doc or "")]


def _fields(value: Any) -> list[str]:
    if isinstance(value, type) and issubclass(value, Enum):
        return ["", "Values: " + ", ".join(f"`{member.name}` (`{member.value}`)" for member in value) + "."]
    if not (isinstance(value, type) and dataclasses.is_dataclass(value)):
        return []
    rows = [f"- `{f.name}: {f.type}`{'' if _needed(f) else ' (may be left out)'}" for f in dataclasses.fields(value)]
    return ["", "Fields:", "", *rows] if rows else []


def _service(name: str, value: Any) -> list[str]:
    out = [*_entry(f"core.{name.lower()}" if name != "Core" else "Core", value.__doc__)]
    if name == "Core":
        return [*out, *_fields(value)]
    for member, function in vars(value).items():
        if not member.startswith("_") and inspect.isfunction(function):
            first, *rest = markdown(function.__doc__ or "")
            out += ["", f"`{member}{signature(function)}`: {first}", *(f"  {line}".rstrip() for line in rest)]
    return out


def text() -> str:
    """The whole document."""
    out = [
        "# The plugin API",
        "",
        f"Version {api.API}. Written by `make docs` from the program itself; do not edit. The guide is `guide.md`.",
        "",
        "Everything that a plugin may use is in `jackfield.api`; whatever else it imports may change with any release.",
        "A plugin is a class, named by an entry point of the group `jackfield.plugins`. It says which version of the",
        f'API it was made for (`api = "{api.API}"`) and what it does, as in',
        "`permissions = frozenset({Permission.NETWORK})`.",
        "A plugin of another major version, or of a newer minor version than the core's, is not loaded, and",
        "`jackfield plugins list` says why. What is deprecated is told once in the log, with the plugin's name.",
        "",
        "## Verbs of a call",
        "",
        "A handler is called with a `Call`. Its verbs run on the call's own thread; each raises `CallerHungUp` when",
        "the caller is gone, which handlers let pass. Durations are in seconds.",
    ]
    for name, value in sorted(verbs().items()):
        title = f"call.{name}" + ("" if isinstance(value, property) else signature(value))
        out += _entry(title, inspect.getdoc(value))
    out += ["", "## Hooks", "", "In the order in which they fire."]
    for name, value in hooks().items():
        out += _entry(f"{name}{signature(value)}", inspect.getdoc(value))
    out += ["", "## Services", "", "`jackfield_start` hands over `core`."]
    for name in SERVICES:
        out += _service(name, names()[name])
    out += ["", "## Names"]
    for name, value in sorted(names().items()):
        if name in ("Call", *SERVICES):
            continue
        title = f"{name}{signature(value)}" if inspect.isfunction(value) else name
        out += [*_entry(title, about(name, value)), *_fields(value)]
    return "\n".join(line.rstrip() for line in out) + "\n"


_ABOUT = {
    "API": "The version of this API, MAJOR.MINOR.",
    "Destination": "The type of a field of a site object that holds a destination (`queue:sales`); checked at import.",
    "Name": "The type of a field that holds the name of a site object.",
    "Next": "What a handler answers: `Goto` or `End`.",
    "Spoken": "What `call.play` and `call.say` take: the name of a prompt, a number, `Digits`, `Money`, date or time.",
    "hookimpl": "Marks a method of the plugin object as the implementation of the hook of that name.",
}
"""Of names that cannot have a docstring."""


def about(name: str, value: Any) -> str:
    """What a public name is."""
    return _ABOUT.get(name) or inspect.getdoc(value) or ""


def main(unreleased: bool) -> int:
    """Write both files; refuses a changed surface under the same version."""
    now = surface()
    before = json.loads(SURFACE.read_text(encoding="utf-8")) if SURFACE.exists() else now
    if before != now and before["api"] == now["api"] and not unreleased:
        print(f"The public surface has changed; raise API {now['api']} in plugins/loading.py.", file=sys.stderr)  # noqa: T201
        return 1
    SURFACE.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    TARGET.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main("--unreleased" in sys.argv[1:]))
