"""What the rig needs of the host: commands, apt's own settings, progress lines."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

# command -> Debian package that brings it
HOST_COMMANDS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "dpkg-deb": "dpkg",
    "gpg": "gpg",
    "gpg-agent": "gpg-agent",
}


class RigError(Exception):
    """The rig cannot go on; the message says what happened, why and what to do."""


def say(text: str) -> None:
    """Prints one progress line to stderr (stdout belongs to the caller's results)."""
    print(f"rig: {text}", file=sys.stderr, flush=True)


def cache_dir() -> Path:
    """The cache outside the repository: $JACKFIELD_CACHE or /var/cache/jackfield-rig."""
    path = Path(os.environ.get("JACKFIELD_CACHE") or "/var/cache/jackfield-rig")
    path.mkdir(parents=True, exist_ok=True)
    return path


def require_root() -> None:
    """Raises RigError unless this process is root."""
    if os.geteuid() != 0:
        raise RigError(
            "The rig makes network namespaces and boots systemd, so it must run as root. Start it again with sudo."
        )


def ensure_host_packages() -> None:
    """Installs by apt whichever of HOST_COMMANDS this machine lacks.

    Raises RigError when apt cannot.
    """
    require_root()
    if "/usr/sbin" not in os.environ["PATH"].split(":"):  # a plain `su` leaves it out
        os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = sorted({pkg for cmd, pkg in HOST_COMMANDS.items() if not shutil.which(cmd)})
    if not Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists():
        missing.append("debian-archive-keyring")
    if not missing:
        return
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    log = cache_dir() / "host-apt.log"
    with log.open("ab") as out, progress(f"installing {', '.join(missing)} on this machine", log):
        subprocess.run(["apt-get", "update"], env=env, stdout=out, stderr=out, check=False)
        done = subprocess.run(
            ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends", *missing],
            env=env,
            stdout=out,
            stderr=out,
            check=False,
        )
    if done.returncode:
        raise RigError(f"apt could not install {', '.join(missing)} (see {log}). Install them by hand and start again.")


@contextmanager
def progress(what: str, log: Path | None = None, every: float = 5.0) -> Iterator[None]:
    """Says what is going on every `every` seconds, with the last line of `log`, and the total."""
    begun, done = time.monotonic(), threading.Event()

    def tick() -> None:
        while not done.wait(every):
            tail = f": {_last_line(log)}" if log else ""
            say(f"{what}, {time.monotonic() - begun:.0f} s{tail}")

    say(what)
    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    say(f"{what}: done in {time.monotonic() - begun:.1f} s")


def _last_line(log: Path) -> str:
    try:
        with log.open("rb") as handle:
            handle.seek(0, os.SEEK_END)
            handle.seek(max(0, handle.tell() - 2000))
            lines = handle.read().decode(errors="replace").replace("\r", "\n").split("\n")
    except OSError:
        return ""
    return next((line.strip()[:90] for line in reversed(lines) if line.strip()), "")


def debian_mirror(sources: Path = Path("/etc/apt")) -> str:
    """The URI of the Debian archive that this machine's own apt uses.

    Reads deb822 and one-line sources. Raises RigError if none carries this machine's
    release.
    """
    codename = _os_release().get("VERSION_CODENAME", "")
    for uri, suites, components in _apt_sources(sources):
        if codename in suites and "main" in components:
            return uri
    raise RigError(
        f"No apt source below {sources} carries the Debian suite {codename!r} with component "
        "main, so the rig does not know a mirror. Add one to this machine's apt sources."
    )


def _os_release() -> dict[str, str]:
    lines = Path("/etc/os-release").read_text().splitlines()
    return {k: v.strip('"') for k, _, v in (line.partition("=") for line in lines) if k}


def _apt_sources(base: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    parts = base / "sources.list.d"
    for path in sorted(parts.glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            text = "\n".join(x for x in stanza.splitlines() if not x.startswith("#"))
            field = {k.lower(): v.split() for k, v in re.findall(r"^([\w-]+):\s*(.+)$", text, re.M)}
            if "deb" in field.get("types", []) and field.get("enabled", ["yes"]) != ["no"]:
                for uri in field.get("uris", []):
                    yield uri, field.get("suites", []), field.get("components", [])
    for path in [base / "sources.list", *sorted(parts.glob("*.list"))]:
        for line in path.read_text().splitlines() if path.exists() else []:
            words = re.sub(r"\[[^]]*\]|#.*", "", line).split()
            if len(words) > 3 and words[0] == "deb":
                yield words[1], [words[2]], words[3:]


def apt_transport_options() -> list[str]:
    """This machine's proxy and certificate settings of apt, as `Key "value"` options."""
    dump = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True).stdout
    wanted = re.compile(r'^(Acquire::https?(?:::[^ ]+)?) "(.+)";$', re.M)
    useful = re.compile(r"Proxy|CaInfo|CaPath|SslCert|SslKey|Verify|IssuerCert|CrlFile", re.I)
    return [f'{key} "{value}"' for key, value in wanted.findall(dump) if useful.search(key)]


def output(argv: Sequence[str]) -> str:
    """Runs a short host command and returns its stdout; raises RigError with its stderr."""
    done = subprocess.run(list(argv), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RigError(f"{' '.join(argv)} failed ({done.returncode}): {done.stderr.strip()}")
    return done.stdout
