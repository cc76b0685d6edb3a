"""From raw sound to finished recordings, with the real encoders."""

from __future__ import annotations

import array
import hashlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jackfield.storage.engine import Database
from jackfield_recording import encoder, job, service
from jackfield_recording.encoder import EncodeFailed
from jackfield_recording.models import Recording, State
from jackfield_recording.settings import RecordingSettings

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Waiting:
    """A recording that waits for its job."""

    def __init__(self, database: Database, settings: RecordingSettings, sound: bytes | None) -> None:
        self.database, self.settings = database, settings
        name = service.new_name("1763763600.7")
        path = service.store_path(name, NOW, settings.format)
        self.raw, self.final = settings.spool_dir / f"{name}.raw", settings.store_dir / path
        if sound is not None:
            self.raw.write_bytes(sound)
            os.utime(self.raw, (1_700_000_000, 1_700_000_000))
        row = Recording(call_id="1763763600.7", path=path, state=State.WAITING, started_at=NOW, format=settings.format)
        with database.session() as session:
            session.add(row)
            session.commit()
            assert row.id is not None
            self.number: int = row.id

    def run(self) -> None:
        job.encode_recording(self.database, self.settings, self.number)

    def row(self) -> Recording:
        with self.database.session() as session:
            row = session.get(Recording, self.number)
            assert row is not None
            return row

    def strays(self) -> list[str]:
        """Files in the store that are not the finished recording."""
        return [p.name for p in self.settings.store_dir.rglob("*") if p.is_file() and p != self.final]


@pytest.fixture
def waiting(database: Database, settings: RecordingSettings) -> Callable[..., Waiting]:
    def make(sound: bytes | None, **changes: Any) -> Waiting:
        return Waiting(database, settings.model_copy(update=changes), sound)

    return make


def decode(path: Path) -> bytes:
    raw = ["flac", "-d", "-s", "-c", "--force-raw-format", "--endian=little", "--sign=signed", str(path)]
    opus = ["opusdec", "--quiet", "--rate", "8000", str(path), "-"]
    return subprocess.run(raw if path.suffix == ".flac" else opus, check=True, capture_output=True).stdout


def test_flac_keeps_every_sample_of_both_sides(waiting: Any, stereo: Any, measure: Any) -> None:
    sound = stereo(2.5)
    recording = waiting(sound)
    recording.run()
    row = recording.row()
    assert decode(recording.final) == sound
    both = array.array("h", decode(recording.final))
    left, right = both[0::2], both[1::2]
    assert measure(left, 400) > 8900 > 100 > measure(left, 1000)
    assert measure(right, 1000) > 8900 > 100 > measure(right, 400)
    assert (row.state, row.seconds, row.channels, row.error) == (State.READY, 2.5, 2, "")
    assert row.size_bytes == recording.final.stat().st_size
    assert row.sha256 == hashlib.sha256(recording.final.read_bytes()).hexdigest()
    assert not recording.raw.exists()
    assert recording.strays() == []
    assert recording.final.stat().st_mode & 0o777 == 0o640


def test_flac_says_what_it_is(waiting: Any, stereo: Any) -> None:
    recording = waiting(stereo(0.5))
    recording.run()
    show = ["metaflac", "--show-sample-rate", "--show-channels", "--show-bps", "--show-tag=CALL", str(recording.final)]
    said = subprocess.run(show, check=True, capture_output=True, text=True).stdout.split()
    assert said == ["8000", "2", "16", "CALL=1763763600.7"]


def test_opus_keeps_the_sides_apart(waiting: Any, stereo: Any, measure: Any) -> None:
    recording = waiting(stereo(3), format="opus")
    recording.run()
    both = array.array("h", decode(recording.final))
    left, right = both[4000:-4000:2], both[4001:-4000:2]
    assert measure(left, 400) > 8000
    assert measure(right, 1000) > 8000
    assert measure(left, 1000) < 100
    assert measure(right, 400) < 100
    assert (recording.row().state, recording.row().seconds) == (State.READY, 3.0)
    assert recording.final.suffix == ".opus"


def test_a_broken_last_sample_is_left_off(waiting: Any, stereo: Any) -> None:
    sound = stereo(1)
    recording = waiting(sound + b"\x01\x02\x03")
    recording.run()
    assert decode(recording.final) == sound


def test_running_twice_changes_nothing(waiting: Any, stereo: Any) -> None:
    recording = waiting(stereo(1))
    recording.run()
    before = (recording.row().model_dump(), recording.final.stat().st_mtime_ns)
    recording.run()
    assert (recording.row().model_dump(), recording.final.stat().st_mtime_ns) == before


def test_a_talk_without_sound_is_missing(waiting: Any) -> None:
    for sound in (None, b"", b"\x00\x00"):
        recording = waiting(sound)
        recording.run()
        assert recording.row().state == State.MISSING
        assert recording.row().error
        assert not recording.final.exists()


def test_a_row_from_a_back_up_finds_its_file_again(waiting: Any, stereo: Any) -> None:
    recording = waiting(stereo(1.5))
    recording.run()
    good = recording.row().model_dump()
    with recording.database.session() as session:
        row = session.get(Recording, recording.number)
        row.state, row.seconds, row.sha256, row.size_bytes = State.WAITING, 0.0, "", 0
        session.commit()
    recording.run()
    assert recording.row().model_dump() == good


def test_a_recording_that_was_deleted_is_no_error(waiting: Any) -> None:
    recording = waiting(None)
    with recording.database.session() as session:
        session.delete(session.get(Recording, recording.number))
        session.commit()
    recording.run()


