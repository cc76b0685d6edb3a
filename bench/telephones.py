"""SIPp as callers and as agents' phones, at fixed addresses of one party."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rig import Run, talk
from rig.net import Party
from rig.sipp import SippProcess, Workshop

from bench.report import BenchError

SCENARIOS = Path(__file__).with_name("scenarios")
PHONE_PORT = 5070
FIRST_WORDS = 0.2
"""Seconds of RTP that each caller sends: Asterisk's Answer waits up to 0.5 s for a caller's first packet."""


@dataclass(frozen=True)
class Account:
    """SIPp's own account of a load."""

    created: int
    succeeded: int
    failed: int
    retransmissions: int


class Callers:
    """A load that runs."""

    def __init__(self, process: SippProcess, statistics: Path) -> None:
        self.process, self._statistics = process, statistics

    def wait(self, timeout: float) -> Account:
        """Wait for its end, and at most so long; what is not over by then counts as failed."""
        try:
            self.process.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.stop()
        return self.account()

    def account(self) -> Account:
        """As of SIPp's last line of statistics (one a second)."""
        rows = []
        if self._statistics.exists():
            with self._statistics.open(newline="") as file:
                rows = list(csv.DictReader(file, delimiter=";"))
        if not rows:
            raise BenchError(f"SIPp wrote no account: {self.process.errors()[-600:]}")
        last = rows[-1]
        created, good = int(last["TotalCallCreated"]), int(last["SuccessfulCall(C)"])
        return Account(created, good, int(last["FailedCall(C)"]), int(last["Retransmissions(C)"]))


class Telephones:
    """Everything outside of the node."""

    def __init__(self, run: Run, party: Party, node: str, carrier: str, plain: str, phones: str) -> None:
        self._node, self._phones = node, phones
        self._callers = {"jackfield": carrier, "app_queue": plain}
        self.addresses = {"carrier": carrier, "plain": plain, "phones": phones}
        self._workshop = Workshop(party, run.root(), run.folder / "bench")
        self._running: list[SippProcess] = []
        self._count = 0

    def _start(self, scenario: str, address: str, port: int, options: Iterable[str], **values: object) -> SippProcess:
        text = (SCENARIOS / f"{scenario}.xml").read_text()
        self._count += 1
        for key, value in ({"UID": f"b{self._count}"} | values).items():
            text = text.replace(f"@{key}@", str(value))
        target = "" if scenario == "phone" else f"{self._node}:5060"
        media = 20000 + 10 * self._count
        process = self._workshop.start(
            scenario,
            text,
            target,
            address,
            port,
            media,
            30000 + self._count,
            ["-mp", str(media), *options],
            rtp_ports=9,
        )
        self._running.append(process)
        return process

    def phones(self, least_ms: int, most_ms: int) -> SippProcess:
        """All phones, which answer at once and hang up after a time between these two."""
        return self._start("phone", self._phones, PHONE_PORT, [], TALK_LEAST=least_ms, TALK_MOST=most_ms)

    def call(
        self, side: str, to: str | list[str], *, rate: float, calls: int, at_once: int, port: int = 5060
    ) -> Callers:
        """Start calls to `jackfield` or `app_queue`: to one number, or to several in turn.

        Callers' numbers are 5550, 5551, …; two loads at the same time need a `port` each.
        """
        statistics, in_turn = f"calls{self._count}.csv", []
        if not isinstance(to, str):
            (self._workshop.folder / f"to{self._count}.csv").write_text("SEQUENTIAL\n" + "\n".join(to) + "\n")
            to, in_turn = "[field0]", ["-inf", f"/mnt/party/to{self._count}.csv"]
        process = self._start(
            "caller", self._callers[side], port,
            ["-m", str(calls), "-r", str(round(rate)), "-l", str(at_once), "-trace_stat",
             "-stf", f"/mnt/party/{statistics}", "-fd", "1", *in_turn],
            TO=to, PREFIX="555", FIRST_WORDS=self._workshop.sound([talk(FIRST_WORDS)], 500),
        )  # fmt: skip
        return Callers(process, self._workshop.folder / statistics)

    def register(self, accounts: Mapping[str, str]) -> None:
        """Register every phone."""
        self._each("register", accounts, 40, CONTACT_PORT=PHONE_PORT)

    def log_in(self, accounts: Mapping[str, str]) -> None:
        """Every agent calls *11."""
        self._each("login", accounts, 15)

    def _each(self, scenario: str, accounts: Mapping[str, str], rate: int, **values: object) -> None:
        rows = "".join(f"{user};[authentication username={user} password={word}]\n" for user, word in accounts.items())
        name = f"{scenario}{self._count}.csv"
        (self._workshop.folder / name).write_text(f"SEQUENTIAL\n{rows}")
        options = [
            "-inf",
            f"/mnt/party/{name}",
            "-m",
            str(len(accounts)),
            "-r",
            str(rate),
            "-timeout",
            "60s",
            "-timeout_error",
        ]
        process = self._start(scenario, self._phones, PHONE_PORT, options, **values)
        if process.popen.wait(70):
            raise BenchError(f"{scenario} failed for some phones: {process.errors()[-800:]}")

    def stop(self) -> None:
        """Kill all callers and phones."""
        for process in self._running:
            process.stop()
        self._running.clear()
