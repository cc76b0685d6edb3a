"""Many calls from one SIPp, and many phones in one SIPp, for load and benches."""

from __future__ import annotations

import csv
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .dialog import Dialog
from .hostsys import RigError
from .plan import Step, hangup, talk_seconds, wait
from .sip import NEVER_MS, PHONE_TALK, Carrier, Side, milliseconds
from .sipp import (
    SippProcess,
    fill,
    key_actions,
    key_receipts,
    play,
    refusal_actions,
    refusal_receipts,
    rejections,
)


@dataclass(frozen=True)
class LoadResult:
    """SIPp's own account of a load."""

    offered: int
    succeeded: int
    failed: int
    seconds: float
    peak_concurrent: int
    retransmissions: int


class Load:
    """A load that runs."""

    def __init__(self, process: SippProcess, statistics: Path) -> None:
        """Made by start_load."""
        self.process, self._statistics = process, statistics
        self._begun = time.monotonic()

    def stop(self) -> None:
        """Ends it at once, without a word to the node."""
        self.process.stop()

    def wait(self, timeout: float = 600) -> LoadResult:
        """Waits for its end. Raises RigError if SIPp made no account of it, TimeoutError."""
        try:
            self.process.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.stop()
            raise TimeoutError(f"the load did not end within {timeout:g} s") from None
        rows = []
        if self._statistics.exists():
            with self._statistics.open(newline="") as file:
                rows = list(csv.DictReader(file, delimiter=";"))
        if not rows:
            raise RigError(f"SIPp wrote no account of the load: {self.process.errors()[-800:]}")
        last = rows[-1]
        return LoadResult(
            int(last["TotalCallCreated"]),
            int(last["SuccessfulCall(C)"]),
            int(last["FailedCall(C)"]),
            time.monotonic() - self._begun,
            max(int(row["CurrentCall"]) for row in rows),
            int(last["Retransmissions(C)"]),
        )


def start_load(
    carrier: Carrier,
    to: str,
    *,
    rate: float,
    calls: int,
    concurrent: int,
    plan: Sequence[Step] = (wait(1), hangup()),
    sound: bool = False,
    from_number: str = "15550199",
) -> Load:
    """Starts so many calls at a rate (calls a second), at most `concurrent` at once.

    sound: sends the plan's RTP; without it, only SIP (keys need sound).
    """
    workshop = carrier.workshop
    sip, _, control = workshop.ports()
    uid = f"jf{carrier.run_id}l{sip}"
    pcap = workshop.sound(plan, carrier.tones()) if sound else ""
    address = carrier.party.address
    values: dict[str, object] = {
        "TO": to,
        "FROM": f"<sip:{from_number}@{address}>",
        "USER": from_number,
        "UID": uid,
        "PLAY": play(pcap),
        "CSEQ": 1,
        "AUTH": "",
        "HEADERS": "",
        "PATIENCE_MS": NEVER_MS,
        "TALK_MS": max(1, round(talk_seconds(plan) * 1000)),
        "REJECTIONS": rejections(),
        "KEYS": "",
        "KEY_ACTIONS": "",
        # Without sound one port is enough for all; a port that is closed would answer each packet of music.
        "MEDIA_PORT": "auto_media_port" if sound else "media_port",
        "PREAMBLE": "",
    }
    values["REINVITE"] = fill("reinvite", values)
    period, per = (round(rate), 1000) if rate >= 1 else (1, round(1000 / rate))
    statistics = f"load{sip}.csv"
    process = workshop.start(
        "load",
        fill("caller", values),
        carrier.target,
        address,
        sip,
        30000,
        control,
        [
            "-m",
            str(calls),
            "-r",
            str(period),
            "-rp",
            str(per),
            "-l",
            str(concurrent),
            "-cid_str",
            f"{uid}-%u",
            "-trace_stat",
            "-stf",
            f"/mnt/party/{statistics}",
            "-fd",
            "1",
        ],
        rtp_ports=30000,
    )
    return Load(process, workshop.folder / statistics)


class PhoneBank:
    """Many registered phones behind one SIPp, all of one behaviour."""

    def __init__(
        self,
        side: Side,
        accounts: Mapping[str, str],
        address: str,
        tone: int,
        answer_after: float | None = 0.0,
        hang_up_after: float | None = None,
        sound: bool = False,
    ) -> None:
        """accounts: user to password. The times are as for Phone.

        Raises RigError if the node refuses a registration.
        """
        self.side, self.address, self.tone = side, address, tone
        workshop = side.workshop
        sip, _, control = workshop.ports()
        self.port = sip
        uid = f"jf{side.run_id}b{sip}"
        pcap = workshop.sound([wait(PHONE_TALK)], tone) if sound else ""
        values: dict[str, object] = {
            "USER": "bank",
            "UID": uid,
            "PLAY": play(pcap),
            "MEDIA_PORT": "auto_media_port",
            "RING_MS": 1,
            "ANSWER_MS": milliseconds(answer_after),
            "TALK_MS": milliseconds(hang_up_after),
            "REFUSE": refusal_receipts(),
            "REFUSE_ACTIONS": refusal_actions(uid),
            "KEYS": key_receipts() if sound else "",
            "KEY_ACTIONS": key_actions(pcap) if sound else "",
        }
        values["REINVITE"] = fill("reinvite", values)
        self.process = workshop.start("bank", fill("called", values), "", address, sip, 30000, control, rtp_ports=30000)
        self._register(accounts)

    def _register(self, accounts: Mapping[str, str]) -> None:
        workshop = self.side.workshop
        sip, rtp, control = workshop.ports()
        rows = "".join(f"{user};{password}\n" for user, password in accounts.items())
        name = f"accounts{sip}.csv"
        (workshop.folder / name).write_text(f"SEQUENTIAL\n{rows}")
        values = {
            "USER": "[field0]",
            "PASSWORD": "[field1]",
            "EXPIRES": 3600,
            "CONTACT_PORT": self.port,
            "UID": f"jf{sip}-[call_number]",
        }
        process = workshop.start(
            "bankregister",
            fill("register", values),
            self.side.target,
            self.address,
            sip,
            rtp,
            control,
            ["-inf", f"/mnt/party/{name}", "-m", str(len(accounts)), "-r", "50", "-timeout", "60s", "-timeout_error"],
        )
        if process.popen.wait(65):
            raise RigError(f"The node did not register every phone: {process.errors()[-800:]}")

    def calls(self, user: str | None = None) -> list[Dialog]:
        """The calls that came to the bank (to one of its users) so far, in order."""
        with self.side.capture.changed:
            every = list(self.side.capture.dialogs.values())
        here = f"@{self.address}:{self.port}"
        return [
            d for d in every if d.incoming and d.invite and here in d.invite.start and user in (None, d.called_number)
        ]

    def stop(self) -> None:
        """Switches all phones off."""
        self.process.stop()
