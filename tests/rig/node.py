"""A node: an overlay copy of a root, booted with systemd in a namespace of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from .aptrepo import SOURCES_FILE, own_key, write_repository
from .cleanup import RunDir, kill_cgroup, spawn_prefix
from .hostsys import RigError
from .net import Party, netns_path
from .root import Root

T = TypeVar("T")
BOOT_SECONDS = 60.0
REPOSITORY = "/srv/jackfield-repo"  # inside the node
SOURCES = f"/etc/apt/sources.list.d/{SOURCES_FILE}"
# apt inside a node sees our own packages only: it has no way to a mirror.
APT_OFFLINE = (
    "-o",
    "Dir::Etc::SourceList=/dev/null",
    "-o",
    "APT::Get::List-Cleanup=true",
    "-o",
    "DPkg::Lock::Timeout=60",
)
# Runs in a private mount namespace, so that no mount of ours is ever on the host.
BOOT_SCRIPT = """
set -e
mount --make-rprivate /
umount -R /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /run/systemd/nspawn "$3/root"
mount -t tmpfs none /run/systemd/nspawn
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$3/root"
exec systemd-nspawn -D "$3/root" --boot --register=no --keep-unit --machine="$4" \
  --hostname="$5" --network-namespace-path="$6" --capability=CAP_NET_ADMIN --resolv-conf=off --timezone=off \
  --link-journal=no --console=pipe </dev/null
"""


def wait_for(predicate: Callable[[], T], timeout: float = 10, what: str = "", every: float = 0.05) -> T:
    """Waits until `predicate` gives something true and returns it.

    Raises TimeoutError naming `what` after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout:g} s in vain for {what or predicate!r}")
        time.sleep(every)


def enter_command(leader: int) -> list[str]:
    """The prefix of a command that is to run in the node whose systemd is `leader`."""
    return ["nsenter", "-t", str(leader), "-m", "-u", "-i", "-n", "-p", "-r", "-w", "--"]


