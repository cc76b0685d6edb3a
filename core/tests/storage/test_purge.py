"""A purged plugin's tables go; everybody else's stay."""

import io

import pytest
from jackfield.cli import context
from jackfield.cli.main import main
from jackfield.errors import JackfieldError
from jackfield.jobs.outbox import Outbox
from jackfield.plugins import PluginHost, State, Status
from jackfield.plugins.off import OffList
from jackfield.plugins.purge import purge_plugin
from jackfield.settings import Settings
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


@pytest.fixture
def command(database, tmp_path, monkeypatch, capsys):
    """`jackfield …` on a box with that database; its exit code and what it printed."""
    (tmp_path / "j.toml").write_text(
        f'database = "sqlite:///{tmp_path}/a.db"\n[paths]\nstate = "{tmp_path}"\nspool = "{tmp_path}/spool"\n'
        "[plugins.acd]\nx = 1\n"
    )
    monkeypatch.setenv("JACKFIELD_SETTINGS", str(tmp_path / "j.toml"))
    monkeypatch.setattr("jackfield.plugins.host.entry_points", lambda group: [])
    monkeypatch.setattr(context, "become_service_user", lambda: None)

    def run(*words):
        code = main(list(words))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def leave_behind(database, tmp_path):
    """What a plugin may leave, and what looks like it."""
    outbox = Outbox(database, lambda: {"acd.count", "acd-old", "acdc.count", "recording-encode"}, tmp_path / "w.sock")
    for name in ("acd.count", "acd-old", "acdc.count", "recording-encode"):
        outbox.submit(name, {})
    with database.engine.begin() as connection:
        for name in ("acd.night", "acdc.night"):
            connection.execute(text("INSERT INTO schedule VALUES (:n, '2026-01-01 00:00:00.000000')"), {"n": name})
    for folder in (tmp_path / "plugins/acd", tmp_path / "plugins/acdc", tmp_path / "spool/plugins/acd"):
        folder.mkdir(parents=True)
        (folder / "kept").write_text("x")
    OffList(tmp_path).add("acd")
    OffList(tmp_path).add("ivr")


def names(database, table):
    with database.engine.connect() as connection:
        return set(connection.execute(text(f"SELECT name FROM {table}")).scalars())


def test_the_command_takes_all_of_it_and_nothing_else(database, tmp_path, command):
    leave_behind(database, tmp_path)
    code, out, err = command("plugins", "purge", "acd", "--yes")
    assert code == 0
    assert "acd_agent" in out
    assert "2 jobs" in out
    assert "[plugins.acd] stays" in err
    assert not {"acd", "acd_agent", "acd_note", "acd_version"} & tables(database)
    assert {"acd_extra_thing", "acdc", "call_version"} <= tables(database)
    assert names(database, "outbox") == {"acdc.count", "recording-encode"}
    assert names(database, "schedule") == {"acdc.night"}
    assert [p.name for p in (tmp_path / "plugins").iterdir()] == ["acdc"]
    assert list((tmp_path / "spool/plugins").iterdir()) == []
    assert OffList(tmp_path).names() == {"ivr"}
    assert command("plugins", "purge", "acd") == (0, "There is nothing of acd.\n", "")
    assert command("plugins", "purge", "core", "--yes")[0] == 1


@pytest.mark.parametrize(("answer", "gone"), [("y\n", True), ("n\n", False), ("", False)])
def test_it_asks(database, command, monkeypatch, answer, gone):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal(answer))
    before = tables(database)
    code, out, err = command("plugins", "purge", "acd")
    assert (tables(database) != before) == gone
    assert (code == 0) == gone
    assert "for good?" in out + err
    assert "acd_agent" in out


def test_where_nobody_can_be_asked_nothing_happens(database, command, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    before = tables(database)
    code, _, err = command("plugins", "purge", "acd")
    assert code == 1
    assert "add --yes" in err
    assert tables(database) == before


def test_one_that_is_at_work_stays_and_one_that_is_off_goes(database, tmp_path):
    settings = Settings.model_validate({"paths": {"state": tmp_path}})
    host = PluginHost(settings)
    status = host.statuses["acd"] = Status("acd")
    with pytest.raises(JackfieldError, match="at work; switch it off first"):
        purge_plugin(host, database, settings, "acd")
    assert "acd_agent" in tables(database)
    status.state = State.DISABLED
    assert purge_plugin(host, database, settings, "acd").tables == ["acd", "acd_agent", "acd_note", "acd_version"]
