"""A change of an object that somebody wants, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change of an object that somebody wants: field → value, plain JSON (None: its default); no fields: removal.

    `expected` is the revision that last changed it as far as the caller knows (0: there is none); None: any.
    """

    kind: str
    name: str
    fields: Mapping[str, Any] | None
    expected: int | None = None

    def body(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The object after the change."""
        changed = {"name": self.name} | dict(before) | dict(self.fields or {})
        return {key: value for key, value in changed.items() if value is not None}
