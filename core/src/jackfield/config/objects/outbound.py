"""What outbound calls are made of: routes, permissions, limits."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from jackfield.config.kinds import CallerName, Destination, Name, Number, Refers, SiteObject
from jackfield.i18n import sentences
from jackfield.routing.patterns import DIAL_PATTERN, DialPattern

S_ = sentences("jackfield")
CallClass = Literal["internal", "local", "national", "mobile", "international", "premium"]
CallerIdPolicy = Literal["extension", "route", "trunk", "withheld"]


def usual_classes() -> list[CallClass]:
    """What an extension may call unless told otherwise: nothing that fraud pays for."""
    return ["internal", "local", "national", "mobile"]


def _pattern(value: str) -> str:
    DialPattern.read(value)
    return value


Pattern = Annotated[str, StringConstraints(pattern=DIAL_PATTERN), AfterValidator(_pattern)]
Prefix = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{0,32}$")]


class OutboundRoute(SiteObject):
    """An outbound route (T4). The lowest `order` goes first; within an order, the more exact pattern."""

    patterns: list[Pattern] = Field(description="Numbers as dialled, or patterns, as in '_0Z.' or '_00.'")
    permission: CallClass = Field(description="What the caller must have in may_call")
    trunks: list[Annotated[Name, Refers("trunk")]] = Field(description="Tried in this order, within one call attempt")
    strip: int = Field(0, ge=0, le=32, description="Digits to take off the front")
    prepend: Prefix = Field("", description="Put in front after that")
    order: int = Field(100, ge=0, le=10000, description="Lower goes first")
    hours: Annotated[Name, Refers("hours")] | None = Field(None, description="Only while these are open")
    caller_id: CallerIdPolicy = Field(
        "extension",
        description="Whose number is shown: the extension's outbound_number (else the trunk's), the route's, the "
        "trunk's, or none",
    )
    caller_id_number: Number | None = Field(None, description="The route's number, for caller_id = route")
    caller_id_name: CallerName = Field("", description="The route's name, for caller_id = route")
    try_seconds: int = Field(6, ge=1, le=60, description="Without an answer or ringing for so long: the next trunk")
    ring_seconds: int = Field(90, ge=5, le=600, description="How long it may ring")
    fallback: Destination | None = Field(
        None, description="Where the call goes when no trunk takes it; an announcement if left out"
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not self.patterns:
            raise ValueError("has no pattern, so no call takes it; write patterns, as in ['_0.']")
        if not self.trunks:
            raise ValueError("has no trunk to go out by; write trunks, as in ['carrier']")
        if self.caller_id == "route" and self.caller_id_number is None:
            raise ValueError("shows the route's number but has none; set caller_id_number, or another caller_id")
        short = [p for p in self.patterns if DialPattern.read(p).shortest <= self.strip and not self.prepend]
        if self.strip and short:
            raise ValueError(
                S_(
                    "strip = {strip} leaves nothing of numbers like {number}; make it less",
                    strip=self.strip,
                    number=short[0],
                )
            )
        return self


class OutboundLimit(SiteObject):
    """A cap on calls to the outside (T4): at once, an hour, minutes. Emergency numbers always pass."""

    prefix: Prefix = Field("", description="Only numbers that begin so; all of them if left out")
    extensions: list[Annotated[Name, Refers("extension")]] = Field(
        default_factory=list, description="Only calls from these; from everybody if left out"
    )
    per_extension: bool = Field(True, description="Each extension has the limit for itself; no = all of them together")
    at_once: int = Field(0, ge=0, description="Calls at once; 0 = no limit")
    per_hour: int = Field(0, ge=0, description="Calls begun within the last hour; 0 = no limit")
    minutes_per_hour: int = Field(0, ge=0, description="Minutes talked within the last hour; 0 = no limit")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.at_once or self.per_hour or self.minutes_per_hour):
            raise ValueError("limits nothing; set at_once, per_hour or minutes_per_hour")
        return self
