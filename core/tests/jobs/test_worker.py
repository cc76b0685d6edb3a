"""The whole way of a job: outbox, relay, Redis, worker process; and who dies in between."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from jackfield.jobs.models import JobState
from jackfield.jobs.outbox import Outbox, dead_jobs, job_counts, renew_workers, retry_dead
from jackfield.jobs.testing import redis_server
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate

sys.path.insert(0, str(Path(__file__).parent))
from sample_jobs import jobs

pytestmark = pytest.mark.slow

PATIENCE = 180
"""Seconds; a busy machine may need many to start a process."""
RUN = """
import json, sys
from pathlib import Path
from jackfield.jobs.worker import WorkerProcess, WorkerSettings

told = json.load(sys.stdin)
told["socket"] = Path(told["socket"])
WorkerProcess(WorkerSettings(**told)).run()
"""


class Rig:
    """A database, a Redis server and a worker process that can be killed."""

    def __init__(self, folder, redis):
        self.folder, self.redis = folder, redis
        self.url = f"sqlite:///{folder}/a.db"
        self.database = Database(self.url)
        migrate(self.database, [CORE])
        self.socket = folder / "w.sock"
        self.outbox = Outbox(self.database, jobs, self.socket)
        self.process = None

    def start(self, **more):
        told = {
            "database_url": self.url,
            "redis_url": self.redis.url,
            "socket": str(self.socket),
            "pauses": [0.3],
            "jobs": "sample_jobs:jobs",
            **more,
        }
        path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
        env = {**os.environ, "PYTHONPATH": path}
        self.process = subprocess.Popen([sys.executable, "-c", RUN], stdin=subprocess.PIPE, env=env)
        self.process.stdin.write(json.dumps(told).encode())
        self.process.stdin.close()
        return self.process

    def stop(self, how=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(PATIENCE)
            self.process = None

    def submit(self, name, key, **more):
        self.outbox.submit(name, {"folder": str(self.folder), "key": key, **more})

    def marks(self, key):
        path = self.folder / key
        return path.read_text().split("\n")[:-1] if path.exists() else []

    def wait(self, what, seconds=PATIENCE):
        until = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < until, f"not within {seconds} s; {job_counts(self.database)}"
            time.sleep(0.02)

    def wait_for(self, state, count=1, seconds=PATIENCE):
        self.wait(lambda: job_counts(self.database)[state] >= count, seconds)

    def children(self):
        """Pids of the worker processes."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in task.read_text().split()]


def is_running(pid):
    """Killed but not yet reaped by the machine's init is not running."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.fixture
def rig():
    with tempfile.TemporaryDirectory(prefix="jf") as name, redis_server(Path(name)) as redis:
        found = Rig(Path(name), redis)
        yield found
        found.stop(signal.SIGKILL)
        found.database.close()


def test_jobs_run_once_each(rig):
    rig.submit("note", "early")  # before anybody listens
    rig.start()
    for number in range(20):
        rig.submit("note", f"n{number}")
    rig.wait_for(JobState.DONE, 21)
    assert all(rig.marks(key) == ["done"] for key in ("early", *(f"n{n}" for n in range(20))))
    rig.stop()
    assert not rig.socket.exists()


def test_a_job_starts_at_once(rig):
    rig.start()
    rig.submit("note", "first")
    rig.wait_for(JobState.DONE)
    begun = time.monotonic()
    rig.submit("note", "second")
    rig.wait(lambda: rig.marks("second"))
    assert time.monotonic() - begun < 10.0  # it would be 30 s if the nudge were lost


def test_renewed_workers_know_a_new_plugins_jobs_and_finish_what_they_had(rig, monkeypatch):
    installed = rig.folder / "installed"
    monkeypatch.setenv("JOBS_TEST_INSTALLED", str(installed))
    rig.start(jobs="sample_jobs:more_jobs", pauses=[600.0])  # a try that fails is not made good within the test
    rig.submit("slow", "running", seconds=2)
    rig.wait(lambda: rig.marks("running"))
    before = rig.children()
    installed.touch()
    for _ in range(2):
        renew_workers(rig.socket)
    Outbox(rig.database, lambda: ["late"], rig.socket).submit("late", {"folder": str(rig.folder), "key": "late"})
    rig.wait_for(JobState.DONE, 2)
    assert [mark.partition(" ")[0] for mark in rig.marks("running")] == ["begin", "done"]
    assert rig.marks("late") == ["done"]
    assert not set(before) & set(rig.children())


def test_without_redis_jobs_wait_and_then_run(rig):
    rig.redis.kill()
    rig.start()
    rig.submit("note", "a")
    rig.wait(rig.socket.exists)
    time.sleep(1.0)
    assert job_counts(rig.database)[JobState.WAITING] == 1
    rig.redis.start()
    rig.wait_for(JobState.DONE)
    assert rig.marks("a") == ["done"]


def test_redis_dies_with_jobs_in_it(rig):
    """Debian's Redis comes back empty after a crash: what it held is sent again."""
    rig.start()
    rig.submit("slow", "long", seconds=2)
    rig.wait(lambda: rig.marks("long"))
    for number in range(10):
        rig.submit("note", f"n{number}")
    rig.wait_for(JobState.SENT, 10)
    rig.redis.kill()
    assert not (rig.folder / "dump.rdb").exists()
    rig.submit("note", "meanwhile")
    time.sleep(1.0)
    rig.redis.start()
    rig.wait_for(JobState.DONE, 12, seconds=PATIENCE)
    assert [rig.marks(f"n{n}") for n in range(10)] == [["done"]] * 10
    assert rig.marks("meanwhile") == ["done"]
    assert rig.marks("long")[-1] == "done"


