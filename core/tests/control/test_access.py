"""Roles by user and group, as the kernel tells them; the socket file is open to just those."""

import os
import pwd
import socket
import subprocess
import sys

import pytest
from jackfield.control.access import Access
from jackfield.control.method import Role
from jackfield.settings import ControlSettings

GROUPS = {"operators": ["@games"], "viewers": ["nobody", "@staff"], "admins": ["bin", "@nobodyhasthis"]}


def test_roles():
    access = Access(ControlSettings(**GROUPS))
    uid = pwd.getpwnam("nobody").pw_uid
    assert access.role(0, []) is Role.ADMIN
    assert access.role(os.geteuid(), []) is Role.ADMIN
    assert access.role(2, []) is Role.ADMIN  # bin
    assert access.role(uid, [65534]) is Role.VIEWER
    assert access.role(uid, [65534, 60]) is Role.OPERATOR  # games: the highest role counts
    assert access.role(54321, [54321]) is None
    assert access.role(54321, [50]) is Role.VIEWER


def test_none_without_settings():
    assert Access(ControlSettings()).role(65534, [65534]) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_the_socket_lets_in_those_with_a_role(tmp_path):
    for folder in (tmp_path, *(above for above in tmp_path.parents if above.name.startswith(("pytest-", "popen-")))):
        folder.chmod(0o755)
    path = tmp_path / "s.sock"
    access = Access(ControlSettings(**GROUPS))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(5)
        access.open_socket(path)
        seen = {}
        for name, uid, groups in (
            ("nobody", 65534, []),
            ("games", 5, [60]),
            ("staff", 999, [50]),
            ("other", 999, [998]),
        ):
            code = (
                "import os, socket, sys; os.setgroups([int(g) for g in sys.argv[3:]]); os.setgid(4321);"
                "os.setuid(int(sys.argv[2])); s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])"
            )
            done = subprocess.run(
                [sys.executable, "-c", code, str(path), str(uid), *map(str, groups)], capture_output=True
            )
            if done.returncode == 0:
                with listener.accept()[0] as sock:
                    caller = access.caller(sock)
                    seen[name] = (caller.role, caller.uid)
            else:
                assert b"Permission denied" in done.stderr
    assert seen == {
        "nobody": (Role.VIEWER, 65534), "games": (Role.OPERATOR, 5), "staff": (Role.VIEWER, 999),
    }  # fmt: skip
