"""What the control socket offers of security."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from jackfield.control.method import Method, Role
from jackfield.security.bans import Bans


def methods(bans: Bans) -> list[Method]:
    """Control methods about bans."""

    def add(
        address: str, seconds: Annotated[int, Field(ge=0, description="How long; 0: as the rules say")] = 0
    ) -> dict[str, Any]:
        """Ban an address."""
        return bans.ban(address, seconds)

    return [
        Method("bans", bans.describe, Role.OPERATOR),
        Method("bans.add", add, change=True, object="{address}"),
        Method("bans.remove", bans.unban, change=True, object="{address}"),
        Method("bans.allow", bans.allow, change=True, object="{network}"),
        Method("bans.disallow", bans.disallow, change=True, object="{network}"),
    ]
