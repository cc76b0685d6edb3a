"""Schedules over a real database: once each, missed runs, two daemons, a database that is away."""

import json
import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from jackfield.jobs.outbox import Outbox, list_jobs
from jackfield.schedules.schedule import Schedule
from jackfield.schedules.service import LATE, Scheduler, decide
from jackfield.services import TimerThread
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate

ZONE = ZoneInfo("UTC")
START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HOURLY = Schedule("bank.hourly", "balances", at="0 * * * *", payload={"all": True})
SKIPPED = Schedule("bank.skipped", "balances", at="0 * * * *", missed="skip")
OFTEN = Schedule("bank.often", "balances", every=timedelta(minutes=10))


class Clock:
    def __init__(self):
        self.time = START

    def now(self):
        return self.time

    def monotonic(self):
        return self.time.timestamp()


class Rig:
    def __init__(self, folder):
        self.database = Database(f"sqlite:///{folder}/a.db")
        migrate(self.database, [CORE])
        self.clock, self.schedules = Clock(), [HOURLY]
        self.outbox = Outbox(self.database, lambda: {"balances"}, folder / "w.sock")
        self.timers = TimerThread()

    def scheduler(self):
        return Scheduler(self.database, self.outbox, lambda: self.schedules, lambda: ZONE, self.timers, self.clock)

    def due(self):
        return [json.loads(job["payload"])["due"][11:16] for job in reversed(list_jobs(self.database))]


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path)
    yield made
    made.timers.stop()
    made.database.close()


def test_it_sleeps_until_the_next_one_and_runs_it_once(rig):
    scheduler = rig.scheduler()
    assert scheduler.round() == 3600
    rig.clock.time += timedelta(minutes=59, seconds=59)
    assert scheduler.round() == 1 and rig.due() == []
    rig.clock.time += timedelta(seconds=1)
    assert scheduler.round() == 3600 and rig.due() == ["13:00"]
    assert scheduler.round() == 3600 and rig.due() == ["13:00"]
    assert json.loads(list_jobs(rig.database)[0]["payload"])["all"] is True


def test_two_that_look_at_the_same_time_run_it_once(rig):
    first, second = rig.scheduler(), rig.scheduler()
    first.round()
    rig.clock.time += timedelta(hours=1)
    threads = [threading.Thread(target=each.round) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rig.due() == ["13:00"]


def test_runs_missed_are_made_up_once_or_not_at_all(rig):
    rig.schedules = [HOURLY, SKIPPED, OFTEN]
    rig.scheduler().round()
    rig.clock.time += timedelta(hours=5, minutes=25)
    assert rig.scheduler().round() == 5 * 60, "the next of those every ten minutes"
    assert sorted(rig.due()) == ["17:00", "17:20"]
    rig.clock.time += timedelta(minutes=35)
    rig.scheduler().round()
    assert sorted(rig.due()) == ["17:00", "17:20", "18:00", "18:00", "18:00"], "18:00 is not late for any of them"


def test_a_run_a_little_late_was_not_missed():
    assert decide(SKIPPED, START, START + timedelta(hours=1) + LATE, ZONE).run
    assert not decide(SKIPPED, START, START + timedelta(hours=1, seconds=1) + LATE, ZONE).run


def test_a_job_that_is_gone_keeps_nothing_else_from_running(rig):
    rig.schedules = [Schedule("bank.gone", "gone", at="0 * * * *"), HOURLY]
    scheduler = rig.scheduler()
    scheduler.round()
    rig.clock.time += timedelta(hours=1)
    scheduler.round()
    assert rig.due() == ["13:00"]


def test_its_thread_wakes_when_plugins_change_and_ends_when_told(rig):
    rig.schedules = []
    scheduler = rig.scheduler()
    scheduler.start()
    rig.schedules = [HOURLY]
    rig.clock.time += timedelta(seconds=1)
    scheduler.look()
    seen = threading.Event()
    for _ in range(500):
        if any(row["name"] == "bank.hourly" for row in scheduler.describe()):
            break
        seen.wait(0.01)
    row = scheduler.describe()[0]
    assert (row["when"], row["next"], row["missed"]) == ("0 * * * *", "2026-01-01T13:00:00+00:00", "once")
    scheduler.stop()
    assert not scheduler._thread.is_alive()


@pytest.mark.parametrize(
    "wrong",
    [{}, {"at": "0 0 * * *", "every": timedelta(hours=1)}, {"every": timedelta(seconds=1)}, {"at": "never"}],
)
def test_a_schedule_that_makes_no_sense(wrong):
    with pytest.raises(ValueError):
        Schedule("bank.x", "balances", **wrong)
    with pytest.raises(ValueError, match="small letters"):
        Schedule("Bank X", "balances", at="0 0 * * *")
