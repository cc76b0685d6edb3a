"""The packages that an upgrade begins with: built from an earlier commit, by that commit's own scripts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from packages.system import TOP
from rig.root import ensure_root

COMMIT = "0c9c73800829af85e3938095629843ffe684edd6"
"""What was on main before the plugin interface of issue 4; from the first release on, its tag."""


def previous_tree(folder: Path) -> Path | None:
    """The earlier commit's files in a folder; None where git does not have it (a copy without its history)."""
    archive = folder / "previous.tar"
    command = ["git", "-C", str(TOP), "archive", "--output", str(archive), COMMIT]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return None
    tree = folder / "tree"
    tree.mkdir()
    subprocess.run(["tar", "--extract", f"--file={archive}", f"--directory={tree}"], check=True)
    return tree


def previous_debs(tree: Path, folder: Path) -> Path:
    """The folder with the packages of an earlier tree, from the cache when they were built before."""
    root = ensure_root("build").path  # ours has all that theirs has
    command = [sys.executable, str(tree / "packaging/deb/build.py"), "--out", str(folder), "--root", str(root)]
    subprocess.run(command, check=True)
    return folder
