"""What inbound routes are made of: numbers, hours, lists of callers."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from jackfield.config.hours import parse_span
from jackfield.config.kinds import Destination, Language, Name, Refers, SiteObject


def _span(value: str) -> str:
    parse_span(value)
    return value


def _date(value: str) -> str:
    try:
        known = date.fromisoformat(value).isoformat() == value
    except ValueError:
        known = False
    if not known:
        raise ValueError("not a date; write it as in 2026-12-25")
    return value


class Did(SiteObject):
    """An inbound route (T3). `name` is a label; `number` is exact, or a pattern `_X.` in Asterisk's way."""

    number: str = Field(pattern=r"^(\+?[0-9]{1,32}|_[+0-9XZN.!\[\]-]{1,64})$")
    trunk: Annotated[Name, Refers("trunk")] | None = Field(None, description="Only from this trunk")
    destination: Destination
    hours: Annotated[Name, Refers("hours")] | None = Field(
        None, description="Business hours that must be open for the destination"
    )
    closed: Destination | None = Field(None, description="Destination outside the hours")
    fallback: Destination | None = Field(None, description="Where the call goes when its destination fails")
    language: Language | None = None


class Hours(SiteObject):
    """Business hours (T3): spans a day, in the site's zone."""

    open: list[Annotated[str, AfterValidator(_span)]] = Field(
        description="As in 'mon-fri 09:00-18:00', 'sat 10:00-14:00'; an empty list is never open"
    )
    holidays: list[Annotated[str, AfterValidator(_date)]] = Field(
        default_factory=list, description="Closed dates, as in 2026-12-25"
    )


class CallerList(SiteObject):
    """A list of callers (T3): VIP, blocked, language."""

    numbers: list[Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{1,32}\*?$")]] = Field(
        description="Exact numbers, or prefixes ending in '*'"
    )
    block: bool = Field(False, description="Refuse these callers")
    priority: int = Field(0, ge=0, le=100, description="Lift in queues; higher goes first")
    language: Language | None = None
