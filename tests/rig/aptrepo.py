"""A flat apt repository out of a folder of .debs, with nothing but dpkg-deb."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from .hostsys import output


def write_repository(folder: Path, debs: Sequence[Path]) -> None:
    """Copies the .debs into `folder` and writes its Packages index anew.

    A package that was there in another version is replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for deb in debs:
        for old in folder.glob(f"{deb.name.split('_')[0]}_*.deb"):
            old.unlink()
        shutil.copy(deb, folder / deb.name)
    stanzas = [_stanza(path) for path in sorted(folder.glob("*.deb"))]
    (folder / "Packages").write_text("\n".join(stanzas))


def _stanza(deb: Path) -> str:
    control = output(["dpkg-deb", "-f", str(deb)]).strip()
    data = deb.read_bytes()
    return f"{control}\nFilename: ./{deb.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