def test_redis_is_flushed_behind_our_back(rig):
    rig.start(stop_seconds=0.0)
    rig.submit("slow", "long", seconds=PATIENCE)
    rig.wait(lambda: rig.marks("long"))
    rig.submit("note", "n")
    rig.wait_for(JobState.SENT)
    rig.redis.client().flushall()
    rig.stop()
    rig.submit("note", "later")
    rig.start(workers=2)
    rig.wait_for(JobState.DONE, 2)
    assert (rig.marks("n"), rig.marks("later")) == (["done"], ["done"])


@pytest.mark.parametrize("whom", ["horse", "worker", "parent"])
def test_kill_9_in_the_middle_of_a_job(rig, whom):
    rig.start()
    rig.submit("first_time_slow", "job")
    rig.wait(lambda: rig.marks("job"))
    horse = int(rig.marks("job")[0].split()[1])
    if whom == "parent":
        rig.stop(signal.SIGKILL)
        rig.start()
    else:
        os.kill(horse if whom == "horse" else rig.children()[0], signal.SIGKILL)
    rig.wait_for(JobState.DONE)
    assert [mark.split()[0] for mark in rig.marks("job")] == ["begin", "begin", "done"]
    rig.wait(lambda: not is_running(horse))


def test_a_job_that_raises_is_tried_again_and_then_dead(rig):
    rig.start()
    rig.submit("raises", "r")
    rig.submit("exits", "e")
    rig.submit("note", "n")
    rig.wait_for(JobState.DEAD, 2)
    dead = {job.name: job for job in dead_jobs(rig.database)}
    assert rig.marks("r") == ["begin"] * 3
    assert dead["raises"].attempts == 3
    assert "ValueError: the disk\ufffd is ? wrong" in dead["raises"].error
    assert "in raises" in dead["raises"].error
    assert "SystemExit: 3" in dead["exits"].error
    assert rig.marks("n") == ["done"]


def test_a_dead_job_may_be_tried_again(rig):
    rig.start()
    rig.submit("exits", "e")
    rig.wait_for(JobState.DEAD)
    (dead,) = dead_jobs(rig.database)
    assert retry_dead(rig.database, dead.id, rig.socket)
    rig.wait(lambda: not dead_jobs(rig.database) or dead_jobs(rig.database)[0].attempts == 1)
    rig.wait_for(JobState.DEAD)
    assert not retry_dead(rig.database, dead.id + 1, rig.socket)


def test_a_job_that_kills_its_process_does_not_go_on_for_ever(rig):
    rig.start()
    rig.submit("dies", "d")
    rig.wait_for(JobState.DEAD)
    assert rig.marks("d") == ["begin"] * 2
    assert "died in each of 2 attempts" in dead_jobs(rig.database)[0].error


def test_a_job_over_its_time_is_ended_although_it_catches_all(rig):
    rig.start()
    rig.submit("stubborn", "s")
    rig.wait_for(JobState.DEAD)
    assert "longer than its 1 s" in dead_jobs(rig.database)[0].error
    assert rig.marks("s") == []


def test_a_clean_stop_lets_the_job_finish(rig):
    rig.start()
    rig.submit("slow", "s", seconds=2)
    rig.wait(lambda: rig.marks("s"))
    rig.stop()
    assert rig.marks("s")[-1] == "done"
    assert job_counts(rig.database)[JobState.DONE] == 1


def test_a_stop_does_not_wait_for_ever_and_the_job_runs_again(rig):
    rig.start(stop_seconds=0.5)
    rig.submit("first_time_slow", "s")
    rig.wait(lambda: rig.marks("s"))
    rig.stop()
    rig.start()
    rig.wait_for(JobState.DONE)
    assert [mark.split()[0] for mark in rig.marks("s")] == ["begin", "begin", "done"]


def test_a_second_worker_is_refused(rig):
    rig.start()
    rig.wait(rig.socket.exists)
    told = {"socket": str(rig.socket), "database_url": rig.url, "redis_url": rig.redis.url}
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    second = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(told).encode(), env=env, stderr=subprocess.PIPE, timeout=PATIENCE
    )
    assert second.returncode
    assert b"Another jackfield-worker is running" in second.stderr
    rig.submit("note", "n")
    rig.wait_for(JobState.DONE)


def test_systemd_hears_that_it_is_ready_and_alive(rig, monkeypatch):
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(rig.folder / "n.sock"))
        heard.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", str(rig.folder / "n.sock"))
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        rig.start()
        assert [heard.recv(100) for _ in range(4)] == [b"READY=1", *[b"WATCHDOG=1"] * 3]
        rig.stop()
        rest = []
        while not rest or rest[-1] != b"STOPPING=1":
            rest.append(heard.recv(100))
