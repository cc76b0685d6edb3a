"""The service: never waits, keeps everything, survives restarts and a database that is away."""

import threading
import time

import pytest
from jackfield.alarms import store
from jackfield.alarms.models import Entry, Severity, What
from jackfield.alarms.service import Alarms
from jackfield.settings import AlarmSettings
from jackfield.storage.errors import StorageError


@pytest.fixture
def make(database):
    made = []

    def start(*listeners, **settings):
        alarms = Alarms(database, AlarmSettings(**settings), listeners)
        alarms.start()
        made.append(alarms)
        return alarms

    yield start
    for alarms in made:
        alarms.stop()


def test_survives_a_restart(make, database):
    first = make()
    first.raise_("trunk-unreachable:carrier", "No answer", severity=Severity.CRITICAL, source="trunks", tries=3)
    first.raise_("b", "Also")
    first.acknowledge("b", "ann", "on it")
    first.stop()
    second = make()
    alarm, other = second.active()
    assert (alarm.key, alarm.severity, alarm.detail, alarm.count) == (
        "trunk-unreachable:carrier", Severity.CRITICAL, {"tries": 3}, 1,
    )  # fmt: skip
    assert (other.acknowledged_by, other.note) == ("ann", "on it")
    second.clear("b", "Well again")
    second.flush()
    told = [(e.what, e.alarm.key, e.who) for e in second.history()]
    assert told == [
        (What.CLEARED, "b", ""), (What.ACKNOWLEDGED, "b", "ann"), (What.RAISED, "b", ""),
        (What.RAISED, "trunk-unreachable:carrier", ""),
    ]  # fmt: skip
    assert [e.what for e in second.history(key="b", limit=1)] == [What.CLEARED]


def test_everybody_hears_in_order_and_a_bad_listener_hurts_nobody(make):
    heard: list[Entry] = []

    def bad(entry):
        raise RuntimeError("a bug")

    alarms = make(bad, heard.append)
    alarms.raise_("a", "x")
    alarms.clear("a")
    assert alarms.flush()
    assert [(e.what, e.alarm.key) for e in heard] == [(What.RAISED, "a"), (What.CLEARED, "a")]


def test_a_listener_that_hangs_holds_nobody_up(make, database):
    release = threading.Event()
    alarms = make(lambda entry: release.wait(30))
    alarms.raise_("a", "x")
    alarms.raise_("b", "x")
    deadline = time.monotonic() + 10
    while len(store.load(database)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    release.set()


def test_raising_does_not_wait_for_a_locked_database(make, database):
    alarms = make()
    alarms.flush()
    with database.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        alarms.raise_("a", "x")  # would need 10 s, were it to write here
        alarms.clear("a")
        alarms.raise_("b", "x")
        assert [a.key for a in alarms.active()] == ["b"]
        connection.rollback()
    assert alarms.flush(20)
    assert [a.key for a in store.load(database)] == ["b"]


def test_the_database_fails_and_comes_back(make, database, monkeypatch):
    monkeypatch.setattr("jackfield.alarms.service.AGAIN_SECONDS", 0.05)
    alarms, save, failed = make(), store.save, threading.Event()

    def refuse(*arguments):
        failed.set()
        raise StorageError("disk full")

    monkeypatch.setattr(store, "save", refuse)
    alarms.raise_("a", "x")
    assert failed.wait(5)
    monkeypatch.setattr(store, "save", save)
    deadline = time.monotonic() + 5
    while not store.load(database):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert [e.what for e in alarms.history()] == [What.RAISED]


def test_many_threads(make, database):
    alarms = make()

    def work(n):
        for _ in range(200):
            alarms.raise_("shared", "x")
            alarms.raise_(f"own-{n}", "x")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alarms.flush(60.0)
    saved = {a.key: a.count for a in store.load(database)}
    assert saved == {"shared": 1600, **{f"own-{n}": 200 for n in range(8)}}
    assert len(store.history(database, limit=10_000)) == 9


def test_settle(make):
    alarms = make()
    for key in ("site:a", "site:b", "other:a"):
        alarms.raise_(key, "x")
    alarms.settle("site:", {"site:b"})
    assert sorted(a.key for a in alarms.active()) == ["other:a", "site:b"]


def test_escalates_by_itself(make):
    heard = []
    alarms = make(lambda e: heard.append(e.what), escalate_seconds=1)
    alarms.raise_("a", "x")
    deadline = time.monotonic() + 10
    while What.ESCALATED not in heard:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert alarms.active()[0].escalated_at is not None
