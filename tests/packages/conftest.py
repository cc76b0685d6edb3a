"""The packages under test and nodes that have them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.system import BUILD, wait_for_daemon
from rig.node import Node
from rig.run import Run


@pytest.fixture(scope="session")
def debs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """All packages: those in $JACKFIELD_DEBS, or built from this checkout (from the cache when nothing changed)."""
    given = os.environ.get("JACKFIELD_DEBS")
    folder = Path(given) if given else tmp_path_factory.mktemp("dist")
    if not given:
        subprocess.run([sys.executable, str(BUILD), "--out", str(folder)], check=True)
    found = sorted(folder.glob("*.deb"))
    assert found, f"no packages in {folder}"
    return found


@pytest.fixture(scope="module")
def rig_run() -> Iterator[Run]:
    with Run() as run:
        yield run


@pytest.fixture(scope="module")
def bare(rig_run: Run) -> Node:
    """A node with Asterisk and without Jackfield."""
    return rig_run.node()


@pytest.fixture(scope="module")
def installed(bare: Node, debs: list[Path]) -> Node:
    """A node with all packages, just installed."""
    bare.apt_install(debs)
    wait_for_daemon(bare)
    return bare
