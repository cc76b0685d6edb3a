import subprocess
import sys
import time

import pytest
from jackfield.jobs import run
from jackfield.jobs.job import Job
from jackfield.jobs.models import JobState
from jackfield.jobs.outbox import Outbox, dead_jobs, drop_job, find_job, job_counts, list_jobs
from jackfield.jobs.progress import Progress, report_progress
from jackfield.jobs.rows import take_due
from jackfield.jobs.run import Runner
from jackfield.sdnotify import notify, watchdog_seconds


def runner(database, tmp_path, function, **more):
    jobs = {"job": Job("job", function, **more)}
    Outbox(database, lambda: jobs, tmp_path / "w").submit("job", {"a": [1, "王"]})
    url = database.engine.url.render_as_string(hide_password=False)
    return Runner(url, jobs, "w", [0.0], tmp_path / "w")


def test_a_job_gets_its_payload_and_a_database(database, tmp_path):
    got = []

    def job(its_database, payload):
        with its_database.session() as session:
            got.append((payload, session.connection().dialect.name))

    runner(database, tmp_path, job).run(*take_due(database, 1))
    assert got == [({"a": [1, "王"]}, database.engine.dialect.name)]
    assert job_counts(database)[JobState.DONE] == 1


def test_time_up_goes_through_except_exception(database, tmp_path):
    def job(_database, _payload):
        try:
            time.sleep(30)
        except Exception:
            pytest.fail("caught")

    begun = time.monotonic()
    runner(database, tmp_path, job, timeout=1, retries=0).run(*take_due(database, 1))
    assert time.monotonic() - begun < 25
    assert "longer than its 1 s" in dead_jobs(database)[0].error


def test_after_a_job_no_alarm_is_left(database, tmp_path):
    runner(database, tmp_path, lambda d, p: None, timeout=1).run(*take_due(database, 1))
    time.sleep(1.2)


def test_a_job_that_never_comes_back_to_python_loses_its_process():
    code = """
import ctypes, signal
from jackfield.jobs import run
run.KILL_AFTER = 1
with run._time_limit(1):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    ctypes.PyDLL(None).poll(None, 0, -1)  # for ever, and it keeps the interpreter's lock
"""
    env = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, timeout=180)
    assert done.returncode == 1
    assert b"Timeout (0:00:02)" in done.stderr


def test_run_job_outside_of_the_worker_says_so(monkeypatch):
    monkeypatch.setattr(run, "_runner", None)
    with pytest.raises(RuntimeError, match="jackfield-worker"):
        run.run_job(1)


def test_notify_without_systemd(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert not notify("READY=1")
    assert watchdog_seconds() is None
    monkeypatch.setenv("WATCHDOG_USEC", "3000000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert watchdog_seconds() is None
    monkeypatch.delenv("WATCHDOG_PID")
    assert watchdog_seconds() == 1.5


def test_a_job_tells_its_progress(database, tmp_path):
    seen = []

    def works(database, payload):
        for page in range(1, 5):
            report_progress(page * 25, f"page {page}\n")
            seen.append(list_jobs(database)[0])

    made = runner(database, tmp_path, works)
    [number] = take_due(database, 10)
    made.run(number)
    assert (seen[0]["percent"], seen[0]["note"], seen[0]["state"]) == (25, "page 1 ", "running")
    assert (find_job(database, number)["percent"], find_job(database, number)["state"]) == (100, "done")
    report_progress(5, "outside of a job it does nothing")
    assert find_job(database, number)["percent"] == 100
    assert drop_job(database, number) and not drop_job(database, number)


def test_progress_is_written_at_most_twice_a_second():
    now, written = [0.0], []
    progress = Progress(lambda percent, note: written.append((percent, note)), lambda: now[0])
    for tick in range(100):
        now[0] = tick / 100
        progress.report(tick, "works")
    progress.report(150, "x" * 300)
    assert [percent for percent, _ in written] == [0, 50, 100] and len(written[-1][1]) == 200
