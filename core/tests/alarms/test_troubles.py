"""The troubles of the daemon's parts, and of the worker, as alarms."""

import pytest
from jackfield.alarms import methods as alarm_methods
from jackfield.alarms.remote import JOBS_STUCK, DaemonAlarms
from jackfield.alarms.service import Alarms
from jackfield.alarms.troubles import Troubles
from jackfield.plugins import PluginHost, State, Status
from jackfield.settings import AlarmSettings, Settings

from core.tests.control.conftest import Box


class Timers:
    def __init__(self):
        self.waiting = []

    def after(self, seconds, function):
        self.waiting.append((seconds, function))


@pytest.fixture
def timers():
    return Timers()


@pytest.fixture
def alarms(database):
    made = Alarms(database, AlarmSettings())
    yield made
    made.stop()


@pytest.fixture
def troubles(alarms, timers):
    return Troubles(alarms, timers)


def up(alarms):
    return {alarm.key: str(alarm.severity) for alarm in alarms.active()}


def test_records_and_asterisk(alarms, troubles, timers):
    troubles.records("Call records cannot be written (disk full)")
    troubles.asterisk_lost()
    assert up(alarms) == {"records-not-written": "critical", "asterisk-away": "critical"}
    troubles.records("")
    troubles.asterisk_there()
    assert up(alarms) == {}


@pytest.mark.parametrize("connected", [True, False])
def test_asterisk_that_does_not_come_is_missed(alarms, troubles, timers, connected):
    troubles.started(lambda: connected, [])
    ((seconds, function),) = timers.waiting
    assert up(alarms) == {} and seconds == 10.0
    function()
    assert ("asterisk-away" in up(alarms)) is not connected


def test_objects_and_additions_that_are_left_out(alarms, troubles):
    troubles.site(["queue: no installed plugin knows this kind; its 2 object(s) are left out",
                   "did:main is left out: Field required"])  # fmt: skip
    assert len(up(alarms)) == 2 and "site-left-out:did:main" in up(alarms)
    troubles.site(["did:main is left out: Field required"])
    assert list(up(alarms)) == ["site-left-out:did:main"]
    troubles.fragments(["toy: its addition to pjsip.conf is left out: bad"])
    assert len(up(alarms)) == 2
    troubles.site([])
    troubles.fragments([])
    assert up(alarms) == {}


def test_a_plugin_that_misbehaves(alarms, troubles, timers):
    """A notice for each fault, a warning when it is shut off; both go, by themselves or with the plugin."""
    host = PluginHost(Settings())
    status = Status("toy", instance=object())
    host.put(status)
    host.on_change = troubles.plugin
    host.on_fault = lambda s, what: troubles.plugin_fault(s.name, what, lambda: max(s.faults, default=None))
    host.fault("toy", "KeyError")
    assert up(alarms) == {"plugin-fault:toy": "notice"}
    timers.waiting[-1][1]()
    assert up(alarms) == {"plugin-fault:toy": "notice"}, "the fault is not old enough"
    status.faults[:] = [-1e9]
    timers.waiting[-1][1]()
    assert up(alarms) == {}
    for _ in range(Settings().isolation.faults):
        host.fault("toy", "KeyError")
    assert status.state is State.SHUT_OFF
    assert up(alarms) == {"plugin-off:toy": "warning", "plugin-fault:toy": "notice"}
    host.load([])
    assert up(alarms) == {}


def test_what_concerned_the_daemon_before(alarms, troubles):
    """After a restart: the plugin that is well again is clear, the one that is still off is not."""
    for name in ("well", "ill", "gone"):
        troubles.plugin(Status(name, state=State.FAILED, reason="x"))
    troubles.plugin_fault("well", "x", lambda: None)
    troubles.started(lambda: True, [Status("well"), Status("ill", state=State.FAILED)])
    assert list(up(alarms)) == ["plugin-off:ill"]


def test_of_the_worker(tmp_path, database):
    """Told once; told when the daemon comes, if it was away; clear when jobs run again."""
    (tmp_path / "box").mkdir()
    box = Box(tmp_path / "box")
    try:
        alarms = Alarms(box.database, AlarmSettings())
        box.api._core.update({m.name: m for m in alarm_methods.methods(alarms)})
        worker = DaemonAlarms(tmp_path / "nobody.sock")
        worker.stuck("ConnectionError")
        worker._control = box.path
        worker.stuck("ConnectionError: away")
        worker.stuck("ConnectionError: away")
        assert [(a.key, a.count) for a in alarms.active()] == [(JOBS_STUCK, 1)]
        worker.running()
        worker.dead("recording.encode", "OSError: no space\nTraceback")
        assert [a.key for a in alarms.active()] == ["job-dead:recording.encode"]
        DaemonAlarms(None).stuck("nobody to tell")
    finally:
        box.close()