def test_a_missing_program_says_which_package(waiting: Any, stereo: Any, monkeypatch: Any, tmp_path: Path) -> None:
    recording = waiting(stereo(1))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EncodeFailed, match="flac is not installed; install the package flac"):
        recording.run()
    assert recording.row().state == State.FAILED
    assert "not installed" in recording.row().error
    monkeypatch.undo()
    recording.run()
    assert (recording.row().state, recording.row().error) == (State.READY, "")


@pytest.fixture
def tiny_store(tmp_path: Path) -> Iterator[Path]:
    """A store of 64 KB."""
    store = tmp_path / "tiny"
    store.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(store)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"mounting needs root: {mounted.stderr}")
    yield store
    subprocess.run(["umount", str(store)], check=True)


@pytest.mark.parametrize("form", ["flac", "opus"])
def test_a_full_disk_keeps_the_raw_sound_and_is_tried_again(waiting: Any, tiny_store: Path, form: str) -> None:
    noise = os.urandom(600_000)
    recording = waiting(noise, store_dir=tiny_store, format=form)
    with pytest.raises(EncodeFailed) as error:
        recording.run()
    assert recording.row().state == State.FAILED
    assert recording.row().error == str(error.value)[:500]
    assert recording.raw.read_bytes() == noise
    assert not recording.final.exists()
    assert recording.strays() == [], "what could not be finished does not fill the disk further"
    subprocess.run(["mount", "-o", "remount,size=2m", str(tiny_store)], check=True)
    recording.run()
    assert recording.row().state == State.READY
    assert not recording.raw.exists()


def test_sound_that_still_grows_is_not_lost(waiting: Any, stereo: Any, monkeypatch: Any) -> None:
    recording = waiting(stereo(1))
    real = encoder.encode

    def growing(raw: Path, *rest: Any) -> int:
        count = real(raw, *rest)
        with raw.open("ab") as file:
            file.write(stereo(1))
        return count

    monkeypatch.setattr(encoder, "encode", growing)
    with pytest.raises(EncodeFailed, match="still wrote"):
        recording.run()
    assert not recording.final.exists()
    monkeypatch.undo()
    recording.run()
    assert recording.row().seconds == 2.0


def test_fresh_sound_is_left_to_settle(waiting: Any, stereo: Any) -> None:
    recording = waiting(stereo(1))
    late = stereo(0.25)

    def last_words() -> None:
        with recording.raw.open("ab") as file:
            file.write(late)

    recording.raw.touch()
    writer = threading.Timer(0.3, last_words)
    writer.start()
    recording.run()
    writer.join()
    assert recording.row().seconds == 1.25


def _die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _half(source: Any, sink: Any, size: int) -> None:
    sink.write(source.read(size // 2))
    sink.flush()
    _die()


def _die_at_raw(path: Path, **_: Any) -> None:
    if path.suffix == ".raw":
        _die()


POINTS = {
    "before the encoder": (encoder, "_run", _die),
    "within the encoder": (encoder, "_pump", _half),
    "before the rename": (Path, "chmod", _die),
    "after the rename": (job, "_sync", _die),
    "before the row": (encoder, "digest", _die),
    "before the raw sound goes": (Path, "unlink", _die_at_raw),
}


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_and_run_again(waiting: Any, stereo: Any, database_url: str, point: str) -> None:
    sound = stereo(2)
    recording = waiting(sound)
    recording.settings.store_dir.joinpath(recording.final.parent).mkdir(parents=True)
    recording.database.close()
    if (child := os.fork()) == 0:
        where, name, instead = POINTS[point]
        setattr(where, name, instead)
        job.encode_recording(Database(database_url), recording.settings, recording.number)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    if recording.final.exists():
        assert decode(recording.final) == sound, "never half a file under the final name"
    recording.run()
    assert decode(recording.final) == sound
    assert recording.row().state == State.READY
    assert not recording.raw.exists()
    assert recording.strays() == []


def test_a_row_that_points_elsewhere_touches_nothing(waiting: Any, tmp_path: Path) -> None:
    recording = waiting(b"")
    victim = tmp_path / "victim.raw"
    victim.write_bytes(b"precious")
    with recording.database.session() as session:
        row = session.get(Recording, recording.number)
        row.path = "../../victim.flac"
        session.commit()
    with pytest.raises(ValueError, match="not the path of a recording"):
        recording.run()
    assert victim.read_bytes() == b"precious"


def test_the_job_reads_the_settings_of_the_box(waiting: Any, stereo: Any, monkeypatch: Any) -> None:
    recording = waiting(stereo(0.5))
    monkeypatch.setenv("JACKFIELD_PLUGINS__RECORDING__SPOOL_DIR", str(recording.settings.spool_dir))
    monkeypatch.setenv("JACKFIELD_PLUGINS__RECORDING__STORE_DIR", str(recording.settings.store_dir))
    job.encode(recording.database, {"recording": recording.number})
    assert recording.row().state == State.READY


def test_the_host_takes_the_plugin() -> None:
    from importlib.metadata import EntryPoint

    from jackfield.plugins import GROUP, PluginHost
    from jackfield.settings import Settings

    host = PluginHost(Settings())
    host.load([EntryPoint("recording", "jackfield_recording.plugin:RecordingPlugin", GROUP)])
    assert host.statuses["recording"].describe()["state"] == "enabled", host.statuses["recording"].reason
    assert "recording.encode" in host.jobs()
    assert host.settings("recording") == RecordingSettings()
