"""A FastAGI server under test: `python3 -m bench.agi_server jackfield|pyst2 COMMANDS`; tells its CPU when asked."""

from __future__ import annotations

import os
import socket
import socketserver
import sys
import threading
import time
from typing import Any

from bench.child import answer

COMMANDS = int(sys.argv[2])
finished: list[int] = []


def script(agi: Any) -> None:
    """A call in the same verbs for both servers: what a menu says to Asterisk."""
    for number in range(COMMANDS // 4):
        agi.set_variable("BENCH_STEP", str(number))
        agi.stream_file("jf/menu-main", "0123456789")
        agi.wait_for_digit(3000)
        agi.get_variable("BENCH_STEP")
    finished.append(1)


def start_jackfield(listener: socket.socket) -> None:
    """Our server, as in the daemon."""
    from jackfield.telephony.agi import AgiSession
    from jackfield.telephony.server import AgiServer

    def serve(session: AgiSession) -> None:
        script(session)
        session.close()

    AgiServer(listener, serve, lambda session: None, 10_000).start()


def start_pyst2(listener: socket.socket) -> None:
    """pyst2's AGI on the standard library's threading server.

    Shimmed as little as it takes to work in a thread: text files around the socket, no signal handler, and its trace
    of every line thrown away.
    """
    import asterisk.agi

    asterisk.agi.signal.signal = lambda *_: None
    trash = open(os.devnull, "w")  # noqa: SIM115

    class Handler(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            reader = self.connection.makefile("r", encoding="utf-8", newline="\n")
            writer = self.connection.makefile("w", encoding="utf-8", newline="\n")
            script(asterisk.agi.AGI(reader, writer, trash))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    server = Server(listener.getsockname(), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main() -> None:
    """Serve; answer orders with CPU seconds and finished calls so far."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    {"jackfield": start_jackfield, "pyst2": start_pyst2}[sys.argv[1]](listener)
    answer(port=listener.getsockname()[1])
    for _ in sys.stdin:
        answer(cpu=time.process_time(), finished=len(finished))


main()
