"""Wires recordings into Jackfield."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jackfield.control.method import Method
from jackfield.errors import JackfieldError
from jackfield.hookspecs import hookimpl
from jackfield.jobs.job import Job
from jackfield.permissions import Permission
from jackfield.storage.models import Models

from jackfield_recording import job, methods, models  # noqa: F401  (the tables must be known before the database is)
from jackfield_recording.recorder import ENCODE, Recorder
from jackfield_recording.settings import RecordingSettings

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.core import Core
    from jackfield.records.models import CallRecord


class RecordingPlugin:
    """Recordings (R1, R2)."""

    api = "1.0"
    permissions = frozenset({Permission.FILES, Permission.PERSONAL_DATA})

    def __init__(self) -> None:
        self._recorder: Recorder | None = None
        self._core: Core | None = None

    @hookimpl
    def jackfield_settings(self) -> type[RecordingSettings]:
        """Folders and format."""
        return RecordingSettings

    @hookimpl
    def jackfield_models(self) -> Models:
        """The table of recordings."""
        return Models("recording", "jackfield_recording.migrations")

    @hookimpl
    def jackfield_jobs(self) -> list[Job]:
        """Encoding, in the worker. An hour's talk takes a few seconds."""
        return [Job(ENCODE, job.encode, retries=8, timeout=1800)]

    @hookimpl
    def jackfield_control_methods(self) -> list[Method]:
        """Which recordings there are, and their sound."""
        return methods.methods(self._connection)

    def _connection(self) -> tuple[Core, RecordingSettings]:
        if self._core is None:
            raise JackfieldError("the plugin recording has not started yet; try again in a moment")
        return self._core, self._core.settings("recording")

    @hookimpl
    def jackfield_start(self, core: Core) -> None:
        """The daemon starts."""
        self._core = core
        self._recorder = Recorder(core, core.settings("recording"))

    @hookimpl
    def jackfield_recovered(self) -> None:
        """Look after what ended while no daemon ran."""
        if self._recorder is not None:
            self._recorder.recover()

    @hookimpl
    def jackfield_before_dial(self, call: Call, agent: str, queue: str) -> None:
        """A phone is about to ring."""
        if self._recorder is not None:
            self._recorder.before_dial(call, queue)

    @hookimpl
    def jackfield_call_ended(self, call: Call, record: CallRecord) -> None:
        """The call is over."""
        if self._recorder is not None:
            self._recorder.call_ended(call, record)
