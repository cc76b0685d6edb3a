"""The file `queue_log`, as Asterisk's own queues write it, for programs that read those.

Source of the form: Asterisk 22, main/logger.c (`ast_queue_log`) and apps/app_queue.c: `time|call|queue|agent|event|…`,
times in whole seconds (of ringing in vain in ms), NONE for what does not apply.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import structlog

from jackfield_acd.eventlog import CALL_BACK, GIVEN, Entry, What, is_withdrawn

log = structlog.get_logger(__name__)
NONE = "NONE"
STARTED = "QUEUESTART"
CONTEXT = "jf-transfer"
TIMES_UP = {"timed out": "EXITWITHTIMEOUT", "empty": "EXITEMPTY"}
WITHDRAW_INFO = 40
"""Characters of the reason that app_queue.c writes."""
TAIL_BYTES = 1_000_000
RECENT = 5_000_000
"""Entries (their numbers are microseconds) of so long before the last one may be on record but not in the file."""
KEPT = 200_000
"""Lines that wait while the disk is full."""
_UNSAFE = {ord("|"): "_", **dict.fromkeys(range(32), "_"), 127: "_"}


def lines(entry: Entry) -> list[str]:
    """What an entry is in the file; nothing for what Asterisk has no word for, as all that call-backs are."""
    if entry.is_callback:
        return []
    d, queue = entry.detail, entry.queue
    match entry.event:
        case What.ENTERED:
            return [_line(entry, queue, NONE, "ENTERQUEUE", "", d["caller"], d["position"])]
        case What.CONNECTED:
            return [_line(entry, queue, entry.agent, "CONNECT", int(d["hold"]), d["leg"], int(d["ring"]))]
        case What.COMPLETED:
            event = "COMPLETEAGENT" if d["by"] == "agent" else "COMPLETECALLER"
            return [_line(entry, queue, entry.agent, event, int(d["hold"]), int(d["talk"]), d["position"])]
        case What.TRANSFERRED:
            blind = d["kind"] == "blind"
            to = ("BLINDTRANSFER", d["to"], CONTEXT) if blind else ("ATTENDEDTRANSFER", "BRIDGE", d["to"])
            return [_line(entry, queue, entry.agent, *to, int(d["hold"]), int(d["talk"]), d["position"])]
        case What.ABANDONED:
            return [_line(entry, queue, NONE, "ABANDON", d["position"], d["first"], int(d["wait"]))]
        case What.EXITED:
            return [_exit(entry, d["outcome"], d["position"], d["first"], int(d["wait"]))]
        case What.UNANSWERED:
            return [_line(entry, queue, entry.agent, "RINGNOANSWER", round(1000 * d["ring"]))]
        case What.CANCELLED:
            return [_line(entry, queue, entry.agent, "RINGCANCELED", round(1000 * d["ring"]))]
        case What.LOGGED_IN:
            return [_line(entry, NONE, entry.agent, "AGENTLOGIN", f"PJSIP/{d['phone']}")]
        case What.LOGGED_OUT:
            return [_line(entry, NONE, entry.agent, "AGENTLOGOFF", f"PJSIP/{d['phone']}", int(d["seconds"]))]
        case What.PAUSED | What.UNPAUSED:
            event = "PAUSE" if entry.event is What.PAUSED else "UNPAUSE"
            queues = [(NONE, f"{event}ALL"), *((one, event) for one in d.get("queues", ()))]
            return [_line(entry, where, entry.agent, word, d["reason"]) for where, word in queues]
    return []


def _exit(entry: Entry, outcome: str, *place: int) -> str:
    if is_withdrawn(outcome) or outcome.startswith(GIVEN):
        return _line(entry, entry.queue, NONE, "WITHDRAW", *place, outcome[:WITHDRAW_INFO])
    if outcome not in TIMES_UP:
        key = entry.detail.get("key", "") if outcome == CALL_BACK else outcome.removeprefix("key").strip()
        return _line(entry, entry.queue, NONE, "EXITWITHKEY", key, *place)
    return _line(entry, entry.queue, NONE, TIMES_UP[outcome], *place)


def _line(entry: Entry, queue: str, agent: str, event: str, *data: object) -> str:
    return line(int(entry.at.timestamp()), entry.call or NONE, queue, agent, event, *data)


def line(at: int, call: str, queue: str, agent: str, event: str, *data: object) -> str:
    """One line, without its end; a `|` or a line break in a value becomes `_`."""
    values: list[Any] = [at, call, queue, agent, event, *(data or ("",))]
    return "|".join(str(value).translate(_UNSAFE) for value in values)


class QueueLog:
    """Appends to the file; it is opened each time, so that it can be rotated. For one thread."""

    def __init__(self, path: Path | None) -> None:
        """Without a path, or while its folder does not exist, nothing is written."""
        self._path = path if path is not None and path.parent.is_dir() else None
        self._waiting: deque[str] = deque(maxlen=KEPT)
        self._failing = False

    def write(self, entries: Iterable[Entry]) -> None:
        """Append what is on record now. While that fails, lines wait in memory."""
        self._append(one for entry in entries for one in lines(entry))

    def start(self, newest: Sequence[Entry], now: float) -> None:
        """Append what a daemon that was killed had put on record, but not into the file; and that we have started.

        Args:
            newest: the last entries on record, oldest first.
            now: Unix time.
        """
        if self._path is None:
            return
        there = {one for path in (self._path.with_name(f"{self._path.name}.1"), self._path) for one in _tail(path)}
        recent = [entry for entry in newest if entry.id > newest[-1].id - RECENT]
        self._append(one for entry in recent for one in lines(entry) if one not in there)
        self._append([line(int(now), NONE, NONE, NONE, STARTED)])

    def _append(self, new: Iterable[str]) -> None:
        if self._path is None:
            return
        self._waiting.extend(new)
        if not self._waiting:
            return
        try:
            _append(self._path, "".join(f"{one}\n" for one in self._waiting).encode())
        except OSError as error:
            if not self._failing:
                log.error("acd.queue_log_not_written", file=str(self._path), error=str(error))
            self._failing = True
        else:
            self._waiting.clear()
            self._failing = False


def _append(path: Path, data: bytes) -> None:
    """All or nothing: what a full disk has cut short is taken back."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            data = b"\n" + data
        if os.write(handle, data) != len(data):
            os.ftruncate(handle, size)
            raise OSError("the disk is full")
    finally:
        os.close(handle)


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
