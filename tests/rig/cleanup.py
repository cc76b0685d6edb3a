"""What a run leaves on the machine, and how all of it goes away.

Everything a run makes carries the run's id: its folders, its network namespaces
(`jfr-ID-…`) and its cgroup (`jackfield-rig/ID`), in which every process of the run
lives. Mounts are made in private mount namespaces and die with their processes.
The owner holds a lock on the run's folder; the kernel drops it when the owner dies,
however it dies, and then `gc` may remove the run.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path
from typing import IO

from .hostsys import RigError, say

NETNS_DIR = Path("/run/netns")
RUNS = Path("/var/tmp/jackfield-rig")
RAM = Path("/dev/shm/jackfield-rig")
CGROUP = "jackfield-rig"


def cgroup_root() -> Path:
    """Where the host has cgroup v2 mounted (its own place in a hybrid tree).

    Raises RigError if nowhere.
    """
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(where)
    raise RigError(
        "This machine has no cgroup v2 mount, which the rig needs to keep its processes "
        "together. Boot with systemd's default hierarchy, or mount it: "
        "mount -t cgroup2 none /sys/fs/cgroup/unified"
    )


class RunDir:
    """The folders and the lock of one run."""

    def __init__(self) -> None:
        """Makes a new run with an id of its own and locks it."""
        RUNS.mkdir(parents=True, exist_ok=True)
        while True:
            self.id = secrets.token_hex(3)
            self.path = RUNS / self.id
            try:
                self.path.mkdir(mode=0o755)
            except FileExistsError:
                continue
            break
        self._lock: IO[bytes] = (self.path / "lock").open("ab")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        (self.path / "owner").write_text(f"{os.getpid()}\n")
        self.ram = RAM / self.id
        self.ram.mkdir(parents=True)
        self.cgroup = cgroup_root() / CGROUP / self.id
        self.make_cgroup("parties")

    def make_cgroup(self, name: str) -> Path:
        """A cgroup of the run for one node or for the parties."""
        path = self.cgroup / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def netns(self, name: str) -> str:
        """The host's name of the run's network namespace `name`."""
        return f"jfr-{self.id}-{name}"

    def keep(self) -> None:
        """Lets the run outlive its owner: only `rig down ID` removes it."""
        (self.path / "keep").touch()

    def remove(self) -> None:
        """Ends every process of the run and removes all it made."""
        remove_run(self.id)
        self._lock.close()


def spawn_prefix(cgroup: Path) -> list[str]:
    """Argument prefix that puts a command into a cgroup of the run before it starts."""
    return ["sh", "-c", 'echo 0 > "$0/cgroup.procs" && exec "$@"', str(cgroup)]


def kill_cgroup(cgroup: Path, timeout: float = 10.0) -> None:
    """Kills every process in and below a cgroup, waits until it is empty and removes it.

    Raises RigError if a process will not die.
    """
    if not cgroup.is_dir():
        return
    deadline = time.monotonic() + timeout
    while True:
        with contextlib.suppress(OSError):
            (cgroup / "cgroup.kill").write_text("1")
        if "populated 0" in (cgroup / "cgroup.events").read_text():
            break
        if time.monotonic() > deadline:
            raise RigError(f"Processes in {cgroup} do not die; look at its cgroup.procs.")
        time.sleep(0.02)
    for path, _, _ in os.walk(cgroup, topdown=False):
        with contextlib.suppress(OSError):
            Path(path).rmdir()


def remove_run(run_id: str) -> None:
    """Removes all that the run `run_id` made. Safe to call twice."""
    kill_cgroup(cgroup_root() / CGROUP / run_id)
    _kill_strays(run_id)
    for ns in NETNS_DIR.glob(f"jfr-{run_id}-*") if NETNS_DIR.is_dir() else []:
        subprocess.run(["ip", "netns", "del", ns.name], capture_output=True, check=False)
    for folder in (RUNS / run_id, RAM / run_id):
        for mount in _mounts_below(folder):
            subprocess.run(["umount", "-l", mount], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)
    for folder in (RUNS, RAM, cgroup_root() / CGROUP):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _kill_strays(run_id: str) -> None:
    """Kills what sits in one of the run's namespaces without being in its cgroup."""
    inodes = {p.stat().st_ino for p in NETNS_DIR.glob(f"jfr-{run_id}-*")}
    for proc in Path("/proc").glob("[0-9]*") if inodes else []:
        with contextlib.suppress(OSError):
            if int(proc.name) != os.getpid() and (proc / "ns/net").stat().st_ino in inodes:
                os.kill(int(proc.name), 9)


def _mounts_below(folder: Path) -> list[str]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [w for w in (x.split()[1] for x in reversed(lines)) if w.startswith(f"{folder}/")]


def gc(force: str | None = None) -> list[str]:
    """Removes every run whose owner is dead, and the run `force` in any case.

    Kept runs (`RunDir.keep`) stay unless forced. Returns the ids removed.
    """
    gone = []
    for folder in sorted(RUNS.glob("*")) if RUNS.is_dir() else []:
        if not folder.is_dir() or (force != folder.name and (folder / "keep").exists()):
            continue
        if force != folder.name and _owned(folder):
            continue
        remove_run(folder.name)
        why = "as told" if force == folder.name else "left behind by a dead process"
        say(f"removed the run {folder.name}, {why}")
        gone.append(folder.name)
    return gone


def _owned(folder: Path) -> bool:
    """Whether the run's owner lives. A folder made this second may not be locked yet."""
    try:
        with (folder / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        with contextlib.suppress(OSError):
            return time.time() - folder.stat().st_mtime < 60
        return False
    if (folder / "owner").exists():
        return False
    return time.time() - folder.stat().st_mtime < 60
