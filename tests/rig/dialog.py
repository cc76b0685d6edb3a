"""A call as the packets tell it: SIP messages of one Call-ID and what follows from them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass
class SipMessage:
    """One SIP message with the time it passed the card (monotonic seconds)."""

    at: float
    outgoing: bool
    start: str
    headers: list[tuple[str, str]]
    body: str
    raw: bytes = field(repr=False)
    peer: tuple[str, int] = ("", 0)  # the far side's address and port

    @property
    def code(self) -> int:
        """The status code, or 0 for a request."""
        return int(self.start[8:11]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The request's method, or for a response the method of its CSeq."""
        if self.code:
            return self.header("cseq").split()[-1]
        return self.start.split(" ", 1)[0]

    @property
    def cseq(self) -> int:
        """The number in CSeq."""
        return int(self.header("cseq").split()[0] or 0)

    def header(self, *names: str) -> str:
        """The first header of one of these (lower-case) names, or an empty string."""
        return next((v for k, v in self.headers if k in names), "")


def parse_sip(payload: bytes, at: float, outgoing: bool, peer: tuple[str, int] = ("", 0)) -> SipMessage:
    """Parses a datagram; folded header lines are joined, names are lower-cased."""
    text = payload.decode("utf-8", "surrogateescape")
    head, _, body = text.partition("\r\n\r\n")
    start, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
    headers = [
        (name.strip().lower(), value.strip()) for name, colon, value in (line.partition(":") for line in lines) if colon
    ]
    return SipMessage(at, outgoing, start, headers, body, payload, peer)


@dataclass
class Dialog:
    """All messages of one Call-ID, in the order in which they passed the card."""

    call_id: str
    messages: list[SipMessage] = field(default_factory=list)
    answers_challenges: bool = False  # the party has a login, so a first 401 is no outcome

    @property
    def invite(self) -> SipMessage | None:
        """The INVITE that counts: the last one outside a dialog (after authentication)."""
        found = [m for m in self.messages if not m.code and m.method == "INVITE"]
        outside = [m for m in found if "tag=" not in m.header("to", "t")]
        return outside[-1] if outside else None

    def _first(self, code: range, method: str, cseq: int | None = None) -> SipMessage | None:
        return next(
            (m for m in self.messages if m.code in code and m.method == method and cseq in (None, m.cseq)),
            None,
        )

    def _request(self, method: str) -> SipMessage | None:
        return next((m for m in self.messages if not m.code and m.method == method), None)

    def _response(self, code: range) -> SipMessage | None:
        invite = self.invite
        return self._first(code, "INVITE", invite.cseq) if invite else None

    @property
    def incoming(self) -> bool:
        """Whether the party was called (and did not call)."""
        invite = self.invite
        return bool(invite and not invite.outgoing)

    @property
    def final(self) -> SipMessage | None:
        """The final response to the INVITE."""
        found = self._response(range(200, 700))
        if found and found.code in (401, 407) and self.answers_challenges:
            invite = self.invite
            if invite and not invite.header("authorization", "proxy-authorization"):
                return None
        return found

    @property
    def final_code(self) -> int | None:
        """Its code, or None while there is none."""
        return self.final.code if self.final else None

    @property
    def invite_at(self) -> float | None:
        """When the INVITE passed."""
        return self.invite.at if self.invite else None

    @property
    def ringing_at(self) -> float | None:
        """When the first 180 passed."""
        return _at(self._response(range(180, 181)))

    @property
    def progress_at(self) -> float | None:
        """When the first 183 passed."""
        return _at(self._response(range(183, 184)))

    @property
    def answered_at(self) -> float | None:
        """When the 200 passed, or None."""
        return _at(self._response(range(200, 300)))

    @property
    def cancel_at(self) -> float | None:
        """When the CANCEL passed."""
        return _at(self._request("CANCEL"))

    @property
    def bye_at(self) -> float | None:
        """When the first BYE passed."""
        return _at(self._request("BYE"))

    @property
    def ended_at(self) -> float | None:
        """When the call was over: its BYE, or a final response that is no answer."""
        if self.answered_at is not None:
            return self.bye_at
        return _at(self.final)

    @property
    def ended_by(self) -> str | None:
        """ "us" or "them" (this party, its far side), or None while the call is on.

        For a call that was never answered: who cancelled or rejected it.
        """
        if self.answered_at is not None:
            bye = self._request("BYE")
            return _side(bye)
        return _side(self._request("CANCEL") or self.final) if self.final else None

    @property
    def caller_number(self) -> str:
        """The user part of From, as shown to the called party."""
        match = re.search(r"sips?:([^@;>]*)@", self._from)
        return match[1] if match else ""

    @property
    def caller_name(self) -> str:
        """The display name of From without its quotes."""
        match = re.match(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*))\s*<', self._from)
        if not match:
            return ""
        return re.sub(r"\\(.)", r"\1", match[1]) if match[1] is not None else match[2].strip()

    @property
    def _from(self) -> str:
        return self.invite.header("from", "f") if self.invite else ""

    @property
    def called_number(self) -> str:
        """The user part of the INVITE's request URI."""
        match = re.search(r"sips?:([^@;>\s]*)@", self.invite.start) if self.invite else None
        return match[1] if match else ""

    @property
    def reason(self) -> str:
        """The Reason header of the BYE or CANCEL, or of the final response."""
        end = self._request("BYE") or self._request("CANCEL") or self.final
        return end.header("reason") if end else ""

    def media_address(self, ours: bool = True) -> tuple[str, int] | None:
        """Where the party itself (or its far side) takes RTP, by the first SDP it sent."""
        for message in self.messages:
            if message.outgoing == ours and "m=audio" in message.body:
                address = re.search(r"^c=IN IP4 (\S+)", message.body, re.M)
                port = re.search(r"^m=audio (\d+)", message.body, re.M)
                if address and port:
                    return address[1], int(port[1])
        return None


def _at(message: SipMessage | None) -> float | None:
    return message.at if message else None


def _side(message: SipMessage | None) -> str | None:
    if message is None:
        return None
    return "us" if message.outgoing else "them"
