"""From an earlier version's packages to ours, over a system at work: no call is dropped, nothing is lost."""

from __future__ import annotations

import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from journeys.faults import gaps, is_back, talk_with, wait_both_ways
from journeys.pbx import Pbx, Record
from packages.previous import previous_debs, previous_tree
from packages.system import TOP, plugins, property_of, repacked, runs_our_configuration
from rig import Call, wait_for
from rig.node import Node
from rig.run import Run

pytestmark = pytest.mark.packages
SETTINGS = "/etc/jackfield/jackfield.toml"
MINE = "/var/lib/jackfield/asterisk/custom/mine.conf"
NEWER = "0.1.1~test"
UNITS = ("asterisk.service", "jackfieldd.socket", "jackfieldd.service", "jackfield-worker.service")


@dataclass
class Before:
    """What was before the upgrade, and the calls that were up meanwhile."""

    pbx: Pbx
    settings: str
    units: dict[str, str]
    site: dict[str, set[str]]
    bindings: list[dict[str, Any]]
    record: Record
    recording: dict[str, Any]
    agents: dict[str, tuple[str, str]]
    talk: Call
    rung: Call
    menu: Call
    waiting: list[str]
    begun: float
    ended: float = field(default=0.0)


def site_of(pbx: Pbx) -> dict[str, set[str]]:
    """Names of all objects, by kind."""
    objects = tomllib.loads(pbx.jackfield("export").stdout)
    return {kind: {one["name"] for one in rows} for kind, rows in objects.items() if isinstance(rows, list)}


def agents_of(pbx: Pbx) -> dict[str, tuple[str, str]]:
    """Who is logged in where, and whether paused."""
    return {
        a["name"]: (a["phone"], "paused" if a["state"] == "paused" else "") for a in pbx.ask("agents") if a["phone"]
    }


@pytest.fixture(scope="module")
def upgraded(rig_run: Run, bare: Node, debs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Before:
    """A system of the earlier version, with data and four calls of four sorts, after `apt install` of ours."""
    folder = tmp_path_factory.mktemp("upgrade")
    tree = previous_tree(folder)
    old = previous_debs(tree, folder / "old") if tree else debs[0].parent
    pbx = Pbx(rig_run, bare, old)
    pbx.install()
    pbx.apply_site((tree or TOP) / "tests/journeys/site.toml")
    before = at_work(pbx)
    newer = folder / "newer"
    newer.mkdir()
    pid = bare.main_pid("jackfieldd")
    bare.apt_install([repacked(deb, newer, "0.1.0", NEWER) for deb in debs if "pyst2" not in deb.name])
    wait_for(lambda: is_back(pbx, pid), 60, "the new daemon with its calls")
    before.ended = time.monotonic()
    return before


def at_work(pbx: Pbx) -> Before:
    """Data of all sorts, then a talk, two who wait for the same agent, and one in a menu."""
    settings = pbx.node.read_file(SETTINGS) + '\nlog_level = "debug"\n'
    pbx.node.write_file(SETTINGS, settings, 0o640, "root:jackfield")
    pbx.node.write_file(MINE, "mine\n", 0o640, "jackfield:asterisk")
    pbx.staff("201", "202")
    pbx.dial_code("202", "*13")
    pbx.wait_agent("1002", "paused")
    pbx.ask("privacy.bind", a=pbx.number(), b=pbx.number(), x="5552400", lifetime=36000)
    done = pbx.number()
    call, _ = talk_with(pbx, "5550501", done, pbx.phone("201"))
    call.hang_up()
    record = pbx.record(done)
    recording, _ = pbx.recording_of(record)
    pbx.wait_agent("1001", "ready")
    number, in_menu = pbx.number(), pbx.number()
    talk, rung = talk_with(pbx, "5550500", number, pbx.phone("201"))
    waiting = [pbx.number(), pbx.number()]
    for place, caller in enumerate(waiting, 1):
        pbx.call("5550500", caller)
        pbx.wait_waiting("basic", waiting[:place])
    menu = pbx.call("5550100", in_menu)
    pbx.wait_at(in_menu, "ivr:main")
    return Before(
        pbx=pbx,
        settings=settings,
        units={unit: property_of(pbx.node, unit, "InvocationID") for unit in UNITS},
        site=site_of(pbx),
        bindings=pbx.ask("privacy.list"),
        record=record,
        recording=recording,
        agents=agents_of(pbx),
        talk=talk,
        rung=rung,
        menu=menu,
        waiting=waiting,
        begun=time.monotonic(),
    )


def test_the_new_version_is_installed(upgraded: Before) -> None:
    version = upgraded.pbx.node.run(["dpkg-query", "-W", "-f", "${Version}", "jackfield"]).stdout
    assert version == NEWER
    assert set(plugins(upgraded.pbx.node)) == {"acd", "ivr", "recording"}
    assert upgraded.pbx.node.systemctl("--failed", "--no-legend", "--plain") == ""


@pytest.mark.parametrize("unit", UNITS)
def test_what_holds_calls_went_on_and_the_daemons_are_new(upgraded: Before, unit: str) -> None:
    now = property_of(upgraded.pbx.node, unit, "InvocationID")
    assert (now == upgraded.units[unit]) == (unit in ("asterisk.service", "jackfieldd.socket"))
    assert upgraded.pbx.node.is_active(unit)


def test_settings_site_and_data_are_as_they_were(upgraded: Before) -> None:
    pbx = upgraded.pbx
    assert pbx.node.read_file(SETTINGS) == upgraded.settings
    assert pbx.node.read_file(MINE) == "mine\n"
    assert runs_our_configuration(pbx.node)
    assert site_of(pbx) == upgraded.site
    assert [one["id"] for one in pbx.ask("privacy.list")] == [one["id"] for one in upgraded.bindings] != []
    assert agents_of(pbx) == upgraded.agents == {"1001": ("201", ""), "1002": ("202", "paused")}
    kept = pbx.record(upgraded.record["caller_number"])
    same = ("id", "started_at", "answered_at", "ended_at", "agent", "queue", "result", "talk_seconds")
    assert {name: kept[name] for name in same} == {name: upgraded.record[name] for name in same}
    row, sides = pbx.recording_of(kept)
    assert (row["path"], row["sha256"]) == (upgraded.recording["path"], upgraded.recording["sha256"])
    assert len(sides) == 2


def test_every_call_went_on(upgraded: Before) -> None:
    pbx = upgraded.pbx
    wait_both_ways(upgraded.talk, upgraded.rung, after=upgraded.ended)
    for one, other in ((upgraded.talk, upgraded.rung), (upgraded.rung, upgraded.talk)):
        assert gaps(one.heard, other.tone, upgraded.begun, upgraded.ended) < 0.3, "the talk had a gap"
    assert pbx.waiting("basic") == upgraded.waiting
    pbx.wait_hears(upgraded.menu, "main-menu", after=upgraded.begun, timeout=30)
