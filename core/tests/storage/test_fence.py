"""A plugin's tables are its own, and others' are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.storage.engine import Database
from jackfield.storage.fence import Fence, FencedDatabase, Forbidden
from jackfield.storage.sql_tables import NotUnderstood, tables_of
from sqlalchemy import text

READS = [
    ("SELECT 1", []),
    ("SELECT a FROM toys", ["toys"]),
    ('SELECT "x"."a" FROM "toys" AS "x", other o WHERE x.a = o.b', ["toys", "other"]),
    ("SELECT * FROM a JOIN b ON a.i = b.i LEFT OUTER JOIN c USING (i)", ["a", "b", "c"]),
    ("SELECT * FROM (SELECT * FROM inner_one) AS s WHERE EXISTS (SELECT 1 FROM deep)", ["inner_one", "deep"]),
    ("SELECT EXTRACT(epoch FROM started), SUBSTRING(name FROM 2) FROM toys", ["toys"]),
    ("SELECT 1 FROM toys WHERE a IS NOT DISTINCT FROM b", ["toys"]),
    ("SELECT ' FROM secret', $$ FROM secret $$, E'\\' FROM secret' FROM toys -- FROM secret", ["toys"]),
    ("SELECT 1 /* FROM secret */ FROM public.toys, pg_catalog.pg_class", ["toys"]),
    ("WITH c AS (SELECT * FROM site_object) SELECT * FROM c", ["site_object"]),
    ("SELECT * FROM unnest(:a) AS u, toys", ["toys"]),
    ("SELECT * FROM toys FOR UPDATE", ["toys"]),
    ("SELECT * FROM (a JOIN b ON a.i = b.i), c", ["a", "b", "c"]),
    ("SELECT * FROM a JOIN b ON a.i = f(b.i, 2), c ORDER BY x, y", ["a", "b", "c"]),
    ("SELECT * FROM (SELECT 1) AS s (x, y), c", ["c"]),
]
WRITES = [
    ("INSERT INTO toys (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2", ["toys"]),
    ("UPDATE toys SET a = (SELECT max(b) FROM other)", ["toys"]),
    ("UPDATE ONLY toys SET a = 1", ["toys"]),
    ("DELETE FROM toys USING other WHERE toys.a = other.a", ["toys"]),
    ("WITH gone AS (DELETE FROM toys RETURNING a) SELECT * FROM gone", ["toys"]),
    ("TRUNCATE TABLE toys, more", ["toys", "more"]),
    ("LOCK TABLE toys", ["toys"]),
]


@pytest.mark.parametrize(("statement", "wanted"), READS)
def test_what_is_read(statement, wanted):
    assert sorted(tables_of(statement)) == sorted((name, False) for name in wanted)


@pytest.mark.parametrize(("statement", "wanted"), WRITES)
def test_what_is_written(statement, wanted):
    assert {name for name, written in tables_of(statement) if written} == set(wanted)


@pytest.mark.parametrize("statement", ["DROP TABLE toys", "DO $$ x $$", "SELECT 1; DELETE FROM call", "COPY call TO x"])
def test_what_is_not_understood(statement):
    with pytest.raises(NotUnderstood):
        tables_of(statement)
    told = []
    with pytest.raises(Forbidden):
        Fence("toys", lambda: [], told.append).check(statement)
    assert told


@given(st.text(max_size=60), st.sampled_from(["site_object", "acd_agent"]))
def test_whatever_stands_before_it_a_table_is_seen(noise, table):
    """A text in quotes in front hides nothing."""
    quoted = noise.replace("'", "''").replace("\0", "")
    assert (table, False) in tables_of(f"SELECT '{quoted}' FROM {table}")


NAMES = st.sampled_from(["acd", "acd_stats", "acd_stats_day", "acdc", "call", "acd_"])


@given(NAMES, st.sets(NAMES), NAMES)
def test_a_table_has_one_owner_at_most(one, others, table):
    everybody = others | {one}
    owners = [name for name in everybody if Fence(name, lambda: everybody, print).owns(table)]
    assert len(owners) <= 1


@pytest.fixture
def fenced(empty: Database):
    told = []
    with empty.engine.begin() as connection:
        for table in ("toys", "toys_box", "acd_agent", "call", "toys_other_x"):
            connection.execute(text(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT)"))
            connection.execute(text(f"INSERT INTO {table} VALUES (1, 'red')"))
    made = FencedDatabase(empty, Fence("toys", lambda: ["toys", "toys_other", "acd"], told.append))
    made.told = told
    yield made
    made.close()


def test_own_tables_are_free(fenced):
    with fenced.session() as session:
        assert session.execute(text("SELECT name FROM toys")).scalar() == "red"
        session.execute(text("UPDATE toys_box SET name = 'blue'"))
        session.execute(text("DELETE FROM toys"))
        session.execute(text("SELECT toys.id FROM toys JOIN call ON toys.id = call.id"))
        session.commit()
    assert fenced.told == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT name FROM acd_agent",
        "SELECT * FROM toys WHERE id IN (SELECT id FROM acd_agent)",
        "UPDATE acd_agent SET name = 'x'",
        "INSERT INTO call VALUES (2, 'x')",
        "DELETE FROM toys_other_x",
        "DROP TABLE acd_agent",
    ],
)
def test_others_are_refused_and_told(fenced, empty, statement):
    with fenced.session() as session:
        session.execute(text("UPDATE toys SET name = 'half'"))
        with pytest.raises(Forbidden):
            session.execute(text(statement))
        session.rollback()
    assert fenced.told
    with empty.engine.connect() as connection:
        for table in ("toys", "acd_agent", "call", "toys_other_x"):
            assert connection.execute(text(f"SELECT name FROM {table}")).all() == [("red",)]


@pytest.mark.parametrize("empty", ["sqlite"], indirect=True)
def test_no_other_database_on_sqlite(fenced, tmp_path):
    with fenced.session() as session, pytest.raises(Forbidden):
        session.execute(text(f"ATTACH '{tmp_path}/other.db' AS other"))
