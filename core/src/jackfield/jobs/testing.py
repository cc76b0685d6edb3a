"""For tests: a private Redis server."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError


class RedisServer:
    """A server on a Unix socket, with Debian's way of saving: it forgets what came since the last snapshot."""

    def __init__(self, folder: Path) -> None:
        """Nothing starts yet.

        Raises:
            RuntimeError: there is no redis-server.
        """
        binary = shutil.which("redis-server")
        if binary is None:
            raise RuntimeError("redis-server is not installed; on Debian: apt-get install redis-server")
        self._binary = binary
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{folder}/redis.sock"

    def start(self, wait: float = 20.0) -> None:
        """Start and wait until it answers."""
        command = [
            self._binary,
            "--port",
            "0",
            "--unixsocket",
            f"{self._folder}/redis.sock",
            "--dir",
            str(self._folder),
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until = time.monotonic() + wait
        while True:
            try:
                self.client().ping()
            except RedisError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """`kill -9`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def client(self) -> Redis:
        """A client."""
        found: Redis = Redis.from_url(self.url)
        return found


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """A server that lives for the block; files in `folder`, whose path must be short (a Unix socket's is)."""
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
