import subprocess
import sys

import jackfield.alarms.models
import jackfield.config.models
import jackfield.control.audit
import jackfield.features.states
import jackfield.jobs.models
import jackfield.privacy.models
import jackfield.records.models
import jackfield.security.models  # noqa: F401
import pytest
from jackfield.storage.engine import Database
from jackfield.storage.errors import MigrationFailed, StorageError
from jackfield.storage.migrate import CORE, is_current, migrate
from jackfield.storage.models import Models
from jackfield.storage.testing import differences, tables
from sqlalchemy import text

SECOND = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

def upgrade():
    with op.batch_alter_table("toys_box", recreate="always") as table:
        table.add_column(sa.Column("size", sa.Integer(), nullable=False, server_default="7"))
"""
BROKEN = """
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

def upgrade():
    op.create_table("toys_new", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("UPDATE toys_box SET name = 'changed'")
    op.execute("SELECT nonsense FROM nowhere")
"""


def rows(database, query):
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_cores_models_and_migrations_agree(empty):
    assert differences(empty, CORE) == []


def test_differences_are_seen(empty):
    migrate(empty, [CORE])
    with empty.engine.begin() as connection:
        connection.execute(text("ALTER TABLE leg DROP COLUMN status"))
        connection.execute(text("CREATE TABLE stray (id INTEGER)"))
    found = {(each[0], getattr(each[-1], "name", "")) for each in differences(empty, CORE)}
    assert found == {("add_column", "status"), ("remove_table", "stray")}


def test_each_owner_has_its_own_version(empty, toys):
    assert not is_current(empty, CORE)
    assert migrate(empty, [CORE])[0].startswith("core: nothing → ")
    assert is_current(empty, CORE)
    assert not is_current(empty, toys.models)
    assert migrate(empty, [CORE, toys.models]) == ["toys: nothing → 0001"]
    assert migrate(empty, [CORE, toys.models]) == []
    assert {"core_version", "toys_version", "toys", "call"} <= tables(empty)


def test_an_upgrade_keeps_the_data_also_where_a_table_is_rebuilt(empty, toys):
    migrate(empty, [toys.models])
    toys.write("r0002_size.py", SECOND)
    if empty.file is None:  # PostgreSQL alters in place; to rebuild is SQLite's way
        toys.write("r0002_size.py", SECOND.replace(', recreate="always"', ""))
    assert migrate(empty, [toys.models]) == ["toys: 0001 → 0002"]
    assert rows(empty, "SELECT id, name, size FROM toys_box") == [(1, "red", 7)]
    assert rows(empty, "SELECT id, box FROM toys") == [(1, 1)]


def test_a_failed_migration_leaves_everything_as_it_was(empty, toys):
    migrate(empty, [CORE, toys.models])
    toys.write("r0002_size.py", SECOND if empty.file else SECOND.replace(', recreate="always"', ""))
    toys.write("r0003_broken.py", BROKEN)
    with pytest.raises(MigrationFailed, match="Revision 0003 of toys failed and was rolled back") as caught:
        migrate(empty, [CORE, toys.models])
    assert (caught.value.owner, caught.value.revision) == ("toys", "0003")
    assert "toys_new" not in tables(empty)
    assert rows(empty, "SELECT * FROM toys_box") == [(1, "red")]
    assert rows(empty, "SELECT version_num FROM toys_version") == [("0001",)]
    toys.remove("r0003_broken.py")
    assert migrate(empty, [toys.models]) == ["toys: 0001 → 0002"]


def test_a_migration_that_breaks_references_is_refused(tmp_path, toys):
    database = Database(f"sqlite:///{tmp_path}/a.db")
    migrate(database, [toys.models])
    toys.write("r0002_size.py", SECOND.replace("with op.", "op.execute('DELETE FROM toys_box')\n    with op."))
    with pytest.raises(MigrationFailed, match="points to a row of toys_box that is not there"):
        migrate(database, [toys.models])
    assert rows(database, "SELECT name FROM toys_box") == [("red",)]
    with database.session() as session:
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
    database.close()


def test_data_newer_than_the_package_is_refused(empty, toys):
    toys.write("r0002_size.py", SECOND if empty.file else SECOND.replace(', recreate="always"', ""))
    migrate(empty, [toys.models])
    toys.remove("r0002_size.py")
    assert not is_current(empty, toys.models)
    with pytest.raises(MigrationFailed, match="older than the data"):
        migrate(empty, [toys.models])


def test_wrong_packages_are_explained(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/a.db")
    for models in (Models("gone", "jackfield_gone.migrations"), Models("x", "json"), Models("No-Good", "json")):
        with pytest.raises(MigrationFailed):
            migrate(database, [models])
    database.close()


def test_a_database_that_is_away_is_said_so():
    database = Database("postgresql://nobody@/none?host=/nowhere")
    with pytest.raises(StorageError, match="cannot be read"):
        is_current(database, CORE)


def test_looking_does_not_import_alembic(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    migrate(Database(url), [CORE])
    code = (
        "import sys; from jackfield.storage.engine import Database; from jackfield.storage.migrate import *;"
        "import jackfield.records.writer, jackfield.jobs.outbox;"
        f"assert migrate(Database({url!r}), [CORE]) == [];"
        "sys.exit(' '.join({'alembic', 'redis', 'rq', 'psycopg'} & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"")
