"""Asterisk's side of many FastAGI calls, on one epoll loop.

`python3 -m bench.agi_load PORT CALLS RATE`: all calls at once. With RATE 0 every command is answered at once; else the
answers go out at RATE a second in all, and the time from each answer to the next command is noted.
"""

from __future__ import annotations

import heapq
import select
import socket
import sys
import time

from bench.agi_words import environment
from bench.child import answer

ANSWERS = {b"S": b"200 result=1\n", b"W": b"200 result=0\n", b"G": b"200 result=1 (17)\n"}
"""By the command's first letter: SET VARIABLE, WAIT FOR DIGIT, GET VARIABLE."""
STREAMED = b"200 result=0 endpos=4480\n"


def reply(command: bytes) -> bytes:
    """Asterisk's answer."""
    return STREAMED if command.startswith(b"ST") else ANSWERS[command[:1]]


def main() -> None:
    """Run all calls to their end."""
    port, calls, rate = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    poll = select.epoll()
    sockets: dict[int, socket.socket] = {}
    for _ in range(calls):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sockets[sock.fileno()] = sock
        poll.register(sock.fileno(), select.EPOLLIN)
    interval = calls / rate if rate else 0.0
    clock = time.perf_counter
    begun = clock()
    due = [(begun + 0.2 + number / rate, fd, environment(number)) for number, fd in enumerate(sockets)] if rate else []
    heapq.heapify(due)
    for number, sock in enumerate(sockets.values() if not rate else ()):
        sock.sendall(environment(number))
    sent: dict[int, tuple[float, bool]] = {}
    latencies: list[float] = []
    commands = 0
    while sockets:
        wait = max(0.0, due[0][0] - clock()) if due else None
        for fd, _ in poll.poll(wait if wait is None or wait > 0.002 else 0):
            data = sockets[fd].recv(8192)
            if not data:
                poll.unregister(fd)
                sockets.pop(fd).close()
                continue
            now = clock()
            if not data.endswith(b"\n") or data.count(b"\n") != 1:
                raise SystemExit(f"not one whole command: {data[:100]!r}")
            commands += 1
            if rate:
                begin, first = sent[fd]
                if not first:
                    latencies.append(now - begin)
                heapq.heappush(due, (max(now, begin + interval), fd, reply(data)))
            else:
                sockets[fd].sendall(reply(data))
        while due and due[0][0] <= clock():
            _, fd, text = heapq.heappop(due)
            sent[fd] = (clock(), text.startswith(b"agi_"))
            if fd in sockets:
                sockets[fd].sendall(text)
    answer(commands=commands, seconds=clock() - begun, latencies=latencies)


main()
