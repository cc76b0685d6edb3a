"""An apply that is killed in the middle, or meets a full disk, leaves the old generation or the new one, whole."""

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from jackfield.config import apply, files
from jackfield.config.apply import activate, resume
from jackfield.config.generations import Generations
from jackfield.config.keeper import ApplyKeeper
from jackfield.errors import ApplyFailed
from jackfield.storage.errors import StorageError
from shop import SHOP

MORE = SHOP + '[[extension]]\nname = "202"\n'
KILLED = """
    import os, signal, sys
    from pathlib import Path
    from jackfield.config.apply import activate
    from jackfield.config.generations import Generations
    from jackfield.config.paths import Paths
    from jackfield.errors import CommandFailed

    base, step, count = Path(sys.argv[1]), int(sys.argv[2]), 0

    def due():
        global count
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap(name):
        real = getattr(os, name)
        def wrapped(*args, **kwargs):
            due()
            return real(*args, **kwargs)
        setattr(os, name, wrapped)

    for name in ("open", "fsync", "rename", "replace", "symlink", "unlink", "readlink"):
        wrap(name)

    class Asterisk:
        '''Runs what it read last: each reload notes which generation's file it has taken.'''
        def load(self, module): self.reload(module)
        def reload(self, module):
            due()
            (base / ("runs-" + module)).write_text((base / "current" / "pjsip.conf").read_text())
            due()
        def endpoints(self): due(); return {"201", "202", "carrier"}
        def registrations(self): due(); return {"carrier"}
        def dialplan(self): due(); return {}
        def queues(self): return set()
        def close(self): pass

    generations = Generations(Paths(base))
    tell = lambda: (due(), (base / "daemon").write_text(str(generations.current())), due())
    activate(int(sys.argv[3]), generations, Asterisk, tell)
    print(count)
"""
FILES = {
    1: {"pjsip.conf": "[201]\ntype = endpoint\n"},
    2: {"pjsip.conf": "[201]\ntype = endpoint\n\n[202]\ntype = endpoint\n"},
}


def put(workspace, text=SHOP):
    return workspace.import_text(text, lambda name: b"")


class Reader:
    """What Asterisk would run after a resumption."""

    def __init__(self, base: Path) -> None:
        self.base = base

    def load(self, module):
        self.reload(module)

    def reload(self, module):
        (self.base / f"runs-{module}").write_text((self.base / "current" / "pjsip.conf").read_text())

    def endpoints(self):
        return {"201", "202"}

    def registrations(self):
        return set()

    def dialplan(self):
        return {}

    def queues(self):
        return set()

    def close(self):
        pass


@pytest.mark.slow
def test_kill_at_every_step_of_an_apply(paths):
    """Each run is killed one step later (system calls, Asterisk's, the daemon's); `resume` makes it whole again."""
    generations = Generations(paths)
    for number, text in FILES.items():
        generations.write(number, text, "{}", "{}", "ann", "")
    daemon = paths.base / "daemon"
    tell = lambda: daemon.write_text(str(generations.current()))  # noqa: E731
    activate(1, generations, lambda: Reader(paths.base), tell)
    ended, resumed, step = set(), 0, 0
    while True:
        step += 1
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(KILLED), str(paths.base), str(step), "2"],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            break
        assert done.returncode == -9, done.stderr
        resumed += resume(generations, lambda: Reader(paths.base), tell) is not None
        current = generations.current()
        ended.add(current)
        running = {path.read_text() for path in paths.base.glob("runs-*")}
        assert running == {FILES[current]["pjsip.conf"]}, (step, current)
        assert daemon.read_text() == str(current)
        assert generations.begun() is None
        if current == 2:
            activate(1, generations, lambda: Reader(paths.base), tell)
    assert step > 25
    assert ended == {1, 2}
    assert resumed > 10
    assert generations.current() == 2
    assert sorted(p.name for p in paths.base.iterdir() if p.name.startswith(".")) == []


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


