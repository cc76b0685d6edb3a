"""Builds and caches Debian 14 roots with mmdebstrap.

A root is keyed by a hash of its package list and this recipe, lives in the cache
outside the repository, is built once even when several runs ask at the same time,
and is never written to afterwards: nodes use it below an overlay.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .hostsys import (
    RigError,
    apt_transport_options,
    cache_dir,
    debian_mirror,
    ensure_host_packages,
    progress,
    say,
)

SUITE = "forky"
RECIPE = 4  # raise when anything below changes what a root contains
HERE = Path(__file__).parent
VARIANTS = {
    "run": ("packages-run.txt",),
    "run-pg": ("packages-run.txt", "packages-run-pg.txt"),
    "build": ("packages-build.txt",),
    "bare": ("packages-bare.txt",),
}
KEEP_SECONDS = 7 * 24 * 3600  # an old key stays this long after its last use
# Units that make a test machine slower or noisier and that no test is about.
MASKED = (
    "dev-hugepages.mount",
    "sys-fs-fuse-connections.mount",  # not allowed in nspawn
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "logrotate.timer",
    "console-getty.service",
    "getty@tty1.service",
    "systemd-firstboot.service",
    "systemd-networkd-wait-online.service",
)


@dataclass
class Root:
    """A finished root. Holding it keeps a shared lock, so that no one removes it."""

    variant: str
    path: Path
    _lock: IO[bytes] = field(repr=False)

    def tool(self, argv: Sequence[str], stdin: bytes | None = None) -> bytes:
        """Runs a filter program (sox, flac…) from the root by chroot and returns its stdout.

        Raises RigError if it fails. The program must not write files.
        """
        done = subprocess.run(["chroot", str(self.path), *argv], input=stdin, capture_output=True, check=False)
        if done.returncode:
            raise RigError(f"{argv[0]} in {self.path} failed: {done.stderr.decode()[-400:]}")
        return done.stdout


def package_list(variant: str) -> list[str]:
    """The packages of a variant, in file order, without repeats."""
    if variant not in VARIANTS:
        raise RigError(f"No root variant {variant!r}; there are {', '.join(VARIANTS)}.")
    names: dict[str, None] = {}
    for file in VARIANTS[variant]:
        for line in (HERE / file).read_text().splitlines():
            name = line.split("#", 1)[0].strip()
            if name:
                names[name] = None
    return list(names)


def root_key(variant: str) -> str:
    """`variant-hash`, where the hash covers the package list, the suite and the recipe."""
    text = "\n".join([SUITE, str(RECIPE), *MASKED, "", *sorted(package_list(variant))])
    return f"{variant}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def ensure_root(variant: str = "run") -> Root:
    """Returns the cached root of the variant, building it first if need be.

    Raises RigError when the build fails; the message names the log.
    """
    ensure_host_packages()
    roots = cache_dir() / "roots"
    roots.mkdir(exist_ok=True)
    key = root_key(variant)
    path = roots / key
    lock = (roots / f"{key}.lock").open("ab")
    _flock(lock, fcntl.LOCK_SH, f"waiting for another run that builds the root {key}")
    if not path.is_dir():
        fcntl.flock(lock, fcntl.LOCK_UN)
        _flock(lock, fcntl.LOCK_EX, f"waiting for another run that builds the root {key}")
        if not path.is_dir():
            _build(variant, path)
        fcntl.flock(lock, fcntl.LOCK_SH)
    os.utime(roots / f"{key}.lock")
    collect_old_roots(keep=key)
    return Root(variant, path, lock)


def _flock(lock: IO[bytes], how: int, what: str) -> None:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        with progress(what):
            fcntl.flock(lock, how)


def _build(variant: str, path: Path) -> None:
    work = path.with_name(f".building-{path.name}")
    shutil.rmtree(work, ignore_errors=True)
    debs = cache_dir() / "debs"
    debs.mkdir(exist_ok=True)
    log = path.with_name(f"{path.name}.log")
    with progress(f"building the Debian root {variant}", log), log.open("wb") as out:
        done = subprocess.run(
            mmdebstrap_command(variant, work, debs),
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    if done.returncode:
        shutil.rmtree(work, ignore_errors=True)
        tail = "\n  ".join(log.read_text(errors="replace").splitlines()[-12:])
        raise RigError(f"mmdebstrap could not build the root {variant}; end of {log}:\n  {tail}")
    _customise(work)
    work.rename(path)


def mmdebstrap_command(variant: str, target: Path, debs: Path) -> list[str]:
    """The command line that builds `target`; .debs are taken from and kept in `debs`."""
    options = ['Acquire::Check-Valid-Until "false"', *apt_transport_options()]
    archives = "var/cache/apt/archives"
    # Hard links where the cache is on the same file system, copies elsewhere.
    take = f'mkdir -p "$1/{archives}"; for f in {debs}/*.deb; do [ -e "$f" ] || continue; '
    take += f'ln "$f" "$1/{archives}/" 2>/dev/null || cp "$f" "$1/{archives}/"; done'
    keep = f'for f in "$1"/{archives}/*.deb; do [ -e "$f" ] || continue; '
    keep += f'ln "$f" {debs}/ 2>/dev/null || cp -n "$f" {debs}/ || true; done'
    return [
        "mmdebstrap",
        "--mode=root",
        "--variant=apt",
        "--format=directory",
        *(f"--aptopt={option}" for option in options),
        "--dpkgopt=force-unsafe-io",
        "--skip=essential/unlink",
        f"--include={','.join(package_list(variant))}",
        f"--setup-hook={take}",
        f"--customize-hook={keep}",
        SUITE,
        str(target),
        f"deb {debian_mirror()} {SUITE} main",
    ]


def _customise(root: Path) -> None:
    """Makes a root ready to boot many times: no identity of its own, quiet units."""
    (root / "etc/machine-id").write_text("")
    (root / "etc/hostname").unlink(missing_ok=True)
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").write_text("")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    (root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
    units = root / "etc/systemd/system"
    for unit in MASKED:
        link = units / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    # The mount point that parties bind their scenario folder to.
    (root / "mnt/party").mkdir(parents=True, exist_ok=True)


def collect_old_roots(keep: str = "", older_than: float = KEEP_SECONDS) -> list[str]:
    """Removes roots that no run holds and that were not used for `older_than` seconds."""
    roots, gone = cache_dir() / "roots", []
    for lock_path in sorted(roots.glob("*.lock")):
        key = lock_path.stem
        leftovers = [p for p in (roots / key, roots / f".building-{key}") if p.exists()]
        recent = time.time() - lock_path.stat().st_mtime < older_than
        if key == keep or recent or not leftovers:
            continue
        with lock_path.open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            for path in leftovers:
                shutil.rmtree(path, ignore_errors=True)
            (roots / f"{key}.log").unlink(missing_ok=True)
        gone.append(key)
        say(f"removed the old root {key}")
    return gone
