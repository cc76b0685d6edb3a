"""Plugin packages come and go while the daemon runs."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from journeys.faults import gaps, wait_both_ways
from packages.system import ask, destinations, made_plugin, plugins, wait_for_daemon
from rig.node import Node
from rig.run import Run

pytestmark = pytest.mark.packages
OURS = ["jackfield-plugin-acd", "jackfield-plugin-ivr", "jackfield-plugin-recording"]


@pytest.fixture(autouse=True)
def all_plugins(installed: Node) -> None:
    """Each test begins with all of our plugins, whatever the one before removed."""
    if set(plugins(installed)) != {"acd", "ivr", "recording"}:
        installed.apt_install(OURS)


def test_removing_a_plugin_takes_its_destinations_out_and_leaves_the_rest(installed: Node) -> None:
    daemon, asterisk = installed.main_pid("jackfieldd.service"), installed.main_pid("asterisk.service")
    assert "queue" in destinations(installed)
    installed.apt_remove(["jackfield-plugin-acd"])
    assert plugins(installed) == {"ivr": "enabled", "recording": "enabled"}
    assert "queue" not in destinations(installed)
    assert "ivr" in destinations(installed)
    assert installed.main_pid("jackfieldd.service") == daemon
    assert installed.main_pid("asterisk.service") == asterisk
    assert installed.is_active("jackfield-worker.service")


def test_installing_it_activates_it_in_the_running_daemon(installed: Node) -> None:
    daemon = installed.main_pid("jackfieldd.service")
    installed.apt_remove(["jackfield-plugin-acd"])
    installed.apt_install(["jackfield-plugin-acd"])
    assert plugins(installed)["acd"] == "enabled"
    assert "queue" in destinations(installed)
    assert installed.main_pid("jackfieldd.service") == daemon


def test_what_a_site_has_of_a_plugin_comes_back_with_it_and_a_draft_stays_a_draft(installed: Node) -> None:
    installed.write_file("/tmp/site.toml", '[[queue]]\nname = "sales"\n')
    installed.run(["jackfield", "import", "/tmp/site.toml"])
    installed.run(["jackfield", "apply"])
    assert "sales" in installed.asterisk("queue show sales")
    installed.write_file("/tmp/site.toml", '[[queue]]\nname = "sales"\n[[queue]]\nname = "draft"\n')
    installed.run(["jackfield", "import", "/tmp/site.toml"])
    installed.apt_remove(["jackfield-plugin-acd"])
    assert "sales" not in installed.read_file("/var/lib/jackfield/asterisk/current/extensions.conf")
    installed.apt_install(["jackfield-plugin-acd"])
    assert "sales" in installed.read_file("/var/lib/jackfield/asterisk/current/queues.conf")
    assert "draft" not in installed.read_file("/var/lib/jackfield/asterisk/current/queues.conf")
    assert [row["name"] for row in ask(installed, "queues")] == ["sales"]


TABLES = """
import sqlite3
base = sqlite3.connect("/var/lib/jackfield/jackfield.db")
names = base.execute("select name from sqlite_master where type = 'table'")
print(*sorted(name for (name,) in names))
"""


def test_purging_a_plugin_drops_its_tables_and_nothing_else(installed: Node) -> None:
    def tables() -> set[str]:
        return set(installed.run(["python3", "-c", TABLES]).stdout.split())

    before = tables()
    assert {"acd_agent_state", "acd_version", "recording", "recording_version", "call"} <= before
    installed.apt_remove(["jackfield-plugin-acd"])
    assert tables() == before, "removing keeps the data"
    installed.run(["dpkg", "--purge", "jackfield-plugin-acd"])
    assert before - tables() == {table for table in before if table.startswith("acd_")}
    installed.apt_install(["jackfield-plugin-acd"])
    assert plugins(installed)["acd"] == "enabled"
    assert tables() == before


def test_the_worker_knows_the_jobs_of_a_new_plugin(installed: Node) -> None:
    installed.apt_remove(["jackfield-plugin-recording"])
    before = installed.main_pid("jackfield-worker.service")
    installed.apt_install(["jackfield-plugin-recording"])
    assert installed.is_active("jackfield-worker.service")
    assert installed.main_pid("jackfield-worker.service") not in (0, before)


def test_a_plugin_of_someone_elses(installed: Node, tmp_path: Path) -> None:
    works = made_plugin(tmp_path, "parrot", "class Plugin:\n    pass\n")
    daemon = installed.main_pid("jackfieldd.service")
    installed.apt_install([works])
    assert plugins(installed)["parrot"] == "enabled"
    installed.apt_remove(["jackfield-plugin-parrot"])
    assert "parrot" not in plugins(installed)
    assert installed.main_pid("jackfieldd.service") == daemon


TICKER = """
from datetime import timedelta