@pytest.mark.parametrize("what", ["reload res_pjsip.so", "reload pbx_config.so", "close"])
def test_the_next_apply_finds_what_was_left_in_the_middle(workspace, asterisk, told, what):
    put(workspace)
    workspace.apply("one")
    put(workspace, MORE)

    def kill(step):
        if step == what:
            raise Killed

    asterisk.refuse = kill
    if what == "close":
        workspace._tell_daemon = lambda: (_ for _ in ()).throw(Killed())
    with pytest.raises(Killed):
        workspace.apply("two")
    assert workspace.generations.begun() is not None
    asterisk.refuse, asterisk.log[:] = lambda _: False, []
    workspace._tell_daemon = lambda: told.append("again")
    plan, applied = workspace.apply("three")
    assert "reload res_pjsip.so" in asterisk.log
    assert told[-1] == "again"
    assert any("an apply had been interrupted; generation 2 is in force as a whole now" in w for w in plan.warnings)
    assert applied is None
    assert workspace.generations.begun() is None


def test_what_was_left_in_the_middle_and_is_refused_goes_back(workspace, asterisk):
    put(workspace)
    workspace.apply("one")
    put(workspace, MORE)

    def kill(step):
        if step == "reload res_pjsip.so":
            raise Killed

    asterisk.refuse = kill
    with pytest.raises(Killed):
        workspace.apply("two")
    asterisk.refuse = lambda _: False
    asterisk.hidden = {"202"}
    with pytest.raises(ApplyFailed, match=r"no endpoint 202.*generation 1 is in force again"):
        workspace.rollback(1)
    assert workspace.generations.current() == 1
    assert workspace.generations.begun() is None


def test_the_daemon_ends_what_was_left_in_the_middle(paths, monkeypatch, asterisk):
    generations = Generations(paths)
    for number, text in FILES.items():
        generations.write(number, text | {"extensions.conf": ""}, "{}", "{}", "ann", "")
    activate(1, generations, asterisk.connect, lambda: None)
    generations.begin(2)
    generations.switch()
    told = []

    class Ami:
        host, port = "127.0.0.1", 1

    keeper = ApplyKeeper(paths.base, Ami(), "secret", lambda: told.append(generations.current()))
    monkeypatch.setattr(keeper, "_connect", asterisk.connect)
    keeper.look()
    for _ in range(200):
        if generations.begun() is None and told:
            break
        __import__("time").sleep(0.02)
    assert told == [2]
    assert "reload res_pjsip.so" in asterisk.log
    keeper.look()
    assert told == [2]


@pytest.mark.parametrize("step", range(1, 60))
def test_a_disk_that_fills_at_any_moment(workspace, asterisk, monkeypatch, paths, step):
    """Whatever write fails: what is in force is whole, Asterisk runs it, and the next apply works."""
    put(workspace)
    workspace.apply("one")
    put(workspace, MORE)
    real, count = os.fsync, 0

    def full(handle):
        nonlocal count
        count += 1
        if count >= step:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    with monkeypatch.context() as disk:
        disk.setattr(files.os, "fsync", full)
        try:
            workspace.apply("two")
            failed = False
        except (OSError, ApplyFailed, StorageError):
            failed = True
    current = workspace.generations.current()
    assert current in (1, 2)
    assert failed is False or current == 1 or workspace.generations.begun() is not None
    workspace.generations.load(current)
    workspace.apply("three")
    assert workspace.generations.current() >= 2
    assert workspace.plan().empty
    assert "[202]" in (paths.current / "pjsip.conf").read_text()


def test_a_database_that_fails_after_the_fact_is_told(workspace, monkeypatch):
    put(workspace)
    from jackfield.config import workspace as module

    def fails(*_):
        raise StorageError("disk full")

    monkeypatch.setattr(module, "note_state", fails)
    _plan, applied = workspace.apply("one")
    assert applied.number == 1
    assert "disk full" in applied.notes
    assert [(r.number, r.state) for r in workspace.history()] == [(1, "applied")]


def test_asterisk_dies_in_the_middle(workspace, asterisk):
    put(workspace)
    workspace.apply("one")
    put(workspace, MORE)

    def dead(step):
        raise apply.NotConnected("gone")

    asterisk.refuse = dead
    with pytest.raises(ApplyFailed, match=r"generation 1 is in force again.*systemctl restart asterisk"):
        workspace.apply("two")
    assert workspace.generations.current() == 1
    asterisk.refuse = lambda _: False
    assert workspace.apply("three")[1].number == 3
