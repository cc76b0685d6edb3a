"""The flight recorder: which calls were acting when the daemon died, so that one that brings it down is found.

A call acts while its thread runs code of ours, and rests while the thread waits for Asterisk, the caller or another
thread's wake. That is one byte of a file in memory, which outlives a `kill -9`. Guilty is who was acting at each of
the daemon's last deaths: who rested at one of them is innocent, however many there are.

After a start calls come back one after another, each until its first word to Asterisk. So of 500 callers who come
back at the same time one is suspected when the daemon dies meanwhile, and hardly ever the same one again.
"""

from __future__ import annotations

import mmap
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from jackfield.telephony.agi import AgiSession

log = structlog.get_logger(__name__)
GUILTY_DEATHS = 5
"""Deaths in a row in which a call was acting; it goes to its fallback then."""
PATIENCE_SECONDS = 1.0
"""A call that comes back and has not spoken to Asterisk so long is passed by."""
SLOT = 160
"""Bytes: state, deaths, and the channel's unique id, which has at most 149 (AST_MAX_PUBLIC_UNIQUEID)."""
_ID = SLOT - 2
_HEAD = b"jackfield acting 1".ljust(SLOT, b"\0")
_MOST = 255


class State(IntEnum):
    """What a call was doing."""

    NONE = 0
    RESTING = 1
    ACTING = 2
    AWAY = 3
    """It has not come back yet, or its turn has not come: this death says nothing of it."""


def judge(seen: Iterable[tuple[str, State, int]]) -> dict[str, int]:
    """The deaths in a row in which each channel's call was acting, with one that has just been; without zeros.

    Args:
        seen: each channel's unique id, with its state at the death, and the deaths before.
    """
    after = {State.ACTING: lambda before: min(_MOST, before + 1), State.AWAY: lambda before: before}
    deaths = {channel: after[state](before) for channel, state, before in seen if state in after}
    return {channel: count for channel, count in deaths.items() if count}


class Turn:
    """One at a time. Who holds it for longer than the patience is passed by."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        """`patience` is in seconds."""
        self._free = threading.Condition()
        self._holder: object | None = None
        self._since, self._patience = 0.0, patience

    def take(self, who: object) -> None:
        """Wait until it is one's turn."""
        with self._free:
            while self._holder is not None and (left := self._since + self._patience - time.monotonic()) > 0:
                self._free.wait(left)
            self._holder, self._since = who, time.monotonic()

    def leave(self, who: object) -> None:
        """The next one; nothing from who was passed by."""
        with self._free:
            if self._holder is who:
                self._holder = None
                self._free.notify()


class Seat:
    """Where a session's call notes what it does. Its methods are called with every command: they are short."""

    __slots__ = ("_map", "_turn", "at")

    def __init__(self, noted: mmap.mmap, at: int) -> None:
        """`at` is its slot's place in the file."""
        self._map, self.at = noted, at
        self._turn: Turn | None = None

    def acts(self) -> None:
        """The call's thread runs code of ours."""
        self._map[self.at] = State.ACTING

    def rests(self) -> None:
        """The call's thread waits for others."""
        self._map[self.at] = State.RESTING
        if self._turn is not None:
            self.let_on()

    def take(self, turn: Turn) -> None:
        """Wait for the call's turn to come back."""
        turn.take(self)
        self._turn = turn

    def let_on(self) -> None:
        """Let the next one come back."""
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.leave(self)


class BlackBox:
    """All calls' seats, and what the last death has told."""

    def __init__(self, path: Path | None = None, seats: int = 256) -> None:
        """Take over what a daemon has left that died; without a file nothing is left to the next one."""
        self._path, self._turn, self._lock = path, Turn(), threading.Lock()
        self._deaths = dict(islice(judge(read(path) if path is not None else ()).items(), seats))
        seats += len(self._deaths)
        content = bytearray(_HEAD + bytes(SLOT * (seats + 1)))
        self._slots: dict[str, int] = {}
        """Of calls that have not come back."""
        self._free = [SLOT * number for number in range(seats + 1, 1, -1)]
        self._seats: dict[str, Seat] = {}
        for channel, count in self._deaths.items():
            at = self._slots[channel] = self._free.pop()
            content[at : at + SLOT] = _slot(State.AWAY, count, channel)
        self._map = _keep(path, content)

    def deaths(self, channel: str) -> int:
        """Deaths in a row in which a channel's call was acting."""
        return self._deaths.get(channel, 0)

    def guilty(self, channel: str) -> bool:
        """Whether a channel's call brings the daemon down, by all that is known."""
        return self.deaths(channel) >= GUILTY_DEATHS

    @contextmanager
    def seat(self, session: AgiSession, *, in_turn: bool) -> Iterator[None]:
        """While a session's call is served.

        Args:
            session: the connection; it tells when it acts and rests.
            in_turn: the call comes back, and waits for its turn.
        """
        channel = str(session.env["agi_uniqueid"])
        seat = self._take(channel)
        try:
            if in_turn:
                seat.take(self._turn)
            seat.acts()
            session.on_act, session.on_rest = seat.acts, seat.rests
            yield
        finally:
            seat.let_on()
            self._leave(channel, seat)

    def close(self) -> None:
        """The daemon stops: this is no death."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _take(self, channel: str) -> Seat:
        with self._lock:
            at = self._slots.pop(channel, 0) or (self._free.pop() if self._free else SLOT)
            before = self._seats.get(channel)
            if before is not None:  # this connection was taken from it: what it still does says nothing any more
                self._give_back(before)
            seat = self._seats[channel] = Seat(self._map, at)
            if at != SLOT:
                self._map[at : at + SLOT] = _slot(State.AWAY, self.deaths(channel), channel)
            return seat

    def _leave(self, channel: str, seat: Seat) -> None:
        with self._lock:
            self._give_back(seat)
            if self._seats.get(channel) is seat:
                del self._seats[channel]

    def _give_back(self, seat: Seat) -> None:
        """Its slot is free; its thread may write to the first one, which nobody reads. Under the lock."""
        at, seat.at = seat.at, SLOT
        if at != SLOT:
            self._map[at : at + SLOT] = bytes(SLOT)
            self._free.append(at)


def read(path: Path) -> list[tuple[str, State, int]]:
    """What a file tells: unique ids, states and deaths; nothing of one that is not there or not ours."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        log.warning("blackbox.unread", path=str(path), error=str(error))
        return []
    if not content.startswith(_HEAD):
        return []
    slots = (content[at : at + SLOT] for at in range(2 * SLOT, len(content) - SLOT + 1, SLOT))
    return [
        (slot[2:].rstrip(b"\0").decode("utf-8", "replace"), State(slot[0]), slot[1])
        for slot in slots
        if State.NONE < slot[0] <= State.AWAY
    ]


def _slot(state: State, deaths: int, channel: str) -> bytes:
    return bytes((state, deaths)) + channel.encode()[:_ID].ljust(_ID, b"\0")


def _keep(path: Path | None, content: bytearray) -> mmap.mmap:
    """The file, new and whole, in memory. Where it cannot be, only this is lost: calls are served all the same."""
    if path is not None:
        try:
            fresh = path.with_suffix(".new")
            fresh.write_bytes(content)
            os.replace(fresh, path)
            with path.open("r+b") as file:
                return mmap.mmap(file.fileno(), len(content))
        except (OSError, ValueError) as error:
            log.warning("blackbox.unkept", path=str(path), error=str(error))
    kept = mmap.mmap(-1, len(content))
    kept[:] = bytes(content)
    return kept
