"""Every verb of `Call`, spoken by a plugin of a stranger's over a real Asterisk."""

from __future__ import annotations

import time
import wave
from collections.abc import Iterator
from io import BytesIO

import pytest
from journeys.faults import kill_daemon, wait_back
from journeys.pbx import Pbx, path_of
from journeys.test_bad_plugins import installed
from rig import wait_for
from rig.plan import silence

DID = "5550940"
TAKES = "/var/spool/jackfield/takes"
SOURCE = """
import threading
from datetime import timedelta
from decimal import Decimal
from jackfield.api import (
    CallerHungUp, Column, DestinationKind, End, Job, Method, Money, Report, Result, Role, Schedule,
    SoundRequest, hookimpl, report_progress
)
from sqlalchemy import text


def tick(database, payload):
    report_progress(100, "ticked at " + payload["due"][:10])


def callers(session, since, until):
    wanted = text('SELECT caller_number, COUNT(*) FROM "call" WHERE started_at BETWEEN :since AND :until GROUP BY 1')
    return [(f"=cmd|{number}", calls) for number, calls in session.execute(wanted, {"since": since, "until": until})]


class Plugin:
    api = "1.0"
    answered = 0

    @hookimpl
    def jackfield_jobs(self):
        return [Job("verbs-tick", tick)]

    @hookimpl
    def jackfield_schedules(self):
        return [Schedule("verbs.tick", "verbs-tick", every=timedelta(seconds=10))]

    @hookimpl
    def jackfield_reports(self):
        return [Report("verbs-callers", "Callers", [Column("caller"), Column("calls", "number")], callers)]

    @hookimpl
    def jackfield_control_methods(self):
        return [Method("verbs.answered", self.count, Role.VIEWER, summary="Calls that were answered")]

    @hookimpl
    def jackfield_call_answered(self, call):
        self.answered += 1

    def count(self):
        return {"answered": self.answered}

    @hookimpl
    def jackfield_destinations(self):
        return [DestinationKind("verbs", "Every verb", lambda call, name: getattr(self, name)(call))]

    @hookimpl
    def jackfield_sounds(self, site):
        return [
            SoundRequest("verbs-balance", {"en": "You owe {amount} in all.", "zh": "您欠{amount}。"}),
            SoundRequest("verbs-pin", {"en": "Enter your secret number.", "zh": "请输入密码。"}),
        ]

    @hookimpl
    def jackfield_start(self, core):
        self.core = core

    def desk(self, call):
        call.answer()
        call.say("verbs-balance", amount=Money(Decimal("2.50"), "CNY"))
        call.language = "zh"
        call.say("verbs-balance", amount=Money(Decimal("2.50"), "CNY"))
        call.language = "en"
        answer = call.ask_digits("verbs-pin", least=4, most=6, valid=lambda pin: pin == "4711")
        call.set_data("verbs-pin", {"pin": answer.digits, "tries": answer.tries})
        return call.transfer("verbs:wait", f"{answer.outcome} {answer.tries}")

    def wait(self, call):
        seen = list(call.memo.get("seen", []))
        call.checkpoint(seen=seen)
        if not seen:
            call.music()
            seen.append("key " + call.wait(20, keys="*").key)
            call.checkpoint(seen=seen)
        if len(seen) == 1:
            threading.Timer(0.3, call.wake, ["agent"]).start()
            seen.append(f"wake {call.wait(20, keys='*').value}")
            seen.append(f"time {call.wait(0.2, keys='*').timed_out}")
            call.checkpoint(seen=seen)
        call.say(9)
        call.music()
        while call.wait(None, keys="#").key != "#":
            pass
        kept = call.get_data("verbs-pin")
        return call.transfer("verbs:tape", " ".join([*seen, kept["pin"], str(kept["tries"])]))

    def tape(self, call):
        first = call.record(seconds=10)
        quiet = call.record(seconds=10, silence=1, beep=False)
        noted = [str(first.path), first.ended, str(quiet.path), quiet.ended or "silence"]
        first.path.with_name("noted").write_text(" ".join(noted))
        call.say(345)
        result = call.dial(["PJSIP/201"], seconds=20)
        return call.park(by="201") if result.status == "ANSWER" else End(Result.FAILED, outcome=result.status)

    def leave(self, call):
        call.answer()
        try:
            call.record(seconds=30, beep=False)
        except CallerHungUp as gone:
            gone.recorded.path.rename(gone.recorded.path.with_name("left.wav"))
            raise
"""


