"""Back-ups before migrations: exact, few, refused loudly when there is no room, and of use."""

import shutil
import sqlite3
import subprocess

import pytest
from jackfield.storage import backups as module
from jackfield.storage.backups import Backups
from jackfield.storage.engine import Database
from jackfield.storage.errors import MigrationFailed, StorageError
from jackfield.storage.migrate import CORE, How, migrate
from sqlalchemy import text

GROWS = """
from alembic import op
import sqlalchemy as sa

revision = "%s"
down_revision = "%s"

def upgrade():
    op.add_column("toys_box", sa.Column("more%s", sa.Integer()))
"""


def grow(toys, number):
    toys.write(f"r{number:04}_more.py", GROWS % (f"{number:04}", f"{number - 1:04}", number))


@pytest.fixture
def database(tmp_path):
    made = Database(f"sqlite:///{tmp_path}/a.db")
    yield made
    made.close()


def test_the_file_is_copied_first_and_the_copy_is_whole(database, toys, tmp_path):
    migrate(database, [toys.models])
    assert Backups(database).found() == [], "of an empty database there is nothing to keep"
    grow(toys, 2)
    migrate(database, [toys.models])
    (made,) = Backups(database).found("toys")
    assert made.path.parent == tmp_path / "backups"
    assert (made.owner, made.before, made.after) == ("toys", "0001", "0002")
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert made.path.parent.stat().st_mode & 0o777 == 0o750
    assert made.as_json()["bytes"] == made.path.stat().st_size > 0
    with sqlite3.connect(made.path) as connection:
        assert connection.execute("SELECT * FROM toys_box").fetchall() == [(1, "red")]
        assert connection.execute("SELECT version_num FROM toys_version").fetchall() == [("0001",)]
    assert not list(tmp_path.rglob("*.part*"))


def test_a_back_up_put_back_serves_the_former_version(database, toys, tmp_path):
    migrate(database, [CORE, toys.models])
    grow(toys, 2)
    migrate(database, [toys.models])
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE toys_box SET name = 'spoilt'"))
    database.close()
    for beside in tmp_path.glob("a.db-*"):  # as the guide says
        beside.unlink()
    (before,) = [b for b in Backups(database).found("toys") if b.before == "0001"]
    shutil.copy(before.path, tmp_path / "a.db")
    toys.remove("r0002_more.py")
    again = Database(f"sqlite:///{tmp_path}/a.db")
    assert migrate(again, [CORE, toys.models]) == []
    with again.session() as session:
        assert session.execute(text("SELECT name FROM toys_box")).scalars().all() == ["red"]
        assert session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    again.close()


def test_owners_that_are_migrated_together_share_one(database, toys):
    migrate(database, [toys.models])
    grow(toys, 2)
    kept = Backups(database)
    first = kept.make("core", "0001", "0002")
    migrate(database, [toys.models])
    assert [(b.owner, b.before) for b in kept.found("toys")] == [("toys", "0001")]
    assert kept.found("toys")[0].path.stat().st_ino == first.stat().st_ino
    grow(toys, 3)
    migrate(database, [toys.models])  # its tables have changed since: that one will not do
    inodes = {b.path.stat().st_ino for b in kept.found("toys")}
    assert len(inodes) == 2
    newest = max(kept.found("toys"), key=lambda b: b.before)
    with sqlite3.connect(newest.path) as connection:
        assert connection.execute("SELECT version_num FROM toys_version").fetchall() == [("0002",)]


def test_the_newest_are_kept(database, toys, monkeypatch):
    monkeypatch.setattr(module, "SHARED_SECONDS", 0.0)
    kept = Backups(database, keep=3)
    migrate(database, [toys.models])
    kept.folder.mkdir()
    for number in range(5):
        (kept.folder / f"2020010{number + 1}T000000Z-core-0001-to-0002.db").write_text(str(number))
    (kept.folder / "mine.db").write_text("not ours")
    grow(toys, 2)
    migrate(database, [toys.models], How(keep=3))
    assert [b.owner for b in kept.found()] == ["toys", "core", "core"]
    assert [b.at.day for b in kept.found("core")] == [5, 4]
    assert (kept.folder / "mine.db").exists()


def test_no_room_for_the_copy_means_no_migration(database, toys, monkeypatch):
    migrate(database, [toys.models])
    grow(toys, 2)

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jackfield.storage.backups.os.open", full)
    with pytest.raises(MigrationFailed, match=r"toys was not migrated: no back-up .* No space left .* Make room"):
        migrate(database, [toys.models])
    with database.session() as session:
        assert session.execute(text("SELECT version_num FROM toys_version")).scalar() == "0001"


@pytest.fixture
def server(postgres, tmp_path, monkeypatch):
    """A database on PostgreSQL, with the programs of that server on the path."""
    monkeypatch.setenv("PATH", f"{postgres._binaries}:/usr/bin:/bin")
    made = Database(postgres.fresh())
    yield made, tmp_path / "kept"
    made.close()


@pytest.mark.slow
def test_postgresql_is_dumped_and_comes_back(server, toys, postgres):
    database, folder = server
    how = How(folder)
    migrate(database, [toys.models], how)
    grow(toys, 2)
    migrate(database, [toys.models], how)
    (made,) = Backups(database, folder).found("toys")
    assert made.path.suffix == ".dump"
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    restore = ["pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={url}", str(made.path)]
    database.close()
    done = subprocess.run(restore, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with database.session() as session:
        assert session.execute(text("SELECT version_num FROM toys_version")).scalar() == "0001"
        assert session.execute(text("SELECT * FROM toys_box")).all() == [(1, "red")]


@pytest.mark.slow
def test_postgresql_without_its_program_is_told_of_and_one_that_fails_stops(server, toys, monkeypatch, tmp_path):
    database, folder = server
    migrate(database, [toys.models])
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert Backups(database, folder).make("toys", "0001", "0002") is None
    (tmp_path / "bin/pg_dump").write_text("#!/bin/sh\necho 'server version mismatch' >&2\nexit 1\n")
    (tmp_path / "bin/pg_dump").chmod(0o755)
    with pytest.raises(StorageError, match="server version mismatch"):
        Backups(database, folder).make("toys", "0001", "0002")
    assert Backups(database, folder).found() == []
    assert not list(folder.iterdir())
