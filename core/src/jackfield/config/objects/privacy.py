"""Pools of middle numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from jackfield.config.kinds import Destination, Name, Refers, SiteObject
from jackfield.config.objects.outbound import CallClass, usual_classes


class PrivacyPool(SiteObject):
    """A pool of middle numbers (T9): those of the inbound routes that lead to `privacy:NAME`."""

    trunk: Annotated[Name, Refers("trunk")] | None = Field(
        None, description="Trunk over which the other party is called; the outbound routes decide if left out"
    )
    may_call: list[CallClass] = Field(
        default_factory=usual_classes, description="Classes of calls that the outbound routes let out for it"
    )
    unbound: Destination = Field("prompt:not-connected", description="Where callers go whom no binding connects")
    ring_seconds: int = Field(45, ge=5, le=300, description="How long the other party is rung")
    record: bool = Field(False, description="Record every talk, not only where the binding asks for it")
    max_hours: int = Field(24 * 7, ge=1, le=24 * 366, description="Longest time of a binding")
