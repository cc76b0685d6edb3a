"""Which calls come in, when trunks are shut, and that no trunk stays shut."""

import threading

import pytest
from jackfield.security import overload as module
from jackfield.security.overload import Gates, Overload
from jackfield.settings import OverloadSettings


class Clock:
    def __init__(self, monkeypatch):
        self.now, self.due = 1000.0, []
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)

    def after(self, seconds, function):
        self.due.append((self.now + seconds, function))

    def go(self, seconds):
        end = self.now + seconds
        while True:
            ready = sorted((d for d in self.due if d[0] <= end), key=lambda d: d[0])
            if not ready:
                break
            self.due.remove(ready[0])
            self.now = max(self.now, ready[0][0])
            ready[0][1]()
        self.now = end


class Alarms:
    def __init__(self):
        self.active = set()

    def raise_(self, key, text, **_):
        self.active.add(key)

    def clear(self, key, text=""):
        self.active.discard(key)


@pytest.fixture
def rig(monkeypatch):
    class Rig:
        clock = Clock(monkeypatch)
        alarms, live, told = Alarms(), 0, []

        def settle(self):
            done = threading.Event()
            self.gates._jobs.put(("end", False, done))
            assert done.wait(5)
            return [(t, on) for t, on in self.told if t != "end"]

    rig = Rig()
    rig.gates = Gates(lambda trunk, on: rig.told.append((trunk, on)), rig.clock)
    settings = OverloadSettings(calls_per_second=10, burst=10)
    rig.overload = Overload(settings, 50, rig.gates, rig.clock, rig.alarms, lambda: rig.live, lambda: ["a", "b"])
    return rig


def test_twice_the_rate_gets_half_in_and_an_alarm_until_it_is_over(rig):
    admitted = 0
    for _ in range(200):
        admitted += rig.overload.admit(True, False)
        rig.clock.go(0.05)
    assert 100 <= admitted <= 112
    assert rig.alarms.active == {"overload"}
    assert rig.overload.describe()["refusing"]
    told = rig.settle()
    assert ("a", True) in told
    assert ("b", True) in told
    rig.clock.go(20)
    assert rig.alarms.active == set()
    assert not rig.overload.describe()["refusing"]
    last = dict(rig.settle())
    assert last == {"a": False, "b": False}
    assert rig.overload.admit(True, False)


def test_a_short_burst_shuts_no_trunk(rig):
    answers = [rig.overload.admit(True, False) for _ in range(15)]
    assert answers == [True] * 10 + [False] * 5
    rig.clock.go(1.0)
    assert rig.settle() == []


def test_emergencies_pass_whatever_is(rig):
    rig.live = 5000
    assert not rig.overload.admit(False, False)
    assert all(rig.overload.admit(False, True) for _ in range(100))


def test_as_many_calls_as_there_may_be(rig):
    rig.live = 50
    assert not rig.overload.admit(True, False)
    rig.live = 49
    assert rig.overload.admit(True, False)


def test_a_trunk_that_is_dialled_is_opened_first_and_stays_open(rig):
    rig.gates.shut(["a", "b"], 10)
    rig.gates.dialled("a")
    assert ("a", False) in rig.told
    rig.gates.shut(["a"], 10)
    assert rig.settle().count(("a", True)) == 1
    rig.clock.go(3)
    rig.gates.shut(["a"], 10)
    assert rig.settle().count(("a", True)) == 2


def test_a_busy_machine_takes_no_new_calls(rig, monkeypatch):
    lines = iter(f"cpu  {100 * n} 0 0 0 0 0 0 0 0 0\n" for n in range(1, 100))

    class Stat:
        def open(self, **_):
            import io

            return io.StringIO(next(lines))

    monkeypatch.setattr(module, "STAT", Stat())
    for _ in range(6):
        assert rig.overload.admit(True, False)
        rig.overload.beat(1.0)
        rig.clock.now += 1.5
    assert not rig.overload.admit(True, False)
