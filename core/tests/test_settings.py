from pathlib import Path

import pytest
from jackfield.errors import SettingsError
from jackfield.settings import load


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "jackfield.toml"
    path.write_text(text)
    return path


def test_defaults_without_a_file(tmp_path) -> None:
    assert load(environment={"JACKFIELD_SETTINGS": str(tmp_path / "none.toml")}).agi.port == 4573


def test_file_and_environment(tmp_path) -> None:
    path = write(tmp_path, "[agi]\nport = 4600\nmax_calls = 7\n[plugins.acd]\nx = 1\n")
    settings = load(path, {"JACKFIELD_AGI__PORT": "4700", "JACKFIELD_LOG_LEVEL": "debug"})
    assert (settings.agi.port, settings.agi.max_calls, settings.log_level) == (4700, 7, "debug")
    assert settings.plugins == {"acd": {"x": 1}}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[agi]\nport = 0\n", "agi.port"),
        ("[agi]\nprt = 1\n", "agi.prt"),
        ("workers = 'many'\n", "workers"),
        ("x = = 1", "line 1"),
        ("log_level = 'loud'", "log_level"),
    ],
)
def test_errors_name_the_key(tmp_path, text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load(write(tmp_path, text), {})


def test_a_file_that_was_asked_for_must_exist(tmp_path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load(tmp_path / "none.toml", {})


def test_a_bad_override(tmp_path) -> None:
    with pytest.raises(SettingsError, match="not a section"):
        load(write(tmp_path, "workers = 1\n"), {"JACKFIELD_WORKERS__X": "1"})