from jackfield.api import Job, Schedule, hookimpl


class Plugin:
    api = "1.0"

    @hookimpl
    def jackfield_jobs(self):
        return [Job("ticker.tick", tick)]

    @hookimpl
    def jackfield_schedules(self):
        return [Schedule("ticker.tick", "ticker.tick", every=timedelta(seconds=10), payload={"from": "ticker"})]

    @hookimpl
    def jackfield_start(self, core):
        self.core = core
        self.beat()

    def beat(self):
        self.core.events.publish("ticker", beat="yes")
        self.core.timers.after(0.5, self.beat)


def tick(database, payload):
    assert payload["from"] == "ticker" and payload["due"]
"""


def test_a_schedule_of_a_plugin_that_came_later_runs_and_its_topic_is_on_the_stream(
    installed: Node, tmp_path: Path
) -> None:
    """The daemon begins it, the worker runs it by way of Redis, and nobody has restarted anything."""
    daemon = installed.main_pid("jackfieldd.service")
    installed.apt_install([made_plugin(tmp_path, "ticker", TICKER)])

    def states() -> list[str]:
        return [job["state"] for job in ask(installed, "jobs") if job["name"] == "ticker.tick"]

    one = ["timeout", "60", "sh", "-c", "jackfield events ticker --json | head -n 1"]
    event = json.loads(installed.run(one).stdout)
    assert (event["event"], event["data"]) == ("ticker", {"beat": "yes"})
    installed.wait_for(lambda: "done" in states(), 60, "the worker to run the schedule's job")
    assert "dead" not in states()
    assert installed.main_pid("jackfieldd.service") == daemon
    installed.apt_remove(["jackfield-plugin-ticker"])
    installed.run(["jackfield", "plugins", "purge", "ticker", "--yes"])
    assert states() == []


SITE = """
[general]
title = "matrix"
zone = "UTC"

[[trunk]]
name = "carrier"
host = "%s"

[[extension]]
name = "201"
secret = "secret-201-abc"
nat = false

[[did]]
name = "direct"
number = "5550201"
destination = "extension:201"

[[queue]]
name = "sales"

[[prompt]]
name = "hello"
text = { en = "Hello." }

