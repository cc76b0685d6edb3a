"""Carriers whose every message a test writes itself: over UDP or TCP, with any header, SDP and payload type."""

from __future__ import annotations

import contextlib
import re
import secrets
import socket
import struct
import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable

from journeys.media import far_end
from journeys.parties import Headers, digest_answer, parse
from rig import wait_for
from rig.audio import decode_g711
from rig.net import Party

CODECS = {
    "ulaw": (0, "PCMU/8000"),
    "alaw": (8, "PCMA/8000"),
    "g722": (9, "G722/8000"),
    "g729": (18, "G729/8000"),
    "opus": (107, "opus/48000/2"),
    "gsm": (3, "GSM/8000"),
}
KNOWN = {name.lower(): codec for codec, (_, name) in CODECS.items()}
Reply = Callable[[str], None]


def offer(address: str, port: int, codecs: Iterable[str]) -> str:
    """An SDP with these codecs, in this order."""
    chosen = [CODECS[codec] for codec in codecs]
    lines = "".join(f"a=rtpmap:{number} {name}\r\n" for number, name in chosen)
    return (
        f"v=0\r\no=t 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {' '.join(str(number) for number, _ in chosen)}\r\n{lines}"
    )


def codecs_of(sdp: str) -> list[str]:
    """The codecs of an SDP in their order; telephone events left out."""
    names = dict(re.findall(r"a=rtpmap:(\d+) ([^\s/]+/\d+(?:/\d+)?)", sdp))
    static = {str(number): name for number, name in CODECS.values()}
    media = re.search(r"m=audio \d+ \S+ ([\d ]+)", sdp)
    found = [names.get(number) or static.get(number, number) for number in (media[1].split() if media else [])]
    return [KNOWN.get(name.lower(), name) for name in found if not name.startswith("telephone-event")]


class PeerCall:
    """One call that a peer placed: its answers, its SDP, its sound as packets."""

    def __init__(self, peer: Peer, request: str, sender: str, to: str) -> None:
        """`request`: its URI; `sender` and `to`: the headers' values. `Peer.call` makes it."""
        self.peer, self.request, self.to = peer, request, to
        self.call_id = secrets.token_hex(8)
        self.sender = f"{sender};tag={secrets.token_hex(4)}"
        self.rtp = peer.party.socket(socket.SOCK_DGRAM)
        self.code, self.sdp, self.ended = 0, "", False
        self.heard: Counter[int] = Counter()
        """Packets that came, by payload type."""
        self.samples: array[int] = array("h")
        """The PCMU that came."""
        self.came: list[tuple[int, bytes]] = []
        """All that came: payload type and payload."""
        self.rtp.settimeout(0.3)
        threading.Thread(target=self._listen, daemon=True).start()

    def wait_final(self, timeout: float = 15) -> int:
        """The final answer's code."""
        wait_for(lambda: self.code >= 200, timeout, "a final answer", every=0.02)
        return self.code

    def _listen(self) -> None:
        while not self.ended:
            try:
                packet = self.rtp.recv(2048)
            except TimeoutError:
                continue
            except OSError:
                return
            kind = packet[1] & 0x7F
            self.heard[kind] += 1
            self.came.append((kind, packet[12:]))
            if kind == 0:
                self.samples += decode_g711(packet[12:])

    def say(self, kind: int, payloads: Iterable[bytes]) -> None:
        """Sends payloads of 20 ms each, in their time, from a thread of its own; the call is answered."""
        far = far_end(self.sdp)
        assert far is not None, self.sdp

        def run() -> None:
            begun, ssrc = time.monotonic(), secrets.randbits(31)
            for number, payload in enumerate(payloads):
                time.sleep(max(0.0, begun + number * 0.02 - time.monotonic()))
                if self.ended:
                    return
                head = struct.pack("!BBHII", 0x80, kind, number & 0xFFFF, number * 160, ssrc)
                with contextlib.suppress(OSError):
                    self.rtp.sendto(head + payload, far)

        threading.Thread(target=run, daemon=True).start()

    def hang_up(self) -> None:
        """BYE, if it was answered; the socket is closed."""
        if self.code == 200 and not self.ended:
            self.peer.send_request("BYE", self)
            wait_for(lambda: self.ended, 5, "an answer to BYE", every=0.02)
        self.ended = True
        self.rtp.close()


