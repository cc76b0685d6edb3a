"""What core's own destinations need beside the call: users' states, what is live, and acting on Asterisk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jackfield.config.objects.extension import extension_of
from jackfield.routing.destinations import split

if TYPE_CHECKING:
    from jackfield.calls.broker import Broker
    from jackfield.calls.channels import Channel
    from jackfield.calls.service import CallService
    from jackfield.config.site import Site
    from jackfield.features.parking import ParkingLot
    from jackfield.features.states import UserStates


@dataclass(frozen=True, slots=True)
class Desk:
    """The services behind the features."""

    states: UserStates
    calls: CallService
    asterisk: Broker
    lot: ParkingLot
    takes: Path = Path("/var/spool/jackfield/takes")
    """Where Asterisk puts what `record` takes down."""

    def unserved(self, destination: str, site: Site) -> str:
        """Why a destination leads nowhere in a site; '' when it leads somewhere."""
        kind, name = split(destination)
        _, found = self.calls.kinds().get(kind, ("", None))
        if found is None:
            return f"no plugin serves {kind!r}"
        if found.names is not None and name not in found.names(site):
            return f"there is no {kind} {name!r}"
        return ""

    def busy(self, extension: str) -> bool:
        """Whether an extension has a call."""
        return any(extension_of(channel.endpoint) == extension for channel in self.calls.registry.channels())

    def registered(self, endpoints: list[str]) -> list[str]:
        """Those phones that are there."""
        there = self.calls.registry.registered()
        return [endpoint for endpoint in endpoints if endpoint in there]

    def offered(self, channel: Channel) -> bool:
        """Whether a ringing phone rings for its agent, out of a queue."""
        return self.calls.board.is_agent(channel)

    def became_leg(self, channel: str) -> bool:
        """A phone's own call is over: it talks in another one now, and belongs to that. False when it has hung up."""
        registry = self.calls.registry
        if registry.call_of(channel) is None:
            return False
        registry.follow(channel)
        return True

    def leads(self, number: str) -> str:
        """The destination of a number as people dial it, without codes; '' when it leads nowhere."""
        return self.calls.leads(number)

    def talk_of(self, extension: str, but: str) -> tuple[Channel, list[Channel]] | None:
        """An extension's call that is up: its own channel, and those it talks to. One on hold goes first.

        Args:
            extension: whose.
            but: the call that asks, which does not count.
        """
        channels = self.calls.registry.channels()
        own = [c for c in channels if extension_of(c.endpoint) == extension and c.bridge and c.id != but]
        for channel in sorted(own, key=lambda c: (not c.held, c.id)):
            others = [c for c in channels if c.bridge == channel.bridge and c.id != channel.id]
            if others:
                return channel, others
        return None
