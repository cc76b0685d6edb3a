"""What apt says of the packages here; the texts are apt's and dpkg's own."""

import subprocess

import pytest
from jackfield.control import updates
from jackfield.errors import CommandFailed

POLICY = """asterisk:
  Installed: 1:22.1.0-1
  Candidate: 1:22.2.0-1
  Version table:
     1:22.2.0-1 500
        500 file:/repository forky/main amd64 Packages
 *** 1:22.1.0-1 100
        100 /var/lib/dpkg/status
jackfield:
  Installed: 0.1.0
  Candidate: 0.1.0
  Version table:
 *** 0.1.0 100
python3:
  Installed: 3.14
  Candidate: (none)
"""


def test_what_is_newer() -> None:
    rows = {row["package"]: row for row in updates.policy(POLICY)}
    assert rows["asterisk"] == {
        "package": "asterisk", "installed": "1:22.1.0-1", "candidate": "1:22.2.0-1", "newer": True,
    }  # fmt: skip
    assert [rows[name]["newer"] for name in ("jackfield", "python3")] == [False, False]
    assert updates.policy("") == updates.policy("N: Unable to locate package x\n") == []


def test_only_what_is_installed_is_asked_for(monkeypatch) -> None:
    asked = []

    def run(command, **options):
        asked.append(command)
        said = "asterisk installed\nredis-server config-files\nbad\n" if "dpkg-query" in command else POLICY
        return subprocess.CompletedProcess(command, 1, said.encode(), b"")

    monkeypatch.setattr(subprocess, "run", run)
    assert [row["package"] for row in updates.updates()["packages"]] == ["asterisk", "jackfield", "python3"]
    assert asked[1] == ("apt-cache", "policy", "asterisk")


def test_without_apt_it_says_so(monkeypatch) -> None:
    def run(command, **options):
        raise FileNotFoundError(2, "No such file or directory", command[0])

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(CommandFailed, match="dpkg-query does not answer"):
        updates.updates()
