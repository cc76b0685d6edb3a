"""A purged plugin's tables go; everybody else's stay."""

import pytest
from jackfield.errors import JackfieldError
from jackfield.storage import migrate
from jackfield.storage.engine import Database
from jackfield.storage.purge import _cores, purge
from jackfield.storage.testing import tables
from sqlalchemy import text


@pytest.fixture
def database(tmp_path):
    made = Database(f"sqlite:///{tmp_path}/a.db")
    migrate.migrate(made, [migrate.CORE])
    with made.engine.begin() as connection:
        for name in ("acd_version", "acd_agent", "acd", "acd_extra_version", "acd_extra_thing", "call_version", "acdc"):
            connection.execute(text(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE acd_note (id INTEGER, agent INTEGER REFERENCES acd_agent (id))"))
    return made


def test_only_the_plugins_own(database):
    before = tables(database)
    assert purge(database, "acd") == ["acd", "acd_agent", "acd_note", "acd_version"]
    assert before - tables(database) == {"acd", "acd_agent", "acd_note", "acd_version"}
    assert purge(database, "acd") == []


def test_core_is_never_purged(database):
    before = tables(database)
    for name in ("core", "Acd", "a b", "x;drop", ""):
        with pytest.raises(JackfieldError):
            purge(database, name)
    assert purge(database, "site") == []
    assert purge(database, "call") == ["call_version"]  # a plugin that calls itself as core's tables are called
    assert before - tables(database) == {"call_version"}
    assert {"call", "call_step", "site_object", "generation", "outbox"} <= _cores()


def test_the_command(database, tmp_path, monkeypatch, capsys):
    from jackfield.cli import context
    from jackfield.cli.main import main

    (tmp_path / "j.toml").write_text(f'database = "sqlite:///{tmp_path}/a.db"\n[paths]\nstate = "{tmp_path}"\n')
    monkeypatch.setenv("JACKFIELD_SETTINGS", str(tmp_path / "j.toml"))
    monkeypatch.setattr("jackfield.plugins.host.entry_points", lambda group: [])
    monkeypatch.setattr(context, "become_service_user", lambda: None)
    assert main(["purge-plugin", "acd"]) == 0
    assert capsys.readouterr().out == "Dropped: acd, acd_agent, acd_note, acd_version\n"
    assert main(["purge-plugin", "acd"]) == 0
    assert capsys.readouterr().out == "There is nothing of acd.\n"
    assert main(["purge-plugin", "core"]) == 1
