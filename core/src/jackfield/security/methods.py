"""What the control socket offers of security."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jackfield.security.bans import Bans


def methods(bans: Bans) -> dict[str, Callable[..., Any]]:
    """Control methods by name."""

    def add(address: str, seconds: int = 0) -> dict[str, Any]:
        return bans.ban(address, seconds)

    return {
        "bans": bans.describe,
        "bans.add": add,
        "bans.remove": bans.unban,
        "bans.allow": bans.allow,
        "bans.disallow": bans.disallow,
    }
