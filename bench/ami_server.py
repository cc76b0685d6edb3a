"""Plays a recorded AMI session to whoever logs in, at full speed, and closes: `python3 -m bench.ami_server FILE`."""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path

from bench.child import answer


def serve(sock: socket.socket, data: bytes) -> None:
    """One client: greeting, log-in (any), the stream, and the end when the client has read all of it."""
    with sock:
        sock.sendall(b"Asterisk Call Manager/11.0.0\r\n")
        asked = b""
        while b"\r\n\r\n" not in asked:
            chunk = sock.recv(4096)
            if not chunk:
                return
            asked += chunk
        headers = dict(line.split(": ", 1) for line in asked.decode().split("\r\n\r\n")[0].split("\r\n"))
        reply = (
            f"Response: Success\r\nActionID: {headers.get('ActionID', '')}\r\nMessage: Authentication accepted\r\n\r\n"
        )
        sock.sendall(reply.encode())
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(4096):
                pass
        except OSError:
            pass


def main() -> None:
    """Serve until killed."""
    data = Path(sys.argv[1]).read_bytes()
    listener = socket.create_server(("127.0.0.1", 0), backlog=8)
    answer(port=listener.getsockname()[1])
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock, data), daemon=True).start()


main()
