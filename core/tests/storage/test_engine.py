import os
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from jackfield.storage.engine import Database, UTCDateTime
from jackfield.storage.errors import StorageError
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text, update
from sqlalchemy.exc import StatementError

TIMES = Table("times", MetaData(), Column("id", Integer, primary_key=True), Column("at", UTCDateTime))


def test_a_time_comes_back_aware_utc_and_exact(empty):
    TIMES.create(empty.engine)
    beijing = datetime(2026, 3, 1, 20, 30, 1, 123456, tzinfo=timezone(timedelta(hours=8)))
    plain = datetime(1999, 12, 31, 23, 59, 59, 0, tzinfo=UTC)
    with empty.session() as session:
        session.execute(insert(TIMES), [{"id": 1, "at": beijing}, {"id": 2, "at": None}, {"id": 3, "at": plain}])
        session.commit()
        found = [row.at for row in session.execute(select(TIMES).order_by(TIMES.c.id))]
        later = session.execute(select(TIMES.c.id).where(TIMES.c.at > plain)).scalars().all()
    assert found == [beijing, None, plain]
    assert {each.tzinfo for each in found if each} == {UTC}
    assert later == [1]


def test_a_time_without_zone_is_refused(empty):
    TIMES.create(empty.engine)
    with empty.session() as session, pytest.raises(StatementError, match="has no time zone"):
        session.execute(insert(TIMES), {"id": 1, "at": datetime(2026, 1, 1)})


def test_reading_then_writing_never_fails_while_others_write(empty):
    """If SQLite's transactions began with the session, these would fail at once with 'database is locked'."""
    TIMES.create(empty.engine)
    now = datetime.now(UTC)
    with empty.session() as session:
        session.execute(insert(TIMES), {"id": 1, "at": now})
        session.commit()
    errors = []

    def work():
        try:
            for _ in range(30):
                with empty.session() as session:
                    seen = session.execute(select(TIMES.c.at).where(TIMES.c.id == 1)).scalar()
                    change = update(TIMES).where(TIMES.c.id == 1).values(at=seen + timedelta(seconds=1))
                    session.execute(change)
                    session.commit()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert errors == []


def test_a_reader_is_not_held_up_by_a_writer(empty):
    TIMES.create(empty.engine)
    with empty.session() as writer, empty.session() as reader:
        writer.execute(insert(TIMES), {"id": 1, "at": datetime.now(UTC)})
        assert reader.execute(select(TIMES)).all() == []
        writer.commit()
        reader.rollback()
        assert len(reader.execute(select(TIMES)).all()) == 1


def test_sqlite_is_set_up(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/a.db")
    with database.session() as session:
        answers = {
            p: session.execute(text(f"PRAGMA {p}")).scalar() for p in ("journal_mode", "synchronous", "foreign_keys")
        }
        assert session.execute(text("PRAGMA busy_timeout")).scalar() == 10_000
    assert answers == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1}
    database.close()


def test_the_file_is_not_for_strangers(tmp_path):
    before = os.umask(0)
    try:
        database = Database(f"sqlite:///{tmp_path}/a.db")
        with database.session() as session:
            session.execute(text("CREATE TABLE t (i INT)"))
            modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"a.db": 0o640, "a.db-wal": 0o640, "a.db-shm": 0o640}


def test_many_processes_may_open_a_new_file_at_once(tmp_path):
    code = (
        "import sys; from jackfield.storage.engine import Database; from jackfield.storage.migrate import *;"
        "d = Database(sys.argv[1]); migrate(d, [CORE]); assert is_current(d, CORE)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    running = [
        subprocess.Popen([sys.executable, "-c", code, f"sqlite:///{tmp_path}/a.db"], env=env, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    assert [(each.communicate()[1], each.returncode) for each in running] == [(b"", 0)] * 4


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "cannot be used"),
        ("mysql://a/b", "not supported|cannot be used"),
        ("sqlite://", "name a file"),
        ("sqlite:////no/such/folder/a.db", "No such file"),
    ],
)
def test_a_wrong_url_is_explained(url, says):
    with pytest.raises(StorageError, match=says):
        Database(url)


def test_a_plain_postgresql_url_gets_our_driver():
    assert Database("postgresql://u:p@h/n").engine.url.drivername == "postgresql+psycopg"
