"""A full disk costs recordings, never calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jackfield.storage.engine import Database
from jackfield_recording.models import Recording, State
from jackfield_recording.recorder import Recorder
from jackfield_recording.room import ALARM, MEGABYTE, Room, free_bytes
from jackfield_recording.settings import RecordingSettings
from sqlmodel import select


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes that are free; the last one holds."""
    found = [10_000 * MEGABYTE]
    monkeypatch.setattr("jackfield_recording.room.free_bytes", lambda folder: found[-1])
    return found


def rows(database: Database) -> list[Recording]:
    with database.session() as session:
        return list(session.exec(select(Recording)).all())


def test_a_call_goes_on_without_a_recording_and_says_so(
    core: Any, settings: RecordingSettings, database: Database, free: list[int], new_call: Any
) -> None:
    recorder = Recorder(core, settings)
    free.append(settings.min_free_mb * MEGABYTE - 1)
    call = new_call("1.1")
    for _ in range(3):  # three phones ring one after the other
        recorder.before_dial(call, "sales")
    assert call.done == [], "Asterisk was told to record"
    (row,) = rows(database)
    assert (row.call_id, row.state) == ("1.1", State.SKIPPED)
    assert "full" in row.error
    assert list(core.alarms.up) == [ALARM]
    recorder.call_ended(call, type("Ended", (), {"result": "answered", "talk_seconds": 5.0})())
    assert [r.state for r in rows(database)] == [State.SKIPPED]
    assert core.jobs.submitted == []
    free.append(settings.min_free_mb * MEGABYTE)
    later = new_call("1.2")
    recorder.before_dial(later, "sales")
    assert [what for what, _ in later.done] == ["record"]
    assert core.alarms.up == {}


def test_one_that_runs_is_not_stopped(core: Any, settings: RecordingSettings, free: list[int], new_call: Any) -> None:
    recorder, call = Recorder(core, settings), new_call("1.1")
    recorder.before_dial(call, "sales")
    free.append(0)
    recorder.before_dial(call, "sales")
    assert [what for what, _ in call.done] == ["record"]


def test_the_alarm_comes_without_a_call_too_and_goes_by_itself(core: Any, tmp_path: Path) -> None:
    timers: list[Any] = []
    found = [0]
    watching = type("Timers", (), {"after": lambda self, seconds, function: timers.append(function)})()
    room = Room((tmp_path,), 1, core.alarms, watching, lambda folder: found[0])
    room.watch()
    assert "0 MB free" in core.alarms.up[ALARM]
    found[0] = MEGABYTE
    timers.pop()()
    assert core.alarms.up == {}
    assert len(timers) == 1, "it does not look again"


def test_a_disk_that_cannot_be_asked_does_not_stop_recording(core: Any, tmp_path: Path) -> None:
    def fail(folder: Path) -> int:
        raise OSError(5, "Input/output error")

    assert Room((tmp_path,), 200, core.alarms, core.timers, fail).enough()


def test_a_folder_that_is_not_there_yet_counts_as_the_one_above(tmp_path: Path) -> None:
    assert abs(free_bytes(tmp_path / "a" / "b") - free_bytes(tmp_path)) < 512 * MEGABYTE
