"""Recordings over the control API: which there are, their sound in pieces, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jackfield.control.method import Caller, Role
from jackfield.errors import JackfieldError
from jackfield.storage.engine import Database
from jackfield_recording.methods import CHUNK, methods
from jackfield_recording.models import Recording, State
from jackfield_recording.plugin import RecordingPlugin
from jackfield_recording.service import new_name, store_path
from jackfield_recording.settings import RecordingSettings
from pydantic import ValidationError

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANN = Caller("ann", 1000, Role.ADMIN)


@pytest.fixture
def ask(core: Any, settings: RecordingSettings) -> Any:
    found = {method.name: method for method in methods(lambda: (core, settings))}
    return lambda name, **params: found[name].call(params, ANN)


def stored(database: Database, settings: RecordingSettings, data: bytes, **more: Any) -> int:
    path = store_path(new_name("1763763600.7"), NOW, "flac")
    file = settings.store_dir / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    row = Recording(**{
        "call_id": "1763763600.7", "path": path, "state": State.READY, "started_at": NOW, "format": "flac",
        "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "seconds": 4.5, **more,
    })  # fmt: skip
    with database.session() as session:
        session.add(row)
        session.commit()
        assert row.id is not None
        return row.id


def test_a_list_tells_no_file_name_and_the_newest_comes_first(ask: Any, database: Database, settings: Any) -> None:
    old = stored(database, settings, b"a")
    new = stored(database, settings, b"bb", started_at=NOW + timedelta(hours=1), call_id="1763767200.9")
    assert [row["id"] for row in ask("recording.list")] == [new, old]
    assert [row["id"] for row in ask("recording.list", since=NOW + timedelta(minutes=1))] == [new]
    assert [row["id"] for row in ask("recording.list", call="1763763600.7")] == [old]
    assert [row["id"] for row in ask("recording.list", limit=1)] == [new]
    assert ask("recording.show", id=new) == ask("recording.list", limit=1)[0]
    assert ask("recording.show", id=new)["bytes"] == 2
    assert ".flac" not in str(ask("recording.list"))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7])
def test_the_sound_comes_whole_in_pieces(ask: Any, database: Database, settings: Any, size: int) -> None:
    data = os.urandom(size)
    found, offset = b"", 0
    identity = stored(database, settings, data)
    while offset is not None:
        piece = ask("recording.export", id=identity, offset=offset)
        assert len(str(piece)) < 1_000_000
        found, offset = found + base64.b64decode(piece["data"]), piece["next"]
    assert found == data
    assert hashlib.sha256(found).hexdigest() == piece["sha256"]


def test_what_is_refused(ask: Any, database: Database, settings: RecordingSettings, tmp_path: Path) -> None:
    def refusal(name: str, **params: Any) -> str:
        with pytest.raises(JackfieldError) as caught:
            ask(name, **params)
        return str(caught.value)

    assert "there is no recording 77" in refusal("recording.show", id=77)
    waits = stored(database, settings, b"a", state=State.WAITING)
    assert f"recording {waits} is waiting, not ready" in refusal("recording.export", id=waits)
    cut = stored(database, settings, b"abc", size_bytes=4)
    assert "has 3 bytes and had 4" in refusal("recording.export", id=cut)
    (tmp_path / "secret").write_text("no")
    elsewhere = stored(database, settings, b"a", path="../secret")
    with pytest.raises(ValueError, match="not the path of a recording"):
        ask("recording.export", id=elsewhere)
    with pytest.raises(ValidationError):
        ask("recording.export", id=cut, offset=-1)


def test_before_the_plugin_has_started() -> None:
    found = {method.name: method for method in RecordingPlugin().jackfield_control_methods()}
    assert {(m.name, m.role, m.personal) for m in found.values()} == {
        ("recording.list", Role.OPERATOR, True),
        ("recording.show", Role.OPERATOR, True),
        ("recording.export", Role.ADMIN, True),
    }
    with pytest.raises(JackfieldError, match="has not started yet"):
        found["recording.list"].call({}, ANN)
