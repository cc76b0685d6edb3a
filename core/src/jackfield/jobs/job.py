"""What a plugin declares of a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jackfield.storage.engine import Database


DEFAULT_RETRIES = 5


@dataclass(frozen=True, slots=True)
class Job:
    """A background job.

    `function(database, payload)` runs in the worker, in a process of its own, and may run twice: it must find what it
    did the first time. `database` is as `core.storage`: the plugin's own tables. `retries` are spread over growing
    pauses; then the job is dead and shown in `jackfield status`.
    """

    name: str
    function: Callable[[Database, Mapping[str, Any]], None]
    retries: int = DEFAULT_RETRIES
    timeout: int = 600
    """Seconds."""
