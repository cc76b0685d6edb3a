"""A new version over a running system: no call is dropped, nothing of the user's is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from packages.system import plugins, property_of, repacked, runs_our_configuration, wait_for_daemon
from rig.node import Node

pytestmark = pytest.mark.packages
SETTINGS = "/etc/jackfield/jackfield.toml"


@pytest.fixture(scope="module")
def upgraded(installed: Node, debs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What was before the upgrade."""
    settings = installed.read_file(SETTINGS) + '\nlog_level = "debug"\n'
    installed.write_file(SETTINGS, settings, 0o640, "root:jackfield")
    installed.run(["sh", "-c", "echo mine >/var/lib/jackfield/asterisk/custom/mine.conf"])
    before: dict[str, object] = {"settings": settings}
    for unit in ("asterisk.service", "jackfieldd.socket", "jackfieldd.service", "jackfield-worker.service"):
        before[unit] = property_of(installed, unit, "InvocationID")
    folder = tmp_path_factory.mktemp("newer")
    ours = [deb for deb in debs if "pyst2" not in deb.name]
    installed.apt_install([repacked(deb, folder, "0.1.0", "0.1.1~test") for deb in ours])
    wait_for_daemon(installed)
    return before


def test_the_new_version_is_installed(installed: Node, upgraded: dict[str, object]) -> None:
    assert "ii  jackfield " in installed.run(["dpkg", "-l", "jackfield"]).stdout
    version = installed.run(["dpkg-query", "-W", "-f", "${Version}", "jackfield"]).stdout
    assert version == "0.1.1~test"


@pytest.mark.parametrize("unit", ["asterisk.service", "jackfieldd.socket"])
def test_what_holds_calls_went_on(installed: Node, upgraded: dict[str, object], unit: str) -> None:
    assert property_of(installed, unit, "InvocationID") == upgraded[unit]
    assert installed.is_active(unit)


@pytest.mark.parametrize("unit", ["jackfieldd.service", "jackfield-worker.service"])
def test_the_daemons_are_new(installed: Node, upgraded: dict[str, object], unit: str) -> None:
    assert property_of(installed, unit, "InvocationID") != upgraded[unit]
    assert installed.is_active(unit)


def test_settings_and_data_are_as_they_were(installed: Node, upgraded: dict[str, object]) -> None:
    assert installed.read_file(SETTINGS) == upgraded["settings"]
    assert installed.read_file("/var/lib/jackfield/asterisk/custom/mine.conf") == "mine\n"
    assert runs_our_configuration(installed)
    assert set(plugins(installed)) == {"acd", "ivr", "recording"}