[[menu]]
name = "main"
prompt = "hello"
keys = { 1 = "extension:201" }
"""
DIALPLAN = "/var/lib/jackfield/asterisk/current/extensions.conf"
BRINGS = {"acd": "jf-plain-queue", "ivr": "jf-plain-ivr"}
"""Plugin → the context that Asterisk has of its site objects."""


@pytest.fixture
def talk(rig_run: Run, installed: Node) -> Iterator[Callable[[], None]]:
    """A call that goes on meanwhile; the function fails if it had a gap."""
    carrier = rig_run.carrier(installed, "carrier")
    installed.write_file("/root/matrix.toml", SITE % carrier.party.address)
    installed.run(["jackfield", "import", "--force", "/root/matrix.toml"])
    installed.run(["jackfield", "apply", "--force"])
    phone = rig_run.phone(installed, "201", "secret-201-abc", answer_after=0.5)
    call = carrier.call("5550201", from_number="5551201")
    rung = phone.wait_call()
    rung.wait_answered()
    wait_both_ways(call, rung)
    begun = time.monotonic()

    def check() -> None:
        end = time.monotonic()
        for heard, tone in ((call.heard, rung.tone), (rung.heard, call.tone)):
            # The sides' own sound, over minutes, on a machine that is busy with dpkg: a stop of the call is longer.
            assert gaps(heard, tone, begun, end) < 1.0, "the talk had a gap"
        wait_both_ways(call, rung, after=end)

    yield check
    call.hang_up()
    call.wait_ended(10)


def check_all(node: Node, there: set[str], purged: set[str], tables: dict[str, set[str]], after: str) -> None:
    """The daemon has just these plugins, their destinations and objects; only who was purged has lost tables."""
    rows = {row["name"]: row for row in ask(node, "plugins")}
    assert {name: row["state"] for name, row in rows.items()} == dict.fromkeys(there, "enabled"), after
    assert {name for name in BRINGS if rows.get(name, {}).get("destinations")} == there & BRINGS.keys(), after
    dialplan = node.read_file(DIALPLAN)
    assert {name for name, context in BRINGS.items() if f"[{context}]" in dialplan} == there & BRINGS.keys(), after
    kept = set(node.run(["python3", "-c", TABLES]).stdout.split())
    for name, own in tables.items():
        assert own & kept == (set() if name in purged else own), after


def test_every_order_of_two_while_a_call_is_up(installed: Node, debs: list[Path], talk: Callable[[], None]) -> None:
    """One is removed, another purged, both installed again, in both orders: the call goes on, nothing else is lost."""
    daemon, asterisk = installed.main_pid("jackfieldd.service"), installed.main_pid("asterisk.service")
    there, purged = {"acd", "ivr", "recording"}, set[str]()
    every = set(installed.run(["python3", "-c", TABLES]).stdout.split())
    tables = {name: {table for table in every if table == name or table.startswith(f"{name}_")} for name in there}
    assert tables["acd"] and tables["recording"]
    offered = {deb.name.split("_")[0].removeprefix("jackfield-plugin-"): deb for deb in debs}
    for name in there:
        installed.copy_in(offered[name], f"/root/{name}.deb")
    check_all(installed, there, purged, tables, "the beginning")
    for one, other in itertools.permutations(sorted(there), 2):
        for verb, names in (("remove", [one]), ("purge", [other]), ("install", [one, other])):
            words = [f"/root/{n}.deb" if verb == "install" else f"jackfield-plugin-{n}" for n in names]
            installed.run(["dpkg", f"--{verb}", *words], timeout=300)
            there ^= set(names)
            purged = {other} if verb == "purge" else set()
            check_all(installed, there, purged, tables, f"{verb}, of {one} and {other}")
    assert (installed.main_pid("jackfieldd.service"), installed.main_pid("asterisk.service")) == (daemon, asterisk)
    assert installed.run(["dpkg", "--audit"]).stdout == ""
    talk()


BROKEN = {"raises": "raise RuntimeError('broken')\n", "exits": "import sys\nsys.exit(3)\n"}


@pytest.mark.parametrize("code", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_plugin_stops_neither_dpkg_nor_the_rest(installed: Node, tmp_path: Path, code: str) -> None:
    installed.apt_install([made_plugin(tmp_path, "broken", code)])
    assert installed.run(["dpkg", "--audit"]).stdout == ""
    told = {row["name"]: row for row in ask(installed, "plugins")}
    assert told["broken"]["state"] == "failed to load"
    assert told["broken"]["reason"]
    assert {told[name]["state"] for name in ("acd", "ivr", "recording")} == {"enabled"}
    installed.apt_remove(["jackfield-plugin-broken"])
    assert "broken" not in plugins(installed)


def test_a_plugin_for_another_interface_is_not_installed(installed: Node, tmp_path: Path) -> None:
    deb = made_plugin(tmp_path, "future", "class Plugin:\n    pass\n", api="9")
    with pytest.raises(Exception, match="jackfield-plugin-api-9"):
        installed.apt_install([deb])
    assert "future" not in plugins(installed)


def test_a_new_version_of_a_plugin_is_the_one_that_runs(installed: Node, tmp_path: Path) -> None:
    code = "class Plugin:\n    def jackfield_status(self):\n        return {'queues': ['%s']}\n"
    installed.apt_install([made_plugin(tmp_path, "clock", code % "old")])
    assert "old" in ask(installed, "queues")
    installed.apt_install([made_plugin(tmp_path, "clock", code % "new", version="2")])
    wait_for_daemon(installed)
    assert "new" in ask(installed, "queues")
    assert "old" not in ask(installed, "queues")
