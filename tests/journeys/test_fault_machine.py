"""The machine under the calls: a frozen daemon, Redis away, a killed worker, a clean restart, a full disk."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator

import pytest
from journeys.faults import (
    DAEMON,
    SETTINGS,
    Kill,
    gaps,
    host_pid,
    is_back,
    kill_daemon,
    longest_silence,
    served,
    signal_process,
    wait_back,
    wait_both_ways,
)
from journeys.pbx import Pbx
from rig import wait_for

WORKER = "jackfield-worker"
STATE = "/var/lib/jackfield"
LIBC = "import ctypes, os, sys; libc = ctypes.CDLL(None, use_errno=True); path = sys.argv[1].encode(); "
"""The node's root has no mount(8)."""
MOUNT = LIBC + "sys.exit(libc.mount(b'none', path, b'tmpfs', 0, b'size=8m,mode=0751') and ctypes.get_errno())"
TRUNCATE_WAL = """
import sqlite3, sys
sys.exit(sqlite3.connect(sys.argv[1]).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
"""
UMOUNT = LIBC + "sys.exit(libc.umount2(path, 2) and ctypes.get_errno())"


def recorded_talk(pbx: Pbx, seconds: float) -> str:
    """A recorded talk with agent 1001, to its end; the caller's number."""
    number, seen = pbx.number(), len(pbx.phone("201").calls)
    call = pbx.call("5550501", number)
    rung = pbx.phone("201").wait_call(seen + 1)
    rung.wait_answered()
    wait_both_ways(call, rung)
    time.sleep(seconds)
    call.hang_up()
    rung.wait_ended(10)
    return number


def test_a_frozen_daemon_is_killed_and_its_callers_are_rescued(pbx: Pbx) -> None:
    """SIGSTOP: the watchdog ends it; the menu is read again, the line keeps its place, the talk has no gap."""
    pbx.staff("201")
    seen = len(pbx.phone("201").calls)
    talker, waiter, chooser, late = (pbx.number() for _ in range(4))
    talking = pbx.call("5550500", talker)
    rung = pbx.phone("201").wait_call(seen + 1)
    rung.wait_answered()
    wait_both_ways(talking, rung)
    waiting, choosing = pbx.call("5550500", waiter), pbx.call("5550100", chooser)
    pbx.wait_waiting("basic", [waiter])
    pbx.wait_hears(choosing, "main-menu")
    frozen = kill_daemon(pbx, signal.SIGSTOP)
    arriving = pbx.call("5550200", late)
    wait_for(
        lambda: is_back(pbx, frozen.pid) if _has_other_pid(pbx, frozen.pid) else False, 45, "the watchdog", every=0.3
    )
    print(f"frozen-to-recovered {time.monotonic() - frozen.at:.2f} s")
    pbx.wait_hears(choosing, "main-menu", after=frozen.at, timeout=20)
    choosing.press("3")
    pbx.wait_hears(arriving, "exact", timeout=20)
    pbx.wait_waiting("basic", [waiter])
    assert gaps(talking.heard, rung.tone, frozen.at, time.monotonic() - 0.5) < 0.25
    choosing.wait_ended(15)
    talking.hang_up()
    second = pbx.phone("201").wait_call(seen + 2)
    second.wait_answered()
    waiting.hang_up()
    for number, result in ((talker, "answered"), (waiter, "answered"), (chooser, "completed"), (late, "completed")):
        assert pbx.record(number)["result"] == result
    assert "watchdog" in pbx.node.journal(DAEMON, 300).lower()


def _has_other_pid(pbx: Pbx, old: int) -> bool:
    """Asking a frozen daemon blocks; systemd knows when there is another."""
    return pbx.node.main_pid(DAEMON) not in (0, old)


def test_clean_restart_with_callers_waiting(pbx: Pbx) -> None:
    """`systemctl restart`: as after a kill, and the talk's sound and the order of the line are kept."""
    pbx.staff("201")
    pbx.dial_code("201", "*13")
    numbers = [pbx.number(), pbx.number(), pbx.number("5559")]
    calls = []
    for number in numbers:
        calls.append(pbx.call("5550500", number))
        wait_for(lambda number=number: number in pbx.waiting("basic"), 10, f"{number} in line")
    order = [numbers[2], numbers[0], numbers[1]]
    stop = Kill(time.monotonic(), pbx.node.main_pid(DAEMON))
    pbx.node.systemctl("restart", f"{DAEMON}.service")
    took = wait_back(pbx, stop)
    pbx.wait_waiting("basic", order)
    for call in calls:
        assert longest_silence(call.heard, stop.at, stop.at + took) < 2.0
    assert pbx.agent("1001")["state"] == "paused", "the agent's pause was forgotten"
    seen = len(pbx.phone("201").calls)
    pbx.phone("201").hang_up_after = 0.5
    pbx.dial_code("201", "*14")
    rung = [pbx.phone("201").wait_call(seen + n + 1, timeout=20) for n in range(3)]
    assert [r.dialog.caller_number for r in rung] == order
    for number in numbers:
        assert pbx.record(number)["result"] == "answered"


@pytest.fixture
def redis(pbx: Pbx) -> Iterator[str]:
    """Redis' unit, running again afterwards."""
    yield "redis-server"
    pbx.node.systemctl("start", "redis-server")


