"""A telephone that can do what the rig's SIPp cannot: transfer (REFER, Replaces), hold, and RTCP.

One UDP socket, one thread; each call has sound of its own (G.711 µ-law, a tone) and says by RTCP how it hears.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Mapping

from journeys.line import Line, number_of, tag, uri_of
from journeys.media import KEY_TYPE, far_end
from journeys.parties import Headers, digest_answer, parse
from rig import wait_for
from rig.net import Party


@contextlib.contextmanager
def registered(party: Party, node: str, tones: Mapping[str, int]) -> Iterator[dict[str, Softphone]]:
    """Softphones of a site's phones, registered: user → the tone that it says."""
    phones = {user: Softphone(party, node, user, f"secret-{user}-abc", tone) for user, tone in tones.items()}
    try:
        for phone in phones.values():
            phone.register()
        yield phones
    finally:
        for phone in phones.values():
            phone.close()


class Softphone:
    """A telephone with an account on the node."""

    def __init__(self, party: Party, node: str, user: str, secret: str, tone: int, port: int = 0) -> None:
        """Opens the socket; `register` makes it reachable. With port 5060 it may be a carrier that is called."""
        self.party, self.node, self.user, self.secret, self.tone = party, node, user, secret, tone
        self.answer_after: float | None = 0.2
        self.refuse_with = ""
        self.redirect_to = ""
        """Contact of its answers, as a redirection (302) has it: `<sip:203@192.0.2.1>`."""
        self.early_media = False
        """Whether it sends its sound before it answers (183 with SDP)."""
        self.codec, self.payloads = (0, "PCMU/8000"), list[bytes]()
        """RTP's payload type and name of its one codec; other than G.711 µ-law, what it sends of it (20 ms each)."""
        self.lines: list[Line] = []
        self._sock = party.socket(socket.SOCK_DGRAM, port)
        self._sock.settimeout(0.5)
        self._port = self._sock.getsockname()[1]
        self._registered = threading.Event()
        self._cseq = 1
        self._open = True
        self._broken: Exception | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def contact(self) -> str:
        """Its Contact."""
        return f"<sip:{self.user}@{self.party.address}:{self._port}>"

    def close(self) -> None:
        """Hangs up, and is no more."""
        for line in self.lines:
            line.hang_up()
            line.ended()
        self._open = False
        self._thread.join()
        self._sock.close()

    def reset(self) -> None:
        """Ends its calls; the next one is answered soon.

        Raises:
            RuntimeError: this telephone itself is broken; the reason stands behind it.
        """
        if self._broken is not None:
            broken, self._broken = self._broken, None
            raise RuntimeError(f"softphone {self.user} could not deal with a message") from broken
        for line in self.lines:
            line.hang_up()
            line.ended()
        self.lines.clear()
        self.answer_after, self.refuse_with, self.redirect_to = 0.2, "", ""

    # -- acting ----------------------------------------------------------------------------------------------------

    def register(self) -> None:
        """Registers, and waits until it is."""
        self._registered.clear()
        self._register("")
        assert self._registered.wait(10), f"{self.user} was not registered"

    def _register(self, extra: str) -> None:
        self._cseq += 1
        me = f"<sip:{self.user}@{self.node}>"
        self._send(
            f"REGISTER sip:{self.node} SIP/2.0\r\n{self._via()}From: {me};tag=reg\r\nTo: {me}\r\n"
            f"Call-ID: reg-{self.user}-{self._port}\r\nCSeq: {self._cseq} REGISTER\r\nContact: {self.contact}\r\n"
            f"Expires: 3600\r\n{extra}"
        )

    def call(self, to: str, extra: str = "") -> Line:
        """Dials; returns at once. `extra`: more header lines of the INVITE."""
        line = Line(self, secrets.token_hex(8), self.tone)
        line.local = f"<sip:{self.user}@{self.node}>;tag={secrets.token_hex(4)}"
        line.remote = f"<sip:{to}@{self.node}>"
        line.target = f"sip:{to}@{self.node}"
        line.extra = extra
        self.lines.append(line)
        self.request(line, "INVITE", extra, sdp=True)
        return line

    def wait_line(self, number: int = 1, timeout: float = 10) -> Line:
        """Waits until it has so many lines; returns that one."""
        wait_for(lambda: len(self.lines) >= number, timeout, f"call {number} at {self.user}", every=0.02)
        return self.lines[number - 1]

    def request(self, line: Line, method: str, extra: str = "", sdp: bool = False, cseq: int = 0) -> None:
        """Sends a request in (or for) a line's dialog."""
        if not cseq:
            line.cseq += 1
        body = self._sdp(line) if sdp else ""
        kind = "Content-Type: application/sdp\r\n" if body else ""
        branch = f"{line.call_id}{line.cseq}" if method == "INVITE" else ""
        self._send(
            f"{method} {line.target} SIP/2.0\r\n{self._via(branch)}From: {line.local}\r\nTo: {line.remote}\r\n"
            f"Call-ID: {line.call_id}\r\nCSeq: {cseq or line.cseq} {method}\r\n"
            f"Contact: {self.contact}\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER\r\n{extra}{kind}",
            body,
        )

    def cancel(self, line: Line) -> None:
        """Gives up a call that was not answered."""
        self._send(
            f"CANCEL {line.target} SIP/2.0\r\n{self._via(line.call_id + str(line.cseq))}From: {line.local}\r\n"
            f"To: {line.remote}\r\nCall-ID: {line.call_id}\r\nCSeq: {line.cseq} CANCEL\r\n"
        )

    def reply(self, headers: Headers, status: str, line: Line | None = None, sdp: bool = False) -> None:
        """Answers a request."""
        to = headers["to"]
        if "tag=" not in to:
            to += f";tag={tag(line.local) if line else secrets.token_hex(4)}"
        body = self._sdp(line) if sdp and line else ""
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self._send(
            f"SIP/2.0 {status}\r\nVia: {headers['via']}\r\nFrom: {headers['from']}\r\nTo: {to}\r\n"
            f"Call-ID: {headers['call-id']}\r\nCSeq: {headers['cseq']}\r\n"
            f"Contact: {self.redirect_to or self.contact}\r\n{kind}",
            body,
        )

    def _sdp(self, line: Line) -> str:
        way = "sendonly" if line.held else "sendrecv"
        return (
            f"v=0\r\no=soft 1 {line.cseq} IN IP4 {self.party.address}\r\ns=-\r\nc=IN IP4 {self.party.address}\r\n"
            f"t=0 0\r\nm=audio {line.media.port} RTP/AVP {self.codec[0]} {KEY_TYPE}\r\n"
            f"a=rtpmap:{self.codec[0]} {self.codec[1]}\r\n"
            f"a=rtpmap:{KEY_TYPE} telephone-event/8000\r\na={way}\r\n"
        )

    def _via(self, branch: str = "") -> str:
        branch = branch or secrets.token_hex(8)
        return (
            f"Via: SIP/2.0/UDP {self.party.address}:{self._port};branch=z9hG4bK{branch};rport\r\nMax-Forwards: 70\r\n"
        )

    def _send(self, head: str, body: str = "") -> None:
        self._sock.sendto(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode(), (self.node, 5060))

    # -- hearing ---------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        while self._open:
            try:
                data = self._sock.recv(65536)
            except OSError:
                continue
            try:
                self._take(data)
            except Exception as error:  # one bad message must not silence the telephone for all that follows
                self._broken = error

    def _take(self, data: bytes) -> None:
        start, headers, body = parse(data)
        if start.startswith("SIP/2.0"):
            self._answer(int(start.split(" ")[1]), headers, body)
        elif start:
            self._asked(start.split(" ")[0], headers, body)

    def _line(self, headers: Headers) -> Line | None:
        return next((x for x in self.lines if x.call_id == headers["call-id"]), None)

    def _answer(self, code: int, headers: Headers, body: str) -> None:
        number, _, method = headers["cseq"].partition(" ")
        if method == "REGISTER":
            if code == 401:
                self._register(self._credentials(headers, "REGISTER", f"sip:{self.node}"))
            elif code == 200:
                self._registered.set()
            return
        line = self._line(headers)
        if line is None:
            return
        if code < 200:
            line.early_codes += [code] if method == "INVITE" else []
            line.early = headers["to"] if method == "INVITE" else line.early
            return
        if method == "REFER":
            line.refer_code = code
        if method != "INVITE":
            return
        if code == 200:
            line.remote = headers["to"]
            line.target = uri_of(headers.get("contact", line.target))
            line.media.far = far_end(body) or line.media.far
            if line.state == "calling":
                line.state, line.answered_at = "up", time.monotonic()
            self.request(line, "ACK", cseq=int(number))
            return
        remote, line.remote = line.remote, headers["to"]
        self._ack_refusal(line, int(number))
        line.remote = remote
        if code == 401 and line.state == "calling":
            credentials = self._credentials(headers, "INVITE", line.target)
            self.request(line, "INVITE", line.extra + credentials, sdp=True)
        elif line.state == "calling":
            line.code = code
            line.ended()

    def _ack_refusal(self, line: Line, number: int) -> None:
        self._send(
            f"ACK {line.target} SIP/2.0\r\n{self._via(line.call_id + str(number))}From: {line.local}\r\n"
            f"To: {line.remote}\r\nCall-ID: {line.call_id}\r\nCSeq: {number} ACK\r\n"
        )

    def _credentials(self, headers: Headers, method: str, uri: str) -> str:
        challenge = dict(re.findall(r'(\w+)="?([^",]*)"?', headers["www-authenticate"]))
        fields = {"realm": challenge["realm"], "nonce": challenge["nonce"], "uri": uri, "nc": "00000001"}
        fields |= {"cnonce": secrets.token_hex(4), "qop": "auth"}
        response = digest_answer(self.user, self.secret, method, fields)
        return (
            f'Authorization: Digest username="{self.user}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", '
            f'uri="{uri}", response="{response}", algorithm=MD5, cnonce="{fields["cnonce"]}", nc=00000001, qop=auth'
            + (f', opaque="{challenge["opaque"]}"' if "opaque" in challenge else "")
            + "\r\n"
        )

    def _asked(self, method: str, headers: Headers, body: str) -> None:
        line = self._line(headers)
        if method == "ACK":
            return
        if method == "INVITE":
            self._invited(line, headers, body)
            return
        self.reply(headers, "200 OK", line)
        if line is None:
            return
        if method == "NOTIFY":
            line.progress.append(body.strip())
            if " 200 " in body and line.state == "up":  # the transfer is made; a telephone hangs up then
                line.hang_up()
        elif method == "BYE":
            line.ended()
        elif method == "CANCEL":
            line.phone.reply(line.invite, "487 Request Terminated", line)
            line.ended()

    def _invited(self, line: Line | None, headers: Headers, body: str) -> None:
        if line is not None:
            if line.state == "up":  # a re-INVITE
                line.media.far = far_end(body) or line.media.far
                self.reply(headers, "200 OK", line, sdp=True)
            return
        line = Line(self, headers["call-id"], self.tone)
        line.invite, line.remote = headers, headers["from"]
        line.local = f"{headers['to']};tag={secrets.token_hex(4)}"
        line.target = uri_of(headers["contact"])
        shown = headers.get("p-asserted-identity", headers["from"])
        line.caller, line.name = number_of(shown), shown.partition("<")[0].strip(' "')
        line.media.far = far_end(body)
        line.state = "ringing"
        self.reply(headers, "183 Session Progress" if self.early_media else "180 Ringing", line, sdp=self.early_media)
        self.lines.append(line)
        if self.refuse_with:
            line.refuse(self.refuse_with)
        elif self.answer_after is not None:
            threading.Timer(self.answer_after, line.answer).start()
