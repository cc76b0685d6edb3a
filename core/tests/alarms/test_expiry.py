"""The alarm before a certificate runs out: with real certificates, and a clock that is set."""

import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.alarms.expiry import NOW, SOON, Expiry, severity
from jackfield.alarms.models import Severity
from jackfield.alarms.service import Alarms
from jackfield.settings import AlarmSettings


class Clock:
    def __init__(self):
        self.at = datetime.now(UTC)

    def now(self):
        return self.at


class Timers:
    def __init__(self):
        self.waiting = []

    def after(self, seconds, function):
        self.waiting.append((seconds, function))


def make(path, days):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-subj",
         "/CN=x", "-days", str(days), "-keyout", str(path.with_suffix(".key")), "-out", str(path)],
        check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture
def alarms(database):
    made = Alarms(database, AlarmSettings())
    yield made
    made.stop()


@pytest.fixture
def used(tmp_path):
    return [tmp_path / "site.crt"]


@pytest.fixture
def expiry(alarms, used):
    return Expiry(alarms, Timers(), Clock(), lambda: used[0])


def up(alarms):
    return {alarm.key: alarm.severity for alarm in alarms.active()}


def test_thirty_days_seven_days_renewed(alarms, expiry, used, tmp_path):
    make(used[0], 60)
    began = expiry._clock.at
    for passed, expected in ((0, None), (31, Severity.WARNING), (54, Severity.CRITICAL), (61, Severity.CRITICAL)):
        expiry._clock.at = began + timedelta(days=passed)
        expiry.check()
        assert up(alarms) == ({"certificate:site.crt": expected} if expected else {})
    (alarm,) = alarms.active()
    assert str(used[0]) in alarm.text and "(-" in alarm.text
    make(used[0], 200)
    expiry.check()
    assert up(alarms) == {}


def test_another_certificate_is_named_or_it_cannot_be_read(alarms, expiry, used, tmp_path):
    make(used[0], 5)
    expiry.check()
    assert up(alarms) == {"certificate:site.crt": Severity.CRITICAL}
    used[0].write_text("no certificate")
    expiry.check()
    assert up(alarms) == {"certificate:site.crt": Severity.CRITICAL}
    used[0] = tmp_path / "other.crt"
    expiry.check()
    assert up(alarms) == {}
    make(used[0], 20)
    expiry.check()
    assert up(alarms) == {"certificate:other.crt": Severity.WARNING}


def test_every_hour_on_a_thread_of_its_own(alarms, expiry, used):
    make(used[0], 5)
    expiry.start()
    assert up(alarms) == {}
    ((seconds, again),) = expiry._timers.waiting
    assert seconds == 3600
    again()
    deadline = time.monotonic() + 20
    while not up(alarms) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert up(alarms) == {"certificate:site.crt": Severity.CRITICAL}
    assert len(expiry._timers.waiting) == 2


@given(left=st.timedeltas(timedelta(days=-4000), timedelta(days=4000)))
def test_it_only_gets_worse_as_time_passes(left):
    ranks = {None: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
    assert ranks[severity(left)] >= ranks[severity(left + timedelta(hours=1))]
    assert (severity(left) is None) == (left > SOON) and (severity(left) is Severity.CRITICAL) == (left <= NOW)
