"""Trunks to carriers."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from jackfield.config.kinds import Codec, Host, Language, Network, Secret, SiteObject, g711


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

    @model_validator(mode="after")
    def _account(self) -> Self:
        if self.secret is not None and self.username is None:
            raise ValueError("secret is of no use without username; set username, or remove secret")
        return self
