"""docs/plugin-guide.md: every step, in order, in a folder outside of this repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import jackfield
import pytest

CORE = Path(jackfield.__file__).parents[1]
GUIDE = CORE.parents[1] / "docs/plugin-guide.md"
BLOCK = re.compile(r"^```(\w+)(?: ([\w./-]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps() -> list[tuple[str, str, str]]:
    """Language, file and text of each block."""
    return BLOCK.findall(GUIDE.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_the_guide_can_be_followed(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, words in (("jackfield", "-m jackfield.cli.main"), ("pytest", "-m pytest -p jackfield.testing.plugin")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (tools / name).chmod(0o755)
    environment = os.environ | {
        "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(CORE), "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
    }  # fmt: skip
    here, ran = tmp_path, 0
    for language, file, text in steps():
        if file:
            (here / file).write_text(text, encoding="utf-8")
        elif language == "sh":
            script = text + "\npwd > " + str(tmp_path / "here")
            done = subprocess.run(["sh", "-e", "-c", script], cwd=here, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, f"{text}\n{done.stdout[-5000:]}\n{done.stderr[-2000:]}"
            here, ran = Path((tmp_path / "here").read_text().strip()), ran + 1
    assert ran == 5
    assert here.name == "jackfield-appointment"


def test_each_file_of_the_guide_is_where_the_template_has_its_like() -> None:
    files = [file for _, file, _ in steps() if file]
    assert len(files) == len(set(files)) >= 10
    assert all(file.startswith(("src/jackfield_appointment/", "tests/", "README")) for file in files)
