"""A plugin's migration changes its own tables; one that hangs is given up, and the database is free again."""

import threading
import time

import pytest
from jackfield.storage import limit
from jackfield.storage.errors import MigrationFailed
from jackfield.storage.migrate import CORE, How, migrate
from jackfield.storage.testing import tables
from sqlalchemy import text

SECOND = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

def upgrade():
    op.add_column("toys_box", sa.Column("size", sa.Integer()))
    op.execute("UPDATE toys_box SET size = 7")
    %s
"""
REACHES = {
    "writes": 'op.execute("UPDATE other_thing SET id = 9")',
    "deletes": 'op.execute("DELETE FROM other_thing")',
    "adds": 'op.execute("INSERT INTO other_thing VALUES (2)")',
    "drops": 'op.drop_table("other_thing")',
    "alters": 'op.add_column("other_thing", sa.Column("mine", sa.Integer()))',
    "renames": 'op.rename_table("other_thing", "toys_thing")',
    "creates": 'op.create_table("otherwise", sa.Column("id", sa.Integer()))',
    "indexes": 'op.create_index("ix_toys_other", "other_thing", ["id"])',
    "another of a longer name": 'op.execute("DELETE FROM toys_more_thing")',
}
OWN = """
    op.create_index("ix_toys_box_name", "toys_box", ["name"])
    op.create_table("toys_call", sa.Column("call", sa.String(150), sa.ForeignKey("call.id")))
    op.rename_table("toys_call", "toys_calls")
    with op.batch_alter_table("toys_box") as table:
        table.alter_column("name", new_column_name="title", existing_type=sa.String(20))
    op.execute("INSERT INTO toys_calls SELECT id FROM call")
    op.drop_index("ix_toys_box_name", "toys_box")
"""
HOW = How(owners=lambda: ["toys", "toys_more", "other"])


def two(toys, line):
    toys.write("r0002_more.py", SECOND % line.strip())


@pytest.fixture
def full(empty, toys):
    migrate(empty, [CORE, toys.models], HOW)
    with empty.engine.begin() as connection:
        for table in ("other_thing", "toys_more_thing"):
            connection.execute(text(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY)"))
            connection.execute(text(f"INSERT INTO {table} VALUES (1)"))
    return empty


@pytest.mark.parametrize("reach", REACHES.values(), ids=REACHES.keys())
def test_others_tables_are_out_of_reach(full, toys, reach):
    before = tables(full)
    two(toys, reach)
    with pytest.raises(MigrationFailed, match=r"Revision 0002 of toys failed and was rolled back"):
        migrate(full, [toys.models], HOW)
    assert tables(full) == before
    with full.engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM toys_version")).scalar() == "0001"
        for table in ("other_thing", "toys_more_thing"):
            assert connection.execute(text(f"SELECT * FROM {table}")).all() == [(1,)]


def test_whatever_it_does_with_its_own_is_fine(full, toys):
    two(toys, OWN)
    assert migrate(full, [toys.models], HOW) == ["toys: 0001 → 0002"]
    with full.engine.connect() as connection:
        assert connection.execute(text("SELECT title, size FROM toys_box")).all() == [("red", 7)]


HANGS = {
    "in python": "import time; time.sleep(30)",
    "in the database": "op.execute(HOG)",
}
HOG = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(30)",
}


@pytest.mark.parametrize("hang", HANGS.values(), ids=HANGS.keys())
def test_one_that_hangs_is_given_up_and_the_database_is_free(full, toys, hang, monkeypatch):
    monkeypatch.setattr(limit, "GRACE_SECONDS", 1.0)
    two(toys, hang.replace("HOG", repr(HOG[full.engine.dialect.name])))
    left = []
    with pytest.raises(MigrationFailed, match=r"did not come to an end within 1 s; it was stopped"):
        migrate(full, [toys.models], How(seconds=1.0, owners=HOW.owners, give_up=lambda o, t: left.append((o, t))))
    with full.engine.begin() as connection:
        connection.execute(text("UPDATE other_thing SET id = 5"))
        connection.execute(text("UPDATE toys_box SET name = 'blue'"))
        assert connection.execute(text("SELECT * FROM toys_box")).all() == [(1, "blue")]
        assert connection.execute(text("SELECT version_num FROM toys_version")).scalar() == "0001"
    if "sleep(30)" in hang:
        ((owner, thread),) = left
        assert owner == "toys"
        assert thread in threading.enumerate()
    else:
        assert left == []
    toys.write("r0002_more.py", SECOND % "")
    began = time.monotonic()
    assert migrate(full, [toys.models], HOW) == ["toys: 0001 → 0002"], "it can be tried again"
    assert time.monotonic() - began < 25, "nobody held it up"


def test_within_its_time_it_runs_as_without(full, toys):
    two(toys, "")
    assert migrate(full, [toys.models], How(seconds=60, owners=HOW.owners)) == ["toys: 0001 → 0002"]
    toys.write("r0003_broken.py", SECOND.replace("0002", "0003").replace("0001", "0002") % "raise SystemExit(3)")
    with pytest.raises((MigrationFailed, SystemExit)):
        migrate(full, [toys.models], How(seconds=60, owners=HOW.owners))
