"""Root becomes the service's user for good."""

import json
import os
import pwd
import subprocess
import sys

import pytest
from jackfield.cli.privileges import author, become_service_user, uid

CODE = """
import json, os
from jackfield.cli.privileges import become_service_user
become_service_user("nobody")
try:
    os.setuid(0)
    again = True
except PermissionError:
    again = False
print(json.dumps([os.getresuid(), os.getresgid(), os.getgroups(), again, os.getcwd(), os.environ["USER"], os.umask(0)]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_is_left_for_good():
    done = subprocess.run(
        [sys.executable, "-c", CODE], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    nobody = pwd.getpwnam("nobody")
    uids, gids, groups, again, folder, user, umask = json.loads(done.stdout)
    assert uids == [nobody.pw_uid] * 3
    assert gids == [nobody.pw_gid] * 3
    assert 0 not in groups
    assert not again
    assert (folder, user, umask) == ("/", "nobody", 0o027)


def test_without_the_user_nothing_happens():
    before = os.getresuid()
    old = os.umask(0o022)
    try:
        become_service_user("no-such-user-here")
    finally:
        os.umask(old)
    assert os.getresuid() == before


def test_the_person_behind_sudo(monkeypatch):
    monkeypatch.setenv("SUDO_USER", "ann")
    monkeypatch.setenv("SUDO_UID", "1234")
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert (author(), uid()) == ("ann", 1234)
    monkeypatch.delenv("SUDO_USER")
    monkeypatch.delenv("SUDO_UID")
    assert (author(), uid()) == ("root", 0)


def test_only_root_is_believed_to_come_from_sudo(monkeypatch):
    """Anybody can set the variables: who is not root is on record as himself."""
    monkeypatch.setenv("SUDO_USER", "ann")
    monkeypatch.setenv("SUDO_UID", "1234")
    nobody = pwd.getpwnam("nobody")
    monkeypatch.setattr(os, "getuid", lambda: nobody.pw_uid)
    assert (author(), uid()) == ("nobody", nobody.pw_uid)


@pytest.mark.parametrize("wrong", ["", "x", "-1", "²"])
def test_a_strange_sudo_uid(monkeypatch, wrong):
    monkeypatch.setenv("SUDO_UID", wrong)
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert uid() == 0
