import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from jackfield.errors import PluginFault
from jackfield.jobs import relay as relays
from jackfield.jobs import rows
from jackfield.jobs.job import Job
from jackfield.jobs.models import JobState
from jackfield.jobs.outbox import Outbox, dead_jobs, job_counts, retry_dead
from jackfield.jobs.relay import Relay, connect
from jackfield.jobs.run import Runner
from jackfield.jobs.testing import redis_server
from jackfield.storage.errors import StorageError
from sqlalchemy import text

NOBODY = Path("/nowhere/worker.sock")


@pytest.fixture
def outbox(database):
    return Outbox(database, lambda: {"encode"}, NOBODY)


@pytest.fixture(scope="module")
def redis_up():
    with tempfile.TemporaryDirectory(prefix="jf") as name, redis_server(Path(name)) as server:
        yield server


@pytest.fixture
def redis(redis_up):
    redis_up.client().flushall()
    return connect(redis_up.url)


def states(database):
    return {state: count for state, count in job_counts(database).items() if count}


def queued(redis):
    return redis.llen("rq:queue:jackfield")


def set_all(database, values):
    with database.engine.begin() as connection:
        connection.execute(text(f"UPDATE outbox SET {values}"))


def test_only_declared_jobs_and_plain_json(database, outbox):
    for name, payload in (("other", {}), ("encode", {"a": object()}), ("encode", {"a": float("nan")})):
        with pytest.raises(PluginFault):
            outbox.submit(name, payload)
    assert states(database) == {}
    outbox.submit("encode", {"file": "王.wav", "list": [1, None, True]})
    assert states(database) == {JobState.WAITING: 1}


def test_a_database_that_is_away_is_said_so(database, outbox):
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE outbox"))
    with pytest.raises(StorageError, match="Submit it again"):
        outbox.submit("encode", {})
    with pytest.raises(StorageError):
        job_counts(database)


