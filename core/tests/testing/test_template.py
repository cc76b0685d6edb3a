"""`jackfield plugin new`: what comes out works at once, outside of this repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jackfield
import pytest
from jackfield.cli.main import main
from jackfield.errors import JackfieldError
from jackfield.newplugin import new_plugin

CORE = Path(jackfield.__file__).parents[1]


def make(folder: Path, name: str = "visitpoll", **more: str) -> Path:
    signed = {"author": "Ann Author", "email": "ann@example.org"} | more
    return new_plugin(name, folder, **signed)[0].parent


@pytest.mark.slow
def test_a_new_plugin_passes_its_own_tests(tmp_path: Path) -> None:
    project = make(tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "jackfield.testing.plugin", "-p", "no:cacheprovider"]
    environment = os.environ | {"PYTHONPATH": str(CORE), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "failed" not in done.stdout
    assert " passed" in done.stdout


def test_every_hole_is_filled_and_the_sources_are_clean(tmp_path: Path) -> None:
    project = make(tmp_path, title="Visitor poll")
    for file in project.rglob("*"):
        if file.is_file():
            assert "<<" not in file.read_text().replace("<<EOF", ""), file
            assert "NAME" not in file.name
    top = CORE.parents[1]
    for words in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *words, "--config", str(top / "pyproject.toml"), str(project / "src")]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    assert (project / "debian/rules").stat().st_mode & 0o111


@pytest.mark.parametrize("name", ["", "ab", "Visit", "visit-poll", "visit poll", "../etc", "9lives", "core", "x" * 40])
def test_a_name_that_cannot_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(JackfieldError, match="cannot name a plugin"):
        make(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong", [{"author": "A <b>"}, {"author": "a\nb"}, {"email": "nobody"}, {"title": "x\ny"}, {"title": "<<name>>"}]
)
def test_a_signature_or_title_that_cannot_be(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(JackfieldError):
        make(tmp_path, **wrong)
    assert list(tmp_path.iterdir()) == []


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DEBEMAIL", "ann@example.org")
    monkeypatch.setenv("DEBFULLNAME", "Ann Author")
    assert main(["plugin", "new", "visitpoll", "--into", str(tmp_path)]) == 0
    assert "jackfield-visitpoll is a plugin that works" in capsys.readouterr().out
    assert "Ann Author <ann@example.org>" in (tmp_path / "jackfield-visitpoll/debian/control").read_text()
    assert main(["plugin", "new", "visitpoll", "--into", str(tmp_path)]) == 1
    assert "is there already" in capsys.readouterr().err
