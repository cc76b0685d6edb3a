"""A plugin's job has its plugin's tables, and no others."""

import pytest
from jackfield.jobs.fenced import fenced
from jackfield.jobs.job import Job
from jackfield.jobs.run import Runner
from jackfield.plugins.host import PluginHost
from jackfield.settings import Settings
from jackfield.storage.fence import Forbidden
from sqlalchemy import text


def statement(words):
    def run(database, payload):
        with database.session() as session:
            session.execute(text(words))
            session.commit()

    return run


@pytest.fixture
def full(database):
    with database.engine.begin() as connection:
        for table in ("toys_box", "other_thing"):
            connection.execute(text(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY)"))
            connection.execute(text(f"INSERT INTO {table} VALUES (1)"))
    return database


@pytest.mark.parametrize("words", ["UPDATE other_thing SET id = 2", "DELETE FROM outbox", "SELECT id FROM other_thing"])
def test_others_tables_are_out_of_reach(full, words):
    job = fenced(Job("toys.reach", statement(words)), "toys", lambda: ["toys", "other"])
    with pytest.raises(Forbidden, match="a plugin has only"):
        job.function(full, {})
    with full.engine.connect() as connection:
        assert connection.execute(text("SELECT id FROM other_thing")).all() == [(1,)]


def test_its_own_and_the_records_of_calls_are_not(full):
    fenced(Job("toys.own", statement("UPDATE toys_box SET id = 2")), "toys", lambda: ["toys"]).function(full, {})
    fenced(Job("toys.read", statement("SELECT id FROM call")), "toys", lambda: ["toys"]).function(full, {})
    with full.engine.connect() as connection:
        assert connection.execute(text("SELECT id FROM toys_box")).all() == [(2,)]


class ToysPlugin:
    def jackfield_jobs(self):
        return [Job("toys.reach", statement("DELETE FROM other_thing"), retries=0)]


class Point:
    name, dist = "toys", None

    def load(self):
        return ToysPlugin


def test_so_it_is_in_the_worker(full, tmp_path):
    from jackfield.jobs import rows
    from jackfield.jobs.outbox import Outbox, dead_jobs

    host = PluginHost(Settings.model_validate({"paths": {"state": tmp_path}}))
    host.load([Point()])
    Outbox(full, lambda: host.jobs().keys(), tmp_path / "worker.sock").submit("toys.reach", {})
    runner = Runner(
        full.engine.url.render_as_string(hide_password=False),
        host.runnable_jobs(),
        "w",
        socket=tmp_path / "worker.sock",
    )
    for number in rows.take_due(full, 10):
        runner.run(number)
    assert ["Forbidden" in job.error for job in dead_jobs(full)] == [True]
    with full.engine.connect() as connection:
        assert connection.execute(text("SELECT id FROM other_thing")).all() == [(1,)]
