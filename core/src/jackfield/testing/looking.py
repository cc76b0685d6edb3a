"""What a test looks at: calls and their records, methods, jobs, alarms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jackfield.calls.live import Live
from jackfield.control.method import Caller as ControlCaller
from jackfield.control.method import Role
from jackfield.daemon import Daemon
from jackfield.jobs import rows
from jackfield.jobs.models import OutboxRow
from jackfield.jobs.run import Runner
from jackfield.records.models import CallRecord
from jackfield.records.queries import find_call
from jackfield.testing.asterisk import PATIENCE, FakeAsterisk


class Looking:
    """The part of the simulator that only looks, and runs jobs."""

    daemon: Daemon
    asterisk: FakeAsterisk
    folder: Path
    _lives: dict[str, Live]

    def live(self, call: str) -> Live | None:
        """A call that is or was live since the test began to look at it."""
        for live in self.daemon.calls.calls():
            self._lives[live.facts.id] = live
        return self._lives.get(call)

    def path(self, call: str) -> list[str]:
        """The destinations that a call has come to."""
        if (live := self.live(call)) is not None:
            return [step.destination for step in sorted(live.steps, key=lambda step: step.seq)]
        record = self._find(call)
        return [step.destination for step in record.steps] if record else []

    def data(self, call: str) -> dict[str, str]:
        """What plugins have noted of a live call."""
        live = self.live(call)
        return dict(live.call.data) if live is not None and live.call is not None else {}

    def ended(self, call: str) -> bool:
        """Whether a call has ended and all hooks of its end have run."""
        self.live(call)
        busy = {s.env.get("agi_uniqueid", "") for s in self.daemon.agi.sessions()}
        return call not in busy and all(live.facts.id != call for live in self.daemon.calls.calls())

    def record(self, call: str) -> CallRecord:
        """The record of a call."""
        found = self._find(call)
        if found is None:
            raise AssertionError(self.account(f"call {call} is not on record"))
        return found

    def _find(self, call: str) -> CallRecord | None:
        self.daemon.writer.flush(PATIENCE)
        return find_call(self.daemon.database, call)

    def ask(self, method: str, **params: Any) -> Any:
        """Call a method of the control API, as an administrator."""
        found = self.daemon.control.methods()[method]
        return found.call(params, ControlCaller("root", 0, Role.ADMIN))

    def run_jobs(self) -> list[str]:
        """Run the background jobs that are due, as the worker would; their names, in order.

        Raises:
            AssertionError: one failed; with its error.
        """
        jobs = self.daemon.host.runnable_jobs()
        runner = Runner(f"sqlite:///{self.folder}/jackfield.db", jobs, "test", socket=self.folder / "worker.sock")
        names = []
        with self.daemon.database.session() as session:
            for number in rows.take_due(self.daemon.database, 1000):
                runner.run(number)
                row = session.get(OutboxRow, number)
                if row is not None:
                    session.refresh(row)
                    names.append(row.name)
                    if row.error:
                        raise AssertionError(f"job {row.name} failed: {row.error}")
        return names

    def alarms(self) -> list[str]:
        """Keys of the alarms that are raised now."""
        return sorted(alarm.key for alarm in self.daemon.alarms.active())

    def account(self, what: str) -> str:
        """A sentence that failed, with what is known of the calls."""
        lines = [what]
        for channel in self.asterisk.channels.values():
            lines.append(f"  {channel.name} ({channel.number}): {'served' if channel.served else 'not served'}")
            lines += [f"    {command[:160]}" for command in channel.commands[-6:]]
        for status in self.daemon.host.statuses.values():
            if status.faults or status.reason:
                lines.append(f"  plugin {status.name}: {len(status.faults)} faults {status.reason}")
        return "\n".join(lines)
