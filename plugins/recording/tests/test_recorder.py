"""What the daemon does for recordings."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jackfield.records.models import CallRecord, CallRow
from jackfield.routing.destinations import Result
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate
from jackfield.storage.testing import differences
from jackfield_recording import service
from jackfield_recording.job import encode_recording
from jackfield_recording.models import Recording, State
from jackfield_recording.plugin import RecordingPlugin
from jackfield_recording.recorder import Recorder
from jackfield_recording.settings import RecordingSettings
from sqlalchemy.exc import OperationalError
from sqlmodel import select

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def ended(call: Any, talk: float) -> CallRecord:
    result = Result.ANSWERED if talk else Result.ABANDONED
    return CallRecord(id=call.id, direction="inbound", started_at=NOW, ended_at=NOW, talk_seconds=talk, result=result)


def rows(database: Database) -> list[Recording]:
    with database.session() as session:
        return list(session.exec(select(Recording)).all())


def on_record(database: Database, call_id: str, *, over: bool, talk: float = 5.0) -> None:
    with database.session() as session:
        result = (Result.ANSWERED if talk else Result.ABANDONED) if over else None
        session.add(
            CallRow(
                id=call_id,
                direction="inbound",
                started_at=NOW,
                ended_at=NOW if over else None,
                result=result,
                talk_seconds=talk if over else 0.0,
            )
        )
        session.commit()


@pytest.fixture
def recorder(core: Any, settings: RecordingSettings) -> Recorder:
    return Recorder(core, settings)


def after_restart(core: Any, settings: RecordingSettings) -> Recorder:
    """The recorder of a daemon that starts now."""
    core.events.subscribers.clear()
    time.sleep(0.02)  # so that files written before are older, in the file system's clock
    return Recorder(core, settings)


def raw_of(call: Any, settings: RecordingSettings) -> Path:
    return settings.spool_dir / f"{call.data['recording'].partition(':')[2]}.raw"


def test_migrations_make_what_the_models_say(either_database: Database) -> None:
    assert differences(either_database, RecordingPlugin().jackfield_models()) == []


def test_a_recordings_way_on_either_database(
    either_database: Database, core: Any, new_call: Any, settings: RecordingSettings
) -> None:
    migrate(either_database, [CORE, RecordingPlugin().jackfield_models()])
    core.storage = either_database
    first, second = new_call("5.1"), new_call("5.2")
    begun = Recorder(core, settings)
    for call in (first, second):
        begun.before_dial(call, "sales")
        raw_of(call, settings).write_bytes(bytes(400))
    begun.call_ended(first, ended(first, talk=3.0))
    on_record(either_database, "5.2", over=True)
    after_restart(core, settings).recover()
    assert {row.call_id: row.state for row in rows(either_database)} == {"5.1": State.WAITING, "5.2": State.WAITING}
    for _, payload in core.jobs.submitted:
        encode_recording(either_database, settings, payload["recording"])
    assert {row.state for row in rows(either_database)} == {State.READY}


def test_a_queue_that_wants_it_starts_one_recording_a_call(
    recorder: Recorder, new_call: Any, database: Database, settings: RecordingSettings
) -> None:
    call = new_call()
    recorder.before_dial(call, "sales")
    recorder.before_dial(call, "sales")
    (row,) = rows(database)
    assert (row.call_id, row.state, row.format) == (call.id, State.RECORDING, "flac")
    assert call.done == [("record", str(settings.spool_dir / f"{service.name_in(row.path)}.raw"))]


@pytest.mark.parametrize("queue", ["quiet", "unknown", ""])
def test_others_are_not_recorded(recorder: Recorder, new_call: Any, database: Database, queue: str) -> None:
    call = new_call()
    recorder.before_dial(call, queue)
    assert (call.done, call.data, rows(database)) == ([], {}, [])


def test_a_later_queue_that_does_not_want_it_stops_it_and_the_next_goes_on_in_the_same_file(
    recorder: Recorder, new_call: Any, database: Database
) -> None:
    call = new_call()
    recorder.before_dial(call, "sales")
    recorder.before_dial(call, "quiet")
    recorder.before_dial(call, "quiet")
    recorder.before_dial(call, "sales")
    (row,) = rows(database)
    path = call.done[0][1]
    assert service.name_in(row.path) in path
    assert call.done == [
        ("record", path),
        ("flush", "off"),
        ("stop", ""),
        ("stop", ""),
        ("stop", ""),
        ("record", path),
    ]


def test_after_a_restart_that_lost_the_note_the_same_file_goes_on(
    recorder: Recorder, new_call: Any, database: Database
) -> None:
    call = new_call()
    recorder.before_dial(call, "sales")
    again = new_call()
    again.resumes = 1
    recorder.before_dial(again, "sales")
    assert again.done == [("stop", ""), ("record", call.done[0][1])]
    assert len(rows(database)) == 1


def test_a_recorded_talk_goes_to_the_worker(
    recorder: Recorder, core: Any, new_call: Any, database: Database, settings: RecordingSettings
) -> None:
    call = new_call()
    recorder.before_dial(call, "sales")
    raw_of(call, settings).write_bytes(bytes(4000))
    recorder.call_ended(call, ended(call, talk=3.0))
    (row,) = rows(database)
    assert row.state == State.WAITING
    assert core.jobs.submitted == [("recording.encode", {"recording": row.id})]


def test_a_talk_without_sound_goes_to_the_worker_too_which_will_say_that_it_is_missing(
    recorder: Recorder, core: Any, new_call: Any
) -> None:
    call = new_call()
    recorder.before_dial(call, "sales")
    recorder.call_ended(call, ended(call, talk=3.0))
    assert len(core.jobs.submitted) == 1


def test_a_caller_whom_nobody_answered_leaves_nothing(
    recorder: Recorder, core: Any, new_call: Any, database: Database, settings: RecordingSettings
) -> None:
    call = new_call()
    recorder.before_dial(call, "sales")
    raw = raw_of(call, settings)
    raw.touch()
    recorder.call_ended(call, ended(call, talk=0.0))
    assert (rows(database), core.jobs.submitted, raw.exists()) == ([], [], False)


def test_sound_is_kept_even_if_the_record_knows_of_no_talk(
    recorder: Recorder, core: Any, new_call: Any, settings: RecordingSettings
) -> None:
    call = new_call()
    recorder.before_dial(call, "sales")
    raw_of(call, settings).write_bytes(bytes(400))
    recorder.call_ended(call, ended(call, talk=0.0))
    assert len(core.jobs.submitted) == 1


def test_calls_without_recordings_cost_no_query(recorder: Recorder, core: Any, new_call: Any) -> None:
    core.storage.session = None  # a query would fail
    call = new_call()
    recorder.before_dial(call, "quiet")
    recorder.call_ended(call, ended(call, talk=3.0))


def test_a_database_that_is_away_does_not_stop_the_recording(
    recorder: Recorder, core: Any, new_call: Any, database: Database, settings: RecordingSettings
) -> None:
    def away() -> None:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    core.storage.session, there = away, core.storage.session
    call = new_call()
    recorder.before_dial(call, "sales")
    assert [what for what, _ in call.done] == ["record"]
    raw_of(call, settings).write_bytes(bytes(400))
    core.storage.session = there
    recorder.call_ended(call, ended(call, talk=3.0))
    (row,) = rows(database)
    assert core.jobs.submitted == [("recording.encode", {"recording": row.id})]
    assert service.name_in(row.path) == raw_of(call, settings).stem


def test_recovery_hands_over_recordings_whose_call_is_over(
    recorder: Recorder, core: Any, new_call: Any, database: Database, settings: RecordingSettings
) -> None:
    calls = {name: new_call(name) for name in ("1.1", "1.2", "1.3", "1.4")}
    for call in calls.values():
        recorder.before_dial(call, "sales")
    for name in ("1.1", "1.2", "1.4"):
        raw_of(calls[name], settings).write_bytes(bytes(400))
    on_record(database, "1.1", over=True)
    on_record(database, "1.2", over=False)
    on_record(database, "1.3", over=True, talk=0.0)
    after_restart(core, settings).recover()
    after_restart(core, settings).recover()
    states = {row.call_id: row.state for row in rows(database)}
    assert states == {"1.1": State.WAITING, "1.2": State.RECORDING, "1.4": State.WAITING}
    assert len(core.jobs.submitted) == 2


def test_recovery_finds_raw_files_that_nobody_knows_of(
    core: Any, database: Database, settings: RecordingSettings
) -> None:
    lost, alive, empty = (service.new_name(call) for call in ("2.1", "2.2", "2.3"))
    (settings.spool_dir / f"{lost}.raw").write_bytes(bytes(400))
    os.utime(settings.spool_dir / f"{lost}.raw", (1_700_000_000, 1_700_000_000))
    (settings.spool_dir / f"{alive}.raw").write_bytes(bytes(400))
    (settings.spool_dir / f"{empty}.raw").touch()
    (settings.spool_dir / "someone-elses.raw").write_bytes(bytes(400))
    on_record(database, "2.2", over=False)
    after_restart(core, settings).recover()
    after_restart(core, settings).recover()
    (row,) = rows(database)
    assert (row.call_id, row.state, row.path) == ("2.1", State.WAITING, f"2023/11/14/{lost}.flac")
    assert core.jobs.submitted == [("recording.encode", {"recording": row.id})]
    assert sorted(p.name for p in settings.spool_dir.iterdir()) == sorted(
        [f"{lost}.raw", f"{alive}.raw", "someone-elses.raw"]
    )


def test_recovery_has_raw_sound_of_finished_recordings_removed(
    recorder: Recorder, core: Any, new_call: Any, database: Database, settings: RecordingSettings
) -> None:
    call = new_call("3.1")
    recorder.before_dial(call, "sales")
    raw_of(call, settings).write_bytes(bytes(400))
    with database.session() as session:
        row = session.exec(select(Recording)).one()
        row.state = State.READY
        session.commit()
        number = row.id
    after_restart(core, settings).recover()
    assert core.jobs.submitted == [("recording.encode", {"recording": number})]


def test_a_talk_that_outlived_the_daemon_is_handed_over_when_it_ends(
    recorder: Recorder, core: Any, new_call: Any, database: Database, settings: RecordingSettings
) -> None:
    call = new_call("4.1")
    recorder.before_dial(call, "sales")
    raw_of(call, settings).write_bytes(bytes(400))
    on_record(database, "4.1", over=False)
    after_restart(core, settings).recover()
    assert core.jobs.submitted == []
    core.events.publish(what="answered", id="4.1")
    core.events.publish(what="ended", id="4.9", result="answered")
    assert core.jobs.submitted == []
    core.events.publish(what="ended", id="4.1", result="answered")
    core.events.publish(what="ended", id="4.1", result="answered")
    assert len(core.jobs.submitted) == 1
    assert rows(database)[0].state == State.WAITING


def test_a_talk_that_ends_before_the_recovery_is_handed_over_by_it(
    recorder: Recorder, core: Any, new_call: Any, database: Database, settings: RecordingSettings
) -> None:
    recorder.before_dial(new_call("4.2"), "sales")
    on_record(database, "4.2", over=False)  # the record's writer is behind
    restarted = after_restart(core, settings)
    core.events.publish(what="ended", id="4.2", result="answered")
    restarted.recover()
    assert len(core.jobs.submitted) == 1


def test_recovery_leaves_calls_alone_that_came_after_the_start(
    core: Any, new_call: Any, database: Database, settings: RecordingSettings
) -> None:
    restarted = after_restart(core, settings)
    call = new_call("4.3")  # its record is not in the database yet
    restarted.before_dial(call, "sales")
    restarted.recover()
    assert core.jobs.submitted == []
    assert rows(database)[0].state == State.RECORDING


def test_a_worker_that_is_quicker_keeps_the_last_word(
    recorder: Recorder, core: Any, new_call: Any, database: Database, settings: RecordingSettings
) -> None:
    def at_once(name: str, payload: dict[str, Any]) -> None:
        with database.session() as session:
            row = session.get(Recording, payload["recording"])
            assert row is not None
            row.state = State.READY
            session.commit()

    core.jobs.submit = at_once
    call = new_call()
    recorder.before_dial(call, "sales")
    recorder.call_ended(call, ended(call, talk=3.0))
    assert rows(database)[0].state == State.READY


def test_recovery_without_a_spool_harms_nobody(core: Any, settings: RecordingSettings) -> None:
    settings.spool_dir.rmdir()
    Recorder(core, settings).recover()
    assert core.jobs.submitted == []
