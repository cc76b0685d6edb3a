"""Whatever happens to a run, nothing of it stays on the machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rig import cleanup

pytestmark = pytest.mark.journey
TESTS = Path(__file__).parents[1]
PROGRAM = """
import sys, time
sys.path[:0] = [{tests!r}, {tests!r} + "/test_rig"]
import plain_asterisk
from rig import Run
with Run() as run:
    print(run.id, flush=True)
    node = run.node()
    carrier = run.carrier(node)
    plain_asterisk.start(node, carrier.party.address)
    phone = run.phone(node, "201", "secret201")
    carrier.call("100").wait_answered()
    print("up", flush=True)
    {then}
"""


def start(then: str) -> tuple[subprocess.Popen[str], str]:
    """Starts a run in the middle of a call and returns its process and id."""
    code = PROGRAM.format(tests=str(TESTS), then=then)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        # A shell's background job has SIGINT ignored, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout
    run_id = process.stdout.readline().strip()
    assert process.stdout.readline().strip() == "up"
    return process, run_id


def traces(run_id: str) -> list[str]:
    """All that the machine still has of a run."""
    found = [
        str(p)
        for p in (cleanup.RUNS / run_id, cleanup.RAM / run_id, cleanup.cgroup_root() / cleanup.CGROUP / run_id)
        if p.exists()
    ]
    found += [str(p) for p in Path("/run/netns").glob(f"jfr-{run_id}-*")]
    found += [x for x in Path("/proc/self/mounts").read_text().splitlines() if run_id in x]
    found += [str(p) for p in Path("/run/systemd/nspawn").rglob(f"*{run_id}*")]
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            if run_id in (proc / "cmdline").read_text(errors="replace"):
                found.append((proc / "cmdline").read_text(errors="replace"))
        except OSError:
            continue
    return found


def gc() -> None:
    subprocess.run([sys.executable, "-m", "rig", "gc"], cwd=TESTS, check=True, timeout=60)


def test_normal_end_leaves_nothing() -> None:
    process, run_id = start("pass")
    assert process.wait(30) == 0
    assert traces(run_id) == []


def test_exception_leaves_nothing() -> None:
    process, run_id = start("raise ValueError('a test')")
    assert process.wait(30) == 1
    assert traces(run_id) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_signals_leave_nothing(how: signal.Signals) -> None:
    process, run_id = start("time.sleep(600)")
    assert traces(run_id), "the test would not see what stays"
    process.send_signal(how)
    process.wait(30)
    assert traces(run_id) == []


def test_kill_9_is_cleared_by_gc() -> None:
    process, run_id = start("time.sleep(600)")
    gc()
    assert (cleanup.RUNS / run_id).exists(), "gc must not touch a run whose owner lives"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(traces(run_id)) > 5, "nodes and phones outlive their killed owner until gc"
    gc()
    assert traces(run_id) == []


def test_a_kept_run_stays_until_it_is_put_down() -> None:
    process, run_id = start("run.keep()")
    assert process.wait(30) == 0
    try:
        gc()
        leader = int((cleanup.RUNS / run_id / "node-pbx/leader").read_text())
        os.kill(leader, 0)
    finally:
        subprocess.run([sys.executable, "-m", "rig", "down", run_id], cwd=TESTS, check=True)
    time.sleep(0.1)
    assert traces(run_id) == []
