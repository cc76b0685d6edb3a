"""The build itself: clean by lintian, the same twice, honest about its inputs."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packages.system import BUILD, TOP

sys.path.append(str(BUILD.parent))
import sources
from jackfield.settings import Settings

pytestmark = pytest.mark.packages
DISTRIBUTIONS = ("core", "plugins/ivr", "plugins/acd", "plugins/recording")
# What a dependency brings along and we import by its own name.
BROUGHT = {"sqlalchemy": "sqlmodel", "asterisk": "pyst2", "click": "typer", "pydantic_core": "pydantic"}


def build(out: Path, *options: str, cache: Path | None = None) -> str:
    environment = os.environ | ({"JACKFIELD_CACHE": str(cache)} if cache else {})
    command = [sys.executable, str(BUILD), "--out", str(out), *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_lintian_says_nothing(tmp_path: Path) -> None:
    build(tmp_path, "--lintian")


def test_packages_of_unchanged_sources_come_from_the_cache(tmp_path: Path) -> None:
    build(tmp_path)
    assert build(tmp_path).count("nothing changed") == 2


def test_a_second_build_gives_the_same_bytes(tmp_path: Path) -> None:
    build(tmp_path / "first")
    build(tmp_path / "second", "--force")
    first, second = (
        {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted((tmp_path / d).glob("*.deb"))}
        for d in ("first", "second")
    )
    assert len(first) == 7
    assert first == second


def test_the_key_follows_every_input(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    keys = [sources.Source("x", "1", {"a": file}).key]
    file.write_text("two")
    keys.append(sources.Source("x", "1", {"a": file}).key)
    file.chmod(0o755)
    keys.append(sources.Source("x", "1", {"a": file}).key)
    keys.append(sources.Source("x", "2", {"a": file}).key)
    keys.append(sources.Source("x", "2", {"b": file}).key)
    assert len(set(keys)) == 5


def test_another_file_than_the_pinned_release_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyst2-0.5.1.tar.gz").write_bytes(b"something else")
    with pytest.raises(sources.BuildError, match="another SHA-256"):
        sources.fetch_release(BUILD.parent / "pyst2/release.txt", tmp_path)
    assert not (tmp_path / "pyst2-0.5.1.tar.gz").exists()


def test_nothing_in_the_packaging_names_a_registry() -> None:
    # Where things are fetched from is the machine's own matter.
    bad = re.compile(r"pypi\.|pythonhosted|deb\.debian\.org|snapshot\.debian|npmjs")
    folders = (BUILD.parent, Path(__file__).parent)
    found = {p for folder in folders for p in folder.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    files = sorted(found - {Path(__file__)})
    assert len(files) > 20
    assert [str(p) for p in files if bad.search(p.read_text(errors="replace"))] == []


def test_the_settings_file_shows_every_setting_and_its_default() -> None:
    text = (BUILD.parent / "debian/system/jackfield.toml").read_text()
    shown = tomllib.loads(re.sub(r"(?m)^# (?=\[|\w+ = )", "", text))
    del shown["plugins"]  # [plugins.NAME] stands for any
    Settings.model_validate(shown)
    assert shown == {k: v for k, v in Settings().model_dump(mode="json").items() if k != "plugins"}
    assert tomllib.loads(text) == {}, "the file must not set anything by itself"


@pytest.mark.parametrize("folder", DISTRIBUTIONS)
def test_every_import_is_a_dependency(folder: str) -> None:
    project = tomllib.loads((TOP / folder / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[ <>=!~\[;]", line)[0].lower().replace("-", "_") for line in project["dependencies"]}
    optional = {"psycopg", "pytest", "hypothesis", "textual"}  # extras, imported where they are there
    own = {"jackfield" if folder == "core" else f"jackfield_{Path(folder).name}"}
    used = {name for file in (TOP / folder / "src").rglob("*.py") for name in imported(file)}
    missing = {BROUGHT.get(n, n) for n in used if n not in sys.stdlib_module_names} - declared - own - optional
    assert missing == set()


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names
