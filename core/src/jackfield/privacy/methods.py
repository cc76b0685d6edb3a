"""What the control socket offers of bindings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jackfield.privacy.bindings import Bindings


def methods(bindings: Bindings) -> dict[str, Callable[..., Any]]:
    """Control methods by name."""

    def bind(
        a: str,
        b: str,
        seconds: float,
        x: str | None = None,
        pool: str | None = None,
        record: bool = False,
        author: str = "",
    ) -> dict[str, Any]:
        made = bindings.bind(a, b, seconds=seconds, x=x, pool=pool, record=record, author=author)
        return made.as_json()

    def unbind(id: int) -> dict[str, Any]:
        return bindings.unbind(id).as_json()

    def list_(unmask: bool = False) -> list[dict[str, Any]]:
        return [one.as_json(masked=not unmask) for one in bindings.live()]

    return {"privacy.bind": bind, "privacy.unbind": unbind, "privacy.list": list_}
