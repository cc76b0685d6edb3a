"""Phones: extensions, and further devices of an extension."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from jackfield.config.kinds import (
    CallerName,
    Codec,
    Destination,
    Encryption,
    Language,
    MusicClass,
    Name,
    Number,
    Secret,
    SiteObject,
    g711,
)
from jackfield.config.objects.outbound import CallClass, usual_classes

TRANSFER_KEYS = "##"
"""Keys by which a phone without a transfer key of its own transfers, in a talk."""


class Account(SiteObject):
    """What every phone has: an account of SIP."""

    secret: Secret | None = Field(None, description="Generated at import when left out")
    codecs: list[Codec] = Field(default_factory=g711, description="Sound codecs, the preferred first")
    nat: bool = Field(True, description="Answer to where the phone's packets come from; no = to what the phone says")
    webrtc: bool = Field(False, description="A browser: SIP over secure WebSocket, sound over DTLS-SRTP and ICE")
    media_encryption: Encryption = Field(
        "no",
        description="SRTP with keys in the SIP messages (SDES); let the phone use SIP over TLS, or they travel in the "
        "clear",
    )

    @model_validator(mode="after")
    def _browser(self) -> Self:
        if self.webrtc and not {"ulaw", "alaw", "g722", "opus"} & set(self.codecs):
            raise ValueError("browsers speak none of these codecs; add opus, g722, ulaw or alaw")
        if self.webrtc and self.media_encryption != "no":
            raise ValueError("a browser's sound is always encrypted, in its own way; leave media_encryption out")
        return self


class Extension(Account):
    """A phone (T5). `name` is the number that others dial, and the user name of its first phone."""

    name: Annotated[str, StringConstraints(pattern=r"^[0-9]{2,10}$")] = Field(
        description="The number that others dial; its first phone logs in with it"
    )
    title: CallerName = Field("", description="Whose phone it is; shown at the phones that it calls")
    language: Language | None = Field(None, description="Language of what this phone hears; the site's if left out")
    ring_seconds: int = Field(30, ge=5, le=300, description="How long it rings")
    may_call: list[CallClass] = Field(
        default_factory=usual_classes, description="Classes of calls to the outside; an outbound route names its own"
    )
    outbound_number: Number | None = Field(None, description="The number that is shown outside")
    call_waiting: bool = Field(True, description="A second call rings too; no = it finds the extension busy")
    dtmf_transfer: bool = Field(
        False, description="In a talk, ## and a number transfer the other side: for phones without a transfer key"
    )
    music: MusicClass = Field("default", description="Music class that others hear while it has them on hold")
    pickup_groups: list[Name] = Field(
        default_factory=list,
        description="Whose ringing calls it may pick up: those of extensions with a group in common",
    )
    forward_always: Number | None = Field(None, description="Number that gets every call; the phone may change it")
    forward_busy: Number | None = Field(None, description="Number that gets calls when busy; the phone may change it")
    forward_no_answer: Number | None = Field(
        None, description="Number that gets calls that nobody takes; the phone may change it"
    )
    busy: Destination | None = Field(
        None, description="Where calls go when it is busy or does not want to be disturbed"
    )
    no_answer: Destination | None = Field(None, description="Where calls go when nobody takes them (voicemail, say)")
    unreachable: Destination | None = Field(
        None, description="Where calls go when no phone is registered; no_answer if left out"
    )


class Device(Account):
    """One more phone of an extension, named after it, as in `201-mobile`; all of them ring."""

    name: Annotated[str, StringConstraints(pattern=r"^[0-9]{2,10}-[a-z0-9]{1,20}$")] = Field(
        description="The extension, '-' and a word: the account's user name"
    )

    @property
    def extension(self) -> str:
        """The extension that it belongs to."""
        return extension_of(self.name)


def extension_of(endpoint: str) -> str:
    """The extension of a phone's account: `201` of `201-mobile`; of a trunk, its name."""
    number, _, word = endpoint.partition("-")
    return number if word and number.isdigit() else endpoint
