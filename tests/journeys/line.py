"""One call of a softphone, as its user lives it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from journeys.media import Media
from journeys.parties import Headers
from rig import wait_for
from rig.audio import Sound

if TYPE_CHECKING:
    from journeys.softphone import Softphone


class Line:
    """One call of a softphone: calling, ringing, up, ended."""

    def __init__(self, phone: Softphone, call_id: str, tone: int) -> None:
        """Made by `Softphone.call`, or by an INVITE."""
        self.phone, self.call_id, self.tone = phone, call_id, tone
        self.state, self.code = "calling", 0
        self.caller = ""
        """Number in From or P-Asserted-Identity of an INVITE that came in."""
        self.name = ""
        self.extra = ""
        self.early_codes: list[int] = []
        """Answers that came before the final one."""
        self.progress: list[str] = []
        """What NOTIFY said of a transfer: `SIP/2.0 200 OK` and the like."""
        self.refer_code = 0
        self.held = False
        self.answered_at = self.ended_at = 0.0
        self.media = Media(phone.party, tone, phone.codec[0], phone.payloads)
        self.local = self.remote = self.early = self.target = ""
        self.invite: Headers = {}
        self.cseq = 1

    @property
    def heard(self) -> Sound:
        """What was heard so far."""
        return self.media.heard

    def wait(self, state: str, timeout: float = 10) -> Line:
        """Waits for a state."""
        wait_for(
            lambda: self.state == state or (state != "ended" and self.state == "ended"),
            timeout,
            f"{self.phone.user}'s line to be {state}; it is {self.state}, {self.code}",
            every=0.02,
        )
        assert self.state == state, f"{self.phone.user}'s line is {self.state} ({self.code}), not {state}"
        return self

    def wait_ended(self, timeout: float = 10) -> Line:
        """Waits until it is over."""
        return self.wait("ended", timeout)

    def wait_hears(self, tone: int, after: float = 0.0, timeout: float = 10) -> float:
        """Waits until it hears a tone after a (monotonic) moment; returns when that began."""

        def look() -> float | None:
            spans = [max(a, after) for a, b in self.heard.heard_tone(tone) if b > after + 0.2]
            return spans[0] if spans else None

        found: float = wait_for(look, timeout, f"{self.phone.user} to hear {tone} Hz", every=0.1)
        return found

    def answer(self) -> None:
        """Answers."""
        if self.state == "ringing":
            self.state, self.answered_at = "up", time.monotonic()
            self.phone.reply(self.invite, "200 OK", self, sdp=True)

    def refuse(self, status: str = "486 Busy Here") -> None:
        """Refuses."""
        self.phone.reply(self.invite, status, self)
        self.ended()

    def hang_up(self) -> None:
        """BYE, or CANCEL before the answer."""
        if self.state == "up":
            self.phone.request(self, "BYE")
            self.ended()
        elif self.state == "calling":
            self.phone.cancel(self)

    def hold(self, on: bool = True) -> None:
        """Puts the other side on hold by re-INVITE, or takes it back."""
        self.held = on
        self.media.muted = on
        self.phone.request(self, "INVITE", sdp=True)

    def press(self, keys: str) -> None:
        """Presses keys; returns when they have gone out."""
        self.media.press(keys)
        wait_for(lambda: not self.media.keys_left, 10, f"{keys} to go out", every=0.02)

    def transfer(self, to: str) -> None:
        """Blind transfer to a number: REFER."""
        self._refer(f"<sip:{to}@{self.phone.node}>")

    def transfer_to(self, other: Line) -> None:
        """Attended transfer: REFER with Replaces, to the far side of another line of this phone."""
        far, near = tag(other.remote if other.state == "up" else other.early), tag(other.local)
        replaces = quote(f"{other.call_id};to-tag={far};from-tag={near}", safe="")
        target = number_of(other.remote)
        self._refer(f"<sip:{target}@{self.phone.node}?Replaces={replaces}>")

    def _refer(self, target: str) -> None:
        self.phone.request(
            self, "REFER", f"Refer-To: {target}\r\nReferred-By: <sip:{self.phone.user}@{self.phone.node}>\r\n"
        )

    def ended(self) -> None:
        """It is over."""
        if self.state != "ended":
            self.state, self.ended_at = "ended", time.monotonic()
            self.media.close()


def tag(header: str) -> str:
    """The tag of a From or To."""
    return header.rpartition("tag=")[2].partition(";")[0]


def uri_of(header: str) -> str:
    """The URI of a Contact."""
    return header.partition("<")[2].partition(">")[0] or header.partition(";")[0]


def number_of(header: str) -> str:
    """The user part of a SIP URI."""
    return header.partition("sip:")[2].partition("@")[0]
