"""The daemon side of `console_records`: `python3 -m bench.console_shelf FOLDER CALLS`, real records in a database."""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jackfield.control import record_methods
from jackfield.control.api import ControlApi
from jackfield.control.method import Method, Role
from jackfield.plugins import PluginHost
from jackfield.records.models import CallRow
from jackfield.services import EventBus
from jackfield.settings import ControlSettings, Settings
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate

FIRST = 2_079_460_000
"""Callers' numbers count from here."""


def fill(database: Database, calls: int) -> None:
    """So many finished calls, a minute apart; the newest has the highest number."""
    now = datetime.now(UTC)
    with database.session() as session:
        for number in range(calls):
            began = now - timedelta(minutes=calls - number)
            session.add(
                CallRow(
                    id=f"{number}.1", direction="inbound", trunk="carrier", did="5550100", caller_name="陈先生",
                    caller_number=str(FIRST + number), started_at=began, answered_at=began, queue="sales",
                    ended_at=began + timedelta(seconds=50), destination="queue:sales", agent="1001",
                    wait_seconds=7.0, talk_seconds=40.0, result="answered",
                )
            )  # fmt: skip
        session.commit()


def main() -> None:
    """Serve until killed."""
    folder, calls = Path(sys.argv[1]), int(sys.argv[2])
    database = Database(f"sqlite:///{folder}/bench.db")
    migrate(database, [CORE])
    fill(database, calls)
    status = {"asterisk": {"connected": True, "version": "22"}, "alarms": 0, "title": "Bench"}
    answers: dict[str, Any] = {"status": lambda: status, "alarms": lambda language="en": []}
    methods = [Method(name, function, Role.VIEWER) for name, function in answers.items()]
    methods += record_methods.methods(database)
    api = ControlApi(
        folder / "control.sock", ControlSettings(), database, PluginHost(Settings()), EventBus(), methods
    )  # fmt: skip
    api.start()
    print("ready", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
