#!/usr/bin/python3
"""Writes what code says of itself into substitution variables: `declared.py FOLDER:PACKAGE …`, a distribution each.

`${jackfield:PluginApi}`: of the core, the virtual package that it provides; of a plugin, the one that it depends on.
`${jackfield:Permissions}`: what the plugin may do. Reads the program, and not the packager's memory.
"""

from __future__ import annotations

import importlib
import sys
import tomllib
from pathlib import Path
from typing import Any

GROUP = "jackfield.plugins"


def main() -> None:
    """Add to debian/PACKAGE.substvars."""
    for folder, _, package in (word.partition(":") for word in sys.argv[1:]):
        with Path("debian", f"{package}.substvars").open("a") as out:
            out.writelines(f"jackfield:{name}={value}\n" for name, value in declared(Path(folder)).items())


def declared(folder: Path) -> dict[str, str]:
    """The variables of a distribution."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    points: dict[str, str] = project.get("entry-points", {}).get(GROUP, {})
    if points:
        return of_plugins(folder, list(points.values()))
    name, version = virtual(core_api())
    return {"PluginApi": f"{name} (= {version})"}


def core_api() -> str:
    """The version of the plugin interface of the core beside us."""
    from jackfield.api import API

    return str(API)


def virtual(api: str) -> tuple[str, str]:
    """The virtual package of a version of the interface, and the version in full."""
    return f"jackfield-plugin-api-{api.split('.')[0]}", api


def of_plugins(folder: Path, points: list[str]) -> dict[str, str]:
    """Of the plugins of a distribution."""
    sys.path.insert(0, str(folder / "src"))
    classes = [loaded(point) for point in points]
    apis = {str(getattr(one, "api", core_api())) for one in classes}
    asks = {f"{name} (>= {version})" for name, version in map(virtual, apis)}
    told = [getattr(one, "permissions", None) for one in classes]
    may = sorted({str(what) for one in told if one is not None for what in one})
    silent = "not declared" if None in told else "none"
    return {"PluginApi": ", ".join(sorted(asks)), "Permissions": ", ".join(may) or silent}


def loaded(point: str) -> Any:
    """The class that an entry point names."""
    module, _, name = point.partition(":")
    return getattr(importlib.import_module(module), name)


if __name__ == "__main__":
    main()
