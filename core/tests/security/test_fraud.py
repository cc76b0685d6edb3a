"""Bursts of outbound calls: who is blocked, who is not, and that it lasts."""

import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.config.objects.security import Security
from jackfield.security.bursts import Attempt, Bursts
from jackfield.security.fraud import Fraud, NotBlocked
from jackfield.security.models import Block

LIMITS = Security(burst_calls=8, burst_numbers=5, burst_costly=3, burst_night=1, burst_at_once=2, burst_site=6)


def say(bursts, extension, number="1", costly=False, at=0.0, night=False, at_once=1):
    return bursts.attempt(LIMITS, extension, Attempt(at, number, costly), night=night, at_once=at_once)


def test_each_limit_blocks_one_above_it():
    for count, options in (
        (8, lambda n: {}),
        (5, lambda n: {"number": str(n)}),
        (3, lambda n: {"costly": True}),
        (1, lambda n: {"costly": True, "night": True}),
    ):
        bursts = Bursts()
        assert [say(bursts, "201", **options(n)) for n in range(count)] == [""] * count
        assert say(bursts, "201", **options(count))
    assert say(Bursts(), "201", at_once=2) == ""
    assert say(Bursts(), "201", at_once=3)


def test_all_extensions_together():
    bursts = Bursts()
    for n in range(6):
        assert say(bursts, str(200 + n), costly=True) == ""
    assert "all extensions" in say(bursts, "290", costly=True)
    assert say(bursts, "291", costly=False) == ""


@given(st.lists(st.floats(0, 100_000), min_size=1, max_size=40).map(sorted))
def test_calls_far_apart_are_no_burst(when):
    bursts, spaced = Bursts(), [t + 700.0 * n for n, t in enumerate(when)]
    assert not any(say(bursts, "201", number=str(n), costly=True, at=t) for n, t in enumerate(spaced))


class Rig:
    def __init__(self, limits=LIMITS, blocks=()):
        self.saved = {b.name: b for b in blocks}
        self.barred, self.raised, self.hour = {}, set(), 12
        general = SimpleNamespace(emergency=["112"], zone="UTC")
        objects = {"security": {"site": limits}, "extension": {"201": object()}}
        site = SimpleNamespace(general=general, get=lambda kind, name, model: objects.get(kind, {}).get(name))
        self.fraud = Fraud(
            self, self, lambda: site, self.bar, lambda extension: 1, lambda: datetime(2026, 3, 3, self.hour, tzinfo=UTC)
        )
        self.fraud.start()

    def bar(self, name, why):
        self.barred[name] = why

    def blocks(self):
        return list(self.saved.values())

    def save(self, row):
        self.saved[row.name] = row

    def remove(self, model, key):
        self.saved.pop(key, None)

    def raise_(self, key, text, **_):
        self.raised.add(key)

    def clear(self, key, text=""):
        self.raised.discard(key)

    def call(self, extension="201", number="004912345", permission="international"):
        self.fraud.outbound({"extension": extension, "number": number, "permission": permission})


def test_a_thief_is_blocked_with_an_alarm_until_unblocked():
    rig = Rig()
    for _ in range(3):
        rig.call()
    assert rig.barred == {}
    rig.call()
    assert "costly" in rig.barred["201"]
    assert rig.raised == {"toll-fraud:201"}
    assert [row["extension"] for row in rig.fraud.blocks()] == ["201"]
    end = time.monotonic() + 5
    while "201" not in rig.saved and time.monotonic() < end:
        time.sleep(0.01)
    assert "201" in rig.saved
    rig.fraud.unblock("201")
    assert (rig.barred["201"], rig.raised, rig.saved) == ("", set(), {})
    rig.call()
    assert rig.barred["201"] == ""
    with pytest.raises(NotBlocked):
        rig.fraud.unblock("201")


def test_at_night_it_takes_less():
    rig = Rig()
    rig.hour = 3
    rig.call()
    assert rig.barred == {}
    rig.call()
    assert "out of hours" in rig.barred["201"]


def test_emergency_calls_are_never_counted():
    rig = Rig()
    for _ in range(100):
        rig.call(number="112")
        rig.call(extension="")
    assert rig.barred == {}


def test_a_block_outlives_the_daemon():
    rig = Rig(blocks=[Block(name="201", since=datetime.now(UTC), reason="6 costly calls")])
    assert rig.barred == {"201": "6 costly calls"}
    assert rig.raised == {"toll-fraud:201"}
    with pytest.raises(NotBlocked):
        rig.fraud.block("999")
