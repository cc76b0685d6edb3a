"""A mail server and a web server, small and real, which take what is sent or refuse it."""

from __future__ import annotations

import base64
import email
import email.policy
import http.server
import socketserver
import ssl
import subprocess
import threading
from pathlib import Path


def certificate(folder: Path) -> tuple[Path, Path]:
    """A key and its own certificate for 127.0.0.1."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2"]
    subprocess.run(
        [*words, "-subj", "/CN=t", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True
    )
    return key, cert


class Smtp(socketserver.ThreadingTCPServer):
    """RFC 5321, as little as a client needs."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(
        self,
        *,
        context: ssl.SSLContext | None = None,
        tls: bool = False,
        login: tuple[str, str] | None = None,
        refuse: str = "",
    ) -> None:
        super().__init__(("127.0.0.1", 0), _SmtpHandler)
        self.context, self.tls, self.login, self.refuse = context, tls, login, refuse
        self.mails: list[email.message.EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.connections = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]


class _SmtpHandler(socketserver.BaseRequestHandler):
    server: Smtp

    def handle(self) -> None:
        self.server.connections += 1
        sock, encrypted, known, to = self.request, self.server.tls, self.server.login is None, []
        if self.server.tls:
            try:
                sock = self.server.context.wrap_socket(sock, server_side=True)
            except OSError:
                return
        stream = sock.makefile("rwb")

        def say(*lines: str) -> None:
            stream.write(b"".join(line.encode() + b"\r\n" for line in lines))
            stream.flush()

        say("220 test")
        while line := stream.readline():
            word, _, rest = line.decode().strip().partition(" ")
            match word.upper():
                case "EHLO":
                    offers = ["STARTTLS"] if self.server.context and not encrypted else []
                    offers += ["AUTH PLAIN"] if self.server.login and encrypted else []
                    say("250-test", *(f"250-{offer}" for offer in offers), "250 8BITMIME")
                case "STARTTLS":
                    say("220 go")
                    try:
                        sock = self.server.context.wrap_socket(sock, server_side=True)
                    except OSError:
                        return
                    stream, encrypted = sock.makefile("rwb"), True
                case "AUTH":
                    _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                    known = (user, password) == self.server.login
                    say("235 ok" if known else "535 wrong")
                case "MAIL":
                    say("250 ok" if known else "530 log in")
                case "RCPT":
                    refused = self.server.refuse and self.server.refuse in rest
                    to += [] if refused else [rest.partition("<")[2].partition(">")[0]]
                    say("550 no such user" if refused else "250 ok")
                case "DATA":
                    say("354 go")
                    data = b""
                    while (line := stream.readline()) != b".\r\n":
                        data += line
                    self.server.mails.append(email.message_from_bytes(data, policy=email.policy.default))
                    self.server.recipients.append(to)
                    say("250 taken")
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 ok")


class Web(http.server.ThreadingHTTPServer):
    """Takes POSTs; answers with the statuses given, then 200."""

    daemon_threads = True

    def __init__(self, *statuses: int, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _WebHandler)
        self.statuses, self.posts = list(statuses), []
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.server_address[1]}/hook?a=1"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        pass


class _WebHandler(http.server.BaseHTTPRequestHandler):
    server: Web

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, dict(self.headers), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass
