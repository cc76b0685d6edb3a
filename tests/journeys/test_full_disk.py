"""Full disks (T10, R1): an apply that finds no room changes nothing; recordings that find none cost no call."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from journeys.faults import settings, wait_both_ways
from journeys.pbx import CURRENT, Pbx
from journeys.test_fault_machine import LIBC, UMOUNT
from rig import wait_for

ASTERISK = "/var/lib/jackfield/asterisk"
ASIDE = "/root/asterisk-aside"
MOUNT = LIBC + "sys.exit(libc.mount(b'none', path, b'tmpfs', 0, sys.argv[2].encode()) and ctypes.get_errno())"
MORE = """
[[extension]]
name = "391"
title = "No room for me"
secret = "secret-391-abc"
nat = false
"""


@contextlib.contextmanager
def generations_on_a_small_disk(pbx: Pbx) -> Iterator[None]:
    """What Asterisk is configured from is on a file system of its own for a while, which has no room left."""
    node = pbx.node
    node.run(["cp", "-a", ASTERISK, ASIDE])
    size = int(node.run(["du", "-sk", ASIDE]).stdout.split()[0])
    try:
        node.run(["python3", "-c", MOUNT, ASTERISK, f"size={size * 2 + 512}k,mode=2750"])
        node.run(["sh", "-c", f"cp -a {ASIDE}/. {ASTERISK}/"])
        node.run(["dd", "if=/dev/zero", f"of={ASTERISK}/ballast", "bs=1024"], check=False)
        yield
    finally:
        node.run(["python3", "-c", UMOUNT, ASTERISK], check=False)
        node.run(["rm", "-rf", ASIDE])


def test_apply_without_room_changes_nothing(pbx: Pbx, unchanged: int, talk: Callable[[], None]) -> None:
    """The command says what is wrong, the generation in force stays, calls go on; with room again it is applied."""
    pbx.node.write_file("/root/site.toml", pbx.site_text() + MORE)
    pbx.jackfield("import", "/root/site.toml")
    with generations_on_a_small_disk(pbx):
        done = pbx.node.run(["jackfield", "apply", "--reason", "no room"], check=False)
        told = done.stdout + done.stderr
        assert done.returncode == 1 and "No space left" in told and "nothing has changed" in told, told
        assert "Traceback" not in told
        assert pbx.node.run(["readlink", CURRENT]).stdout.strip().endswith(f"/{unchanged}")
        assert pbx.ask("status")["generation"] == unchanged
        assert " 391/391 " not in pbx.node.asterisk("pjsip show endpoints")
        call = pbx.call("5550200", pbx.number())
        pbx.wait_hears(call, "exact")
        talk()
    pbx.jackfield("apply", "--reason", "room again")
    assert " 391/391 " in pbx.node.asterisk("pjsip show endpoints")
    talk()


def test_no_room_for_recordings(pbx: Pbx) -> None:
    """An alarm, and a talk that goes on without its recording, which says so; with room again talks are recorded."""

    def alarmed() -> bool:
        return any(alarm["key"] == "disk-full:recordings" for alarm in pbx.ask("alarms"))

    def talk() -> str:
        number, seen = pbx.number(), len(pbx.phone("201").calls)
        call = pbx.call("5550501", number)
        rung = pbx.phone("201").wait_call(seen + 1)
        wait_both_ways(call, rung)
        call.hang_up()
        return number

    assert not alarmed()
    with settings(pbx, "[plugins.recording]\nmin_free_mb = 1000000\n"):  # as if the disk were full to this point
        pbx.staff("201")
        wait_for(alarmed, 10, "the alarm")
        record = pbx.record(talk())
        assert record["result"] == "answered"
        (listed,) = pbx.ask("recording.list", call=record["id"])
        assert (listed["state"], "full" in listed["error"]) == ("skipped", True), listed
    wait_for(lambda: not alarmed(), 10, "the end of the alarm")
    pbx.staff("201")
    pbx.recording_of(pbx.record(talk()))
