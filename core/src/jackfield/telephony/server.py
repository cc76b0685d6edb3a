"""The FastAGI server: one thread a call, a limit, and a clear refusal beyond it."""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable

import structlog

from jackfield.errors import JackfieldError, ProtocolError
from jackfield.telephony import variables
from jackfield.telephony.agi import AgiSession

log = structlog.get_logger(__name__)
STACK_BYTES = 512 * 1024
FIRST_SOCKET = 3
"""systemd hands over sockets from this descriptor on (sd_listen_fds(3))."""
REFUSERS = 32
"""Refusals that may be under way at once; beyond that the connection is closed at once, which the dialplan takes for
a lost daemon: music and another try."""

_PASSING = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ECONNABORTED, errno.EINTR, errno.EAGAIN}


class AgiServer:
    """Accepts AGI connections and runs `serve(session)` on a thread each."""

    def __init__(
        self,
        listener: socket.socket,
        serve: Callable[[AgiSession], None],
        refused: Callable[[AgiSession], None],
        max_calls: int,
    ) -> None:
        """`refused` is told of each call that was turned away."""
        self.session: type[AgiSession] = AgiSession
        """What a connection becomes."""
        self._listener = listener
        self._serve = serve
        self._refused = refused
        self._max_calls = max_calls
        self._lock = threading.Lock()
        self._sessions: set[AgiSession] = set()
        self._running = 0
        self._refusing = threading.BoundedSemaphore(REFUSERS)
        self._stopping = False
        self.given_up = 0
        """Connections that Asterisk had closed before they were accepted."""
        threading.stack_size(STACK_BYTES)

    @property
    def running(self) -> int:
        """Calls that have a thread now."""
        return self._running

    def start(self) -> None:
        """Accept from now on."""
        threading.Thread(target=self._accept, name="agi-accept", daemon=True).start()

    def stop(self) -> None:
        """Accept no more. Calls that are under way go on until the process ends.

        The listening socket is left alone: it is systemd's, and waits for the next daemon.
        """
        self._stopping = True

    def sessions(self) -> list[AgiSession]:
        """Sessions that are under way."""
        with self._lock:
            return list(self._sessions)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError as error:
                log.error("agi.accept", error=str(error))
                if error.errno not in _PASSING:
                    os.kill(os.getpid(), signal.SIGTERM)  # systemd starts us anew, with a socket that works
                    return
                time.sleep(0.05)
                continue
            if self._stopping:
                sock.close()
                return
            if _given_up(sock):
                self.given_up += 1
                sock.close()
            else:
                self._dispatch(sock)

    def _dispatch(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            full = self._running >= self._max_calls
            if not full:
                self._running += 1
        target = self._refuse if full else self._run
        if full and not self._refusing.acquire(blocking=False):
            sock.close()
            return
        try:
            threading.Thread(target=target, args=(sock,), name="call", daemon=True).start()
        except RuntimeError as error:
            log.error("agi.no_thread", error=str(error))
            sock.close()
            self._left(full)

    def _left(self, refused: bool) -> None:
        if refused:
            self._refusing.release()
        else:
            with self._lock:
                self._running -= 1

    def _run(self, sock: socket.socket) -> None:
        session = None
        try:
            session = self.session(sock)
            with self._lock:
                self._sessions.add(session)
            self._serve(session)
        except ProtocolError as error:
            log.warning("agi.malformed", error=str(error))
        except Exception:
            log.exception("agi.call_failed")
        finally:
            with self._lock:
                if session is not None:
                    self._sessions.discard(session)
            _close(sock)
            self._left(refused=False)

    def _refuse(self, sock: socket.socket) -> None:
        try:
            session = AgiSession(sock)
            session.set_variable(variables.STATUS, "refused")
            self._refused(session)
            log.warning("agi.refused", calls=self._running, limit=self._max_calls, channel=session.env["agi_channel"])
        except JackfieldError as error:
            log.warning("agi.refused", error=str(error))
        finally:
            _close(sock)
            self._left(refused=True)


def _given_up(sock: socket.socket) -> bool:
    """Whether Asterisk has closed the connection already.

    After a time without a daemon, the ones that waited longest come first, and those that the dialplan gave up and made
    anew are among them. A thread for each would take so long that the next ones are given up meanwhile.
    """
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    return bool(poll.poll(0))


def _close(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()


def listening_socket(host: str, port: int) -> socket.socket:
    """The socket that systemd hands over, or one of our own when not started by systemd."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and int(os.environ.get("LISTEN_FDS", "0")) >= 1:
        return socket.socket(fileno=FIRST_SOCKET)
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen(1024)
    return sock
