"""What a call is beneath its verbs: who and where it is, its checkpoint, its data, waiting and waking."""

from __future__ import annotations

import os
import queue
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from jackfield.calls import state
from jackfield.calls.party import Party
from jackfield.calls.state import Facts
from jackfield.permissions import Permission
from jackfield.telephony import variables

if TYPE_CHECKING:
    from jackfield.config.site import Site
    from jackfield.features.desk import Desk
    from jackfield.telephony.agi import AgiSession

_RECORD = "record"
DEFAULT_MUSIC = "default"
RESCUE = "?"
"""Instead of a class of music: what the dialplan plays, or would, is not known until it is asked."""


class Sounds(Protocol):
    """Where prompts are."""

    def file(self, name: str, language: str) -> str | None:
        """Absolute path without extension, None when there is no such prompt."""

    def parts(self, name: str, language: str) -> list[str] | None:
        """Of a prompt with values in it: its sounds and `{value}`, in order; None for any other."""


@dataclass(frozen=True, slots=True)
class Wake:
    """Why `wait` came back: another thread's `wake(value)`, a key, or time was up.

    >>> Wake(key="1").timed_out
    False
    """

    value: Any = None
    timed_out: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    """The call came back after the daemon was lost. `dial_status` is that of a Dial that was under way, or ''."""

    dial_status: str = ""


class CallBasis:
    """A call without its verbs."""

    def __init__(
        self,
        session: AgiSession,
        facts: Facts,
        site: Site,
        sounds: Sounds,
    ) -> None:
        self._session = session
        self._sounds = sounds
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._wakes: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._dirty = True
        self._music = ""
        """The class of music that plays; '' when none does, RESCUE when the dialplan began it."""
        self._rescue_music = DEFAULT_MUSIC
        """What the dialplan would play if the daemon were lost."""
        self.facts = facts
        self.site = site
        self.at = ""
        self.seq = 0
        self.entered: datetime | None = None
        self.data: dict[str, Any] = {}
        self.memo: dict[str, Any] = {}
        self.resumed: Resume | None = None
        self.resumes = 0
        self.answered = False
        self.permissions: frozenset[Permission] = frozenset()
        """What the plugin may do whose handler has the call (core's own)."""
        self.desk: Desk
        """Users' states and what is live, for core's own destinations."""
        self.waiting = False
        """Whether the handler is in `wait` (core's own)."""
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
            CallerHungUp: the caller is gone.

        Example:
            >>> call.checkpoint(asked=2)
            >>> call.memo
            {'asked': 2}
        """
        self.memo, self._dirty = memo, True
        self.flush()

    def flush(self) -> None:
        """Store what changed since the last checkpoint. The verbs do it by themselves.

        Raises:
            CallerHungUp: the caller is gone.
            UnsafeValue: memo and data are too much, or not JSON.

        Example:
            >>> call.flush()
        """
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

    def set_data(self, key: str, value: Any) -> None:
        """Keep data that travels with the call: through transfers, other plugins' destinations, and a `kill -9`.

        It is stored on the channel with the next verb, or at once by `flush`. Begin keys with your plugin's name.

        Args:
            key: at most 64 characters.
            value: plain JSON (it is copied); None takes the key away.

        Raises:
            UnsafeValue: it is not JSON, or all data together take more than 3,000 bytes; nothing has changed.

        Example:
            >>> call.set_data("bank-account", {"number": "4711", "tries": 1})
        """
        if self.data.get(key) == value:
            return
        data = {k: v for k, v in self.data.items() if k != key} | ({} if value is None else {key: value})
        self.data, self._dirty = state.copy_of(data), True

    def get_data(self, key: str, default: Any = None) -> Any:
        """What `set_data` kept under a key, here or in an earlier step; `default` when there is nothing.

        Example:
            >>> call.get_data("bank-account", {})
            {'number': '4711', 'tries': 1}
        """
        return self.data.get(key, default)

    def want_recording(self) -> None:
        """Ask for the call's talks to be recorded, whatever its queue says.

        Example:
            >>> call.want_recording()
            >>> call.recording_wanted
            True
        """
        self.set_data(_RECORD, "yes")

    @property
    def recording_wanted(self) -> bool:
        """Whether somebody has asked for a recording."""
        return self.data.get(_RECORD) == "yes"

    def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable, for dialplan of your own.

        Raises:
            CallerHungUp: the caller is gone.
            UnsafeValue: control characters, or too long.

        Example:
            >>> call.set_variable("BANK_LEVEL", "gold")
        """
        self._session.set_variable(name, value)

    # -- waiting -----------------------------------------------------------------------------------------------------

    def wait(self, seconds: float | None = None, *, keys: str = "") -> Wake:
        """Wait for whichever comes first: another thread's `wake`, a key, the end of the time, or the hang-up.

        The caller hears silence, or the music that was started. Without `keys` the wait costs nothing at all.

        Args:
            seconds: how long at most; None waits without limit.
            keys: keys that end the wait; others are passed over.

        Returns:
            A `Wake`: `value` of who woke it, `key`, or `timed_out`. Wakes that come together are kept for the next
            `wait`.

        Raises:
            CallerHungUp: the caller hung up while waiting.

        Example:
            >>> call.wait(30, keys="*").key
            '*'
        """
        self.flush()
        deadline = None if seconds is None else time.monotonic() + seconds
        left = seconds if seconds is None else max(0.0, seconds)
        while self._wakes.empty():
            key, woken = self._wait(left, bool(keys))
            if key and key in keys:
                return Wake(key=key)
            if woken or not self._wakes.empty():
                break
            if not key:
                return Wake(timed_out=True)
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            value = self._wakes.get_nowait()
        except queue.Empty:
            return Wake(timed_out=True)
        if self._wakes.empty():
            self._drain()
        return Wake(value)

    def _drain(self) -> None:
        try:
            os.eventfd_read(self._wake_fd)
        except BlockingIOError:
            pass
        if not self._wakes.empty():
            os.eventfd_write(self._wake_fd, 1)

    def wake(self, value: Any) -> None:
        """Wake the call's thread with a value (from any thread). It is kept if the thread does not wait yet.

        Example:
            >>> call.wake("the agent is free")
            >>> call.wait(5).value
            'the agent is free'
        """
        self._wakes.put(value)
        try:
            os.eventfd_write(self._wake_fd, 1)
        except OSError:
            pass

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
        self.resumes, self.resumed, self.answered = saved.resumes + 1, resume, True
        self._music, self._rescue_music = RESCUE if music else "", RESCUE

    def _wait(self, seconds: float | None, keys: bool) -> tuple[str, bool]:
        """A key or '', and whether another thread has woken it."""
        self.waiting = True
        try:
            if keys:
                return self._session.wait_key(self._wake_fd, seconds)
            return "", self._session.wait(self._wake_fd, seconds)
        finally:
            self.waiting = False

    @property
    def asterisk_seconds(self) -> float:
        """How long this call's thread has waited for Asterisk and the caller, all in all (core's own)."""
        return self._session.waited

    def cut(self) -> None:
        """Take the connection away, from another thread: the handler finds its caller gone (core's own)."""
        self._session.cut()

    def runs_on(self, session: AgiSession) -> bool:
        """Whether this is the call's connection, and not one that was taken from it (core's own)."""
        return self._session is session
