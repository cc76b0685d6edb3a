"""Kinds of site objects: the models, and those that core brings itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from jackfield.config.hours import parse_span
from jackfield.routing.destinations import DESTINATION_PATTERN, NAME_PATTERN

if TYPE_CHECKING:
    from jackfield.config.site import Site


@dataclass(frozen=True, slots=True)
class Refers:
    """Marks a field that names an object of another kind: `Annotated[Name, Refers("hours")]`."""

    kind: str


@dataclass(frozen=True, slots=True)
class IsDestination:
    """Marks a field that holds a destination."""


@dataclass(frozen=True, slots=True)
class IsSecret:
    """Marks a field that is masked wherever people see it, and kept when an import leaves it out."""


Name = Annotated[str, StringConstraints(pattern=rf"^{NAME_PATTERN}$")]
Destination = Annotated[str, StringConstraints(pattern=rf"^{DESTINATION_PATTERN}$"), IsDestination()]
Number = Annotated[str, StringConstraints(pattern=r"^\+?[0-9*#]{1,32}$")]
Language = Literal["en", "zh"]
Codec = Literal["ulaw", "alaw", "g722", "opus", "g729"]


class SiteObject(BaseModel):
    """Base of every kind's model. Field descriptions are the help that people see."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name = Field(description="Unique within its kind; letters, digits, '-', '_' and '.'")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of site object.

    `check` looks at the whole site and returns findings: sentences that start with the object (`queue:sales …`) and
    say what is wrong and what to do. References are found by the field's type (`Destination`, or a `Name` marked with
    `Refers`) and need no check of the kind's own. `generated` names fields that get a secret at import when left out.
    """

    kind: str
    model: type[SiteObject]
    title: str
    check: Callable[[Site], list[str]] | None = None
    generated: tuple[str, ...] = ()


def _host(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.:\[\]_-]{1,255}", value):
        raise ValueError("not a host name or address")
    return value


def _address(value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError("not an address; write it as in 192.0.2.1") from None


def _network(value: str) -> str:
    try:
        ip_network(value, strict=False)
    except ValueError:
        raise ValueError("not an address or network; write it as in 192.0.2.1 or 192.0.2.0/24") from None
    return value


Host = Annotated[str, AfterValidator(_host)]
Address = Annotated[str, AfterValidator(_address)]
Network = Annotated[str, AfterValidator(_network)]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("not a time zone; write it as in Europe/London") from None
    return value


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


def _words(value: str) -> str:
    if not any(c.isalnum() for c in value) or "\0" in value:
        raise ValueError("there is nothing to say in it; write words")
    return value


def printable(value: str) -> str:
    """Refuse control characters and what could end a line or a value in Asterisk's files."""
    if any(ord(c) < 32 or c in ";\x7f\x85\u2028\u2029" for c in value):
        raise ValueError("control characters and ';' are not allowed")
    return value


def _caller_name(value: str) -> str:
    if re.search(r'["<>\\]|\$[{\[]', value):
        raise ValueError('the name is shown at other phones: none of " < > \\ ${ $[ may be in it')
    return value


Text = Annotated[str, StringConstraints(max_length=200), AfterValidator(printable)]
CallerName = Annotated[Text, StringConstraints(max_length=60), AfterValidator(_caller_name)]
Secret = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~-]{8,128}$"), IsSecret()]


def _g711() -> list[Codec]:
    return ["ulaw", "alaw"]


class General(SiteObject):
    """The site as a whole: exactly one object, named `site`."""

    title: Text = Field("Jackfield", description="Name of the firm or site")
    language: Language = Field("en", description="Language when nothing else says one")
    zone: Annotated[str, AfterValidator(_zone)] = Field("UTC", description="Time zone of the site, as in Europe/London")
    address: Address | None = Field(None, description="The machine's address for SIP and RTP; all of them if left out")
    sip_port: int = Field(5060, ge=1, le=65535, description="UDP and TCP port of SIP")
    rtp_start: int = Field(10000, ge=1024, le=65000, description="First UDP port of RTP")
    rtp_end: int = Field(20000, ge=1100, le=65535, description="Last UDP port of RTP")
    fallback: Destination = Field("prompt:sorry", description="Where calls go when nothing else is left")

    @model_validator(mode="after")
    def _ports(self) -> Self:
        if self.rtp_end < self.rtp_start + 3:
            raise ValueError(
                f"rtp_end {self.rtp_end} must be above rtp_start {self.rtp_start}: a call takes two ports a leg"
            )
        if self.rtp_start <= self.sip_port <= self.rtp_end:
            raise ValueError(f"sip_port {self.sip_port} lies within the RTP ports; choose it outside of them")
        return self


class Trunk(SiteObject):
    """A SIP trunk (T1): IP authentication, or registration with a carrier."""

    host: Host = Field(description="Carrier's address")
    port: int = Field(5060, ge=1, le=65535)
    transport: Literal["udp", "tcp"] = "udp"
    match: list[Network] = Field(default_factory=list, description="Addresses its calls come from; host if empty")
    username: str | None = Field(None, pattern=r"^[A-Za-z0-9+._-]{1,80}$", description="Registers when set")
    secret: Secret | None = None
    codecs: list[Codec] = Field(default_factory=_g711)
    max_calls: int = Field(0, ge=0, description="Concurrent calls; 0 = no limit")
    language: Language | None = None

    @model_validator(mode="after")
    def _account(self) -> Self:
        if self.secret is not None and self.username is None:
            raise ValueError("secret is of no use without username; set username, or remove secret")
        return self


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


class Extension(SiteObject):
    """A phone (T5). `name` is the number that others dial."""

    name: Annotated[str, StringConstraints(pattern=r"^[0-9]{2,10}$")]
    title: CallerName = ""
    secret: Secret | None = Field(None, description="Generated at import when left out")
    codecs: list[Codec] = Field(default_factory=_g711)
    language: Language | None = None
    ring_seconds: int = Field(30, ge=5, le=300)
    nat: bool = Field(True, description="Answer to where the phone's packets come from; no = to what the phone says")


class Prompt(SiteObject):
    """A prompt (I2): text to be spoken, or a sound file, a language each."""

    text: dict[Language, Annotated[str, StringConstraints(max_length=4000), AfterValidator(_words)]] = Field(
        default_factory=dict, description="What is spoken"
    )
    file: dict[Language, Annotated[str, StringConstraints(max_length=1000)]] = Field(
        default_factory=dict, description="Path of a wav or flac file, read at import"
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.text and not self.file:
            raise ValueError('give it text, as in text = { en = "Good morning" }, or a file')
        if both := sorted(self.text.keys() & self.file.keys()):
            raise ValueError(f"has both text and file for {', '.join(both)}; keep one of them")
        return self


def core_kinds() -> list[Kind]:
    """Kinds that core brings."""
    return [
        Kind("general", General, "Site"),
        Kind("trunk", Trunk, "Trunks"),
        Kind("did", Did, "Inbound routes"),
        Kind("hours", Hours, "Business hours"),
        Kind("caller-list", CallerList, "Caller lists"),
        Kind("extension", Extension, "Extensions", generated=("secret",)),
        Kind("prompt", Prompt, "Prompts"),
    ]
