"""Control methods that act on calls in progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from jackfield.control.method import Method, Role
from jackfield.errors import JackfieldError

if TYPE_CHECKING:
    from jackfield.calls.broker import Broker
    from jackfield.calls.registry import Registry

CallId = Annotated[str, Field(min_length=1, max_length=150, description="The call's id, as in calls")]


def methods(registry: Registry, broker: Broker) -> list[Method]:
    """Control methods."""

    def hang_up(call: CallId) -> dict[str, Any]:
        """Hang up a call: every channel that belongs to it."""
        channels = [channel.name for channel in registry.channels() if channel.call == call]
        if not channels:
            raise JackfieldError(f"there is no call {call[:40]!r}; it may have ended; see: jackfield calls")
        return {"hung_up": [name for name in channels if broker.hang_up(name)]}

    return [Method("calls.hangup", hang_up, Role.OPERATOR, change=True, object="{call}")]
