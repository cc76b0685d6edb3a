"""What is live in Asterisk, from AMI events: channels, legs of calls, busy and reachable phones.

Events come on AMI's reader thread. After a lost connection the registry is rebuilt from Asterisk's own list, and what
has gone meanwhile is closed. It decides nothing; it tells `listener`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from jackfield.calls import grouping
from jackfield.calls.channels import Channel, Listener, endpoint_of
from jackfield.quality import report
from jackfield.telephony import variables
from jackfield.telephony.events import Message

_DIALLED = {"", "AppDial", "AppDial2"}
"""Applications of channels that were dialled; others run a dialplan of their own."""
log = structlog.get_logger(__name__)


def event_time(message: Message) -> datetime:
    """When it happened by Asterisk's clock (`timestampevents=yes`), or now."""
    try:
        return datetime.fromtimestamp(float(message["Timestamp"]), UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC)


class Registry:
    """All live channels. Methods may be called from any thread."""

    def __init__(self, listener: Listener | None = None) -> None:
        """`listener` may be set later, before the first event: it may need the registry itself."""
        if listener is not None:
            self.listener: Listener = listener
        self._lock = threading.RLock()
        self._channels: dict[str, Channel] = {}
        self._bridges: dict[str, set[str]] = {}
        self._phones: dict[str, int] = {}
        self._reachable: dict[str, bool] = {}
        self._gone = threading.Condition(self._lock)
        self._held: list[tuple[str, Message]] | None = None
        self._handlers = {
            "Newchannel": self._new,
            "Newstate": self._state,
            "Hangup": self._hangup,
            "Rename": self._rename,
            "DialBegin": self._dial_begin,
            "DialEnd": self._dial_end,
            "BridgeEnter": self._bridge_enter,
            "BridgeLeave": self._bridge_leave,
            "Hold": self._hold,
            "Unhold": self._hold,
            "ContactStatus": self._contact,
            "UserEvent": self._user_event,
            "AttendedTransfer": lambda message: self.listener.channels_merged(message),
            "ConfbridgeLeave": self._conference,
        }
        self.conference_left: Callable[[str], None] = lambda room: None
        """Told the room that somebody has left. On AMI's reader thread."""
        self.known = False
        """Whether the registry is Asterisk's own truth now (AMI is up and resynced)."""
        self.synced = datetime.min.replace(tzinfo=UTC)
        """When it last was made so; what ended before it, while AMI was away, counts as ended then."""

    # -- reading ---------------------------------------------------------------------------------------------------

    def channels(self) -> list[Channel]:
        """A copy of all live channels."""
        with self._lock:
            return [replace(c) for c in self._channels.values()]

    def legs(self, call: str) -> list[Channel]:
        """Live channels of a call."""
        with self._lock:
            return [replace(c) for c in self._channels.values() if c.call == call]

    def call_of(self, identity: str) -> str | None:
        """The call that a channel belongs to now; None for a channel that is not known."""
        channel = self._channels.get(identity)
        return channel.call if channel is not None else None

    def busy(self, endpoint: str) -> bool:
        """Whether an endpoint has a channel."""
        return self._phones.get(endpoint, 0) > 0

    def channels_of(self, endpoint: str) -> int:
        """How many channels an endpoint has."""
        return self._phones.get(endpoint, 0)

    def reachable(self, endpoint: str) -> bool:
        """Whether an endpoint has a contact that answers; True when unknown."""
        return self._reachable.get(endpoint, True)

    def registered(self) -> set[str]:
        """Endpoints with a contact that answers."""
        with self._lock:
            return {endpoint for endpoint, there in self._reachable.items() if there}

    def wait_gone(self, call: str, seconds: float, told: Callable[[], bool] = lambda: True) -> bool:
        """Wait until no channel of a call is left; False when time is up and one is.

        While AMI is away nobody can tell: it has the same time to come back, then the call counts as gone.

        Args:
            call: its id.
            seconds: how long to wait at most.
            told: whether all of the call has been told yet. AMI's events lag on a machine that is overloaded: of a
                short call nothing may be known when it is over.
        """

        def gone() -> bool:
            return not any(c.call == call for c in self._channels.values())

        with self._gone:
            self._gone.wait_for(lambda: self.known and gone() and told(), seconds)
            return gone() or not self.known

    # -- events ----------------------------------------------------------------------------------------------------

    def event(self, name: str, message: Message) -> None:
        """Take one AMI event."""
        handler = self._handlers.get(name)
        if handler is not None:
            with self._lock:
                if self._held is None:
                    handler(message)
                else:
                    self._held.append((name, message))

    def _new(self, message: Message) -> None:
        identity = message["Uniqueid"]
        if identity in self._channels:
            return
        name = message["Channel"]
        # The second half of a Local channel runs a dialplan of its own, as a phone that dials.
        call = identity if name.startswith("Local/") and name.endswith(";2") else message["Linkedid"]
        channel = Channel(identity, name, call, endpoint_of(name), message.get("CallerIDNum", ""))
        channel.started = event_time(message)
        channel.leads = channel.call == identity
        if message.get("ChannelState") == "6":
            channel.answered = channel.started
        self._channels[identity] = channel
        self._count(channel.endpoint, 1)

    def _state(self, message: Message) -> None:
        channel = self._channels.get(message["Uniqueid"])
        if channel is not None and message.get("ChannelState") == "6" and channel.answered is None:
            channel.answered = event_time(message)

    def _hangup(self, message: Message) -> None:
        channel = self._channels.get(message["Uniqueid"])
        if channel is not None:
            channel.cause = int(message.get("Cause", "0") or 0)
            self._end(channel, event_time(message))

    def _end(self, channel: Channel, when: datetime) -> None:
        del self._channels[channel.id]
        channel.ended = when
        self._enter(channel, "")
        self.listener.channel_ended(channel)
        self._count(channel.endpoint, -1)
        if channel.leads:
            self._regroup(channel.call, when)
        self._gone.notify_all()

    def _rename(self, message: Message) -> None:
        channel = self._channels.get(message["Uniqueid"])
        if channel is not None:
            self._count(channel.endpoint, -1)
            channel.name = message["Newname"]
            channel.endpoint = endpoint_of(channel.name)
            self._count(channel.endpoint, 1)

    def _dial_begin(self, message: Message) -> None:
        channel = self._channels.get(message.get("DestUniqueid", ""))
        if channel is not None:
            channel.dialled_by, channel.leads = message.get("Uniqueid", ""), False
            dialler = self._channels.get(channel.dialled_by)
            channel.call = dialler.call if dialler else message.get("DestLinkedid", channel.call)
            self.listener.channel_dialled(channel)

    def _dial_end(self, message: Message) -> None:
        channel = self._channels.get(message.get("DestUniqueid", ""))
        if channel is not None:
            channel.dial_status = message.get("DialStatus", "")
            if channel.dial_status == "ANSWER":
                channel.answered = channel.answered or event_time(message)
                self.listener.channel_answered(channel)

    def _bridge_enter(self, message: Message) -> None:
        channel = self._channels.get(message["Uniqueid"])
        if channel is not None:
            self._enter(channel, message.get("BridgeUniqueid", ""))
            self._settle(channel.bridge, message)

    def _bridge_leave(self, message: Message) -> None:
        channel = self._channels.get(message["Uniqueid"])
        if channel is not None and channel.bridge == message.get("BridgeUniqueid", channel.bridge):
            self._enter(channel, "")

    def _enter(self, channel: Channel, bridge: str) -> None:
        if channel.bridge == bridge:
            return
        members = self._bridges.get(channel.bridge)
        if members is not None:
            members.discard(channel.id)
            if not members:
                del self._bridges[channel.bridge]
        channel.bridge = bridge
        if bridge:
            self._bridges.setdefault(bridge, set()).add(channel.id)

    # -- whose call it is ------------------------------------------------------------------------------------------

    def lead(self, identity: str, call: str) -> None:
        """A channel runs this call's dialplan from now on (it was transferred, or came back after a restart)."""
        with self._lock:
            channel = self._channels.get(identity)
            if channel is not None:
                channel.leads = True
                self._move(channel, call, datetime.now(UTC))

    def follow(self, identity: str) -> None:
        """A channel runs no dialplan of ours any more, though it lives: it goes with those it talks to."""
        with self._gone:
            channel = self._channels.get(identity)
            if channel is not None:
                channel.leads = False
                self._settle(channel.bridge, None)
                self._gone.notify_all()

    def _regroup(self, call: str, when: datetime) -> None:
        """A call has lost a channel that led it: those it leaves behind go with those they talk to."""
        for bridge in {c.bridge for c in self._channels.values() if c.call == call and c.bridge}:
            self._settle(bridge, None, when)

    def _settle(self, bridge: str, message: Message | None, when: datetime | None = None) -> None:
        members = [self._channels[i] for i in self._bridges.get(bridge, ())]
        if len({c.call for c in members}) < 2:
            return
        leaders = {c.call for c in self._channels.values() if c.leads}
        when = when or (event_time(message) if message is not None else datetime.now(UTC))
        for identity, call in grouping.settle(members, leaders).items():
            self._move(self._channels[identity], call, when)

    def _move(self, channel: Channel, call: str, when: datetime) -> None:
        if channel.call == call:
            return
        before = replace(channel, ended=when)
        channel.call, channel.joined = call, when
        self.listener.channel_moved(replace(channel), before)
        self._gone.notify_all()

    def _conference(self, message: Message) -> None:
        self.conference_left(message.get("Conference", ""))

    def _hold(self, message: Message) -> None:
        channel = self._channels.get(message["Uniqueid"])
        if channel is not None:
            channel.held = message.event == "Hold"
            self.listener.channel_held(channel)

    def _user_event(self, message: Message) -> None:
        """The dialplan's account of a leg's sound, at its end (`jf-quality`)."""
        channel = self._channels.get(message.get("Uniqueid", ""))
        if channel is not None and message.get("UserEvent") == "JackfieldQuality":
            channel.quality = report.read(message.get("Codec", ""), message.get("Rtcp", ""))

    def _contact(self, message: Message) -> None:
        endpoint = message.get("EndpointName", "") or message.get("AOR", "")
        reachable = message.get("ContactStatus") not in ("Removed", "Unreachable")
        self._set_reachable(endpoint, reachable)

    def _set_reachable(self, endpoint: str, reachable: bool) -> None:
        if endpoint and self._reachable.get(endpoint) is not reachable:
            self._reachable[endpoint] = reachable
            self.listener.phone_reachable(endpoint, reachable)

    def _count(self, endpoint: str, change: int) -> None:
        if not endpoint:
            return
        before = self._phones.get(endpoint, 0)
        after = max(0, before + change)
        if after:
            self._phones[endpoint] = after
        else:
            self._phones.pop(endpoint, None)
        if bool(before) != bool(after):
            self.listener.phone_changed(endpoint, bool(after))

    # -- the connection --------------------------------------------------------------------------------------------

    def lost(self) -> None:
        """AMI is away: nothing is known until `resync`."""
        with self._gone:
            self.known, self._held = False, None
            self._gone.notify_all()

    def hold(self) -> None:
        """Keep events back from now on, until `resync` or `lost`: Asterisk is about to be asked for its list.

        The list may be older than an event that comes before it has been taken in: a channel that has begun or ended
        meanwhile.
        """
        with self._lock:
            self._held = []

    def resync(self, status: list[Message], reachable: dict[str, bool]) -> None:
        """Make the registry equal to Asterisk's own list.

        Args:
            status: the `Status` events of AMI's Status action, one a channel.
            reachable: endpoint → whether one of its contacts is there.
        """
        with self._lock:
            live = {m["Uniqueid"]: m for m in status}
            now = datetime.now(UTC)
            for channel in [c for i, c in self._channels.items() if i not in live]:
                self._end(channel, now)
            for identity, message in live.items():
                if identity not in self._channels:
                    self._adopt(identity, message, now)
                self._enter(self._channels[identity], message.get("BridgeID", ""))
            for bridge in list(self._bridges):
                self._settle(bridge, None, now)
            for endpoint, there in reachable.items():
                self._set_reachable(endpoint, there)
            self._catch_up()
            self.known, self.synced = True, now
            self._gone.notify_all()
        log.info("registry.resynced", channels=len(status))

    def _catch_up(self) -> None:
        """Take the events that were kept back. Those that the list knows of already change nothing."""
        held, self._held = self._held or [], None
        for name, message in held:
            try:
                self._handlers[name](message)
            except Exception:
                log.exception("registry.event_failed", ami_event=name)

    def _adopt(self, identity: str, message: Message, now: datetime) -> None:
        name, own = message["Channel"], message.variables().get(variables.CALL, "")
        call = own if own not in ("", "(null)") else message.get("Linkedid", identity)
        channel = Channel(identity, name, call, endpoint_of(name), message.get("CallerIDNum", ""))
        channel.leads = message.get("Application", "") not in _DIALLED
        age = message.get("Seconds", "")
        channel.started = datetime.fromtimestamp(now.timestamp() - (int(age) if age.isdigit() else 0), UTC)
        if message.get("ChannelState") == "6":
            channel.answered = channel.started
        if identity != channel.call:
            channel.dial_status = "ANSWER" if channel.answered else ""
        self._channels[identity] = channel
        self._count(channel.endpoint, 1)
