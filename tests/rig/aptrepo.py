"""A signed apt repository out of a folder of .debs, with dpkg-deb and gpg: for nodes, for the demo, for users.

It is a flat one: any web server can serve the folder. Beside the packages lie the public key and `jackfield.sources`, a
source of apt that has this very key in it: nothing else vouches for the repository, and the key for nothing else.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from .hostsys import RigError, cache_dir, ensure_host_packages, output

KEY_FILE = "jackfield-archive-keyring.asc"
SOURCES_FILE = "jackfield.sources"
PREFERENCES_FILE = "jackfield.pref"
OWNER = "Jackfield package repository"
# Nothing but Jackfield's own packages comes from there, whatever else it should offer one day.
PREFERENCES = """Package: *
Pin: release o=Jackfield
Pin-Priority: -1

Package: jackfield jackfield-* python3-jackfield python3-pyst2
Pin: release o=Jackfield
Pin-Priority: 500
"""


@dataclass(frozen=True)
class Key:
    """Who signs: a key of gpg's."""

    user: str
    """Fingerprint, key id or address, as `gpg --local-user` takes it."""
    home: Path | None = None
    """gpg's folder; None: the caller's own."""

    def public(self) -> str:
        """The public key, in ASCII armour.

        Raises:
            RigError: gpg has no such key.
        """
        text = self._gpg("--armor", "--export", self.user)
        if "BEGIN PGP PUBLIC KEY" not in text:
            raise RigError(f"gpg has no key {self.user!r}. See: gpg --list-secret-keys")
        return text

    def fingerprint(self) -> str:
        """The key's fingerprint, by which people know it."""
        listed = self._gpg("--with-colons", "--fingerprint", self.user)
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))

    def sign(self, release: Path) -> None:
        """Write `InRelease` and `Release.gpg` beside a Release file.

        Raises:
            RigError: gpg cannot; with what it says.
        """
        who = ["--yes", "--digest-algo", "SHA512", "--local-user", self.user]
        self._gpg(*who, "--output", str(release.with_name("InRelease")), "--clear-sign", str(release))
        signature = str(release.with_name("Release.gpg"))
        self._gpg(*who, "--armor", "--output", signature, "--detach-sign", str(release))

    def _gpg(self, *words: str) -> str:
        # gpg's agent would stay behind in a folder of ours, and another run would need it: one at a time.
        with _alone(self.home) as options:
            return output(["gpg", *options, "--batch", *words])


@contextmanager
def _alone(home: Path | None) -> Iterator[list[str]]:
    if home is None:
        yield []
        return
    with home.with_name(f"{home.name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield ["--homedir", str(home)]
        finally:
            subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"], check=False)


def own_key(folder: Path | None = None) -> Key:
    """The key of this machine, made when first asked for; it lies in the cache, outside the repository.

    Raises:
        RigError: gpg cannot make it.
    """
    ensure_host_packages()
    home = folder or cache_dir() / "apt-key"
    key = Key(OWNER, home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(home) as options:
        gpg = ["gpg", *options, "--batch"]
        if not output([*gpg, "--list-secret-keys", "--with-colons"]):
            output([*gpg, "--passphrase", "", "--quick-generate-key", OWNER, "ed25519", "sign", "never"])
    return key


def write_repository(folder: Path, debs: Sequence[Path], key: Key, uri: str | None = None) -> None:
    """Copies the .debs into `folder` and writes its index, signatures and what users need of it anew.

    A package that was there in another version is replaced. `uri` is where the folder will be
    served (None: as the folder itself). Raises RigError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for deb in debs:
        for old in folder.glob(f"{deb.name.split('_')[0]}_*.deb"):
            old.unlink()
        shutil.copy(deb, folder / deb.name)
    stanzas = [_stanza(path) for path in sorted(folder.glob("*.deb"))]
    (folder / "Packages").write_text("\n".join(stanzas))
    release = folder / "Release"
    release.write_text(_release(folder / "Packages", datetime.now(UTC)))
    key.sign(release)
    public = key.public()
    (folder / KEY_FILE).write_text(public)
    (folder / SOURCES_FILE).write_text(sources(uri or folder.resolve().as_uri(), public))
    (folder / PREFERENCES_FILE).write_text(PREFERENCES)


def sources(uri: str, public: str) -> str:
    """The deb822 source of a repository, with its public key in it (sources.list(5), Signed-By).

    Raises:
        RigError: the URI would not be one line of one word.
    """
    if not re.fullmatch(r"(https?|file)://?[!-~]+", uri):
        raise RigError(f"{uri!r} is not where a repository can be. Give an URL like https://packages.example.org/")
    armour = "\n".join(f" {line or '.'}" for line in public.strip().splitlines())
    return f"Types: deb\nURIs: {uri.rstrip('/')}/\nSuites: ./\nSigned-By:\n{armour}\n"


def _release(index: Path, now: datetime) -> str:
    data = index.read_bytes()
    known = f"{hashlib.sha256(data).hexdigest()} {len(data)} {index.name}"
    return (
        "Origin: Jackfield\nLabel: Jackfield\nSuite: stable\nDescription: Jackfield, a PBX and call centre\n"
        f"Date: {format_datetime(now, usegmt=True)}\nSHA256:\n {known}\n"
    )


def _stanza(deb: Path) -> str:
    control = output(["dpkg-deb", "-f", str(deb)]).strip()
    data = deb.read_bytes()
    return f"{control}\nFilename: ./{deb.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
