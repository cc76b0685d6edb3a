"""Trunks to carriers."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from jackfield.config.kinds import (
    Codec,
    CountryCode,
    DialPrefix,
    Host,
    Language,
    Network,
    Secret,
    SiteObject,
    g711,
)
from jackfield.routing.numbers import NumbersIn, NumbersOut


class Trunk(SiteObject):
    """A SIP trunk (T1): IP authentication, or registration with a carrier."""

    host: Host = Field(description="Carrier's address")
    port: int = Field(5060, ge=1, le=65535)
    transport: Literal["udp", "tcp"] = "udp"
    match: list[Network] = Field(default_factory=list, description="Addresses its calls come from; host if empty")
    username: str | None = Field(None, pattern=r"^[A-Za-z0-9+._-]{1,80}$", description="Registers when set")
    secret: Secret | None = None
    codecs: list[Codec] = Field(default_factory=g711)
    max_calls: int = Field(0, ge=0, description="Concurrent calls; 0 = no limit")
    language: Language | None = None
    country_code: CountryCode | None = Field(None, description="The site's if left out")
    national_prefix: DialPrefix | None = Field(None, description="The site's if left out; may be empty")
    international_prefix: DialPrefix | None = Field(None, description="The site's if left out")
    numbers_in: NumbersIn = Field(
        "auto",
        description="What numbers without a prefix are that the carrier sends: e164 (442079460000), national "
        "(2079460000), auto (unknown: they stay), as-is (all numbers stay)",
    )
    numbers_out: NumbersOut = Field("as-is", description="The form in which the carrier wants numbers")

    @model_validator(mode="after")
    def _account(self) -> Self:
        if self.secret is not None and self.username is None:
            raise ValueError("secret is of no use without username; set username, or remove secret")
        return self
