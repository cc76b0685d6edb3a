"""What the control socket offers of security."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from jackfield.control.method import Method, Role
from jackfield.security.bans import Bans
from jackfield.security.fraud import Fraud


def methods(bans: Bans, fraud: Fraud) -> list[Method]:
    """Control methods about bans and blocks."""

    def add(
        address: str, length: Annotated[int, Field(ge=0, description="Seconds; 0: as the rules say")] = 0
    ) -> dict[str, Any]:
        """Ban an address."""
        return bans.ban(address, length)

    return [
        Method("bans", bans.describe, Role.OPERATOR),
        Method("bans.add", add, change=True, object="{address}"),
        Method("bans.remove", bans.unban, change=True, object="{address}"),
        Method("bans.allow", bans.allow, change=True, object="{network}"),
        Method("bans.disallow", bans.disallow, change=True, object="{network}"),
        Method("blocks", fraud.blocks, Role.OPERATOR),
        Method("blocks.add", fraud.block, change=True, object="extension:{extension}"),
        Method("blocks.remove", fraud.unblock, change=True, object="extension:{extension}"),
    ]
