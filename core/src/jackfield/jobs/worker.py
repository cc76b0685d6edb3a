"""`jackfield-worker`: the parent relays jobs from the outbox to Redis; its children run them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

import structlog

from jackfield import log as logs
from jackfield.alarms.remote import DaemonAlarms
from jackfield.errors import JackfieldError, SettingsError
from jackfield.jobs import rows
from jackfield.jobs.child import ChildSettings
from jackfield.jobs.outbox import RENEW, WORKER_SOCKET
from jackfield.jobs.relay import Relay, connect
from jackfield.sdnotify import notify, watchdog_seconds
from jackfield.settings import load
from jackfield.storage.engine import DEFAULT_URL, Database

_RESTART_SECONDS = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
_HEALTHY_SECONDS = 60.0
"""A child that lived for so long is restarted at once."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Settings of the worker process."""

    database_url: str = DEFAULT_URL
    redis_url: str = "redis://127.0.0.1:6379/0"
    socket: Path = WORKER_SOCKET
    control: Path | None = None
    """The daemon's control socket, to raise alarms there; None: nowhere."""
    workers: int = 1
    stop_seconds: float = 30.0
    """How long a running job may go on after SIGTERM; then it is killed, and runs again at the next start."""
    pauses: Sequence[float] = rows.PAUSES
    jobs: str = "jackfield.jobs.child:declared_jobs"
    """`module:function` that returns the jobs that plugins declare."""


@dataclass
class _Child:
    """A place for a worker process; `process` is None while it is not to run."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    name: str = ""
    pidfd: int = -1
    started: float = 0.0
    failures: int = 0
    start_at: float = field(default_factory=time.monotonic)
    leaving: bool = False
    """It was told to end when its job is done. To be told twice would cost it that job."""


class WorkerProcess:
    """The parent. Sleeps until a nudge, a timer, a signal or a child's end."""

    def __init__(self, settings: WorkerSettings) -> None:
        """Takes the socket.

        Raises:
            SettingsError: another worker has it, or its folder cannot be written.
        """
        self._settings = settings
        self._lock, self._nudges = _listen(settings.socket)
        self._database = Database(settings.database_url)
        told = DaemonAlarms(settings.control)
        redis = connect(settings.redis_url)
        self._relay = Relay(self._database, redis, settings.pauses, told.stuck, told.running)
        self._children = [_Child(number) for number in range(settings.workers)]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._nudges, selectors.EVENT_READ)
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        self._stopping = False

    def run(self) -> None:
        """Work until SIGTERM or SIGINT."""
        before = signal.set_wakeup_fd(self._wake_out.fileno(), warn_on_full_buffer=False)
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._stop)
        watchdog = watchdog_seconds()
        try:
            self._relay.work()
            self._start_children()
            notify("READY=1")
            while not self._stopping:
                self._wait(watchdog)
                self._relay.work()
                self._start_children()
                notify("WATCHDOG=1")
            notify("STOPPING=1")
            self._stop_children()
        finally:
            signal.set_wakeup_fd(before)
            self._settings.socket.unlink(missing_ok=True)
            self._database.close()
            self._lock.close()

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _wait(self, watchdog: float | None) -> None:
        now = time.monotonic()
        waits = [self._relay.seconds_to_work(), watchdog]
        if self._relay.redis_answers:
            waits += [child.start_at - now for child in self._children if child.process is None]
        timeout = min((max(0.0, each) for each in waits if each is not None), default=None)
        for key, _ in self._selector.select(timeout):
            if isinstance(key.data, _Child):
                self._ended(key.data)
            elif _drain(key.fileobj):  # type: ignore[arg-type]
                self._renew_children()

    def _start_children(self) -> None:
        """Start those that are due; without Redis they would only die again."""
        if not self._relay.redis_answers:
            return
        for child in self._children:
            if child.process is None and time.monotonic() >= child.start_at:
                self._start(child)

    def _start(self, child: _Child) -> None:
        settings = self._settings
        child.name = f"jackfield-{os.getpid()}-{child.number}-{time.monotonic_ns()}"
        told = ChildSettings(
            child.name,
            settings.database_url,
            settings.redis_url,
            str(settings.socket),
            list(settings.pauses),
            settings.jobs,
            str(settings.control) if settings.control else None,
        )
        child.process = subprocess.Popen(
            [sys.executable, "-m", "jackfield.jobs.child", str(os.getpid())],
            stdin=subprocess.PIPE,
            env={key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"},
        )
        assert child.process.stdin is not None
        with contextlib.suppress(BrokenPipeError), child.process.stdin as pipe:  # it is dead already: see _ended
            pipe.write(json.dumps(asdict(told)).encode())
        child.started = time.monotonic()
        child.pidfd = os.pidfd_open(child.process.pid)
        self._selector.register(child.pidfd, selectors.EVENT_READ, child)

    def _ended(self, child: _Child) -> None:
        assert child.process is not None
        status = child.process.wait()
        self._selector.unregister(child.pidfd)
        os.close(child.pidfd)
        child.process = None
        lived = time.monotonic() - child.started
        child.failures = 0 if lived > _HEALTHY_SECONDS or child.leaving else child.failures + 1
        child.start_at = time.monotonic() + _RESTART_SECONDS[min(child.failures, len(_RESTART_SECONDS) - 1)]
        if not self._stopping and not child.leaving:
            log.warning("worker.ended", worker=child.name, status=status, after_seconds=round(lived))
        child.leaving = False
        self._relay.worker_died(child.name)

    def _renew_children(self) -> None:
        """Plugins have come or gone: new processes know the new ones."""
        log.info("worker.renewed")
        for child in self._children:
            self._leave(child)

    def _leave(self, child: _Child) -> None:
        if child.process is not None and not child.leaving:
            child.leaving = True
            child.process.terminate()

    def _stop_children(self) -> None:
        running = [child for child in self._children if child.process is not None]
        for child in running:
            self._leave(child)
        until = time.monotonic() + self._settings.stop_seconds
        for child in running:
            assert child.process is not None
            try:
                child.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
            self._ended(child)


def _listen(path: Path) -> tuple[IO[str], socket.socket]:
    try:
        lock = path.with_suffix(".lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        listener.bind(str(path))
    except BlockingIOError as error:
        raise SettingsError(f"Another jackfield-worker is running on {path}; stop it first.") from error
    except OSError as error:
        raise SettingsError(f"The worker's socket {path} cannot be made: {error.strerror}.") from error
    path.chmod(0o660)
    return lock, listener


def _drain(readable: socket.socket) -> bool:
    """Read what is there; whether the workers are to be renewed."""
    renew = False
    try:
        while True:
            renew = readable.recv(4096) == RENEW or renew
    except BlockingIOError:
        return renew


def main(argv: Sequence[str] | None = None) -> int:
    """`jackfield-worker`: no arguments; everything is in the settings file and the environment."""
    if argv if argv is not None else sys.argv[1:]:
        sys.stderr.write("usage: jackfield-worker (settings: /etc/jackfield/jackfield.toml, JACKFIELD_*)\n")
        return 2
    try:
        settings = load()
        logs.set_up(settings.log_level)
        path, control = settings.paths.run / WORKER_SOCKET.name, settings.paths.run / "control.sock"
        WorkerProcess(WorkerSettings(settings.database, settings.redis, path, control, settings.workers)).run()
    except JackfieldError as error:
        sys.stderr.write(f"jackfield-worker: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
