"""How a simulated call waits: by the clock of the test, and so that the test can see that it rests."""

from __future__ import annotations

import contextlib
import os
import select
import socket

from jackfield.telephony.agi import AgiSession
from jackfield.testing.clock import SteeredClock


class Session(AgiSession):
    """A connection whose waits end by the clock of the test."""

    clock: SteeredClock

    def __init__(self, sock: socket.socket) -> None:
        """Read the environment."""
        self.wakes = -1
        """While it waits: the descriptor that wakes it."""
        super().__init__(sock)

    def wait(self, wake: int, seconds: float | None) -> bool:
        """Wait as `AgiSession.wait` does."""
        if seconds is None:
            return self._wait(wake)
        up: list[bool] = []

        def time_is_up() -> None:
            up.append(True)
            os.eventfd_write(wake, 1)

        timer = self.clock.after(seconds, time_is_up)
        try:
            woken = self._wait(wake)
        finally:
            timer.cancel()
        if up:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(wake)
        return woken and not up

    def _wait(self, wake: int) -> bool:
        self.wakes = wake
        try:
            return super().wait(wake, None)
        finally:
            self.wakes = -1

    def rests(self) -> bool:
        """Whether it waits and nothing has woken it yet."""
        wake = self.wakes
        if wake < 0:
            return False
        try:
            looked = select.poll()  # select() knows no descriptor over 1023
            looked.register(wake, select.POLLIN)
            looked.register(self._sock, select.POLLIN)
            return not looked.poll(0)
        except (OSError, ValueError):
            return False


def rests(session: AgiSession | None) -> bool:
    """Whether a call's thread waits; False of one that is not there."""
    return isinstance(session, Session) and session.rests()
