"""Alarms of processes beside the daemon, told over its control socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import structlog

from jackfield.alarms.models import Severity
from jackfield.control.client import request
from jackfield.errors import JackfieldError

JOBS_STUCK = "jobs-not-run"
"""Up while the worker cannot run jobs: then the daemon sends messages about alarms by itself."""
ANSWER_SECONDS = 3.0
log = structlog.get_logger(__name__)


class DaemonAlarms:
    """Raises and clears alarms in the daemon; when it is away they are only logged."""

    def __init__(self, control: Path | None) -> None:
        """`control` is the daemon's socket; None: nobody is told."""
        self._control = control
        self._told = False

    def stuck(self, why: str) -> None:
        """Jobs cannot be run. Call it at each try: the daemon may have been away before."""
        if self._told:
            return
        text = f"Jobs wait and none is lost, but none runs ({why}). Look at: systemctl status redis-server"
        told = self._ask("alarms.raise", key=JOBS_STUCK, text=text[:500], severity=Severity.WARNING, source="worker")
        self._told = told

    def running(self) -> None:
        """They are run again."""
        self._told = False
        self._ask("alarms.clear", key=JOBS_STUCK, text="Jobs are run again; those that waited too.")

    def dead(self, name: str, error: str) -> None:
        """A job was given up."""
        last = error.strip().splitlines()[-1] if error.strip() else "no reason is known"
        text = f"The job {name} was given up: {last}. See: jackfield status"
        self._ask("alarms.raise", key=f"job-dead:{name}", text=text[:500], source="worker")

    def _ask(self, method: str, **params: Any) -> bool:
        """Whether the daemon was told."""
        if self._control is None:
            return False
        try:
            request(method, seconds=ANSWER_SECONDS, path=self._control, **params)
        except (JackfieldError, ValueError) as error:
            log.warning("alarms.daemon_away", method=method, key=params["key"], error=str(error))
            return False
        return True
