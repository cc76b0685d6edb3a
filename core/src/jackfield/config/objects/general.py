"""The site as a whole."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from jackfield.config.kinds import (
    Address,
    CountryCode,
    Destination,
    DialPrefix,
    FilePath,
    Language,
    SiteObject,
    Text,
    Zone,
)
from jackfield.config.objects.outbound import CallClass
from jackfield.i18n import sentences

S_ = sentences("jackfield")


class General(SiteObject):
    """The site as a whole: exactly one object, named `site`."""

    title: Text = Field("Jackfield", description="Name of the firm or site")
    language: Language = Field("en", description="Language when nothing else says one")
    zone: Zone = Field("UTC", description="Time zone of the site, as in Europe/London")
    address: Address | None = Field(None, description="The machine's address for SIP and RTP; all of them if left out")
    sip_port: int = Field(5060, ge=1, le=65535, description="UDP and TCP port of SIP")
    tls_port: int = Field(5061, ge=1, le=65535, description="TCP port of SIP over TLS")
    tls_unverified_port: int = Field(
        5062, ge=1, le=65535, description="TCP port of SIP over TLS for trunks with verify_server off"
    )
    wss_port: int = Field(8089, ge=1, le=65535, description="TCP port of browsers' phones: SIP over secure WebSocket")
    tls_certificate: FilePath | None = Field(
        None, description="PEM file with the certificate and its chain; a self-signed one is made if left out"
    )
    tls_key: FilePath | None = Field(None, description="PEM file with the key of tls_certificate, without a password")
    tls_ca: FilePath | None = Field(
        None,
        description="PEM file with the authorities that sign carriers' certificates; Debian's if left out",
    )
    rtp_start: int = Field(10000, ge=1024, le=65000, description="First UDP port of RTP")
    rtp_end: int = Field(20000, ge=1100, le=65535, description="Last UDP port of RTP")
    country_code: CountryCode | None = Field(
        None, description="As in 44 or 1: numbers become +44… in routes and records; as they come if left out"
    )
    national_prefix: DialPrefix = Field("0", description="Dialled before a national number; may be empty")
    international_prefix: DialPrefix = Field("00", description="Dialled before a country code")
    emergency: list[Annotated[str, StringConstraints(pattern=r"^[0-9]{2,8}$")]] = Field(
        default_factory=lambda: ["112", "911"],
        description="Emergency numbers: they pass whatever the permissions, limits and hours, and raise a notice; the "
        "default are those that every mobile phone knows (3GPP TS 22.101)",
    )
    transit_may_call: list[CallClass] = Field(
        default_factory=list, description="Classes that calls from outside may be sent out to again (forwarding)"
    )
    conference_names: bool = Field(
        False, description="Who joins a conference says a name, which the others hear then and when they leave"
    )
    fallback: Destination = Field("prompt:sorry", description="Where calls go when nothing else is left")

    @model_validator(mode="after")
    def _ports(self) -> Self:
        if self.rtp_end < self.rtp_start + 3:
            raise ValueError(
                S_(
                    "rtp_end {end} must be above rtp_start {start}: a call takes two ports a leg",
                    end=self.rtp_end,
                    start=self.rtp_start,
                )
            )
        if self.rtp_start <= self.sip_port <= self.rtp_end:
            raise ValueError(
                S_("sip_port {port} lies within the RTP ports; choose it outside of them", port=self.sip_port)
            )
        if len({self.sip_port, self.tls_port, self.tls_unverified_port, self.wss_port}) < 4:
            raise ValueError("sip_port, tls_port, tls_unverified_port and wss_port must differ")
        return self

    @model_validator(mode="after")
    def _certificate(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together; give both, or neither")
        return self