class Node:
    """One machine under test."""

    def __init__(self, run: RunDir, root: Root, party: Party, name: str, disk: str = "ram") -> None:
        """Prepares the node; `boot` starts it. disk: "ram", or "disk" for real fsync times."""
        self.name, self.party, self.root = name, party, root
        self._run = run
        base = run.ram if disk == "ram" else run.path
        self._layers = base / f"node-{name}"
        self._dir = run.path / f"node-{name}"
        for sub in ("upper", "work"):
            (self._layers / sub).mkdir(parents=True)
        self._dir.mkdir(exist_ok=True)
        # As Debian's installer does: without it Asterisk asks DNS for its own name at each call.
        (self._layers / "upper" / "etc").mkdir(mode=0o755)
        hosts = f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost\n"
        (self._layers / "upper" / "etc" / "hosts").write_text(hosts)
        self._cgroup = run.cgroup / f"node-{name}"
        self._nspawn: subprocess.Popen[bytes] | None = None
        self.leader = 0
        self.boot_seconds = 0.0

    @property
    def address(self) -> str:
        """The node's first address."""
        return self.party.address

    def boot(self) -> None:
        """Boots systemd and waits until every unit is started.

        What was written before a stop or power cut is still there.
        Raises RigError if it does not come up; the message has the end of its console.
        """
        begun = time.monotonic()
        self._run.make_cgroup(self._cgroup.name)
        # Overlay's work folder must be clean after a power cut.
        shutil.rmtree(self._layers / "work", ignore_errors=True)
        (self._layers / "work").mkdir()
        console = (self._dir / "console.log").open("ab")
        argv = [
            "unshare",
            "-m",
            "sh",
            "-c",
            BOOT_SCRIPT,
            "sh",
            str(self.root.path),
            str(self._layers),
            str(self._dir),
            f"jfr-{self._run.id}-{self.name}",
            self.name,
            str(netns_path(self.party)),
        ]
        self._nspawn = subprocess.Popen(
            [*spawn_prefix(self._cgroup), *argv],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
        )
        console.close()
        try:
            self.leader = wait_for(self._find_leader, BOOT_SECONDS, "systemd's process")
            wait_for(self._is_up, BOOT_SECONDS, "the end of the boot", every=0.1)
        except (TimeoutError, RigError) as problem:
            tail = (self._dir / "console.log").read_text(errors="replace")[-1500:]
            raise RigError(f"The node {self.name} did not boot ({problem}):\n{tail}") from None
        (self._dir / "leader").write_text(str(self.leader))  # for `rig shell`
        self.boot_seconds = time.monotonic() - begun

    def _find_leader(self) -> int:
        assert self._nspawn
        if self._nspawn.poll() is not None:
            raise RigError(f"systemd-nspawn ended with {self._nspawn.returncode}")
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children")
        for pid in children.read_text().split():
            with contextlib.suppress(OSError):
                status = Path(f"/proc/{pid}/status").read_text()
                if "\nNSpid:" in status and status.split("\nNSpid:")[1].split("\n")[0].endswith("\t1"):
                    return int(pid)
        return 0

    def _is_up(self) -> bool:
        # Until the dbus socket is there, systemctl fails at once; --wait does the rest.
        try:
            state = self.run(["systemctl", "is-system-running", "--wait"], check=False, timeout=BOOT_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return state.stdout.strip() in {"running", "degraded"}

    @property
    def running(self) -> bool:
        """Whether the node is up."""
        return self._nspawn is not None and self._nspawn.poll() is None

    def _enter(self, argv: Sequence[str]) -> list[str]:
        if not self.leader:
            raise RigError(f"The node {self.name} is not booted; call boot() first.")
        return [*spawn_prefix(self._run.cgroup / "parties"), *enter_command(self.leader), *argv]

    def run(
        self,
        argv: Sequence[str],
        *,
        check: bool = True,
        timeout: float = 120,
        stdin: str | bytes | None = None,
        env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command as root in the node.

        Raises RigError with its output if it fails and `check` is set, and
        subprocess.TimeoutExpired.
        """
        data = stdin.encode() if isinstance(stdin, str) else (stdin or b"")
        raw = subprocess.run(
            self._enter(argv),
            input=data,
            capture_output=True,
            timeout=timeout,
            check=False,
            env=self._environment(env),
            start_new_session=True,
        )
        done = subprocess.CompletedProcess(
            list(argv),
            raw.returncode,
            raw.stdout.decode(errors="replace"),
            raw.stderr.decode(errors="replace"),
        )
        if check and done.returncode:
            raise RigError(
                f"On node {self.name}: {' '.join(argv)} failed ({done.returncode}):\n"
                f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
            )
        return done

    def popen(self, argv: Sequence[str], env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Starts a command as root in the node with pipes to it."""
        return subprocess.Popen(
            self._enter(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment(env),
            start_new_session=True,
        )

    @staticmethod
    def _environment(env: dict[str, str] | None) -> dict[str, str]:
        base = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "TERM": os.environ.get("TERM", "dumb"),
            "DEBIAN_FRONTEND": "noninteractive",
        }
        return {**base, **(env or {})}

    def path(self, inside: str) -> Path:
        """The host's path of a file in the running node.

        An absolute symbolic link on the way would lead into the host's own tree:
        use read_file for those.
        """
        if not self.running:
            raise RigError(f"The node {self.name} is down, so its files have no path.")
        return Path(f"/proc/{self.leader}/root/{inside.lstrip('/')}")

    def write_file(self, inside: str, content: str | bytes, mode: int = 0o644, owner: str = "root:root") -> None:
        """Writes a file in the node, making its folder."""
        user, _, group = owner.partition(":")
        self.run(
            ["install", "-D", f"--mode={mode:o}", f"--owner={user}", f"--group={group or user}", "/dev/stdin", inside],
            stdin=content,
        )

    def read_file(self, inside: str) -> str:
        """The text of a file in the node."""
        return self.run(["cat", inside]).stdout

    def read_bytes(self, inside: str) -> bytes:
        """The bytes of a file in the node."""
        out, err = self.popen(["cat", inside]).communicate(timeout=60)
        if err:
            raise RigError(f"On node {self.name}: {err.decode(errors='replace').strip()}")
        return out

    def copy_in(self, source: Path, inside: str) -> None:
        """Copies a file from the host into the node."""
        mode = source.stat().st_mode & 0o777
        self.write_file(inside, source.read_bytes(), mode=mode)

    def apt_install(self, packages: Sequence[str | Path], timeout: float = 300, *, recommended: bool = False) -> str:
        """Installs packages by apt; returns apt's output.

        A Path is a local .deb: it is put into the node's own repository first. A str is a
        package name from there or from what the root already has. Needs no network.
        recommended: what they recommend as well, where it is to be had.
        """
        debs = [p for p in packages if isinstance(p, Path)]
        if debs:
            self.add_debs(debs)
        names = [p.name.split("_")[0] if isinstance(p, Path) else p for p in packages]
        how = "--install-recommends" if recommended else "--no-install-recommends"
        # As unattended upgrades do: an admin's own settings file stays when ours has changed, and dpkg does not ask.
        keep = ("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")
        return self.run(["apt-get", *APT_OFFLINE, *keep, "install", "-y", how, *names], timeout=timeout).stdout

    def add_debs(self, debs: Sequence[Path]) -> None:
        """Adds .debs to the node's local repository, which is signed, and lets apt read it."""
        pool = self._dir / "repo"
        write_repository(pool, debs, own_key(), f"file:{REPOSITORY}")
        self.add_repository(pool)

    def add_repository(self, folder: Path) -> None:
        """Copies a repository (aptrepo.write_repository) into the node, and has apt know it as its users would."""
        with tempfile.TemporaryFile() as bundle:
            subprocess.run(["tar", "--create", f"--directory={folder}", "."], stdout=bundle, check=True)
            bundle.seek(0)
            unpack = ["tar", "--extract", "--no-same-owner", f"--directory={REPOSITORY}"]
            self.run(["mkdir", "-p", REPOSITORY])
            subprocess.run(self._enter(unpack), stdin=bundle, env=self._environment(None), check=True)
        self.copy_in(folder / SOURCES_FILE, SOURCES)
        self.apt_update()

    def apt_update(self) -> str:
        """`apt-get update`, of our own repository; returns apt's output. Raises RigError if apt does not accept it."""
        return self.run(["apt-get", *APT_OFFLINE, "update"]).stdout

    def apt_remove(self, packages: Sequence[str], purge: bool = False) -> str:
        """Removes (or purges) packages by apt; returns apt's output."""
        action = "purge" if purge else "remove"
        return self.run(["apt-get", *APT_OFFLINE, action, "-y", *packages], timeout=300).stdout

    def systemctl(self, *words: str, check: bool = True) -> str:
        """`systemctl …` in the node; returns its output."""
        return self.run(["systemctl", *words], check=check).stdout.strip()

    def is_active(self, unit: str) -> bool:
        """Whether a unit is active."""
        return self.systemctl("is-active", unit, check=False) == "active"

    def main_pid(self, unit: str) -> int:
        """The main process of a unit, as numbered inside the node; 0 if none."""
        return int(self.systemctl("show", "-p", "MainPID", "--value", unit) or 0)

    def kill_process(self, unit: str, how: signal.Signals = signal.SIGKILL) -> int:
        """Sends a signal to a unit's main process and returns its pid inside the node.

        Raises RigError if the unit has none.
        """
        pid = self.main_pid(unit)
        if not pid:
            raise RigError(f"{unit} on node {self.name} has no main process to signal.")
        self.run(["kill", f"-{how.value}", str(pid)])
        return pid

    def journal(self, unit: str | None = None, lines: int = 200) -> str:
        """The end of the journal, of one unit or all."""
        pick = ["-u", unit] if unit else []
        return self.run(
            ["journalctl", "--no-pager", "-o", "short-precise", "-n", str(lines), *pick],
            check=False,
        ).stdout

    def asterisk(self, command: str, config: str | None = None) -> str:
        """`asterisk -rx command`; config names the asterisk.conf of another instance."""
        pick = ["-C", config] if config else []
        return self.run(["asterisk", *pick, "-rx", command]).stdout

    @contextlib.contextmanager
    def refusing(self, port: int) -> Iterator[None]:
        """Resets the node's own TCP connections to a port of its own, and refuses new ones, for a while."""
        table = f"inet refuse{port}"
        chain = f"add chain {table} out {{ type filter hook output priority 0; }}"
        rule = f"add rule {table} out tcp dport {port} reject with tcp reset"
        self.run(["nft", f"add table {table}; {chain}; {rule}"])
        try:
            yield
        finally:
            self.run(["nft", f"delete table {table}"])

    def wait_for(self, predicate: Callable[[], T], timeout: float = 10, what: str = "") -> T:
        """As rig.wait_for; a failure's message ends with the node's last journal lines."""
        try:
            return wait_for(predicate, timeout, what)
        except TimeoutError as problem:
            raise TimeoutError(f"{problem}\n{self.journal(lines=40)}") from None

    def stop(self, timeout: float = 20) -> None:
        """Shuts down in order (units are stopped), and by force after `timeout` seconds."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.leader, signal.SIGRTMIN + 4)  # systemd: power off
            with contextlib.suppress(subprocess.TimeoutExpired):
                assert self._nspawn
                self._nspawn.wait(timeout)
        self.power_cut()

    def power_cut(self) -> None:
        """Ends the node at once, as if its power had failed. `boot` starts it again."""
        kill_cgroup(self._cgroup)
        if self._nspawn:
            self._nspawn.wait(10)
        self._nspawn, self.leader = None, 0