def test_redis_away(pbx: Pbx, redis: str) -> None:
    """Calls and recordings go on without Redis; the recording is encoded when it is back."""
    pbx.staff("201")
    pbx.node.systemctl("stop", redis)
    number = recorded_talk(pbx, 2)
    record = pbx.record(number)
    served(pbx)
    time.sleep(1)
    [row] = pbx.recordings(record)
    assert row["state"] != "ready", row
    assert pbx.is_ready()
    pbx.node.systemctl("start", redis)
    back = time.monotonic()
    _, sides = pbx.recording_of(record, timeout=60)
    print(f"redis back to encoded {time.monotonic() - back:.1f} s")
    assert len(sides) == 2 and sides[0].seconds > 1.5


def test_worker_killed_while_it_encodes(pbx: Pbx) -> None:
    """Killed with -9 in the middle of the job (frozen at its begin, to be sure): encoded once, by the next worker."""
    pbx.staff("201")
    worker = pbx.node.main_pid(WORKER)
    signal_process(pbx.node, worker, signal.SIGSTOP)
    number = recorded_talk(pbx, 3)
    record = pbx.record(number)
    pbx.node.run(["systemctl", "kill", "--kill-whom=all", "-s", "KILL", f"{WORKER}.service"])
    wait_for(lambda: pbx.node.main_pid(WORKER) not in (0, worker), 20, "another worker")
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline:  # kill whatever job has begun, a few times
        jobs = pbx.node.run(["pgrep", "-u", "jackfield", "-f", "flac|sox"], check=False).stdout.split()
        for pid in jobs:
            pbx.node.run(["kill", "-9", pid], check=False)
        if jobs:
            pbx.node.run(["systemctl", "kill", "--kill-whom=all", "-s", "KILL", f"{WORKER}.service"])
            break
        time.sleep(0.05)
    _, sides = pbx.recording_of(record, timeout=90)
    assert len(sides) == 2 and 2.5 < sides[0].seconds < 6
    left = pbx.node.run(["find", "/var/spool/jackfield/recordings", "-name", f"*{record['id']}*"]).stdout
    assert left == "", f"raw sound was left behind: {left}"


@contextlib.contextmanager
def database_on_a_small_disk(pbx: Pbx) -> Iterator[str]:
    """The database is moved to a file system of 8 MB for a while; gives its folder."""
    node, small = pbx.node, f"{STATE}/small"
    before = node.read_file(SETTINGS)
    units = (f"{WORKER}.service", f"{DAEMON}.service")
    try:
        node.systemctl("stop", *units)
        node.run(["mkdir", "-p", small])
        node.run(["python3", "-c", MOUNT, small])
        for name in node.run(["find", STATE, "-maxdepth", "1", "-name", "jackfield.db*"]).stdout.split():
            node.run(["cp", "-a", name, small])
        node.run(["chown", "-R", "jackfield:jackfield", small])
        url = f'database = "sqlite:///{small}/jackfield.db"\n'
        node.write_file(SETTINGS, url, mode=0o640, owner="root:jackfield")
        node.systemctl("start", *units)
        pbx.wait_ready()
        yield small
    finally:
        node.systemctl("stop", *units)
        node.write_file(SETTINGS, before, mode=0o640, owner="root:jackfield")
        node.run(["python3", "-c", UMOUNT, small], check=False)
        node.systemctl("start", *units)
        pbx.wait_ready()


def test_full_disk_of_the_database(pbx: Pbx) -> None:
    """No room for records: calls go on, `jackfield status` tells of it, nothing is lost when there is room again."""
    with database_on_a_small_disk(pbx) as small:
        ballast = f"{small}/ballast"
        emptied = ["python3", "-c", TRUNCATE_WAL, f"{small}/jackfield.db"]  # or records would fit in the old log
        wait_for(lambda: pbx.node.run(emptied, check=False).returncode == 0, 10, "an empty write-ahead log")
        pbx.node.run(["dd", "if=/dev/zero", f"of={ballast}", "bs=4096"], check=False)
        numbers: list[str] = []

        def trouble() -> list[str]:
            numbers.append(pbx.number())
            call = pbx.call("5550200", numbers[-1])
            pbx.wait_hears(call, "exact")
            call.wait_ended(15)
            found: list[str] = pbx.ask("status")["trouble"]
            return found

        told = wait_for(trouble, 60, "trouble in the status")
        assert "cannot be written" in told[0], told
        trouble()
        assert pbx.is_ready() and pbx.ask("calls") == []
        pbx.node.run(["rm", "-f", ballast])
        wait_for(lambda: not pbx.ask("status")["trouble"], 30, "the end of the trouble")
        assert pbx.ask("status")["records_lost"] == 0
        records = pbx.jackfield("records", "--json", "--limit", "50")
        results = {r["caller_number"]: r["result"] for r in records}
        assert {results.get(number) for number in numbers} == {"completed"}, results


def test_worker_and_daemon_killed_together(pbx: Pbx) -> None:
    """Both die at the end of a recorded talk; the recording is encoded once all the same."""
    pbx.staff("201")
    number = recorded_talk(pbx, 2)
    kill = kill_daemon(pbx)
    pbx.node.run(["systemctl", "kill", "--kill-whom=all", "-s", "KILL", f"{WORKER}.service"])
    wait_back(pbx, kill)
    record = pbx.record(number)
    assert record["result"] == "answered" and record["agent"] == "1001", record
    _, sides = pbx.recording_of(record, timeout=90)
    assert len(sides) == 2 and sides[0].seconds > 1.5
    assert host_pid(pbx.node, pbx.node.main_pid(WORKER))
