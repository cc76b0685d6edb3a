"""One call as one party sees it: what it knows, waits for, hears and does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .audio import Sound, dtmf_of_streams, sound_of_streams
from .capture import Capture
from .dialog import Dialog
from .hostsys import RigError
from .plan import KEYS
from .sipp import SippProcess

T = TypeVar("T")


class Call:
    """One call as one party sees it, while it runs and after."""

    def __init__(self, capture: Capture, call_id: str, process: SippProcess, tone: int) -> None:
        """tone: what this party sends, in hertz."""
        self._capture, self.call_id, self._process = capture, call_id, process
        self.tone = tone
        self.answering = False  # this side was told to answer

    @property
    def dialog(self) -> Dialog:
        """Codes, times and names of the call so far (see Dialog)."""
        return self._capture.dialogs.get(self.call_id) or Dialog(self.call_id)

    def _wait(self, look: Callable[[Dialog], T | None], timeout: float, what: str) -> T:
        deadline = time.monotonic() + timeout
        with self._capture.changed:
            while True:
                found = look(self.dialog)
                if found is not None:
                    return found
                left = deadline - time.monotonic()
                if left <= 0:
                    lines = [f"{m.at:.3f} {'>' if m.outgoing else '<'} {m.start}" for m in self.dialog.messages]
                    raise TimeoutError(
                        f"call {self.call_id}: waited {timeout:g} s in vain for {what}; so far:\n"
                        + "\n".join(lines)
                        + f"\n{self._process.errors()[-800:]}"
                    )
                self._capture.changed.wait(left)

    def wait_ringing(self, timeout: float = 10) -> float:
        """Waits for the 180; returns its time (monotonic seconds)."""
        return self._wait(lambda d: d.ringing_at, timeout, "ringing")

    def wait_answered(self, timeout: float = 30) -> float:
        """Waits for the answer; returns its time."""
        return self._wait(lambda d: d.answered_at, timeout, "an answer")

    def wait_ended(self, timeout: float = 120) -> Dialog:
        """Waits until the call is over; returns its account."""
        self._wait(lambda d: d.ended_at, timeout, "its end")
        return self.dialog

    def press(self, keys: str, gap: float = 0.3) -> None:
        """Presses keys now (RFC 4733), one every `gap` seconds (at least 0.25).

        For keys at other speeds put dtmf(…) into the plan.
        """
        self._wait_sending()
        for key in keys:
            self.steer(f"RIGKEY{KEYS.index(key)}")
            time.sleep(max(gap, 0.25))

    def hang_up(self) -> None:
        """Hangs up now; before the answer a caller gives up (CANCEL), a phone refuses (486)."""
        if self.answering:
            self.wait_answered(5)
        if self.dialog.answered_at is None:
            self.steer("RIGREFUSE486" if self.dialog.incoming else "RIGCANCEL")
        else:
            self._wait_sending()
            self.steer("RIGBYE")

    def _wait_sending(self, timeout: float = 2.0) -> None:
        """Waits for the first RTP sent: only then has SIPp surely read the 200 or the ACK."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._capture.sent_streams(*self._media()):
                return
            time.sleep(0.005)

    def steer(self, request: str) -> None:
        """Sends one of the rig's own requests to the SIPp of this call (see sipp.py)."""
        invite = self.dialog.invite
        if invite is None:
            raise RigError(f"The call {self.call_id} has no INVITE yet, so it cannot {request}.")
        self._process.steer(request, invite)

    def _media(self) -> tuple[tuple[str, int], float, float]:
        dialog = self.dialog
        address, start = dialog.media_address(), dialog.invite_at
        if address is None or start is None:
            return ("", 0), 0.0, 0.0
        # Half a second more for what was on its way when the call ended.
        ended = dialog.ended_at
        return address, start, ended + 0.5 if ended else time.monotonic()

    @property
    def heard(self) -> Sound:
        """What this side heard, from the INVITE on, at monotonic times."""
        address, start, end = self._media()
        return sound_of_streams(self._capture.received_streams(address, start, end), (start, end))

    @property
    def said(self) -> Sound:
        """What this side sent."""
        address, start, end = self._media()
        return sound_of_streams(self._capture.sent_streams(address, start, end), (start, end))

    @property
    def keys_sent(self) -> list[tuple[float, str]]:
        """The RFC 4733 keys that went out: (time, key)."""
        return dtmf_of_streams(self._capture.sent_streams(*self._media()))

    @property
    def keys_heard(self) -> list[tuple[float, str]]:
        """The RFC 4733 keys that came in: (time, key)."""
        return dtmf_of_streams(self._capture.received_streams(*self._media()))
