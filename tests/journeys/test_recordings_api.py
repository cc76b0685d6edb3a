"""A recording by command and control API: found by its call, fetched whole, and every look at it on the audit log."""

from __future__ import annotations

import base64

from journeys.pbx import STORE, Pbx


def test_a_recording_is_found_shown_and_exported(pbx: Pbx) -> None:
    pbx.staff("201")
    ann, seen, number = pbx.phone("201"), len(pbx.phone("201").calls), pbx.number()
    call = pbx.call("5550501", number)
    ann.wait_call(seen + 1).wait_answered()
    pbx.node.wait_for(lambda: call.heard.hears(ann.tone, 1.0), 20, "a second of talk")
    call.hang_up()
    record = pbx.record(number)
    row, _sides = pbx.recording_of(record)
    (listed,) = pbx.jackfield("recordings", "list", "--call", record["id"], "--json")
    assert (listed["call"], listed["state"], listed["sha256"]) == (record["id"], "ready", row["sha256"])
    identity = str(listed["id"])
    pbx.jackfield("recordings", "export", identity, "/root/talk.flac")
    stored = pbx.node.read_bytes(f"{STORE}/{row['path']}")
    assert pbx.node.read_bytes("/root/talk.flac") == stored
    assert pbx.node.run(["stat", "-c", "%U %a", "/root/talk.flac"]).stdout.split() == ["root", "600"]
    first = pbx.ask("recording.export", id=listed["id"])
    assert stored.startswith(base64.b64decode(first["data"]))
    looks = [(r["method"], r["object"], r["who"]) for r in pbx.jackfield("audit", "--limit", "20", "--json")]
    assert ("recording.list", record["id"], "root") in looks
    assert ("recording.export", identity, "root") in looks
    pbx.node.run(["rm", "/root/talk.flac"])
