"""Removing, coming back, and purging. The tests of this file build on each other, in order."""

from __future__ import annotations

from pathlib import Path

import pytest
from packages.footprint import ACCOUNTS, Footprint, footprint
from packages.system import UNITS, runs_our_configuration, wait_for_daemon
from rig.node import Node

pytestmark = pytest.mark.packages
OURS = [
    "jackfield",
    "jackfield-admintui",
    "python3-jackfield",
    "python3-pyst2",
    "jackfield-plugin-acd",
    "jackfield-plugin-ivr",
    "jackfield-plugin-recording",
]
RECORDING = "/var/lib/jackfield/recordings/kept.flac"


def runs_debians_configuration(node: Node) -> bool:
    arguments = node.read_file(f"/proc/{node.main_pid('asterisk.service')}/cmdline").split("\0")
    told = node.asterisk("core show settings")
    return "-C" not in arguments and "Configuration file:          /etc/asterisk/asterisk.conf" in told


@pytest.fixture(scope="module")
def untouched(bare: Node) -> Footprint:
    """The system before Jackfield came."""
    return footprint(bare)


@pytest.fixture(scope="module")
def lived_in(untouched: Footprint, installed: Node) -> Node:
    """A system that has data."""
    installed.write_file(RECORDING, b"sound", 0o640, "jackfield:jackfield")
    return installed


def test_purging_a_plugin_removes_its_data_only(lived_in: Node) -> None:
    lived_in.apt_remove(["jackfield-plugin-acd"], purge=True)
    assert lived_in.read_file(RECORDING) == "sound"
    lived_in.apt_remove(["jackfield-plugin-recording"])
    assert lived_in.read_file(RECORDING) == "sound"
    lived_in.apt_remove(["jackfield-plugin-recording"], purge=True)
    for path in ("/var/lib/jackfield/recordings", "/var/spool/jackfield/recordings"):
        assert lived_in.run(["test", "-e", path], check=False).returncode == 1, path
    assert lived_in.run(["test", "-s", "/var/lib/jackfield/jackfield.db"], check=False).returncode == 0
    assert lived_in.is_active("jackfieldd.service")
    lived_in.apt_install(["jackfield-plugin-acd", "jackfield-plugin-recording"])
    lived_in.write_file(RECORDING, b"sound", 0o640, "jackfield:jackfield")


def test_removal_gives_asterisk_back_to_debian_and_keeps_data(lived_in: Node) -> None:
    lived_in.apt_remove(OURS)
    for unit in UNITS[:4]:
        assert not lived_in.is_active(unit)
    lived_in.wait_for(lambda: lived_in.is_active("asterisk.service"), 10, "Asterisk")
    assert runs_debians_configuration(lived_in)
    assert "jackfield" not in lived_in.run(["nft", "list", "tables"]).stdout
    assert lived_in.run(["ps", "-u", "jackfield", "-o", "args="], check=False).stdout == ""
    assert lived_in.read_file(RECORDING) == "sound"
    assert lived_in.run(["test", "-s", "/var/lib/jackfield/jackfield.db"], check=False).returncode == 0


def test_it_comes_back_with_its_data(lived_in: Node, debs: list[Path]) -> None:
    lived_in.apt_install(debs)
    wait_for_daemon(lived_in)
    assert runs_our_configuration(lived_in)
    for unit in UNITS:
        assert lived_in.is_active(unit), lived_in.journal(unit)
    assert lived_in.read_file(RECORDING) == "sound"


def test_a_purge_leaves_nothing(untouched: Footprint, lived_in: Node) -> None:
    lived_in.apt_remove(OURS, purge=True)
    assert runs_debians_configuration(lived_in)
    now = footprint(lived_in)
    assert now.files.keys() - untouched.files.keys() == set()
    assert untouched.files.keys() - now.files.keys() == set()
    assert {path for path in now.files if now.files[path] != untouched.files[path]} <= ACCOUNTS
    assert now.accounts - untouched.accounts == {"jackfield"}
    assert (now.units, now.tables) == (untouched.units, untouched.tables)
    owned = lived_in.run(["find", "/", "-xdev", "(", "-user", "jackfield", "-o", "-group", "jackfield", ")"]).stdout
    assert owned == ""
    assert lived_in.systemctl("--failed", "--no-legend", "--plain") == ""


def test_the_account_that_stays_is_locked(lived_in: Node) -> None:
    # Its number must not be given to another user while backups bear it.
    fields = lived_in.run(["getent", "shadow", "jackfield"]).stdout.split(":")
    assert fields[1].startswith("!")
    assert lived_in.run(["getent", "passwd", "jackfield"]).stdout.strip().endswith("/usr/sbin/nologin")
