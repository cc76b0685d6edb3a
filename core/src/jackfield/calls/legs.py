"""What the registry tells of channels, for the records of the calls whose legs they are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from jackfield.calls.channels import endpoint_of
from jackfield.config.objects.extension import extension_of

if TYPE_CHECKING:
    from jackfield.calls.board import Board
    from jackfield.calls.channels import Channel
    from jackfield.calls.endings import Endings
    from jackfield.calls.outgoing import Outgoing
    from jackfield.calls.registry import Registry
    from jackfield.config.site import Site
    from jackfield.records.writer import RecordWriter
    from jackfield.services import EventBus
    from jackfield.telephony.events import Message


class Legs:
    """Keeps the legs of live calls. All on AMI's reader thread."""

    def __init__(
        self,
        board: Board,
        registry: Registry,
        writer: RecordWriter,
        events: EventBus,
        outgoing: Outgoing,
        endings: Endings,
    ) -> None:
        self._board, self._registry = board, registry
        self._writer, self._events = writer, events
        self._outgoing, self._endings = outgoing, endings
        self._roles: dict[str, str] = {}
        self.transfer: Callable[[str, str], None] = lambda channel, number: None
        """Sends a channel to a number, as a phone's blind transfer does."""
        self.agent_at: Callable[[str, str], str] = lambda destination, extension: ""
        """Who answers at an extension for a destination; '' when no agent does."""

    def serve_site(self, site: Site) -> None:
        """Know the trunks and phones of a site."""
        roles = dict.fromkeys(site.names("trunk"), "trunk")
        self._roles = roles | dict.fromkeys([*site.names("extension"), *site.names("device")], "phone")

    def is_trunk(self, endpoint: str) -> bool:
        """Whether an endpoint is one of the site's trunks."""
        return self._roles.get(endpoint) == "trunk"

    def _role(self, channel: Channel) -> str:
        if channel.id == channel.call:
            return "caller"
        role = self._roles.get(channel.endpoint, "phone" if "*" in channel.endpoint else "other")
        live = self._board.find(channel.call)
        return "agent" if role == "phone" and live is not None and live.is_agent(channel) else role

    def taken_over(self, identity: str, at: str) -> None:
        """Phones of a call whose daemon is gone. A `kill -9` may have cost the note of whose they are: it is asked for.

        Args:
            identity: the call's.
            at: the destination where it is.
        """
        live = self._board.find(identity)
        if live is None or live.call is not None or (live.steps and live.steps[-1].seq in live.left):
            return  # whom somebody was put through to is not whom the call had rung
        for channel in self._registry.legs(identity):
            if channel.id == identity or self._roles.get(channel.endpoint) != "phone":
                continue
            if not live.is_agent(channel) and (agent := self.agent_at(at, extension_of(channel.endpoint))):
                live.agents[channel.endpoint] = agent
                self._writer.leg(live.leg(channel, "agent"))
            if channel.answered is not None and live.is_agent(channel):
                self._events.publish("call", id=identity, what="found", endpoint=channel.endpoint, at=at)

    def channel_dialled(self, channel: Channel) -> None:
        """A leg rings. It is on record at once, so that a restart does not forget whose phone it is."""
        live = self._board.find(channel.call)
        if live is not None:
            self._writer.leg(live.leg(channel, self._role(channel)))

    def channel_answered(self, channel: Channel) -> None:
        """A leg was answered."""
        live = self._board.find(channel.call)
        if live is not None:
            self._writer.leg(live.leg(channel, self._role(channel)))
            self._events.publish("call", id=channel.call, what="answered", endpoint=channel.endpoint, leg=channel.id)
            if live.call is None and live.steps and live.is_agent(channel):  # rung by a daemon that is gone
                at = live.steps[-1].destination
                self._events.publish("call", id=channel.call, what="found", endpoint=channel.endpoint, at=at)

    def channel_ended(self, channel: Channel) -> None:
        """A channel is gone."""
        live = self._board.find(channel.call)
        if live is None:
            return
        self._writer.leg(live.leg(channel, self._role(channel)))
        self._endings.without_thread(live)

    def channel_moved(self, channel: Channel, before: Channel) -> None:
        """A channel goes on in another call. Its leg in the one before is over."""
        live = self._board.find(before.call)
        if live is not None:
            self._writer.leg(live.leg(before, self._role(before)))
        home = self._board.find(channel.call)
        if home is not None:
            if live is not None:
                home.take_over(channel.endpoint, live)
            role = self._role(channel)
            self._writer.leg(home.leg(channel, role))
            if role == "trunk":
                self._outgoing.moved(channel.endpoint, before.call, channel.call)
        if channel.answered is not None:
            by, dialled = (live.facts.extension or "", live.facts.dialled) if live is not None else ("", "")
            told = {"to": channel.call, "endpoint": channel.endpoint, "by": by, "dialled": dialled}
            self._events.publish("call", id=before.call, what="moved", **told)
        if live is not None:
            self._endings.without_thread(live)

    def channels_merged(self, message: Message) -> None:
        """An attended transfer. The step goes on with another phone; who did it is on record."""
        identity = self._registry.call_of(message.get("TransfereeUniqueid", ""))
        live = self._board.find(identity or "")
        if live is None or message.get("Result") != "Success":
            return
        by = extension_of(endpoint_of(message.get("OrigTransfererChannel", "")))
        step = live.handed_over(f"transferred:{by}")
        if step is not None:
            self._writer.step(step)
        asked = self._board.find(self._registry.call_of(message.get("SecondTransfererUniqueid", "")) or "")
        to, other = (asked.facts.dialled, asked.facts.id) if asked is not None else ("", "")
        told = {"by": by, "to": to, "kind": "attended", "asked": other}
        self._events.publish("call", id=live.facts.id, what="transferred", **told)
        if message.get("DestType") == "App" and asked is not None:
            # The other phone still rings, for a call of the transferrer's that is now without a caller of its own.
            given = asked.handed_over(f"transferred:{by}")
            if given is not None:
                self._writer.step(given)
            target = (message["TransfereeChannel"], asked.facts.dialled)
            threading.Thread(target=self.transfer, args=target, name="transfer", daemon=True).start()