@pytest.fixture(scope="module")
def verbs(shared_pbx: Pbx) -> Iterator[None]:
    """The plugin, with a DID for each of its beginnings."""
    did = '\n[[did]]\nname = "verbs{0}"\nnumber = "{1}"\ndestination = "verbs:{0}"\nfallback = "prompt:fallback-here"\n'
    dids = did.format("desk", DID) + did.format("leave", "5550941")
    with installed(shared_pbx, {"verbs": SOURCE}) as found:
        assert found["verbs"]["state"] == "enabled", found["verbs"]
        shared_pbx.apply_text(shared_pbx.site_text() + dids, "verbs")
        yield
    shared_pbx.apply_site()


@pytest.mark.usefixtures("verbs")
def test_every_verb(pbx: Pbx) -> None:
    """Said in two languages, asked, waited through a `kill -9`, recorded, transferred, dialled, parked."""
    number, phone = pbx.number(), pbx.phone("201")
    seen = len(phone.calls)
    call = pbx.call(DID, number, plan=[silence(120)])
    heard = [pbx.wait_hears(call, clip) for clip in ("verbs-balance~1", "money-CNY-many", "verbs-balance~2")]
    heard.append(pbx.wait_hears(call, "verbs-balance~1", "zh"))
    assert heard == sorted(heard)
    pbx.wait_hears(call, "verbs-pin")
    call.press("12#")
    pbx.wait_hears(call, "not-valid")
    wait_for(lambda: len(pbx.hears(call, "verbs-pin")) == 2, 10, "the question again", every=0.2)
    call.press("4711#")
    pbx.wait_at(number, "verbs:wait")
    asked = time.monotonic()
    call.press("*")
    pbx.wait_hears(call, "digit-9", after=asked)
    wait_back(pbx, kill_daemon(pbx))
    pbx.wait_hears(call, "digit-9", after=time.monotonic() - 3)
    call.press("5#")  # 5 is none of those that are waited for
    pbx.wait_hears(call, "beep")
    taping = time.monotonic()
    time.sleep(1)  # of what is recorded, Asterisk takes the last 200 ms back for the key
    call.press("#")
    said = [pbx.wait_hears(call, clip, after=taping) for clip in ("digit-3", "word-hundred", "number-45")]
    assert said == sorted(said)
    rung = phone.wait_call(seen + 1)
    rung.wait_answered()
    wait_for(lambda: call.heard.heard_tone(phone.tone), 10, "201", every=0.2)
    rung.hang_up()
    slot = wait_for(lambda: next((r["slot"] for r in pbx.ask("parked") if r["from"] == number), ""), 10, "a slot")
    call.hang_up()
    assert path_of(pbx.record(number)) == [
        ("verbs:desk", "given 2"),
        ("verbs:wait", "key * wake agent time True 4711 2"),
        ("verbs:tape", "parked"),
        (f"park:{slot}", "hang-up"),
    ]
    first, ended, quiet, silent = pbx.node.read_bytes(f"{TAKES}/noted").decode().split()
    assert (ended, silent) == ("#", "silence")
    assert 0.2 < length(pbx, first) < 9 and 0 <= length(pbx, quiet) < 9


def length(pbx: Pbx, path: str) -> float:
    """Seconds of a wav file of the node."""
    with wave.open(BytesIO(pbx.node.read_bytes(path))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        return file.getnframes() / 8000


@pytest.mark.usefixtures("verbs")
def test_what_a_caller_said_before_hanging_up(pbx: Pbx) -> None:
    """The plugin has the recording of a caller who left in the middle of it."""
    number = pbx.number()
    call = pbx.call("5550941", number)
    call.wait_answered()
    pbx.wait_at(number, "verbs:leave")
    time.sleep(1)  # speaks
    call.hang_up()
    assert path_of(pbx.record(number)) == [("verbs:leave", "hang-up")]
    wait_for(lambda: pbx.node.run(["test", "-e", f"{TAKES}/left.wav"], check=False).returncode == 0, 5, "the file")
    assert length(pbx, f"{TAKES}/left.wav") > 0.5


@pytest.mark.usefixtures("verbs")
def test_reports_and_schedules(pbx: Pbx) -> None:
    """A plugin's report as JSON, and as CSV without formulas; its schedule and its control method are there."""
    number = pbx.number()
    call = pbx.call("5550941", number)
    call.wait_answered()
    call.hang_up()
    pbx.record(number)
    rows = {row["caller"]: row["calls"] for row in pbx.jackfield("report", "verbs-callers", "--json")}
    assert rows[f"=cmd|{number}"] == 1
    table = pbx.node.run(["jackfield", "report", "verbs-callers", "--csv", "--since", "1h"]).stdout.splitlines()
    assert table[0] == "caller,calls" and f"'=cmd|{number},1" in table
    assert "verbs-callers" in [r["name"] for r in pbx.jackfield("report", "--json")]
    schedules = {row["name"]: row for row in pbx.jackfield("jobs", "schedules", "--json")}
    assert {"core.takes", "verbs.tick"} <= set(schedules)
    assert set(pbx.ask("verbs.answered")) == {"answered"}