def test_many_threads_submit(database, outbox):
    threads = [threading.Thread(target=lambda: [outbox.submit("encode", {}) for _ in range(20)]) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert states(database) == {JobState.WAITING: 160}


def test_a_job_is_claimed_by_one_alone(database, outbox):
    outbox.submit("encode", {})
    (job_id,) = rows.take_due(database, 10)
    assert rows.take_due(database, 10) == []
    won = []
    threads = [threading.Thread(target=lambda n=n: won.append(rows.claim(database, job_id, f"w{n}"))) for n in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len([each for each in won if each]) == 1


def test_a_run_that_was_taken_for_dead_changes_nothing_any_more(database, outbox):
    """It still runs (a hang, a stopped machine) when another attempt has begun."""
    outbox.submit("encode", {})
    (job_id,) = rows.take_due(database, 10)
    first = rows.claim(database, job_id, "w1")
    assert rows.lost(database, "w1", "gone", [0.0]) == [job_id]
    rows.take_due(database, 10)
    second = rows.claim(database, job_id, "w2")
    rows.dead(database, first, "late")
    assert states(database) == {JobState.RUNNING: 1}
    rows.done(database, second)
    rows.again(database, first, "late", [0.0])
    assert states(database) == {JobState.DONE: 1}


def test_only_the_dead_workers_jobs_run_again(database, outbox):
    for _ in range(2):
        outbox.submit("encode", {})
    one, two = rows.take_due(database, 10)
    rows.claim(database, one, "w1")
    rows.claim(database, two, "w2")
    assert rows.lost(database, "w2", "gone", [5.0]) == [two]
    assert states(database) == {JobState.RUNNING: 1, JobState.WAITING: 1}
    assert 4.0 < rows.seconds_to_next(database) <= 5.0


def test_pauses_grow(database, outbox):
    outbox.submit("encode", {})
    seen = []
    for _ in range(4):
        set_all(database, f"due_at = '{'2020-01-01 00:00:00.000000'}'")
        (job_id,) = rows.take_due(database, 10)
        rows.again(database, rows.claim(database, job_id, "w"), "bad", [10.0, 60.0, 300.0])
        seen.append(round(rows.seconds_to_next(database)))
    assert seen == [10, 60, 300, 300]


def test_an_unknown_job_is_kept_and_then_dead(database, outbox):
    """A plugin may be gone for the moment of its upgrade."""
    outbox.submit("encode", {})
    runner = Runner(database.engine.url.render_as_string(hide_password=False), {}, "w", [0.0], NOBODY)
    for _ in range(6):
        assert states(database) == {JobState.WAITING: 1}
        (job_id,) = rows.take_due(database, 10)
        runner.run(job_id)
    (dead,) = dead_jobs(database)
    assert "No installed plugin declares a job 'encode'" in dead.error
    assert retry_dead(database, dead.id, NOBODY)
    runner = Runner(runner.database_url, {"encode": Job("encode", lambda d, p: None)}, "w", [0.0], NOBODY)
    runner.run(*rows.take_due(database, 10))
    assert states(database) == {JobState.DONE: 1}


def test_a_process_that_dies_before_its_job_begins(database, outbox):
    outbox.submit("encode", {})
    (job_id,) = rows.take_due(database, 10)
    url = database.engine.url.render_as_string(hide_password=False)
    Runner(url, {}, "w", [0.0], NOBODY).died(job_id, "killed")
    assert states(database) == {JobState.WAITING: 1}


def test_done_jobs_are_forgotten_after_some_days_dead_ones_are_not(database, outbox):
    for end in (rows.done, lambda d, job: rows.dead(d, job, "bad")):
        outbox.submit("encode", {})
        (job_id,) = rows.take_due(database, 10)
        end(database, rows.claim(database, job_id, "w"))
    rows.forget_done(database, timedelta(days=1))
    assert states(database) == {JobState.DONE: 1, JobState.DEAD: 1}
    rows.forget_done(database, timedelta(0))
    assert states(database) == {JobState.DEAD: 1}


def test_the_relay_sends_and_redis_gets_the_number_alone(database, outbox, redis):
    outbox.submit("encode", {"secret": "geheim"})
    Relay(database, redis).work()
    assert states(database) == {JobState.SENT: 1}
    assert queued(redis) == 1
    stored = repr([redis.hgetall(key) for key in redis.keys("rq:job:*")])
    assert "geheim" not in stored
    assert "encode" not in stored
    assert b"jackfield.jobs.run.run_job" in redis.hgetall("rq:job:jackfield-1")[b"description"]


def test_more_than_one_batch(database, outbox, redis, monkeypatch):
    monkeypatch.setattr(relays, "_BATCH", 7)
    for _ in range(20):
        outbox.submit("encode", {})
    Relay(database, redis).work()
    assert queued(redis) == 20


def test_a_flush_is_noticed_while_running(database, outbox, redis, monkeypatch):
    monkeypatch.setattr(relays, "CHECK_SECONDS", 0.2)
    outbox.submit("encode", {})
    relay = Relay(database, redis)
    relay.work()
    redis.flushall()
    assert relay.seconds_to_work() <= 0.2
    time.sleep(0.25)
    relay.work()
    assert (queued(redis), states(database)) == (1, {JobState.SENT: 1})


def test_without_anything_to_do_the_relay_sleeps(database, outbox, redis):
    relay = Relay(database, redis)
    relay.work()
    assert relay.seconds_to_work() > 3600


def test_without_redis_pauses_grow_and_nudges_do_not_shorten_them(database, outbox, tmp_path):
    outbox.submit("encode", {})
    relay = Relay(database, connect(f"unix://{tmp_path}/none.sock"))
    seen = []
    for _ in range(3):
        relay.work()
        seen.append(relay.seconds_to_work())
        relay.work()
        assert relay.seconds_to_work() <= seen[-1]
        time.sleep(relay.seconds_to_work())
    assert [round(each, 1) for each in seen] == [0.5, 1.0, 2.0]
    assert states(database) == {JobState.WAITING: 1}


def test_without_the_database_the_relay_lives_on(database, outbox, redis):
    relay = Relay(database, redis)
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE outbox RENAME TO away"))
    relay.work()
    assert not relay.redis_answers
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO outbox"))
    outbox.submit("encode", {})
    time.sleep(relay.seconds_to_work())
    relay.work()
    assert relay.redis_answers
    assert queued(redis) == 1
