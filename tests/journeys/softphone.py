"""A telephone that can do what the rig's SIPp cannot: transfer (REFER, Replaces), hold, and RTCP.

One UDP socket, one thread; each call has sound of its own (G.711 µ-law, a tone) and says by RTCP how it hears.
"""

from __future__ import annotations

import random
import re
import secrets
import socket
import struct
import threading
import time
from array import array
from urllib.parse import quote

from journeys.parties import Headers, digest_answer, parse
from rig import wait_for
from rig.audio import RATE, Sound, decode_g711, encode_ulaw
from rig.audio import tone as sine
from rig.net import Party

FRAME = 160
NTP = 2_208_988_800
"""Seconds from 1900, NTP's epoch, to 1970."""
RTCP_SECONDS = 1.0


class Media:
    """RTP and RTCP of one call: sends a tone, hears, and reports on what it hears (RFC 3550, section 6.4)."""

    def __init__(self, party: Party, frequency: int) -> None:
        """Opens two ports, the second one higher by one."""
        self.rtp, self.rtcp = self._pair(party)
        self.port = self.rtp.getsockname()[1]
        self.far: tuple[str, int] | None = None
        self.muted = False
        self.loss, self.late = 0.0, 0.0
        """A bad network: share of packets that never leave, and seconds that reports take to leave."""
        self._samples: list[tuple[float, array[int]]] = []
        self._wave = encode_ulaw(sine(frequency, 1.0))
        self._ssrc = secrets.randbits(31)
        self._far_ssrc = self._received = self._highest = self._first = 0
        self._jitter, self._transit = 0.0, None
        self._last_report = (0, 0.0)
        self._placed, self._begun, self._first_stamp = -1, 0.0, 0
        self._sent = 0
        self._over = threading.Event()
        for work in (self._hear, self._speak, self._hear_reports):
            threading.Thread(target=work, daemon=True).start()

    @staticmethod
    def _pair(party: Party) -> tuple[socket.socket, socket.socket]:
        while True:
            rtp = party.socket(socket.SOCK_DGRAM)
            try:
                rtcp = party.socket(socket.SOCK_DGRAM, rtp.getsockname()[1] + 1)
            except OSError:
                rtp.close()
                continue
            rtp.settimeout(0.2)
            rtcp.settimeout(0.2)
            return rtp, rtcp

    def _hear(self) -> None:
        while not self._over.is_set():
            try:
                packet = self.rtp.recv(2048)
            except OSError:
                continue
            now = time.monotonic()
            if len(packet) < 12 or packet[1] & 0x7F:
                continue
            sequence, stamp, ssrc = struct.unpack_from("!HII", packet, 2)
            self._count(sequence, stamp, ssrc, now)
            self._samples.append((self._place(ssrc, stamp, now), decode_g711(packet[12:])))

    def _place(self, ssrc: int, stamp: int, now: float) -> float:
        """When a packet's sound is heard: by RTP's clock, set anew when it is far from what the packets say."""
        at = self._begun + ((stamp - self._first_stamp) & 0xFFFFFFFF) / RATE
        if ssrc != self._placed or abs(now - at) > 0.25:
            self._placed, self._begun, self._first_stamp, at = ssrc, now, stamp, now
        return at

    def _count(self, sequence: int, stamp: int, ssrc: int, now: float) -> None:
        if ssrc != self._far_ssrc:
            self._far_ssrc, self._received, self._highest, self._first = ssrc, 0, sequence, sequence
            self._jitter, self._transit = 0.0, None
        self._received += 1
        ahead = (sequence - self._highest) & 0xFFFF
        if ahead < 0x8000:
            self._highest += ahead
        transit = now * RATE - stamp
        if self._transit is not None:
            self._jitter += (abs(transit - self._transit) - self._jitter) / 16
        self._transit = transit

    def _speak(self) -> None:
        began, next_report = time.monotonic(), time.monotonic() + RTCP_SECONDS
        number, sequence = 0, secrets.randbits(15)
        while not self._over.wait(max(0.0, began + number * 0.02 - time.monotonic())):
            if self.far is not None and not self.muted:
                at = number * FRAME % RATE
                head = struct.pack("!BBHII", 0x80, 0, (sequence + number) & 0xFFFF, number * FRAME, self._ssrc)
                if random.random() >= self.loss:
                    self._send(self.rtp, head + self._wave[at : at + FRAME], self.far)
                self._sent += 1
            number += 1
            if time.monotonic() >= next_report:
                next_report += RTCP_SECONDS
                self._report(number * FRAME)

    def _send(self, sock: socket.socket, data: bytes, to: tuple[str, int]) -> None:
        try:
            sock.sendto(data, to)
        except OSError:
            pass

    def _hear_reports(self) -> None:
        """Each at once: what it waits is part of the far end's round trip, unless told as DLSR."""
        while not self._over.is_set():
            try:
                packet = self.rtcp.recv(2048)
            except OSError:
                continue
            if len(packet) >= 28 and packet[1] == 200:
                self._last_report = (struct.unpack_from("!I", packet, 10)[0], time.monotonic())

    def _report(self, stamp: int) -> None:
        if self.far is None:
            return
        now = time.time() + NTP
        head = struct.pack("!IIIII", self._ssrc, int(now), int(now % 1 * 2**32), stamp, self._sent)
        block = b""
        if self._received:
            lost = max(0, self._highest - self._first + 1 - self._received)
            share = min(255, 256 * lost // max(1, self._highest - self._first + 1))
            stamp_of_report, at = self._last_report
            delay = int((time.monotonic() - at) * 65536) if at else 0
            block = struct.pack(
                "!IIIIII",
                self._far_ssrc,
                share << 24 | lost,
                self._highest,
                int(self._jitter),
                stamp_of_report,
                delay,
            )
        words = (28 + len(block)) // 4 - 1
        report = struct.pack("!BBH", 0x80 | bool(block), 200, words) + head + struct.pack("!I", self._sent * FRAME)
        name = struct.pack("!BBHI", 0x81, 202, 3, self._ssrc) + b"\x01\x04soft\x00\x00"
        packet = report + block + name
        threading.Timer(self.late, self._send, (self.rtcp, packet, (self.far[0], self.far[1] + 1))).start()

    @property
    def seconds(self) -> float:
        """How long it has been sending."""
        return self._sent * 0.02

    @property
    def heard(self) -> Sound:
        """What was heard so far, by this machine's monotonic clock."""
        samples = list(self._samples)
        return Sound(samples, RATE, (samples[0][0], samples[-1][0] + 0.02) if samples else (0.0, 0.0))

    def close(self) -> None:
        """Falls silent."""
        if not self._over.is_set():
            self._over.set()
            self.rtp.close()
            self.rtcp.close()


class Line:
    """One call of a softphone: calling, ringing, up, ended."""

    def __init__(self, phone: Softphone, call_id: str, tone: int) -> None:
        """Made by `Softphone.call`, or by an INVITE."""
        self.phone, self.call_id, self.tone = phone, call_id, tone
        self.state, self.code = "calling", 0
        self.caller = ""
        """Number in From or P-Asserted-Identity of an INVITE that came in."""
        self.name = ""
        self.progress: list[str] = []
        """What NOTIFY said of a transfer: `SIP/2.0 200 OK` and the like."""
        self.refer_code = 0
        self.held = False
        self.answered_at = self.ended_at = 0.0
        self.media = Media(phone.party, tone)
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

    def transfer(self, to: str) -> None:
        """Blind transfer to a number: REFER."""
        self._refer(f"<sip:{to}@{self.phone.node}>")

    def transfer_to(self, other: Line) -> None:
        """Attended transfer: REFER with Replaces, to the far side of another line of this phone."""
        far, near = _tag(other.remote if other.state == "up" else other.early), _tag(other.local)
        replaces = quote(f"{other.call_id};to-tag={far};from-tag={near}", safe="")
        number = _number(other.remote)
        self._refer(f"<sip:{number}@{self.phone.node}?Replaces={replaces}>")

    def _refer(self, target: str) -> None:
        self.phone.request(
            self, "REFER", f"Refer-To: {target}\r\nReferred-By: <sip:{self.phone.user}@{self.phone.node}>\r\n"
        )

    def ended(self) -> None:
        """It is over."""
        if self.state != "ended":
            self.state, self.ended_at = "ended", time.monotonic()
            self.media.close()


class Softphone:
    """A telephone with an account on the node."""

    def __init__(self, party: Party, node: str, user: str, secret: str, tone: int) -> None:
        """Opens the socket; `register` makes it reachable."""
        self.party, self.node, self.user, self.secret, self.tone = party, node, user, secret, tone
        self.answer_after: float | None = 0.2
        self.refuse_with = ""
        self.lines: list[Line] = []
        self._sock = party.socket(socket.SOCK_DGRAM)
        self._sock.settimeout(0.5)
        self._port = self._sock.getsockname()[1]
        self._registered = threading.Event()
        self._cseq = 1
        self._open = True
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
        """Ends its calls; the next one is answered soon."""
        for line in self.lines:
            line.hang_up()
            line.ended()
        self.lines.clear()
        self.answer_after, self.refuse_with = 0.2, ""

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

    def call(self, to: str) -> Line:
        """Dials; returns at once."""
        line = Line(self, secrets.token_hex(8), self.tone)
        line.local = f"<sip:{self.user}@{self.node}>;tag={secrets.token_hex(4)}"
        line.remote = f"<sip:{to}@{self.node}>"
        line.target = f"sip:{to}@{self.node}"
        self.lines.append(line)
        self.request(line, "INVITE", sdp=True)
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
            to += f";tag={_tag(line.local) if line else secrets.token_hex(4)}"
        body = self._sdp(line) if sdp and line else ""
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self._send(
            f"SIP/2.0 {status}\r\nVia: {headers['via']}\r\nFrom: {headers['from']}\r\nTo: {to}\r\n"
            f"Call-ID: {headers['call-id']}\r\nCSeq: {headers['cseq']}\r\nContact: {self.contact}\r\n{kind}",
            body,
        )

    def _sdp(self, line: Line) -> str:
        way = "sendonly" if line.held else "sendrecv"
        return (
            f"v=0\r\no=soft 1 {line.cseq} IN IP4 {self.party.address}\r\ns=-\r\nc=IN IP4 {self.party.address}\r\n"
            f"t=0 0\r\nm=audio {line.media.port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na={way}\r\n"
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
            line.early = headers["to"] if method == "INVITE" else line.early
            return
        if method == "REFER":
            line.refer_code = code
        if method != "INVITE":
            return
        if code == 200:
            line.remote = headers["to"]
            line.target = _uri(headers.get("contact", line.target))
            line.media.far = _far(body) or line.media.far
            if line.state == "calling":
                line.state, line.answered_at = "up", time.monotonic()
            self.request(line, "ACK", cseq=int(number))
            return
        remote, line.remote = line.remote, headers["to"]
        self._ack_refusal(line, int(number))
        line.remote = remote
        if code == 401 and line.state == "calling":
            self.request(line, "INVITE", self._credentials(headers, "INVITE", line.target), sdp=True)
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
                line.media.far = _far(body) or line.media.far
                self.reply(headers, "200 OK", line, sdp=True)
            return
        line = Line(self, headers["call-id"], self.tone)
        line.invite, line.remote = headers, headers["from"]
        line.local = f"{headers['to']};tag={secrets.token_hex(4)}"
        line.target = _uri(headers["contact"])
        shown = headers.get("p-asserted-identity", headers["from"])
        line.caller, line.name = _number(shown), shown.partition("<")[0].strip(' "')
        line.media.far = _far(body)
        line.state = "ringing"
        self.reply(headers, "180 Ringing", line)
        self.lines.append(line)
        if self.refuse_with:
            line.refuse(self.refuse_with)
        elif self.answer_after is not None:
            threading.Timer(self.answer_after, line.answer).start()


def _tag(header: str) -> str:
    return header.rpartition("tag=")[2].partition(";")[0]


def _uri(header: str) -> str:
    return header.partition("<")[2].partition(">")[0] or header.partition(";")[0]


def _number(header: str) -> str:
    return header.partition("sip:")[2].partition("@")[0]


def _far(body: str) -> tuple[str, int] | None:
    address = re.search(r"c=IN IP4 (\S+)", body)
    port = re.search(r"m=audio (\d+)", body)
    return (address[1], int(port[1])) if address and port else None
