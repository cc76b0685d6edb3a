"""A daemon with N plugins in a folder of its own, started once: `python3 -m bench.start N FOLDER`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

PLUGIN = """
from jackfield.api import DestinationKind, End, hookimpl
from pydantic import BaseModel


class Settings(BaseModel):
    limit: int = 5


class Plugin:
    @hookimpl
    def jackfield_settings(self):
        return Settings

    @hookimpl
    def jackfield_destinations(self):
        return [DestinationKind("{name}", "A destination", self.serve)]

    @hookimpl
    def jackfield_start(self, core):
        self.core = core

    @hookimpl
    def jackfield_call_arrived(self, call):
        pass

    def serve(self, call, name):
        return End()
"""


TABLES = """
import sys
from jackfield import log
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate
log.set_up("critical")
migrate(Database(sys.argv[1]), [CORE])
"""


def main() -> None:
    """Prints how long it took, from before the first import of ours."""
    count, folder = int(sys.argv[1]), Path(sys.argv[2])
    for number in range(count):
        _install(folder, f"bench{number:02}")
    sys.path.insert(0, str(folder))
    url = f"sqlite:///{folder}/start.db"
    subprocess.run([sys.executable, "-c", TABLES, url], check=True, stdout=subprocess.DEVNULL)
    (folder / "asterisk").mkdir()
    begun = time.monotonic()
    from jackfield import log
    from jackfield.daemon import Daemon
    from jackfield.settings import AgiSettings, AmiSettings, PathSettings, Settings

    log.set_up("critical")
    paths = PathSettings(state=folder, run=folder, spool=folder)
    daemon = Daemon(Settings(database=url, paths=paths, agi=AgiSettings(port=_port()), ami=AmiSettings(port=_port())))
    daemon.start()
    seconds = time.monotonic() - begun
    loaded = [s for s in daemon.host.statuses.values() if s.name.startswith("bench") and s.instance is not None]
    print(json.dumps({"seconds": seconds, "plugins": len(loaded)}), flush=True)
    sys.stdin.read()
    os._exit(0)


def _port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _install(folder: Path, name: str) -> None:
    (folder / f"jackfield_{name}.py").write_text(PLUGIN.replace("{name}", name))
    info = folder / f"jackfield_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: jackfield-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[jackfield.plugins]\n{name} = jackfield_{name}:Plugin\n")


if __name__ == "__main__":
    main()
