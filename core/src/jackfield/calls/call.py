"""A call and its verbs: what plugin code says to Asterisk about one caller.

All verbs run on the call's own thread and raise `CallerHungUp` when the caller is gone. `wake` is the one method for
other threads.
"""

from __future__ import annotations

import os
import queue
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from jackfield.calls import state
from jackfield.calls.dialling import BeforeDial, Dialler, DialResult, FarEnd, Talked
from jackfield.calls.party import Party
from jackfield.calls.state import Facts
from jackfield.config.phones import endpoints
from jackfield.errors import CommandFailed, UnsafeValue
from jackfield.telephony import variables

if TYPE_CHECKING:
    from jackfield.config.site import Site
    from jackfield.features.desk import Desk
    from jackfield.telephony.agi import AgiSession

KEYS = "0123456789*#"
_RECORD = "record"
_CHANNEL = re.compile(r"[A-Za-z]{1,16}/[A-Za-z0-9._@;+-]{1,120}")


class Sounds(Protocol):
    """Where prompts are."""

    def file(self, name: str, language: str) -> str | None:
        """Absolute path without extension, None when there is no such prompt."""


@dataclass(frozen=True, slots=True)
class Wake:
    """Why `wait` came back: another thread's `wake(value)`, or time was up."""

    value: Any = None
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Resume:
    """The call came back after the daemon was lost. `dial_status` is that of a Dial that was under way, or ''."""

    dial_status: str = ""


