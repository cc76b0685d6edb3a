"""Asterisk as the daemon sees it: channels, lines that can be called, and what its manager tells of them.

What it says and how it behaves is Asterisk 22's; `tests/journeys/test_fake_asterisk.py` runs the same scripts against
the real one and compares.
"""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from jackfield.testing.clock import SteeredClock

STATES = {0: "Down", 4: "Ring", 5: "Ringing", 6: "Up"}
RING, RINGING, UP = 4, 5, 6
PATIENCE = 10.0
"""Real seconds that a test waits for what must happen at once, before it fails."""
NORMAL, BUSY, NO_ANSWER, REJECTED = 16, 17, 19, 21
VERSION = "22.10.1"


@dataclass(frozen=True, slots=True)
class Heard:
    """A sound that was played on a channel: a prompt's name and language, or a file that is none."""

    name: str
    language: str = ""


@dataclass(eq=False)
class Channel:
    """A channel of the fake. Guarded by `FakeAsterisk.moved`."""

    id: str
    name: str
    number: str = ""
    caller_name: str = ""
    exten: str = ""
    context: str = ""
    state: int = RING
    variables: dict[str, str] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    """All that was played to it, in order."""
    did: list[str] = field(default_factory=list)
    """Applications that it ran, with their arguments, as in `MixMonitor(/x.raw,abD)`."""
    commands: list[str] = field(default_factory=list)
    """All AGI commands, as they came."""
    keys: deque[str] = field(default_factory=deque)
    reads_keys: bool = False
    music: str | None = None
    playing: Heard | None = None
    stopped: bool = False
    """Somebody has stopped what is playing."""
    gone: bool = False
    cause: int = 0
    peer: Channel | None = None
    """The channel that it talks to."""
    pending: Callable[[], bool] | None = None
    """What the command in work waits for; None while none waits."""
    coming: int = 0
    """AGI commands that have come, and an end of the connection, that are not looked at yet."""
    served: bool = False
    """Whether a daemon holds its AGI connection."""
    status: str = ""
    """How a dialled channel ended before its answer, in the words of DIALSTATUS."""
    bridge: str = ""

    @property
    def endpoint(self) -> str:
        """`201` of `PJSIP/201-0000001a`."""
        return self.name.partition("/")[2].rpartition("-")[0]


@dataclass(eq=False)
class Line:
    """An endpoint that can be called: a phone, or a trunk's far end."""

    name: str
    registered: bool = True
    offered: list[Channel] = field(default_factory=list)
    """Channels that were called there, in order."""


