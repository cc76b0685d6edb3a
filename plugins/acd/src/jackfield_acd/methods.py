"""What the control API offers of queues: why a caller was served as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from jackfield.control.method import Method, Role
from pydantic import Field

if TYPE_CHECKING:
    from jackfield_acd.runtime import Runtime


def methods(runtime: Callable[[], Runtime]) -> list[Method]:
    """Control methods; `runtime` raises before the plugin has started."""

    def why(
        call: Annotated[str, Field(min_length=1, max_length=150, description="The call's id, as in jackfield records")],
    ) -> list[dict[str, Any]]:
        """Why a caller was served as it was: each decision, the candidates, and who was left out for which reason."""
        return runtime().why(call)

    return [Method("acd.why", why, Role.OPERATOR, personal=True, object="{call}")]
