"""What inbound routes are made of: numbers, hours, lists of callers, conditions of time, shares of calls."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from jackfield.config import number_sets
from jackfield.config.hours import parse_dates, parse_span, parse_special
from jackfield.config.kinds import Destination, Language, Name, Onward, Refers, SiteObject, Zone
from jackfield.i18n import sentences

S_ = sentences("jackfield")
ANONYMOUS = "anonymous"
"""Stands for callers who withhold their number."""


def _span(value: str) -> str:
    parse_span(value)
    return value


def _dates(value: str) -> str:
    parse_dates(value)
    return value


def _special(value: str) -> str:
    parse_special(value)
    return value


def _numbers(value: str) -> str:
    number_sets.parse(value)
    return value


def _caller(value: str) -> str:
    if value != ANONYMOUS:
        number_sets.parse(value)
    return value


_Short = StringConstraints(max_length=100)
NumberSet = Annotated[str, _Short, AfterValidator(_numbers)]
CallerSet = Annotated[str, _Short, AfterValidator(_caller)]


class Did(SiteObject):
    """An inbound route (T3): which calls it takes, and where they go."""

    number: NumberSet = Field(
        description="A number, a range such as 5550100-5550199, or a pattern such as _555XXXX; _! is any number"
    )
    trunk: Annotated[Name, Refers("trunk")] | None = Field(None, description="Only from this trunk")
    callers: list[CallerSet] = Field(
        default_factory=list, description="Only these callers: numbers, ranges, patterns, or anonymous"
    )
    caller_list: Annotated[Name, Refers("caller-list")] | None = Field(None, description="Only callers on this list")
    order: int = Field(100, ge=1, le=9999, description="Lower is tried first; of equals, the more exact one")
    destination: Destination = Field(description="Where the calls go")
    hours: Annotated[Name, Refers("hours")] | None = Field(
        None, description="Business hours that must be open for the destination"
    )
    closed: Destination | None = Field(None, description="Destination outside the hours")
    fallback: Destination | None = Field(None, description="Where the call goes when its destination fails")
    language: Language | None = Field(None, description="Language of its callers; the site's if left out")
    priority: int = Field(0, ge=0, le=100, description="Lift in queues for calls to this number; higher goes first")

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        if self.callers and self.caller_list:
            raise ValueError("has both callers and caller_list; put the numbers on the list, and remove callers")
        return self


class Hours(SiteObject):
    """Business hours (T3): spans a day, in the site's zone or one of their own."""

    open: list[Annotated[str, AfterValidator(_span)]] = Field(
        description="As in 'mon-fri 09:00-18:00', 'sat 10:00-14:00'; an empty list is never open"
    )
    zone: Zone | None = Field(None, description="Time zone of these hours; the site's if left out")
    holidays: list[Annotated[str, AfterValidator(_dates)]] = Field(
        default_factory=list, description="Closed dates, as in 2026-12-25, 2026-12-24/2027-01-02, yearly 12-25"
    )
    special: list[Annotated[str, AfterValidator(_special)]] = Field(
        default_factory=list,
        description="Hours of a date in place of the week's, holiday or not, as in '2026-12-24 09:00-12:00'",
    )


class TimeCondition(SiteObject):
    """A destination that leads on by business hours."""

    hours: Annotated[Name, Refers("hours")] = Field(description="Business hours that decide")
    open: Annotated[Destination, Onward()] = Field(description="Where calls go within the hours")
    closed: Annotated[Destination, Onward()] = Field("prompt:closed", description="Where calls go outside of them")


class Share(BaseModel):
    """A share of a split."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    destination: Annotated[Destination, Onward()]
    percent: int = Field(ge=0, le=100, description="Share of the calls")


class Split(SiteObject):
    """A destination that leads on by shares of the calls."""

    shares: list[Share] = Field(
        min_length=1, max_length=20, description="As in { destination = 'queue:a', percent = 70 }; 100 together"
    )
    by: Literal["call", "caller"] = Field(
        "call", description="call: exact shares of all calls, in turn; caller: a caller always gets the same"
    )

    @model_validator(mode="after")
    def _hundred(self) -> Self:
        if (total := sum(share.percent for share in self.shares)) != 100:
            raise ValueError(S_("the shares make {total} percent; make them 100 together", total=total))
        return self


class CallerList(SiteObject):
    """A list of callers (T3): VIP, blocked, language."""

    numbers: list[CallerSet] = Field(
        description="Numbers, prefixes ending in '*', ranges, patterns such as _07XX., or anonymous"
    )
    block: bool = Field(False, description="Refuse these callers")
    priority: int = Field(0, ge=0, le=100, description="Lift in queues; higher goes first")
    language: Language | None = Field(None, description="Language of its callers; the site's if left out")
