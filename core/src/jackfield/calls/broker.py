"""The one place that acts on Asterisk over AMI: typed actions, nothing raw."""

from __future__ import annotations

import re
from collections.abc import Iterable

import structlog

from jackfield.calls.channels import REACH
from jackfield.calls.endnote import EndNote
from jackfield.config.objects.extension import extension_of
from jackfield.errors import CommandFailed, JackfieldError, UnsafeValue
from jackfield.telephony import variables
from jackfield.telephony.ami import AmiClient
from jackfield.telephony.events import Message

log = structlog.get_logger(__name__)
_KEY = re.compile(r"[A-Za-z0-9._+-]{1,100}")
_VALUE = re.compile(r"[A-Za-z0-9 ./:&_,+-]{0,900}")
_CHANNEL = re.compile(r"[A-Za-z]{1,16}/[A-Za-z0-9*._@;+-]{1,120}")
_PHONE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_OUTSIDE = re.compile(r"([0-9]{2,10})\*\+?[0-9]{2,32}")
_CODE = re.compile(r"[*#][0-9*#]{1,20}")
_NUMBER = re.compile(r"[A-Za-z0-9+*#]{1,80}")
_TITLE = re.compile(r"[A-Za-z0-9._ -]{1,40}")
MONITOR_MODES = frozenset({"listen", "whisper", "barge", "take-over"})
DEVICE_STATES = frozenset({"INVALID", "NOT_INUSE", "INUSE", "BUSY", "RINGING", "ONHOLD"})
ENDED = "jackfield-ended"
"""Family of Asterisk's database where the dialplan notes calls that end while the daemon is away."""


