"""Plugin packages come and go while the daemon runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from packages.system import ask, destinations, made_plugin, plugins, wait_for_daemon
from rig.node import Node

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
