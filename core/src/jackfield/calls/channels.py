"""A live channel, whose endpoint it is, and who wants to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from jackfield.quality.report import Quality
from jackfield.telephony.events import Message


@dataclass(slots=True)
class Channel:
    """One live channel."""

    id: str
    name: str
    call: str
    endpoint: str
    number: str = ""
    started: datetime | None = None
    answered: datetime | None = None
    ended: datetime | None = None
    cause: int = 0
    dialled_by: str = ""
    dial_status: str = ""
    bridge: str = ""
    held: bool = False
    leads: bool = False
    """Whether it runs a call's dialplan: it came in, or was transferred; others were dialled by one that leads."""
    quality: Quality | None = None
    joined: datetime | None = None
    """Since when it belongs to a call that is not the one it began in."""

    @property
    def leg(self) -> str:
        """Id of its leg in its call."""
        return f"{self.id}@{self.call}" if self.joined else self.id


class Listener(Protocol):
    """Who wants to know. All on AMI's reader thread; must be quick."""

    def channel_dialled(self, channel: Channel) -> None:
        """A channel is being called for a call."""

    def channel_answered(self, channel: Channel) -> None:
        """A dialled channel has answered."""

    def channel_ended(self, channel: Channel) -> None:
        """A channel is gone. Its legs' times are final."""

    def channel_moved(self, channel: Channel, before: Channel) -> None:
        """A channel belongs to another call now (attended transfer, pick-up); `before`: as it was in the other."""

    def channel_held(self, channel: Channel) -> None:
        """A phone has put its other side on hold (`held`), or taken it back."""

    def channels_merged(self, message: Message) -> None:
        """An attended transfer was made: Asterisk's own account of it."""

    def phone_changed(self, endpoint: str, busy: bool) -> None:
        """An endpoint got its first channel or lost its last."""

    def phone_reachable(self, endpoint: str, reachable: bool) -> None:
        """A phone registered, or is no longer there."""


REACH = "@jf-reach"
"""Ends the number of somebody who belongs to an extension and is called at a number outside: `201*0207…@jf-reach`."""


def endpoint_of(channel: str) -> str:
    """`201` of `PJSIP/201-0000001a`; `201*0207…` of who is called outside (`jf-reach`); '' for other technologies."""
    technology, _, rest = channel.partition("/")
    if technology == "Local" and channel.endswith(";1") and REACH in rest:
        return rest.partition("@")[0]
    return rest.rpartition("-")[0] if technology == "PJSIP" else ""