class Broker:
    """Actions for core and plugins. They wait for Asterisk's answer: never call them on AMI's reader thread."""

    def __init__(self, client: AmiClient) -> None:
        self._client = client

    def interrupt_playback(self, channel: str) -> None:
        """Stop a prompt that is playing; nothing happens when none is."""
        self._try("ControlPlayback", Channel=channel, Control="stop")

    def store(self, family: str, key: str, value: str | None) -> None:
        """Write or delete a value of Asterisk's database.

        Raises:
            UnsafeValue: a name or value with a meaning in dialplan.
            NotConnected: AMI is away; try again when it is back.
        """
        if not _KEY.fullmatch(family) or not _KEY.fullmatch(key) or not _VALUE.fullmatch(value or ""):
            raise UnsafeValue(f"{family}/{key}={value!r} may not go into Asterisk's database")
        if value is None:
            self._tell("DBDel", Family=family, Key=key)
        else:
            self._tell("DBPut", Family=family, Key=key, Val=value)

    def device_state(self, name: str, state: str) -> None:
        """Set a custom device state, which phones watch by a hint.

        Raises:
            UnsafeValue: not a name or a state.
            NotConnected: AMI is away.
        """
        if not _KEY.fullmatch(name) or state not in DEVICE_STATES:
            raise UnsafeValue(f"{name}={state!r} is not a device state")
        self._tell("Setvar", Variable=f"DEVICE_STATE(Custom:{name})", Value=state)

    def device_states(self) -> dict[str, str]:
        """All custom device states that Asterisk keeps."""
        found = {}
        for event in self._list("DBGetTree", Family="CustomDevstate"):
            if event.event == "DBGetTreeResponse":
                found[event["Key"].rpartition("/")[2]] = event.get("Val", "")
        return found

    def queue_remove_all(self, queue: str) -> None:
        """Take all dynamic members out of a plain queue.

        Raises:
            UnsafeValue: not the name of a queue.
            NotConnected: AMI is away; try again when it is back.
        """
        if not _KEY.fullmatch(queue):
            raise UnsafeValue(f"{queue!r} is not a queue")
        for event in self._client.action("QueueStatus", Queue=queue).events:
            if event.event == "QueueMember" and event.get("Membership") == "dynamic":
                self._tell("QueueRemove", Queue=queue, Interface=event.get("Location", ""))

    def shut_trunk(self, trunk: str, shut: bool) -> None:
        """Have Asterisk refuse new calls from and to a trunk with 503 and Retry-After, or take them again.

        Raises:
            UnsafeValue: not the name of a trunk.
            NotConnected: AMI is away; try again when it is back.
        """
        if not _KEY.fullmatch(trunk):
            raise UnsafeValue(f"{trunk!r} is not a trunk")
        self._tell("PJSIPSetMaintenance", Endpoint=trunk, State="on" if shut else "off")

    def transfer(self, channel: str, number: str, by: str = "") -> None:
        """Send a channel to a number, as a phone's blind transfer does; nothing happens when it is gone.

        Args:
            channel: its name.
            number: as dialled.
            by: the channel of who sends it.
        """
        if not _CHANNEL.fullmatch(channel) or not _NUMBER.fullmatch(number) or (by and not _CHANNEL.fullmatch(by)):
            log.warning("asterisk.no_transfer", channel=channel[:80], number=number[:80])
            return
        if by:
            self._try("Setvar", Channel=channel, Variable=variables.TRANSFERRER, Value=by)
        self._try("Redirect", Channel=channel, Context="jf-transfer", Exten=number, Priority="1")

    def hang_up(self, channel: str) -> bool:
        """Hang a channel up; False when it is gone."""
        if not _CHANNEL.fullmatch(channel):
            return False
        try:
            self._client.action("Hangup", Channel=channel)
        except JackfieldError as error:
            log.debug("asterisk.refused", action="Hangup", error=str(error))
            return False
        return True

    def monitor(self, extension: str, channel: str, mode: str, title: str) -> None:
        """Ring an extension; who answers is in the talk of a channel (`jf-monitor`).

        Args:
            extension: the one that rings.
            channel: whose talk.
            mode: listen, whisper (only that channel hears), barge (all hear), take-over (talk with it alone).
            title: what the phone shows.

        Raises:
            UnsafeValue: not an extension, a channel or a mode.
            NotConnected: AMI is away.
        """
        if not extension.isdigit() or not _CHANNEL.fullmatch(channel) or mode not in MONITOR_MODES:
            raise UnsafeValue(f"{channel[:80]!r} cannot be heard by {extension[:20]!r} ({mode[:20]!r})")
        self._client.action(
            "Originate",
            Channel=f"Local/{extension}@jf-plain-extension/n",
            Context="jf-monitor",
            Exten=mode,
            Priority="1",
            Timeout="30000",
            CallerID=f'"{mode} {title if _KEY.fullmatch(title) else ""}" <{extension}>',
            Variable=f"{variables.MONITORED}={channel}",
            Async="true",
        )

    def ring(self, phone: str, code: str, identity: str, *, number: str, seconds: int, title: str = "") -> None:
        """Ring a phone; who takes the call has dialled `code`. Returns at once, whatever comes of it.

        Args:
            phone: its account; or an extension, `*` and a number outside, called on that extension's account: who
                answers there must press 1.
            code: a feature code with its digits.
            identity: the call's id from then on; each may be used once.
            number: what the phone shows.
            seconds: how long to ring.
            title: the name that the phone shows; of words and digits only.

        Raises:
            UnsafeValue: not a phone, a code or an id.
            NotConnected: AMI is away.
            CommandFailed: Asterisk will not.
        """
        outside = _OUTSIDE.fullmatch(phone)
        known = outside or _PHONE.fullmatch(phone)
        if not known or not _CODE.fullmatch(code) or not _KEY.fullmatch(identity):
            raise UnsafeValue(f"{phone[:40]!r} cannot be rung for {code[:40]!r}")
        more = {"OtherChannelId": f"{identity}-outside"} if outside else {}
        self._client.action(
            "Originate",
            Channel=f"Local/{phone}{REACH}/n" if outside else f"PJSIP/{phone}",
            Context="jf-ring",
            Exten=code,
            Priority="1",
            Timeout=str(seconds * 1000),
            CallerID=_caller_id(number, title),
            ChannelId=identity,
            Variable=f"{variables.EXTENSION}={outside[1] if outside else extension_of(phone)}",
            Async="true",
            **more,
        )

    # -- conferences -----------------------------------------------------------------------------------------------

    def into_room(self, leader: str, number: str, room: str, *others: str) -> None:
        """Take two who talk into a conference at once; neither is hung up because the other one left.

        Args:
            leader: the channel that leads the call: it goes to `number`, as if transferred.
            number: leads to the room.
            room: the room.
            others: at most one more channel, which goes into the room by the plain dialplan.
        """
        if not all(_CHANNEL.fullmatch(c) for c in (leader, *others)) or not room.isdigit():
            raise UnsafeValue(f"{leader!r} cannot be taken into a conference")
        more = {}
        if others:
            more = {
                "ExtraChannel": others[0],
                "ExtraContext": "jf-conference",
                "ExtraExten": room,
                "ExtraPriority": "1",
            }
        self._client.action("Redirect", Channel=leader, Context="jf-transfer", Exten=number, Priority="1", **more)

    def call_into(self, room: str, number: str, extension: str, title: str) -> None:
        """Call a number as an extension would; who answers is in the room.

        Raises:
            UnsafeValue: not a number, an extension or a room.
            NotConnected: AMI is away.
        """
        if not _NUMBER.fullmatch(number) or not extension.isdigit() or not room.isdigit() or '"' in title:
            raise UnsafeValue(f"{number[:40]!r} cannot be called into a conference")
        self._client.action(
            "Originate",
            Channel=f"Local/{number}@jf-phone/n",
            Context="jf-conference",
            Exten=room,
            Priority="1",
            Timeout="120000",
            CallerID=f'"{title}" <{extension}>',
            Variable=f"{variables.EXTENSION}={extension}",
            Async="true",
        )

    def rooms(self) -> list[str]:
        """Conferences in which somebody is."""
        found = self._list("ConfbridgeListRooms")
        return [e["Conference"] for e in found if e.event == "ConfbridgeListRooms"]

    def room(self, room: str) -> list[dict[str, str]]:
        """Who is in a conference: channel, number, name."""
        return [
            {"channel": e["Channel"], "number": e.get("CallerIDNum", ""), "name": e.get("CallerIDName", "")}
            for e in self._list("ConfbridgeList", Conference=room)
            if e.event == "ConfbridgeList"
        ]

    # -- what there is ---------------------------------------------------------------------------------------------

    def channels(self) -> list[Message]:
        """Asterisk's own list of channels, with our variables. It cuts values at 512 bytes: too short for a state."""
        asked = [variables.AT, variables.STATUS, variables.TRUNK, variables.EXTENSION, variables.CALL, variables.CALLER]
        names = ",".join(asked)
        return [m for m in self._client.action("Status", Variables=names).events if m.event == "Status"]

    def contacts(self) -> dict[str, bool]:
        """Endpoint → whether one of its contacts is there."""
        found: dict[str, bool] = {}
        for event in self._list("PJSIPShowContacts"):
            if event.event == "ContactList":
                endpoint = event.get("Endpoint", "")
                found[endpoint] = found.get(endpoint, False) or event.get("Status") != "Unreachable"
        return found

    def contact_states(self, trunks: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Trunk → its contact's status, and round trip in microseconds, as Asterisk writes them.

        Asterisk's list of contacts has only those that registered, so each trunk is asked for.

        Raises:
            NotConnected: AMI is away.
        """
        found = {}
        for trunk in trunks:
            for event in self._all("PJSIPShowEndpoint", Endpoint=trunk):
                if event.event == "ContactStatusDetail":
                    found[trunk] = (event.get("Status", ""), event.get("RoundtripUsec", ""))
        return found

    def registrations(self) -> dict[str, str]:
        """Outbound registration → its status.

        Raises:
            NotConnected: AMI is away.
        """
        events = self._all("PJSIPShowRegistrationsOutbound")
        return {e.get("ObjectName", ""): e.get("Status", "") for e in events if e.event == "OutboundRegistrationDetail"}

    def take_ended(self) -> dict[str, EndNote]:
        """Calls that ended while the daemon was away: id → what the dialplan noted of it. They are deleted there."""
        found = {}
        for event in self._list("DBGetTree", Family=ENDED):
            if event.event == "DBGetTreeResponse" and (note := EndNote.read(event.get("Val", ""))) is not None:
                found[event["Key"].rpartition("/")[2]] = note
        if found:
            self._try("DBDelTree", Family=ENDED)
        return found

    def version(self) -> str:
        """Asterisk's version."""
        try:
            return self._client.action("CoreSettings").headers.get("AsteriskVersion", "")
        except JackfieldError:
            return ""

    def _tell(self, action: str, **headers: str) -> None:
        """Asterisk's refusal (no such key, no such channel) leaves things as they are wanted."""
        try:
            self._client.action(action, **headers)
        except CommandFailed as error:
            log.debug("asterisk.refused", action=action, error=str(error))

    def _try(self, action: str, **headers: str) -> None:
        try:
            self._tell(action, **headers)
        except JackfieldError as error:
            log.warning("asterisk.action_failed", action=action, error=str(error))

    def _all(self, action: str, **headers: str) -> list[Message]:
        """A list; Asterisk says of an empty one that it failed."""
        try:
            return self._client.action(action, **headers).events
        except CommandFailed:
            return []

    def _list(self, action: str, **headers: str) -> list[Message]:
        try:
            return self._client.action(action, **headers).events
        except JackfieldError as error:
            log.debug("asterisk.nothing", action=action, error=str(error))
            return []


def _caller_id(number: str, title: str) -> str:
    """What a phone shows; what could say more than a number and a name is left out."""
    shown = f"<{number}>" if _NUMBER.fullmatch(number.removeprefix("+")) else ""
    return f'"{title}" {shown}' if shown and _TITLE.fullmatch(title) else shown