class FakeAsterisk:
    """Channels, lines and Asterisk's database. Everything is guarded by `moved`, which is told of every change."""

    def __init__(self, clock: SteeredClock, sounds: Path) -> None:
        """`sounds` is the folder that prompts seem to lie in: `SOUNDS/LANGUAGE/jf/NAME`."""
        self.clock, self.sounds = clock, sounds
        self.moved = threading.Condition(threading.RLock())
        self.channels: dict[str, Channel] = {}
        self.lines: dict[str, Line] = {}
        self.database: dict[tuple[str, str], str] = {}
        self.files: set[tuple[str, str]] = set()
        """Prompts that there are: name and language."""
        self.prompt_seconds = 0.0
        """How long each prompt plays, by the clock of the test; 0: it is over as soon as it begins."""
        self.sinks: list[Callable[[bytes], None]] = []
        """Where manager events go."""
        self.closed = False
        self.patience = PATIENCE
        """Real seconds that a test waits for what must happen."""
        self.originated: Callable[[Channel], None] = lambda channel: None
        """Told each channel that was called into the dialplan and has answered."""
        self._numbers = itertools.count(1)

    def close(self) -> None:
        """Let every command that waits come to its end."""
        with self.moved:
            self.closed = True
            self.moved.notify_all()

    # -- the manager's events --------------------------------------------------------------------------------------

    def tell(self, event: str, *channels: tuple[str, Channel], **headers: str) -> None:
        """Send a manager event; each channel adds its headers, with a prefix (`Dest`)."""
        lines = [f"Event: {event}", "Privilege: call,all"]
        for prefix, channel in channels:
            lines += [f"{prefix}{key}: {value}" for key, value in self.describe(channel).items()]
        lines += [f"{key}: {value}" for key, value in headers.items()]
        data = ("\r\n".join(lines) + "\r\n\r\n").encode()
        for sink in list(self.sinks):
            sink(data)

    def describe(self, channel: Channel) -> dict[str, str]:
        """The headers that Asterisk gives of a channel."""
        return {
            "Channel": channel.name,
            "ChannelState": str(channel.state),
            "ChannelStateDesc": STATES[channel.state],
            "CallerIDNum": channel.number or "<unknown>",
            "CallerIDName": channel.caller_name or "<unknown>",
            "ConnectedLineNum": "<unknown>",
            "ConnectedLineName": "<unknown>",
            "Language": "en",
            "AccountCode": "",
            "Context": channel.context,
            "Exten": channel.exten,
            "Priority": "1",
            "Uniqueid": channel.id,
            "Linkedid": channel.variables.get("JF_CALL", channel.id),
        }

    # -- channels --------------------------------------------------------------------------------------------------

    def open(
        self,
        endpoint: str,
        *,
        state: int = RING,
        call: str = "",
        number: str = "",
        caller_name: str = "",
        exten: str = "",
        context: str = "",
        identity: str = "",
    ) -> Channel:
        """A new channel of an endpoint; `call` is the one that it is dialled for, `identity` a wanted id."""
        with self.moved:
            count = next(self._numbers)
            identity, name = identity or f"{int(time.time())}.{count}", f"PJSIP/{endpoint}-{count:08x}"
            channel = Channel(identity, name, number, caller_name, exten, context, state)
            channel.variables["JF_CALL"] = call or channel.id
            self.channels[channel.id] = channel
            self.tell("Newchannel", ("", channel))
            self.moved.notify_all()
            return channel

    def answer(self, channel: Channel) -> None:
        """A channel is up."""
        with self.moved:
            if channel.state != UP and not channel.gone:
                channel.state = UP
                self.tell("Newstate", ("", channel))
            self.moved.notify_all()

    def hang_up(self, channel: Channel, cause: int = NORMAL) -> None:
        """A channel ends, whoever ends it."""
        with self.moved:
            if channel.gone:
                return
            channel.gone, channel.cause = True, cause
            self._part(channel)
            self.channels.pop(channel.id, None)
            self.tell("Hangup", ("", channel), Cause=str(cause), **{"Cause-txt": "Normal Clearing"})
            self.moved.notify_all()

    def bridge(self, one: Channel, other: Channel) -> None:
        """Two channels talk."""
        with self.moved:
            identity = f"bridge-{one.id}"
            one.peer, other.peer = other, one
            for channel in (one, other):
                channel.bridge = identity
                self.tell("BridgeEnter", ("", channel), BridgeUniqueid=identity, BridgeType="basic")
            self.moved.notify_all()

    def _part(self, channel: Channel) -> None:
        for each in (channel, channel.peer):
            if each is not None and each.bridge:
                self.tell("BridgeLeave", ("", each), BridgeUniqueid=each.bridge, BridgeType="basic")
                each.bridge = ""
        if channel.peer is not None:
            channel.peer.peer = None
        channel.peer = None

    def named(self, name: str) -> Channel | None:
        """The live channel of a name, or None."""
        with self.moved:
            return next((c for c in self.channels.values() if name in (c.name, c.id)), None)

    # -- waiting ---------------------------------------------------------------------------------------------------

    def wait(self, channel: Channel, ready: Callable[[], bool], seconds: float | None = None) -> bool:
        """A channel's command waits until `ready()`, or until the test has moved time by `seconds`: then False.

        The caller's hang-up ends no wait by itself; `ready` must look at it.
        """
        up: list[bool] = []

        def time_is_up() -> None:
            with self.moved:
                up.append(True)
                self.moved.notify_all()

        timer = self.clock.after(seconds, time_is_up) if seconds is not None else None
        with self.moved:
            channel.pending = lambda: bool(up) or self.closed or ready()
            self.moved.notify_all()
            self.moved.wait_for(channel.pending)
            channel.pending = None
            if timer is not None:
                timer.cancel()
            return ready()

    def until(self, ready: Callable[[], bool]) -> bool:
        """A test waits until something is so; False after its patience."""
        with self.moved:
            return self.moved.wait_for(ready, self.patience)

    def line(self, endpoint: str) -> Line:
        """The line of an endpoint."""
        with self.moved:
            return self.lines.setdefault(endpoint, Line(endpoint))

    def register(self, endpoint: str, there: bool) -> None:
        """A phone comes or goes."""
        with self.moved:
            self.line(endpoint).registered = there
            status = "Reachable" if there else "Removed"
            self.tell("ContactStatus", EndpointName=endpoint, AOR=endpoint, ContactStatus=status)
            self.moved.notify_all()

    def sound(self, path: str) -> Heard | None:
        """The prompt that a file (without extension) is, or None when there is no such file."""
        found = re.fullmatch(re.escape(str(self.sounds)) + r"/([a-z]+)/jf/(.+)", path)
        if found is None or (found[2], found[1]) not in self.files:
            return None
        return Heard(found[2], found[1])
