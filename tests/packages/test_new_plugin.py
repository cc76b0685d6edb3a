"""`jackfield plugin new` as an author meets it: a folder outside of the repository, its tests, its .deb, real calls."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from packages.system import TOP

pytestmark = pytest.mark.packages
CORE = TOP / "core/src"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command writes."""
    folder = tmp_path_factory.mktemp("author")
    signed = ["--author", "Ann Author", "--email", "ann@example.org"]
    run([sys.executable, "-m", "jackfield.cli.main", "plugin", "new", "opinion", *signed], folder)
    return folder / "jackfield-opinion"


def run(command: list[str], folder: Path, **more: str) -> str:
    """Run a command in a folder with nothing but Jackfield's core on the path; its output."""
    kept = {"JACKFIELD_CACHE"}  # where the rig has its roots
    environment = {k: v for k, v in os.environ.items() if k in kept or not k.startswith(("PYTEST", "JACKFIELD"))}
    environment |= {"PYTHONPATH": str(CORE), "PYTHONDONTWRITEBYTECODE": "1"} | more
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def pytest_in(project: Path, *words: str, **more: str) -> str:
    """As the author types `pytest …`; the distribution's entry point is what `-p` stands for here."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "jackfield.testing.plugin", "-p", "no:cacheprovider"]
    return run([*command, *words], project, **more)


def test_its_journey_builds_installs_calls_and_purges_it(project: Path, debs: list[Path]) -> None:
    """A .deb clean by lintian; apt into a running Jackfield; a call, its job in the worker; purged, it's gone."""
    said = pytest_in(project, "-m", "journey", JACKFIELD_CHECKOUT=str(TOP), JACKFIELD_DEBS=str(debs[0].parent))
    assert "2 passed" in said, said
