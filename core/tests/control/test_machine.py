"""The machine's state as an event."""

from __future__ import annotations

from pathlib import Path

from jackfield.control.machine import SECONDS, MachineLoad, disks, memory
from jackfield.services import EventBus
from jackfield.testing.clock import SteeredClock


def test_it_is_told_while_somebody_follows_and_only_then(tmp_path: Path) -> None:
    clock, events, heard = SteeredClock(), EventBus(), []
    load = MachineLoad(events, clock, [tmp_path])
    load.start()
    assert clock.waiting() == 0
    clock.advance(3 * SECONDS)
    events.subscribe("load", heard.append)
    assert heard == []
    clock.advance(2 * SECONDS)
    assert len(heard) == 2
    events.unsubscribe("load", heard.append)
    clock.advance(2 * SECONDS)
    assert clock.waiting() == 0 and len(heard) == 2
    events.watch(lambda topic, fields: None)
    assert clock.waiting() == 1
    assert heard[0]["cores"] >= 1 and len(heard[0]["load"]) == 3
    assert heard[0]["disks"][0]["path"] == str(tmp_path)
    assert 0 < heard[0]["memory"]["available"] <= heard[0]["memory"]["total"]


def test_a_folder_that_is_gone_is_left_out_and_a_file_system_told_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert [each["path"] for each in disks([tmp_path / "none", tmp_path, tmp_path / "a"])] == [str(tmp_path)]


def test_memory_in_bytes() -> None:
    told = memory("MemTotal:  1000 kB\nMemFree:  1 kB\nMemAvailable:   250 kB\nOdd\n")
    assert told == {"total": 1_024_000, "available": 256_000}
