"""Back-up and restore (G3): what was lost is back, a call passes as before, and talks go on meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from journeys.faults import served
from journeys.pbx import Pbx, path_of
from rig import wait_for

FOLDER = "/var/lib/jackfield/backups"


def daemon_pid(pbx: Pbx) -> int:
    """The daemon's process."""
    return int(pbx.ask("status")["daemon"]["pid"])


def test_what_was_lost_comes_back(pbx: Pbx, unchanged: int, talk: Callable[[], None]) -> None:
    """Site, sounds, hand-written files and, with --all, records; under a talk that has no gap."""
    early, late = pbx.number(), pbx.number()
    call = pbx.call("5550200", early)
    pbx.wait_hears(call, "exact")
    pbx.record(early)
    custom = "/var/lib/jackfield/asterisk/custom/musiconhold.conf"
    music = pbx.node.read_file(custom)
    name = pbx.jackfield("backup", "create", "--json")["name"]
    try:
        assert pbx.node.run(["stat", "-c", "%a %U", f"{FOLDER}/{name}.tar.gz"]).stdout.split() == ["600", "jackfield"]
        pbx.jackfield("delete", "did", "exact")
        pbx.jackfield("apply", "--force", "--reason", "lost")
        pbx.node.run(["truncate", "-s", "0", custom])
        lost = pbx.call("5550200", late)
        pbx.wait_hears(lost, "pattern")
        pbx.record(late)

        restored = pbx.jackfield("backup", "restore", name, "--json")
        assert restored["generation"] > unchanged and pbx.node.read_file(custom) == music
        served(pbx)
        assert len(pbx._read(number=late)) == 1, "call records stay"

        before = daemon_pid(pbx)
        pbx.node.run(["cp", f"{FOLDER}/{name}.tar.gz", "/root/box.tar.gz"])
        brought = pbx.jackfield("backup", "restore", "/root/box.tar.gz", "--all", "--json")
        wait_for(lambda: pbx.is_ready() and daemon_pid(pbx) != before, 30, "another daemon")
        served(pbx)
        assert [path_of(r) for r in pbx._read(number=early)] == [[("prompt:exact", "")]]
        assert pbx._read(number=late) == [], "all is as it was then"
        assert brought["name"].endswith("-brought")
        log = pbx.jackfield("audit", "--json", "--limit", "200")
        assert sum(line["method"] == "backup.restore" for line in log) >= 2, "the audit log loses nothing"
        talk()
    finally:
        pbx.node.run(["tee", custom], stdin=music.encode())
        for row in pbx.jackfield("backup", "list", "--json"):
            pbx.jackfield("backup", "remove", row["name"])


def test_a_damaged_archive_changes_nothing(pbx: Pbx) -> None:
    """Cut off in the middle: refused, and what is in force stays."""
    name = pbx.jackfield("backup", "create", "--json")["name"]
    try:
        before = pbx.ask("status")["generation"]
        pbx.node.run(["truncate", "-s", "20000", f"{FOLDER}/{name}.tar.gz"])
        done = pbx.jackfield("backup", "restore", name, "--all", check=False)
        assert done.returncode == 1 and "damaged" in done.stderr
        assert pbx.ask("status")["generation"] == before
        assert [row["name"] for row in pbx.jackfield("backup", "list", "--json")] == [name]
        served(pbx)
    finally:
        pbx.jackfield("backup", "remove", name)
