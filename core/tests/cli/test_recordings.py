"""jackfield recordings; and that what is personal is on record before it is seen."""

from __future__ import annotations

import base64
import hashlib
import stat
from typing import Annotated

import pytest
from jackfield.cli import records as record_commands
from jackfield.cli import trail
from jackfield.control import audit
from jackfield.errors import JackfieldError
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError
from pydantic import Field

SOUND = b"fLaC" + bytes(range(256)) * 5


def pieces(sha256: str = hashlib.sha256(SOUND).hexdigest()):
    def export(id: Annotated[int, Field(ge=1)], offset: int = 0):
        if id != 3:
            raise JackfieldError(f"there is no recording {id}; see: jackfield recordings list")
        data, end = SOUND[offset : offset + 500], offset + 500
        return {"format": "flac", "bytes": len(SOUND), "sha256": sha256, "offset": offset,
                "data": base64.b64encode(data).decode(), "next": end if end < len(SOUND) else None}  # fmt: skip

    return export


def test_the_sound_is_written_for_its_owner_alone(jackfield, daemon, box):
    daemon(recording_export=pieces())
    (box / "a.flac").write_text("was here")
    done = jackfield("recordings", "export", "3", "a.flac", "--json")
    assert done.json() == {"file": "a.flac", "bytes": len(SOUND), "format": "flac"}
    assert (box / "a.flac").read_bytes() == SOUND
    assert stat.S_IMODE((box / "a.flac").stat().st_mode) == 0o600


WRONG = [("4", "", "there is no recording 4"), ("3", "0" * 64, "differs")]


@pytest.mark.parametrize(("number", "sha256", "says"), WRONG)
def test_no_half_file_is_left(jackfield, daemon, box, number, sha256, says):
    daemon(recording_export=pieces(sha256))
    done = jackfield("recordings", "export", number, "a.flac")
    assert (done.code, says in done.err) == (1, True), done.err
    assert (box / "a.flac").read_bytes() == b""


def test_without_the_plugin_and_without_the_folder(jackfield, daemon):
    daemon()
    assert jackfield("recordings", "list").code == 1
    assert "cannot be written" in jackfield("recordings", "export", "3", "nowhere/a.flac").err


def test_the_list(jackfield, daemon):
    row = {"id": 3, "call": "1.7", "started": "2026-03-01T12:00:00+00:00", "state": "ready", "seconds": 4.5,
           "bytes": 9, "format": "flac", "channels": 2, "sha256": "ab", "error": ""}  # fmt: skip
    daemon(recording_list=lambda call=None, since=None, limit=50: [row], recording_show=lambda id: row)
    assert "1.7" in jackfield("recordings", "list").out
    assert jackfield("recordings", "list", "--json").json() == [row]
    assert "sha256    ab" in jackfield("recordings", "show", "3").out


def lines(box):
    return [(r["method"], r["object"], r["outcome"]) for r in audit.read(Database(f"sqlite:///{box}/test.db"))]


def test_real_numbers_are_on_record_as_such(migrated, box, monkeypatch):
    monkeypatch.setattr(record_commands, "may_see_numbers", lambda: True)
    migrated("records")
    migrated("records", "--unmask", "--number", "5551")
    assert lines(box)[:2] == [("records", "5551 (unmasked)", "ok"), ("records", "", "ok")]


def test_nothing_personal_is_seen_before_it_is_on_record(migrated, box, monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(trail, "write", lambda database, rows: seen.append(capsys.readouterr().out))
    done = migrated("records", "--json")
    assert seen == [""], "shown before it was on record"
    assert done.json() == []


def test_stopped_in_between_nothing_was_seen(migrated, monkeypatch):
    def interrupt(database, rows):
        raise KeyboardInterrupt

    monkeypatch.setattr(trail, "write", interrupt)
    done = migrated("records", "--json")
    assert (done.code, done.out) == (130, "")


def test_an_audit_log_that_cannot_be_written_is_told(migrated, monkeypatch):
    def fail(database, rows):
        raise StorageError("disk full")

    monkeypatch.setattr(trail, "write", fail)
    done = migrated("records", "--json")
    assert (done.code, "disk full" in done.err) == (0, True)
