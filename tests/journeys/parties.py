"""Far ends that the rig has not: a registrar that asks for a password, and a caller over TCP."""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
import threading
import time
from array import array
from collections.abc import Callable

from rig.audio import RATE, Sound, decode_g711
from rig.net import Party

Headers = dict[str, str]
PORT = 5999
"""Of the registrar; the rig's SIPp takes those from 5060 on."""


def parse(data: bytes) -> tuple[str, Headers, str]:
    """A SIP message: first line, headers (small letters; the first of a name), body."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    headers: Headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return start, headers, body


def digest_answer(user: str, secret: str, method: str, fields: Headers) -> str:
    """The response that RFC 2617 (MD5, with or without qop=auth) wants for an Authorization header's fields."""

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    ha1 = md5(f"{user}:{fields['realm']}:{secret}")
    ha2 = md5(f"{method}:{fields['uri']}")
    if "qop" in fields:
        return md5(f"{ha1}:{fields['nonce']}:{fields['nc']}:{fields['cnonce']}:{fields['qop']}:{ha2}")
    return md5(f"{ha1}:{fields['nonce']}:{ha2}")


class Registrar:
    """A carrier's registrar on UDP: 401 with a challenge, 200 for the right password, 403 for a wrong one."""

    def __init__(self, party: Party, user: str, secret: str) -> None:
        """Serves until `close`."""
        self.user, self.secret = user, secret
        self.contacts: list[str] = []
        """Contact of each REGISTER that was let in."""
        self.refused = 0
        self.challenged = 0
        self._nonce = secrets.token_hex(8)
        self._sock = party.socket(socket.SOCK_DGRAM, PORT)
        self._sock.settimeout(0.5)
        self._open = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answers no more."""
        self._open = False
        self._thread.join()
        self._sock.close()

    def _serve(self) -> None:
        while self._open:
            try:
                data, peer = self._sock.recvfrom(65536)
            except TimeoutError:
                continue
            start, headers, _ = parse(data)
            method = start.split(" ")[0]
            if method == "REGISTER":
                self._answer(headers, peer, *self._register(headers))
            elif method == "OPTIONS":
                self._answer(headers, peer, "200 OK", "")

    def _register(self, headers: Headers) -> tuple[str, str]:
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', headers.get("authorization", "")))
        if not given:
            self.challenged += 1
            return "401 Unauthorized", (
                f'WWW-Authenticate: Digest realm="carrier.example", nonce="{self._nonce}", '
                'algorithm=MD5, qop="auth"\r\n'
            )
        right = digest_answer(self.user, self.secret, "REGISTER", given)
        if (given["username"], given["nonce"], given["response"]) != (self.user, self._nonce, right):
            self.refused += 1
            return "403 Forbidden", ""
        self.contacts.append(headers["contact"])
        return "200 OK", f"Contact: {headers['contact']};expires=120\r\n"

    def _answer(self, headers: Headers, peer: tuple[str, int], status: str, extra: str) -> None:
        text = (
            f"SIP/2.0 {status}\r\nVia: {headers['via']};received={peer[0]}\r\nFrom: {headers['from']}\r\n"
            f"To: {headers['to']};tag={secrets.token_hex(4)}\r\nCall-ID: {headers['call-id']}\r\n"
            f"CSeq: {headers['cseq']}\r\n{extra}Content-Length: 0\r\n\r\n"
        )
        self._sock.sendto(text.encode(), peer)


class TcpCaller:
    """One call over SIP on TCP, with G.711 both ways."""

    def __init__(self, party: Party, node: str, to: str, from_number: str) -> None:
        """Sends the INVITE."""
        self._party, self._node, self._to, self._from = party, node, to, from_number
        self._call_id, self._tag = secrets.token_hex(8), secrets.token_hex(4)
        self._to_header = f"<sip:{to}@{node}>"
        self._rtp = party.socket(socket.SOCK_DGRAM)
        self._rtp.settimeout(0.2)
        self._sip = party.socket(socket.SOCK_STREAM)
        self._sip.settimeout(15)
        self._sip.connect((node, 5060))
        self._buffer = b""
        self._samples: list[tuple[float, array[int]]] = []
        port = self._rtp.getsockname()[1]
        self._send(
            "INVITE",
            1,
            (
                f"v=0\r\no=t 1 1 IN IP4 {party.address}\r\ns=-\r\nc=IN IP4 {party.address}\r\nt=0 0\r\n"
                f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
            ),
        )

    def _send(self, method: str, cseq: int, body: str = "") -> None:
        local = "{}:{}".format(*self._sip.getsockname())
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self._sip.sendall(
            (
                f"{method} sip:{self._to}@{self._node};transport=tcp SIP/2.0\r\n"
                f"Via: SIP/2.0/TCP {local};branch=z9hG4bK{secrets.token_hex(6)}\r\nMax-Forwards: 70\r\n"
                f"From: <sip:{self._from}@{self._party.address}>;tag={self._tag}\r\nTo: {self._to_header}\r\n"
                f"Call-ID: {self._call_id}\r\nCSeq: {cseq} {method}\r\n"
                f"Contact: <sip:{self._from}@{local};transport=tcp>\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
            ).encode()
        )

    def _message(self) -> tuple[str, Headers, str]:
        while b"\r\n\r\n" not in self._buffer:
            self._read()
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = int(parse(head)[1].get("content-length", "0"))
        while len(rest) < length:
            self._read()
            rest = self._buffer.partition(b"\r\n\r\n")[2]
        self._buffer = rest[length:]
        return parse(head + b"\r\n\r\n" + rest[:length])

    def _read(self) -> None:
        data = self._sip.recv(65536)
        if not data:
            raise ConnectionError("the far side closed the TCP connection")
        self._buffer += data

    def wait_final(self) -> int:
        """Waits for the final answer, confirms it; returns its code."""
        while True:
            start, headers, _ = self._message()
            code = int(start.split(" ")[1]) if start.startswith("SIP/2.0") else 0
            if code >= 200 and headers["cseq"].endswith("INVITE"):
                self._to_header = headers["to"]
                self._send("ACK", 1)
                return code

    def listen(self, until: Callable[[Sound], bool], seconds: float) -> Sound:
        """Hears until what was heard satisfies `until`, or so many seconds have passed."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not (self._samples and until(self.heard)):
            stop = time.monotonic() + 0.3
            while time.monotonic() < stop:
                try:
                    packet = self._rtp.recv(2048)
                except TimeoutError:
                    break
                if packet[1] & 0x7F == 0:
                    stamp = int.from_bytes(packet[4:8], "big") / RATE
                    self._samples.append((stamp, decode_g711(packet[12:])))
        return self.heard

    @property
    def heard(self) -> Sound:
        """What came so far, by RTP's clock, with a second of silence before and after."""
        if not self._samples:
            return Sound([])
        first, last = self._samples[0][0], self._samples[-1][0]
        return Sound([(at - first, samples) for at, samples in self._samples], RATE, (-1.0, last - first + 1.0))

    def wait_bye(self) -> None:
        """Waits until the far side hangs up, and confirms."""
        while True:
            start, headers, _ = self._message()
            if start.startswith("BYE"):
                self._sip.sendall(
                    (
                        f"SIP/2.0 200 OK\r\nVia: {headers['via']}\r\nFrom: {headers['from']}\r\nTo: {headers['to']}\r\n"
                        f"Call-ID: {headers['call-id']}\r\nCSeq: {headers['cseq']}\r\nContent-Length: 0\r\n\r\n"
                    ).encode()
                )
                return

    def close(self) -> None:
        """Closes the sockets."""
        self._sip.close()
        self._rtp.close()