class Call:
    """One caller's call, from its arrival to its end."""

    def __init__(
        self,
        session: AgiSession,
        facts: Facts,
        site: Site,
        sounds: Sounds,
        before_dial: BeforeDial,
        talked: Talked,
    ) -> None:
        self._session = session
        self._sounds = sounds
        self._dialler = Dialler(session, before_dial, talked)
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._wakes: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._dirty = True
        self._music = False
        self.facts = facts
        self.site = site
        self.at = ""
        self.seq = 0
        self.entered: datetime | None = None
        self.data: dict[str, str] = {}
        self.memo: dict[str, Any] = {}
        self.resumed: Resume | None = None
        self.resumes = 0
        self.answered = False
        self.desk: Desk
        """Users' states and what is live, for core's own destinations."""
        self.taken = False
        """The handler stalled and the call was taken away from this thread (core's own)."""

    # -- who and where ---------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Asterisk's unique id of the caller's channel; the key of the call's record."""
        return self.facts.id

    @property
    def channel(self) -> str:
        """Name of the caller's channel."""
        return self.facts.channel

    @property
    def leader(self) -> str:
        """Unique id of the channel that runs the call's dialplan: the caller's, or after a transfer another one's."""
        return str(self._session.env["agi_uniqueid"])

    @property
    def caller(self) -> Party:
        """Who calls, made harmless."""
        return self.facts.caller

    @property
    def did(self) -> str:
        """The number dialled."""
        return self.facts.dialled

    @property
    def diversion(self) -> str:
        """The number that sent the call on to us (SIP's Diversion), or ''."""
        return self.facts.diversion

    @property
    def dialled_rest(self) -> str:
        """Digits dialled after a feature code."""
        return self.facts.dialled_rest

    @property
    def trunk(self) -> str | None:
        """The trunk that the call came over."""
        return self.facts.trunk

    @property
    def extension(self) -> str | None:
        """The extension that dialled: the call's own, or after a transfer the one that made it."""
        return self.facts.dialler

    @property
    def priority(self) -> int:
        """Lift in queues, from the caller lists: 0–100."""
        return self.facts.priority

    @property
    def fallback(self) -> str:
        """The destination that the call's route names for when something fails."""
        return self.facts.fallback

    @property
    def started(self) -> datetime:
        """When it arrived (UTC)."""
        return self.facts.started

    @property
    def language(self) -> str:
        """The language that the caller hears; may be set."""
        return self.facts.language

    @language.setter
    def language(self, value: str) -> None:
        self.facts.language = value
        self._dirty = True

    # -- the checkpoint --------------------------------------------------------------------------------------------

    def enter(self, destination: str) -> None:
        """Note that a step begins (core's own; handlers return `Goto`)."""
        self.at, self.memo, self._dirty = destination, {}, True
        self.seq += 1
        self.entered = datetime.now(UTC)

    def checkpoint(self, **memo: Any) -> None:
        """Replace the step's memo and store it on the channel, where it outlives the daemon.

        Raises:
            UnsafeValue: memo and data are more than a channel variable can carry (about 5 KB), or not JSON.
        """
        self.memo, self._dirty = memo, True
        self.flush()

    def flush(self) -> None:
        """Store what changed since the last checkpoint. The verbs do it by themselves."""
        if not self._dirty:
            return
        saved = state.Saved(
            self.facts, self.at, self.seq, self.data, self.memo, self.resumes, self.answered, self.entered
        )
        self._session.set_many(
            **{
                variables.AT: self.at,
                variables.STATE: state.encode(saved),
                variables.DIAL_STATUS: "",
                variables.GUARD: "0",
            }
            | ({variables.TRANSFER: ""} if self.facts.transfer else {})
        )
        self._dirty = False

    def set_data(self, key: str, value: str) -> None:
        """Keep data that travels with the call and survives a restart."""
        if self.data.get(key) != value:
            self.data[key] = value
            self._dirty = True

    def want_recording(self) -> None:
        """Ask for the call's talks to be recorded, whatever its queue says."""
        self.set_data(_RECORD, "yes")

    @property
    def recording_wanted(self) -> bool:
        """Whether somebody has asked for a recording."""
        return self.data.get(_RECORD) == "yes"

    # -- verbs -----------------------------------------------------------------------------------------------------

    def answer(self, *, at_once: bool = False) -> None:
        """Answer, once.

        Asterisk waits up to 500 ms for the caller's first sound, so that a prompt is heard from its first word;
        `at_once` does without, for what comes next is ringing or music.
        """
        self.flush()
        if self.answered:
            return
        if at_once:
            self._session.run("Answer", "", "i")
        else:
            self._session.answer()
        self.answered = True

    def play(self, sound: str | Sequence[str], *, keys: str = "", interruptible: bool = False) -> str:
        """Play prompts one after the other.

        Args:
            sound: names of prompts; `digits:123` and `number:5` are spoken.
            keys: keys that stop it.
            interruptible: another thread may stop it through `core.asterisk.interrupt_playback`.

        Returns:
            The key that stopped it, or ''. A prompt that is missing is passed over and logged by Asterisk's caller.
        """
        self.flush()
        self.music(False)
        for name in [sound] if isinstance(sound, str) else sound:
            for path in self._files(name):
                key = self._play_file(path, keys, interruptible)
                if key:
                    return key
                if interruptible and not self._wakes.empty():
                    return ""
        return ""

    def _play_file(self, path: str, keys: str, interruptible: bool) -> str:
        try:
            if not interruptible:
                return str(self._session.stream_file(path, keys))
            value = self._session.execute("CONTROL STREAM FILE", path, f'"{keys}"')["result"][0]
            return chr(int(value)) if value not in ("0", "") and chr(int(value)) in KEYS else ""
        except CommandFailed:
            return ""

    def _files(self, name: str) -> list[str]:
        kind, colon, text = name.partition(":")
        if colon and kind == "number" and text.isdigit() and int(text) < 100:
            names = [f"number-{int(text)}"]
        elif colon and kind in ("digits", "number"):
            names = [f"digit-{c}" for c in text if c.isdigit()]
        else:
            names = [name]
        found = (self._sounds.file(one, self.language) for one in names)
        return [path for path in found if path]

    def ask(
        self,
        sound: str | Sequence[str],
        *,
        digits: int = 1,
        seconds: float = 5.0,
        between: float = 3.0,
        end: str = "#",
    ) -> str:
        """Play prompts and collect keys; a key cuts the prompt short.

        Args:
            sound: as for `play`.
            digits: how many keys at most.
            seconds: time for the first key after the prompt.
            between: time for each further key.
            end: a key that ends the input (it is not part of the answer, unless it is all there is room for).
        """
        typed = self.play(sound, keys=KEYS)
        typed = typed or self.key(seconds)
        if digits > 1 and typed and typed in end:
            return ""
        while typed and len(typed) < digits:
            key = self.key(between)
            if not key or key in end:
                break
            typed += key
        return typed

    def key(self, seconds: float) -> str:
        """Wait for one key; '' when time is up."""
        self.flush()
        return str(self._session.wait_for_digit(int(seconds * 1000)))

    def music(self, on: bool = True, cls: str = "default") -> None:
        """Start or stop music on hold."""
        if on == self._music:
            return
        self.flush()
        if on:
            self._session.execute("SET MUSIC ON", cls)
        else:
            self._session.execute("SET MUSIC OFF")
        self._music = on

    def wait(self, seconds: float | None = None) -> Wake:
        """Block until another thread calls `wake`, with no command pending and at no cost."""
        self.flush()
        if not self._wakes.empty() or self._session.wait(self._wake_fd, seconds):
            try:
                value = self._wakes.get_nowait()
            except queue.Empty:
                return Wake(timed_out=True)
            if self._wakes.empty():
                self._drain()
            return Wake(value)
        return Wake(timed_out=True)

    def _drain(self) -> None:
        try:
            os.eventfd_read(self._wake_fd)
        except BlockingIOError:
            pass
        if not self._wakes.empty():
            os.eventfd_write(self._wake_fd, 1)

    def wake(self, value: Any) -> None:
        """Wake the call's thread with a value (from any thread). It is kept if the thread does not wait yet."""
        self._wakes.put(value)
        try:
            os.eventfd_write(self._wake_fd, 1)
        except OSError:
            pass

    def phones(self, extension: str) -> list[str]:
        """Targets that ring an extension: each of its phones; of several, those that are registered."""
        names = endpoints(self.site, extension)
        if len(names) > 1:
            names = self.desk.registered(names) or names
        return [f"PJSIP/{name}" for name in names]

    def dial(
        self,
        targets: Sequence[str],
        *,
        seconds: int,
        try_seconds: int | None = None,
        music: str | None = None,
        caller_id: Party | None = None,
        agent: str = "",
        queue: str = "",
    ) -> DialResult:
        """Ring phones, bridge with the first that answers, and return when the talk is over.

        Args:
            targets: as in `PJSIP/201`, or `PJSIP/NUMBER@TRUNK`.
            seconds: how long to ring.
            try_seconds: give up (CHANUNAVAIL) when nothing is heard of ringing or progress for so long.
            music: class of music while it rings, instead of the ringing tone.
            caller_id: what the phone shows instead of the caller.
            agent: who is rung, for the record.
            queue: the queue that the call comes out of, for the record.

        Raises:
            CallerHungUp: the caller left; its `dial` says whether there had been a talk.
            UnsafeValue: a target is none.
        """
        self._music = False
        return self._dialler.dial(
            self,
            targets,
            seconds=seconds,
            try_seconds=try_seconds,
            music=music,
            caller_id=caller_id,
            agent=agent,
            queue=queue,
        )

    def far_end(self) -> FarEnd:
        """How the one channel of the last `dial` with `try_seconds` ended, when it was not answered."""
        return self._dialler.far_end()

    def ringing(self) -> None:
        """Let the caller hear ringing until something else is heard."""
        self.flush()
        self.music(False)
        self._session.run("Ringing")

    def pick_up(self, channel: str) -> None:
        """Answer, with this phone, what rings at another channel.

        Raises:
            CallerHungUp: done; this phone is a leg of the other call now. Or it is gone.
            CommandFailed: it does not ring any more.
        """
        self._session.run("PickupChan", _channel(channel))

    def join(self, channel: str) -> bool:
        """Talk with a channel that is up, until one of both hangs up; False when there is none."""
        self.flush()
        self.music(False)
        self._session.run("Bridge", _channel(channel), "x")
        return str(self._session.get_full_variable("${BRIDGERESULT}")) == "SUCCESS"

    def confer(self, room: str) -> None:
        """Be in a conference, until one leaves it or is taken out."""
        if not room.isdigit():
            raise UnsafeValue(f"{room[:40]!r} is not the number of a conference")
        self.flush()
        self.music(False)
        self._session.run("ConfBridge", room, "jf-bridge", "jf-user")

    def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable."""
        self._session.set_variable(name, value)

    def record_mix(self, path: str) -> None:
        """Have Asterisk write both sides, while bridged, as interleaved stereo (16 bit, 8 kHz, no header) to `path`.

        The caller is on the left. What is in the file already is kept.
        """
        if not path.endswith(".raw") or "," in path:
            raise UnsafeValue(f"{path!r} is not the name of a raw recording")
        self._session.run("MixMonitor", path, "abD")

    def stop_mix(self) -> None:
        """Stop what `record_mix` started."""
        self._session.run("StopMixMonitor")

    # -- the end ---------------------------------------------------------------------------------------------------

    def finish(self, cause: int) -> None:
        """Say to the dialplan that all is done (core's own; handlers return `End`)."""
        self._session.run("MSet", f"{variables.STATUS}=done", f"{variables.CAUSE}={cause}")

    def release(self) -> None:
        """Let the dialplan go on, and give back what the call holds in the process (core's own)."""
        self._session.close()
        fd, self._wake_fd = self._wake_fd, -1
        if fd >= 0:
            os.close(fd)

    def restore(self, saved: state.Saved, resume: Resume, *, music: bool) -> None:
        """Take up where a lost daemon left off (core's own). `music`: the rescue is playing it."""
        self.at, self.seq, self.data, self.memo = saved.at, saved.seq, dict(saved.data), dict(saved.memo)
        self.entered = saved.entered
        self.resumes, self.resumed, self.answered, self._music = saved.resumes + 1, resume, True, music

    def runs_on(self, session: AgiSession) -> bool:
        """Whether this is the call's connection, and not one that was taken from it (core's own)."""
        return self._session is session

    def describe(self) -> Mapping[str, Any]:
        """For `jackfield calls`."""
        return {
            "id": self.id,
            "channel": self.channel,
            "caller": self.caller.number,
            "name": self.caller.name,
            "did": self.did,
            "trunk": self.trunk,
            "extension": self.extension,
            "at": self.at,
            "since": self.started.isoformat(),
        }


def _channel(name: str) -> str:
    if not _CHANNEL.fullmatch(name):
        raise UnsafeValue(f"{name[:80]!r} is not a channel")
    return name
