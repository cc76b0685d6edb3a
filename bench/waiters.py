"""Asterisk's side of FastAGI calls that wait in a queue: answers every command, and then there is silence."""

from __future__ import annotations

import select
import socket
import threading

from rig.net import Party, in_namespace

from bench.agi_words import environment


class Waiters:
    """So many calls; a thread answers for all of them."""

    def __init__(self, party: Party, port: int, token: str, did: str) -> None:
        self._party, self._port, self._token, self._did = party, port, token, did
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        threading.Thread(target=self._answer, daemon=True).start()

    def add(self, calls: int) -> None:
        """More calls, one after the other."""
        for _ in range(calls):
            number = len(self._sockets)
            sock = in_namespace(self._party.netns, lambda: socket.create_connection(("127.0.0.1", self._port), 5))
            self._sockets[sock.fileno()] = sock
            self._poll.register(sock.fileno(), select.EPOLLIN)
            sock.sendall(environment(number, self._token, "carrier", self._did))

    def _answer(self) -> None:
        while True:
            for fd, _ in self._poll.poll():
                data = self._sockets[fd].recv(16384)
                if data:
                    self._sockets[fd].sendall(b"200 result=0\n" * data.count(b"\n"))
                else:
                    self._poll.unregister(fd)

    def close(self) -> None:
        """Hang up on all."""
        for sock in self._sockets.values():
            sock.shutdown(socket.SHUT_RDWR)
