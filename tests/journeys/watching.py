"""A phone's lamp: SUBSCRIBE to an extension's dialogs (RFC 4235), and what NOTIFY says."""

from __future__ import annotations

import re
import secrets
import socket
import threading
import time

from journeys.parties import Headers, digest_answer, parse
from journeys.softphone import Softphone
from rig import wait_for


class Lamp:
    """One subscription, on a socket of its own, with a softphone's account."""

    def __init__(self, phone: Softphone, watched: str) -> None:
        """Subscribes; `states` grows with each NOTIFY."""
        self._phone, self._watched = phone, watched
        self.states: list[str] = []
        """As the phone would show them: idle, ringing, in-use."""
        self.refused = 0
        self._call_id, self._tag = secrets.token_hex(8), secrets.token_hex(4)
        self._sock = phone.party.socket(socket.SOCK_DGRAM)
        self._sock.settimeout(0.3)
        self._open = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._subscribe(1, "")

    def close(self) -> None:
        """Answers no more."""
        self._open = False
        self._thread.join()
        self._sock.close()

    def wait(self, state: str, timeout: float = 10) -> float:
        """Waits until the lamp shows a state; returns when that was."""
        wait_for(
            lambda: self.states and self.states[-1] == state,
            timeout,
            f"{state}; saw {self.states} {self.refused}",
            every=0.02,
        )
        return time.monotonic()

    def _subscribe(self, cseq: int, extra: str) -> None:
        where = f"{self._phone.party.address}:{self._sock.getsockname()[1]}"
        me, uri = f"<sip:{self._phone.user}@{self._phone.node}>", f"sip:{self._watched}@{self._phone.node}"
        text = (
            f"SUBSCRIBE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {where};branch=z9hG4bK{secrets.token_hex(6)};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: {me};tag={self._tag}\r\nTo: <{uri}>\r\nCall-ID: {self._call_id}\r\n"
            f"CSeq: {cseq} SUBSCRIBE\r\nContact: <sip:{self._phone.user}@{where}>\r\nEvent: dialog\r\n"
            f"Accept: application/dialog-info+xml\r\nExpires: 600\r\n{extra}Content-Length: 0\r\n\r\n"
        )
        self._sock.sendto(text.encode(), (self._phone.node, 5060))

    def _serve(self) -> None:
        while self._open:
            try:
                data, peer = self._sock.recvfrom(65536)
            except OSError:
                continue
            start, headers, body = parse(data)
            if start.startswith("NOTIFY"):
                self._take(headers, body)
                text = (
                    f"SIP/2.0 200 OK\r\nVia: {headers['via']}\r\nFrom: {headers['from']}\r\nTo: {headers['to']}\r\n"
                    f"Call-ID: {headers['call-id']}\r\nCSeq: {headers['cseq']}\r\nContent-Length: 0\r\n\r\n"
                )
                self._sock.sendto(text.encode(), peer)
            elif start.startswith("SIP/2.0 401"):
                self._subscribe(2, self._credentials(headers))
            elif start.startswith("SIP/2.0 4"):
                self.refused = int(start.split(" ")[1])

    def _take(self, headers: Headers, body: str) -> None:
        found = re.search(r"<state>(\w+)</state>", body)
        if found:
            shown = {"terminated": "idle", "early": "ringing", "confirmed": "in-use"}[found[1]]
            if not self.states or self.states[-1] != shown:
                self.states.append(shown)

    def _credentials(self, headers: Headers) -> str:
        challenge = dict(re.findall(r'(\w+)="?([^",]*)"?', headers["www-authenticate"]))
        uri = f"sip:{self._watched}@{self._phone.node}"
        fields = {"realm": challenge["realm"], "nonce": challenge["nonce"], "uri": uri, "nc": "00000001"}
        fields |= {"cnonce": secrets.token_hex(4), "qop": "auth"}
        response = digest_answer(self._phone.user, self._phone.secret, "SUBSCRIBE", fields)
        opaque = f', opaque="{challenge["opaque"]}"' if "opaque" in challenge else ""
        return (
            f'Authorization: Digest username="{self._phone.user}", realm="{fields["realm"]}", '
            f'nonce="{fields["nonce"]}", uri="{uri}", response="{response}", algorithm=MD5, '
            f'cnonce="{fields["cnonce"]}", nc=00000001, qop=auth{opaque}\r\n'
        )