class Peer:
    """A carrier at a party's address. Its behaviour may be changed at any time."""

    def __init__(self, party: Party, node: str, *, port: int = 5060, tcp: bool = False) -> None:
        """Serves until `close`. `node`: address of the PBX."""
        self.party, self.node, self.port, self.tcp = party, node, port, tcp
        self.answers_options = True
        self.account: tuple[str, str] | None = None
        """User and secret that a REGISTER must know."""
        self.refuses_with = 0
        """Code for every REGISTER, instead."""
        self.refused = 0
        self.registered: list[Headers] = []
        self.invites: list[tuple[str, Headers, str]] = []
        """INVITEs that came (request line, headers, SDP); each is answered that the number is busy."""
        self.asked = 0
        """OPTIONS that came."""
        self.calls: dict[str, PeerCall] = {}
        self._open, self._nonce = True, secrets.token_hex(8)
        self._sock = party.socket(socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM, port)
        if tcp:
            self._sock.listen(16)
        self._sock.settimeout(0.3)
        self._streams: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept if tcp else self._serve, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Ends its calls, and answers no more."""
        for call in self.calls.values():
            call.hang_up()
        self._open = False
        for thread in self._threads:
            thread.join(5)
        for sock in [self._sock, *self._streams]:
            sock.close()

    def __enter__(self) -> Peer:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes."""
        self.close()

    # -- the wire ------------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        while self._open:
            try:
                data, source = self._sock.recvfrom(65536)
            except TimeoutError:
                continue
            self._take(data, lambda text, to=source: self._sock.sendto(text.encode(), to))  # type: ignore[misc]

    def _accept(self) -> None:
        while self._open:
            try:
                stream, _ = self._sock.accept()
            except TimeoutError:
                continue
            self._streams.append(stream)
            self._threads.append(threading.Thread(target=self._stream, args=(stream,), daemon=True))
            self._threads[-1].start()

    def _stream(self, stream: socket.socket) -> None:
        stream.settimeout(0.3)
        buffer = b""
        while self._open:
            try:
                data = stream.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            if not data:
                return
            buffer = (buffer + data).lstrip(b"\r\n")
            while b"\r\n\r\n" in buffer:  # no message with a body comes to a registrar
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                self._take(head + b"\r\n\r\n", lambda text: stream.sendall(text.encode()))

    def _take(self, data: bytes, reply: Reply) -> None:
        start, headers, body = parse(data)
        if start.startswith("SIP/2.0"):
            self._answered(int(start.split()[1]), headers, body)
            return
        method = start.split(" ")[0]
        if method == "OPTIONS":
            self.asked += 1
            if self.answers_options:
                self._reply(reply, "200 OK", headers)
        elif method == "REGISTER":
            status = self._register(headers)
            self._reply(reply, status, headers, self._register_extra(status, headers))
        elif method == "INVITE":
            self.invites.append((start, headers, body))
            self._reply(reply, "486 Busy Here", headers)
        elif method == "BYE":
            self._reply(reply, "200 OK", headers)
            for call in self.calls.values():
                call.ended = call.ended or call.call_id == headers["call-id"]

    def _reply(self, reply: Reply, status: str, headers: Headers, extra: str = "") -> None:
        reply(
            f"SIP/2.0 {status}\r\nVia: {headers['via']}\r\nFrom: {headers['from']}\r\n"
            f"To: {headers['to']}{'' if 'tag=' in headers['to'] else ';tag=' + secrets.token_hex(4)}\r\n"
            f"Call-ID: {headers['call-id']}\r\nCSeq: {headers['cseq']}\r\n{extra}"
            "Content-Length: 0\r\n\r\n"
        )

    # -- registration --------------------------------------------------------------------------------------------------

    def _register(self, headers: Headers) -> str:
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', headers.get("authorization", "")))
        if self.refuses_with or self.account is None:
            self.refused += 1
            return f"{self.refuses_with or 403} Refused"
        if not given:
            return "401 Unauthorized"
        user, secret = self.account
        right = digest_answer(user, secret, "REGISTER", given)
        if (given["username"], given["nonce"], given["response"]) != (user, self._nonce, right):
            return "403 Forbidden"
        self.registered.append(headers)
        return "200 OK"

    def _register_extra(self, status: str, headers: Headers) -> str:
        if not status.startswith("401"):
            return f"Contact: {headers['contact']};expires=120\r\n"
        return f'WWW-Authenticate: Digest realm="c.example", nonce="{self._nonce}", algorithm=MD5, qop="auth"\r\n'

    # -- calls ---------------------------------------------------------------------------------------------------------

    def call(
        self,
        to: str,
        from_: str,
        *,
        headers: Iterable[str] = (),
        uri: str = "",
        to_header: str = "",
        codecs: Iterable[str] = ("ulaw",),
    ) -> PeerCall:
        """Places a call and returns at once (UDP only).

        Args:
            to: user of the request URI.
            from_: the From header without its tag, or a number.
            headers: whole lines to add.
            uri: the whole request URI instead.
            to_header: To instead of the request URI.
            codecs: what is offered, in order.
        """
        request = uri or f"sip:{to}@{self.node}"
        sender = from_ if "<" in from_ else f"<sip:{from_}@{self.party.address}>"
        call = PeerCall(self, request, sender, to_header or f"<{request}>")
        self.calls[call.call_id] = call
        body = offer(self.party.address, call.rtp.getsockname()[1], codecs)
        self.send_request("INVITE", call, headers, body)
        return call

    def send_request(self, method: str, call: PeerCall, headers: Iterable[str] = (), body: str = "") -> None:
        """Sends a request of a call."""
        lines = [
            f"{method} {call.request} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.party.address}:{self.port};branch=z9hG4bK{secrets.token_hex(6)}",
            "Max-Forwards: 70",
            f"From: {call.sender}",
            f"To: {call.to}",
            f"Call-ID: {call.call_id}",
            f"CSeq: {2 if method == 'BYE' else 1} {method}",
            f"Contact: <sip:t@{self.party.address}:{self.port}>",
            *headers,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._sock.sendto(
            ("\r\n".join(lines) + "\r\n\r\n" + body).encode("utf-8", "surrogateescape"), (self.node, 5060)
        )

    def _answered(self, code: int, headers: Headers, body: str) -> None:
        call = self.calls.get(headers["call-id"])
        if call is None or code < 200:
            return
        if headers["cseq"].endswith("BYE"):
            call.ended = True
            return
        call.to = headers["to"]
        if code == 200 and (contact := re.search(r"<([^>]+)>", headers.get("contact", ""))):
            call.request = contact[1]
        self.send_request("ACK", call)
        call.sdp, call.code = body, code
