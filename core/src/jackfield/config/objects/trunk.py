"""Trunks to carriers."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from jackfield.config.kinds import (
    Codec,
    CountryCode,
    DialPrefix,
    Encryption,
    Host,
    Language,
    Network,
    Number,
    Secret,
    SiteObject,
    g711,
)
from jackfield.i18n import sentences
from jackfield.routing.numbers import NumbersIn, NumbersOut

S_ = sentences("jackfield")


class Trunk(SiteObject):
    """A SIP trunk (T1): IP authentication, or registration with a carrier."""

    host: Host = Field(description="Carrier's address")
    port: int | None = Field(None, ge=1, le=65535, description="5060, with tls 5061, if left out")
    transport: Literal["udp", "tcp", "tls"] = Field("udp", description="How SIP is carried; tls encrypts it")
    verify_server: bool = Field(True, description="With tls: the carrier's certificate must be valid for host")
    media_encryption: Encryption = Field(
        "no", description="SRTP with keys in the SIP messages (SDES); needs transport tls"
    )
    match: list[Network] = Field(default_factory=list, description="Addresses its calls come from; host if empty")
    username: str | None = Field(None, pattern=r"^[A-Za-z0-9+._-]{1,80}$", description="Registers when set")
    secret: Secret | None = Field(None, description="Password that the carrier gave for username")
    number: Number | None = Field(None, description="Shown outside where an outbound route wants the trunk's own")
    codecs: list[Codec] = Field(default_factory=g711, description="Sound codecs, the preferred first")
    max_calls: int = Field(0, ge=0, description="Concurrent calls; 0 = no limit")
    qualify_seconds: int = Field(30, ge=0, le=3600, description="Seconds between OPTIONS requests; 0 = none")
    language: Language | None = Field(None, description="Language of its callers; the site's if left out")
    country_code: CountryCode | None = Field(None, description="The site's if left out")
    national_prefix: DialPrefix | None = Field(None, description="The site's if left out; may be empty")
    international_prefix: DialPrefix | None = Field(None, description="The site's if left out")
    did_from: Literal["request", "to", "p-called-party-id", "diversion"] = Field(
        "request", description="Where the carrier puts the number that was called; the request URI if it is not there"
    )
    trust_identity: bool = Field(
        False,
        description="Believe its P-Asserted-Identity and Remote-Party-ID; tell it who calls even when they withhold it",
    )
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

    @model_validator(mode="after")
    def _encryption(self) -> Self:
        if self.media_encryption != "no" and self.transport != "tls":
            raise ValueError(
                S_(
                    "over {transport} the keys of media_encryption travel in the clear; set transport to tls",
                    transport=self.transport,
                )
            )
        return self

    @model_validator(mode="after")
    def _voices(self) -> Self:
        if not set(self.codecs) - {"g729"}:
            raise ValueError("g729 is only passed through: prompts, music and recordings need another codec beside it")
        return self

    @property
    def peer_port(self) -> int:
        """The carrier's port."""
        return self.port or (5061 if self.transport == "tls" else 5060)

    def uri(self, user: str = "") -> str:
        """The carrier's SIP URI, or that of an account there."""
        host = f"[{self.host.strip('[]')}]" if ":" in self.host else self.host
        transport = "" if self.transport == "udp" else f";transport={self.transport}"
        return f"sip:{user}{'@' if user else ''}{host}:{self.peer_port}{transport}"
