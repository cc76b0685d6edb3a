"""What goes into the packages: the source trees and their hash."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
JACKFIELD_PARTS = ("VERSION", "LICENSE", "core", "admintui", "plugins/ivr", "plugins/acd", "plugins/recording")
# Made by tools, not by us; tests stay out of the packages.
SKIPPED = re.compile(r"^(\..*|__pycache__|.*\.(pyc|mo|egg-info)|build|dist|tests)$")


class BuildError(Exception):
    """The build cannot go on; the message says what happened, why and what to do."""


@dataclass(frozen=True)
class Source:
    """A Debian source package: its name, its version, and its files as `{path in the tree: file here}`."""

    name: str
    version: str
    files: dict[str, Path]

    @property
    def key(self) -> str:
        """A hash of all that the result depends on, the build root left out."""
        digest = hashlib.sha256(f"{self.name} {self.version}".encode())
        for path in sorted(self.files):
            mode = self.files[path].stat().st_mode & 0o100
            digest.update(f"\0{path}\0{mode}\0".encode() + hashlib.sha256(self.files[path].read_bytes()).digest())
        return digest.hexdigest()[:16]

    def write(self, folder: Path) -> Path:
        """Write the tree into `folder`; returns its top."""
        tree = folder / f"{self.name}-{self.version}"
        for path, file in self.files.items():
            target = tree / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            target.chmod(0o755 if os.access(file, os.X_OK) else 0o644)
        return tree


def jackfield() -> Source:
    """Jackfield's own source.

    Raises:
        BuildError: a part is missing, or VERSION and debian/changelog disagree.
    """
    files = dict(_below(HERE / "debian", "debian/")) | dict(_below(HERE / "debian/tests", "debian/tests/"))
    for part in JACKFIELD_PARTS:
        path = TOP / part
        if path.is_file():
            files[part] = path
        elif (path / "pyproject.toml").is_file():
            files.update(_below(path, f"{part}/"))
        else:
            raise BuildError(f"{path} is missing or has no pyproject.toml, so the packages would be incomplete.")
    version = (TOP / "VERSION").read_text().strip()
    if _changelog_version(HERE / "debian") != version:
        raise BuildError(
            f"VERSION says {version} and {HERE}/debian/changelog begins with "
            f"{_changelog_version(HERE / 'debian')}. Write an entry for {version} into the changelog."
        )
    return Source("jackfield", version, files)


def pyst2() -> Source:
    """The packaging of pyst2; its upstream release is fetched when it is built."""
    folder = HERE / "pyst2"
    files = dict(_below(folder, ""))
    return Source("pyst2", _changelog_version(folder / "debian"), files)


def fetch_release(requirement: Path, cache: Path) -> Path:
    """The upstream release that `requirement` (one pip line `name==version --hash=sha256:…`) names.

    It is taken from the cache, or fetched with the machine's own pip settings.

    Raises:
        BuildError: pip is missing or cannot fetch it, or the file has another hash.
    """
    line = requirement.read_text().strip().splitlines()[-1]
    match = re.fullmatch(r"(\S+)==(\S+) --hash=sha256:([0-9a-f]{64})", line)
    if not match:
        raise BuildError(f"{requirement}: its last line is not 'name==version --hash=sha256:…'.")
    name, version, wanted = match.groups()
    file = cache / f"{name}-{version}.tar.gz"
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = [*_pip(), "download", "--quiet", "--no-deps", "--no-binary", name]
        command += ["--dest", str(cache), "--requirement", str(requirement)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not file.exists():
            raise BuildError(
                f"pip could not fetch the source release of {line.split()[0]}: {done.stderr.strip()[-600:]}\n"
                "Check that pip reaches its index: pip config list shows where it looks."
            )
    if hashlib.sha256(file.read_bytes()).hexdigest() != wanted:
        file.unlink()
        raise BuildError(f"{file.name} was not the file that {requirement} names: another SHA-256. It was removed.")
    return file


def _pip() -> list[str]:
    """This Python's pip, or the system's, installed by apt where there is none."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if not shutil.which("pip3"):
        command = ["apt-get", "install", "--yes", "--no-install-recommends", "python3-pip"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildError(f"apt could not install python3-pip: {done.stderr.strip()[-600:]}\nInstall it by hand.")
    return ["pip3"]


def changelog_time(folder: Path) -> int:
    """Seconds since 1970 of the newest changelog entry: the time of every packaged file."""
    command = ["date", "--date", _first(r"^ -- .*>  (.+)$", folder / "changelog"), "+%s"]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _changelog_version(folder: Path) -> str:
    return _first(r"^\S+ \(([^)]+)\)", folder / "changelog")


def _first(pattern: str, file: Path) -> str:
    match = re.search(pattern, file.read_text(), re.MULTILINE)
    if not match:
        raise BuildError(f"{file} has no line like {pattern}.")
    return match.group(1)


def _below(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not SKIPPED.match(name))
        for name in sorted(names):
            if not SKIPPED.match(name):
                path = Path(base, name)
                yield prefix + str(path.relative_to(folder)), path
