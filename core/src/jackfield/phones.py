"""What is told of channels and phones: by the registry, to calls and trunks, and to whoever watches phones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jackfield.config.objects.extension import Extension, extension_of
from jackfield.config.phones import endpoints

if TYPE_CHECKING:
    from jackfield.calls.channels import Channel
    from jackfield.calls.recovery import Recovery
    from jackfield.calls.service import CallService
    from jackfield.services import EventBus
    from jackfield.telephony.events import Message
    from jackfield.telephony.trunks import TrunkStates


class Phones:
    """The registry's listener; and what plugins may ask of phones (`core.phones`)."""

    def __init__(self, calls: CallService, trunks: TrunkStates, events: EventBus, recovery: Recovery) -> None:
        self._calls, self._trunks, self._events, self._recovery = calls, trunks, events, recovery
        self._registry = calls.registry

    # -- what plugins ask ------------------------------------------------------------------------------------------

    def busy(self, extension: str) -> bool:
        """Whether one of the extension's phones has a channel now."""
        return any(self._registry.busy(endpoint) for endpoint in endpoints(self._calls.site, extension))

    def reachable(self, extension: str) -> bool:
        """Whether one of the extension's phones is registered; True when nobody knows."""
        return any(self._registry.reachable(endpoint) for endpoint in endpoints(self._calls.site, extension))

    def talking(self, call: str, extension: str) -> str | None:
        """Name of the channel by which an extension talks in a call; of the caller's own, with ''. None: no talk."""
        for channel in self._registry.legs(call):
            mine = channel.leads if not extension else extension_of(channel.endpoint) == extension
            if mine and channel.bridge:
                return channel.name
        return None

    def waiting_calls(self) -> dict[str, str]:
        """Calls that will come back after a restart."""
        return self._recovery.waiting()

    # -- what the registry tells, on AMI's reader thread -------------------------------------------------------------

    def phone_changed(self, endpoint: str, busy: bool) -> None:
        """A phone became busy or free."""
        self._tell(extension_of(endpoint))

    def phone_reachable(self, endpoint: str, reachable: bool) -> None:
        """A phone came or went."""
        self._tell(extension_of(endpoint))

    def _tell(self, extension: str) -> None:
        if self._calls.site.get("extension", extension, Extension) is not None:
            self._events.publish(
                "phone", extension=extension, busy=self.busy(extension), reachable=self.reachable(extension)
            )

    def channel_dialled(self, channel: Channel) -> None:
        """A channel is being called."""
        self._calls.legs.channel_dialled(channel)

    def channel_answered(self, channel: Channel) -> None:
        """A dialled channel has answered."""
        self._trunks.tried(channel.endpoint)
        self._calls.legs.channel_answered(channel)

    def channel_ended(self, channel: Channel) -> None:
        """A channel is gone."""
        self._calls.legs.channel_ended(channel)
        if channel.answered is None and channel.id == channel.call:
            self._events.publish("unanswered", id=channel.id, cause=channel.cause)

    def channel_moved(self, channel: Channel, before: Channel) -> None:
        """A channel goes on in another call."""
        self._calls.legs.channel_moved(channel, before)

    def channel_held(self, channel: Channel) -> None:
        """A phone has put its other side on hold, or taken it back."""
        what = "held" if channel.held else "resumed"
        self._events.publish("call", id=channel.call, what=what, endpoint=channel.endpoint)

    def channels_merged(self, message: Message) -> None:
        """An attended transfer."""
        self._calls.legs.channels_merged(message)
