"""The console over a real daemon: the simulator's, with its control API on a real socket and a real database."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import jackfield
import jackfield_acd
import jackfield_admintui
import jackfield_ivr
import pytest
from jackfield.testing import Simulator
from jackfield_acd.plugin import AcdPlugin
from jackfield_ivr.plugin import IvrPlugin

sys.path.insert(0, str(Path(__file__).parent))
from console_rig import SITE, Seat, at_console, settle


@pytest.fixture(scope="session", autouse=True)
def catalogues() -> None:
    """Compiled, as a package's build does."""
    for package in (jackfield, jackfield_acd, jackfield_admintui, jackfield_ivr):
        for po in (Path(package.__file__).parent / "locale").rglob("*.po"):
            mo = po.with_suffix(".mo")
            if not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime:
                subprocess.run(["msgfmt", "-o", str(mo), str(po)], check=True)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where consoles keep what is not saved."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state/jackfield/console"


@pytest.fixture
def pbx(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    with Simulator({"ivr": IvrPlugin, "acd": AcdPlugin}, site=SITE) as made:
        settle(made, monkeypatch)
        yield made
        made.daemon.site_processes.renew()


@pytest.fixture
def console(pbx: Simulator):
    """`console(work, size=…, language=…)` at the console of the simulator."""

    def run(work: Callable[[Seat], Awaitable[None]], **options: Any) -> None:
        at_console(pbx.folder / "control.sock", work, **options)

    return run
