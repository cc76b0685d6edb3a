"""A generation is there whole or not at all, whatever happens while it is written."""

import errno
import os
import stat
import subprocess
import sys
import textwrap

import pytest
from jackfield.config import files
from jackfield.config.generations import Generations, NoGeneration

FILES = {"pjsip.conf": "[a]\n", "extensions.conf": "[b]\nx = 中\n"}


def write(generations, number, text="x"):
    generations.write(number, FILES | {"own.conf": text}, "{}", '{"folder": "/"}', "ann", "why")


def put_in_force(generations, number):
    generations.begin(number)
    generations.switch()
    generations.end()


@pytest.fixture
def generations(paths):
    return Generations(paths, keep=3)


def test_written_and_read(generations, paths):
    write(generations, 1)
    assert generations.current() is None
    put_in_force(generations, 1)
    assert generations.current() == 1
    found = generations.load(1)
    assert found.files == FILES | {"own.conf": "x"}
    assert (found.meta.author, found.meta.reason, found.site_json) == ("ann", "why", "{}")
    assert found.meta.created_at.tzinfo is not None
    assert (paths.current / "pjsip.conf").read_text() == "[a]\n"
    assert not paths.current.readlink().is_absolute()


def test_modes_and_group(generations, paths):
    paths.base.mkdir()
    paths.base.chmod(0o2750)
    if os.geteuid() == 0:
        os.chown(paths.base, 0, 12345)
        paths.base.chmod(0o2750)
    group = paths.base.stat().st_gid
    old = os.umask(0o077)
    try:
        write(generations, 1)
    finally:
        os.umask(old)
    folder = paths.generations / "1"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o2750
    assert folder.stat().st_gid == group
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o640, path
        assert path.stat().st_gid == group


def test_a_generation_changed_by_hand_is_not_used(generations, paths):
    write(generations, 1)
    (paths.generations / "1" / "pjsip.conf").write_text("[evil]\n")
    with pytest.raises(NoGeneration, match=r"pjsip\.conf changed"):
        generations.load(1)
    with pytest.raises(NoGeneration):
        generations.load(2)


def test_numbers_are_never_used_again(generations):
    assert generations.next_number() == 1
    write(generations, 4)
    assert generations.next_number() == 5
    assert generations.next_number(above=9) == 10


def test_the_oldest_go_but_never_the_one_in_force(generations):
    for number in range(1, 9):
        write(generations, number)
    put_in_force(generations, 2)
    assert generations.prune() == [1, 3, 4, 5]
    assert generations.numbers() == [2, 6, 7, 8]
    assert generations.current() == 2


def test_what_was_in_force_last_stays_however_old_it_is(generations):
    for number in range(1, 9):
        write(generations, number)
        put_in_force(generations, number)
    put_in_force(generations, 2)
    write(generations, 9)
    put_in_force(generations, 9)
    assert generations.by_last_use() == [1, 3, 4, 5, 6, 7, 8, 2, 9]
    assert generations.prune() == [1, 3, 4, 5, 6]
    assert generations.numbers() == [2, 7, 8, 9]


@pytest.mark.parametrize("step", range(1, 12))
def test_a_full_disk_changes_nothing(generations, paths, monkeypatch, step):
    write(generations, 1)
    put_in_force(generations, 1)
    real, count = os.fsync, 0

    def full(handle):
        nonlocal count
        count += 1
        if count == step:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(files.os, "fsync", full)
    failed = False
    try:
        write(generations, 2)
    except OSError:
        failed = True
    monkeypatch.undo()
    assert failed is (count >= step)
    assert generations.current() == 1
    assert generations.load(1).files["own.conf"] == "x"
    assert not list(paths.generations.glob(".*"))
    if not failed:
        assert generations.load(2)
    write(generations, 3)
    assert generations.load(3)


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from jackfield.config.generations import Generations
    from jackfield.config.paths import Paths

    step, count = int(sys.argv[2]), 0

    def wrap(name):
        real = getattr(os, name)
        def wrapped(*args, **kwargs):
            global count
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)
        setattr(os, name, wrapped)

    for name in ("open", "fsync", "rename", "replace", "symlink", "mkdir", "unlink"):
        wrap(name)
    generations = Generations(Paths(Path(sys.argv[1])))
    generations.write(2, {"pjsip.conf": "[new]", "own.conf": "new"}, "{}", "{}", "bob", "")
    generations.begin(2)
    generations.switch()
    generations.end()
    print(count)
"""


@pytest.mark.slow
def test_kill_at_every_step(generations, paths):
    """Each run is killed one system call later; what is in force is the old generation or the new one, whole."""
    write(generations, 1)
    put_in_force(generations, 1)
    seen, step = set(), 0
    while True:
        step += 1
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(KILLED), str(paths.base), str(step)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
        )
        current = generations.current()
        assert current in (1, 2), (step, done.stderr)
        found = generations.load(current).files
        assert found["own.conf"] == ("x" if current == 1 else "new")
        seen.add(current)
        for number in generations.numbers():
            generations.load(number)
        if done.returncode == 0:
            break
        assert done.returncode == -9, done.stderr
        if 2 in generations.numbers():
            put_in_force(generations, 1)
            (paths.generations / "2").rename(paths.generations / ".2.gone")
    assert step > 20
    assert generations.current() == 2
