"""What keeps strangers and thieves away."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from jackfield.config.kinds import Name, Network, Refers, SiteObject
from jackfield.i18n import sentences

S_ = sentences("jackfield")
NAME = "site"


def _ours(value: str) -> str:
    if value != NAME:
        raise ValueError(S_("there is one security object, and its name is {name}", name=repr(NAME)))
    return value


class Security(SiteObject):
    """Bans of SIP addresses, and the defence against toll fraud: at most one object, named `site`."""

    name: Annotated[Name, AfterValidator(_ours)] = Field(NAME, description="Always `site`")
    allow: list[Network] = Field(
        default_factory=list, description="Addresses and networks that are never banned or limited, beside the trunks'"
    )
    ban_after: int = Field(10, ge=2, le=1000, description="Failed log-ins within ban_window that get an address banned")
    ban_window: int = Field(60, ge=5, le=3600, description="Seconds in which failed log-ins are counted")
    ban_seconds: int = Field(600, ge=10, le=604800, description="Length of a first ban; each further one is twice it")
    ban_longest: int = Field(86400, ge=10, le=2592000, description="Seconds of the longest ban")
    phone_hours: int = Field(24, ge=1, le=720, description="How long an address is safe after a phone logged in there")
    sip_rate: int = Field(60, ge=5, le=10000, description="SIP packets a second from an address that nobody knows")
    sip_burst: int = Field(120, ge=5, le=10000, description="SIP packets at once from an address that nobody knows")
    burst_minutes: int = Field(10, ge=1, le=1440, description="Minutes in which outbound calls are counted")
    burst_calls: int = Field(30, ge=1, description="Outbound calls of an extension within burst_minutes")
    burst_numbers: int = Field(20, ge=1, description="Different outside numbers of an extension within burst_minutes")
    burst_costly: int = Field(6, ge=1, description="Costly calls of an extension within burst_minutes")
    burst_night: int = Field(2, ge=1, description="Costly calls of an extension within burst_minutes, out of hours")
    burst_at_once: int = Field(4, ge=1, description="Outbound calls of an extension at once")
    burst_site: int = Field(30, ge=1, description="Costly calls of all extensions together within burst_minutes")
    hours: Annotated[Name, Refers("hours")] | None = Field(
        None, description="Business hours; burst_night holds outside of them. Left out: 22:00 to 06:00"
    )
