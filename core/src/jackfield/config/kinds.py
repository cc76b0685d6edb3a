"""Kinds of site objects: what a kind is, and the types of fields. Core's own kinds are in `objects/`."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetJsonSchemaHandler, StringConstraints

from jackfield.routing.destinations import DESTINATION_PATTERN, NAME_PATTERN

if TYPE_CHECKING:
    from jackfield.config.site import Site


class _Told(ABC):
    """A mark that the JSON schema of its field tells too, so that a form knows what it holds."""

    __slots__ = ()

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler(core_schema)
        handler.resolve_ref_schema(schema).update(self._said())
        return schema

    @abstractmethod
    def _said(self) -> dict[str, Any]:
        """What it adds to the field's schema."""


@dataclass(frozen=True, slots=True)
class Refers(_Told):
    """Marks a field that names an object of another kind: `Annotated[Name, Refers("hours")]`."""

    kind: str

    def _said(self) -> dict[str, Any]:
        return {"refers": self.kind}


@dataclass(frozen=True, slots=True)
class IsDestination(_Told):
    """Marks a field that holds a destination."""

    def _said(self) -> dict[str, Any]:
        return {"destination": True}


@dataclass(frozen=True, slots=True)
class Onward:
    """Marks a field of an object that is itself a destination: calls go on there without the caller's doing.

    `Annotated[Destination | None, Onward("silent")]`. From these marks a plan finds calls that would go round for ever.
    `behaviour` says which callers go that way: "" whatever they do (a queue's overflow), "silent" those who press
    nothing, "wrong" those who press wrong keys. With `or_fallback`, calls go to the fallback when it is left out.
    """

    behaviour: str = ""
    or_fallback: bool = False


@dataclass(frozen=True, slots=True)
class NamesMusic(_Told):
    """Marks a field that names a class of music on hold."""

    def _said(self) -> dict[str, Any]:
        return {"music": True}


MusicClass = Annotated[str, NamesMusic(), StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


@dataclass(frozen=True, slots=True)
class IsSecret(_Told):
    """Marks a field that is masked wherever people see it, and kept when an import leaves it out."""

    def _said(self) -> dict[str, Any]:
        return {"writeOnly": True}


def _file_path(value: str) -> str:
    if not re.fullmatch(r"/[A-Za-z0-9/._@+-]+", value) or ".." in value.split("/"):
        raise ValueError("not a path; write it from the root on, as in /etc/jackfield/tls/site.crt")
    return value


Name = Annotated[str, StringConstraints(pattern=rf"^{NAME_PATTERN}$")]
Destination = Annotated[str, StringConstraints(pattern=rf"^{DESTINATION_PATTERN}$"), IsDestination()]
Number = Annotated[str, StringConstraints(pattern=r"^\+?[0-9*#]{1,32}$")]
FilePath = Annotated[str, StringConstraints(max_length=500), AfterValidator(_file_path)]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}$")]
DialPrefix = Annotated[str, StringConstraints(pattern=r"^[0-9]{0,6}$")]
Language = Literal["en", "zh"]
Codec = Literal["ulaw", "alaw", "g722", "opus", "g729"]
Encryption = Literal["no", "optional", "required"]
"""Of sound: SRTP with keys in the SIP messages (SDES, RFC 4568)."""


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
    `entry` says that such an object is of use though no other one names it (phones are dialled). `effects` tells in
    sentences what a change does, for whom; fields that it does not speak of are told by name.
    """

    kind: str
    model: type[SiteObject]
    title: str
    check: Callable[[Site], list[str]] | None = None
    generated: tuple[str, ...] = ()
    entry: bool = False
    effects: Callable[[SiteObject | None, SiteObject | None], list[Effect]] | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change means, in a sentence; `fields` are those that it tells of (none: the object itself)."""

    text: str
    fields: tuple[str, ...] = ()


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


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("not a time zone; write it as in Europe/London") from None
    return value


Host = Annotated[str, AfterValidator(_host)]
Zone = Annotated[str, AfterValidator(_zone)]
Address = Annotated[str, AfterValidator(_address)]
Network = Annotated[str, AfterValidator(_network)]


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


def g711() -> list[Codec]:
    """Both laws: what every carrier and phone speaks."""
    return ["ulaw", "alaw"]
