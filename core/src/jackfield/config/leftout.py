"""What a generation lacks of what plugins wanted to add, and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jackfield.config.fragments import Fragment

Contribution = tuple[str, Fragment]
"""A plugin's name and its fragment."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A plugin's addition to a file that is not in a generation. `digest` is set when Asterisk itself refused it."""

    plugin: str
    file: str
    why: str
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.plugin}: its addition to {self.file} is left out: {self.why}" if self.file else self.why

    def to_dict(self) -> dict[str, str]:
        """Plain JSON."""
        return asdict(self)


def digest(plugin: str, fragment: Fragment) -> str:
    """Tells whether a fragment is the one that was refused."""
    return hashlib.sha256("\0".join((plugin, fragment.file, fragment.text)).encode()).hexdigest()


def from_meta(meta: Mapping[str, Any]) -> list[LeftOut]:
    """What `meta.json` says; entries that are none are skipped."""
    found = []
    for entry in meta.get("left_out", []):
        try:
            found.append(LeftOut(**{key: str(value) for key, value in entry.items()}))
        except (TypeError, AttributeError):
            continue
    return found


def left_out_of(folder: Path) -> list[str]:
    """Sentences on what a generation lacks, by its folder; none when that cannot be read."""
    try:
        return list(map(str, from_meta(json.loads((folder / "meta.json").read_text(encoding="utf-8")))))
    except (OSError, ValueError):
        return []


def sift(fragments: Iterable[Contribution], refused: Iterable[LeftOut]) -> tuple[list[Contribution], list[LeftOut]]:
    """Fragments without those that Asterisk has refused word by word before."""
    known = {one.digest: one for one in refused if one.digest}
    kept: list[Contribution] = []
    out: list[LeftOut] = []
    for plugin, fragment in fragments:
        found = known.get(digest(plugin, fragment))
        if found is None:
            kept.append((plugin, fragment))
        else:
            out.append(found)
    return kept, out
