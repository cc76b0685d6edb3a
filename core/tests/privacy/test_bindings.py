"""Bindings: unique by A+X and B+X, ended by one timer, kept for the next daemon."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from jackfield.privacy import store
from jackfield.privacy.bindings import BindingRefused, Bindings, numbers_of, pool_of
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate
from privacy_rig import SITE, Clock

A, B, C, D = "7001001", "7001002", "7001003", "7001004"
X, X2 = "5550800", "5550801"


def test_each_reaches_the_other(bindings):
    made = bindings.bind(A, B, x=X, seconds=60, author="ann")
    assert (made.pool, made.record, made.author) == ("small", False, "ann")
    assert bindings.find(X, A).other(A) == B
    assert bindings.find(f"+{X}", f"+{B}").other(f"+{B}") == A
    assert bindings.find(X, C) is bindings.find(X2, A) is bindings.find(X, "") is None


def test_one_middle_number_serves_several_pairs_but_a_party_once(bindings):
    bindings.bind(A, B, x=X, seconds=60)
    bindings.bind(C, D, x=X, seconds=60)
    assert (bindings.find(X, A).other(A), bindings.find(X, C).other(C)) == (B, D)
    for one, other, which in ((A, "7002", "A"), ("7002", A, "B"), (B, "7002", "A"), ("7002", D, "B")):
        with pytest.raises(BindingRefused, match=rf"^{which} is bound through {X} already"):
            bindings.bind(one, other, x=X, seconds=60)
    bindings.bind(A, C, x=X2, seconds=60)
    assert len(bindings.live()) == 3


def test_a_free_number_of_the_pool(bindings):
    used = [bindings.bind(A, f"80010{n:02}", pool="small", seconds=60).x for n in range(3)]
    assert sorted(used) == ["5550800", "5550801", "5550802"]
    with pytest.raises(BindingRefused, match="no number of the pool small is free"):
        bindings.bind(A, "9001009", pool="small", seconds=60)
    assert bindings.bind("9001001", "9001002", pool="small", seconds=60).x in used
    wide = bindings.bind(A, B, pool="wide", seconds=60)
    assert (wide.x, wide.record) == ("+445550900", True)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"a": "x"}, "'x' is not a number"),
        ({"a": "12*3"}, "is not a number"),
        ({"a": "500&PJSIP/201"}, "is not a number"),
        ({"a": B}, "same number"),
        ({"a": "+" + B}, "same number"),
        ({"x": "5550100"}, "is not a number of any pool"),
        ({"x": X, "pool": "wide"}, "not a number of the pool wide"),
        ({"pool": "nowhere"}, "one of the pools: small, wide"),
        ({}, "name X, or one of the pools"),
        ({"a": X, "x": X}, "X is the number of one of the parties"),
        ({"x": X, "seconds": 0}, "not within 0 to 2 hours"),
        ({"x": X, "seconds": 7201}, "not within 0 to 2 hours"),
        ({"x": X, "seconds": float("nan")}, "not within 0 to 2 hours"),
    ],
)
def test_what_is_refused(bindings, database, clock, asked, why):
    with pytest.raises(BindingRefused, match=why.replace("(", r"\(")):
        bindings.bind(**({"a": A, "b": B, "seconds": 60} | asked))
    assert bindings.live() == [] == store.live(database, clock())


def test_numbers_are_taken_in_the_sites_form(bindings):
    made = bindings.bind("020 7946 0000", "0033 123456789", x=X, seconds=60)
    assert (made.a, made.b) == ("+442079460000", "+33123456789")
    assert bindings.find(X, "+442079460000").other("+442079460000") == "+33123456789"


def test_one_timer_for_all_and_what_runs_out_is_gone(bindings, database, clock):
    late = bindings.bind(A, B, x=X, seconds=100)
    soon = bindings.bind(C, D, x=X, seconds=30)
    assert clock.waiting() == 1
    clock.move(29)
    assert [one.id for one in bindings.live()] == [soon.id, late.id]
    clock.move(1)
    assert bindings.find(X, C) is None
    assert (bindings.live(), clock.waiting()) == ([late], 1)
    again = bindings.bind(C, A, x=X2, seconds=30)
    again_x = bindings.bind(C, "7009", x=X, seconds=30)
    assert again.id != again_x.id
    clock.move(100)
    assert (bindings.live(), clock.waiting()) == ([], 0)
    assert store.live(database, clock()) == []


def test_ended_by_hand(bindings, database, clock):
    made = bindings.bind(A, B, x=X, seconds=100)
    assert bindings.unbind(made.id) == made
    assert bindings.find(X, A) is None
    assert store.live(database, clock()) == []
    assert clock.waiting() == 0
    with pytest.raises(BindingRefused, match=f"no live binding {made.id}"):
        bindings.unbind(made.id)


def test_the_next_daemon_takes_them_up(bindings, database, clock):
    kept = bindings.bind(A, B, x=X, seconds=100, record=True)
    bindings.bind(C, D, x=X, seconds=10)
    clock.now += timedelta(seconds=50)  # no daemon runs, so no timer fires
    after = Bindings(database, clock, lambda: SITE, clock)
    after.load()
    assert after.live() == [kept]
    assert after.find(X, B) == kept
    clock.move(51)
    assert after.find(X, B) is None


def test_nothing_is_bound_when_the_database_refuses(bindings, database, clock, monkeypatch):
    def refuse(*_):
        raise store.StorageError("the disk is full")

    monkeypatch.setattr(store, "add", refuse)
    with pytest.raises(store.StorageError):
        bindings.bind(A, B, x=X, seconds=60)
    assert bindings.find(X, A) is None
    assert clock.waiting() == 0


def test_pools_and_their_numbers():
    assert numbers_of(SITE, "small") == ["5550800", "5550801", "5550802"]
    assert numbers_of(SITE, "wide") == ["+445550900"]
    assert [pool_of(SITE, n) for n in ("+5550802", "445550900", "77771", "5550100")] == ["small", "wide", "wide", None]


PARTIES = st.sampled_from(["7001", "7002", "7003", "7004", "7005"])


class BindingMachine(RuleBasedStateMachine):
    """Whatever is bound, ended and restarted: a call finds just what was bound and is not over."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.database = Database(f"sqlite:///{Path(self._folder.name)}/jackfield.db")
        migrate(self.database, [CORE])
        self.clock = Clock()
        self.known: list = []
        self.start()

    @rule()
    def start(self) -> None:
        self.clock._due.clear()
        self.bindings = Bindings(self.database, self.clock, lambda: SITE, self.clock)
        self.bindings.load()

    @rule(a=PARTIES, b=PARTIES, x=st.sampled_from([X, X2]), seconds=st.integers(1, 60))
    def bind(self, a, b, x, seconds) -> None:
        taken = {(one.x, p) for one in self.live() for p in (one.a, one.b)}
        allowed = a != b and (x, a) not in taken and (x, b) not in taken
        try:
            self.known.append(self.bindings.bind(a, b, x=x, seconds=seconds))
            assert allowed
        except BindingRefused:
            assert not allowed

    @rule(place=st.integers(0, 9))
    def unbind(self, place) -> None:
        if self.live():
            gone = self.live()[place % len(self.live())]
            self.bindings.unbind(gone.id)
            self.known.remove(gone)

    @rule(seconds=st.integers(0, 40))
    def wait(self, seconds) -> None:
        self.clock.move(seconds)

    def live(self) -> list:
        return [one for one in self.known if one.expires_at > self.clock()]

    @invariant()
    def a_call_finds_its_binding(self) -> None:
        expected = {(one.x, p): one for one in self.live() for p in (one.a, one.b)}
        for x in (X, X2):
            for party in ("7001", "7002", "7003", "7004", "7005"):
                assert self.bindings.find(x, party) == expected.get((x, party))
        assert {one.id for one in self.bindings.live()} == {one.id for one in self.live()}

    def teardown(self) -> None:
        self.database.close()
        self._folder.cleanup()


BindingMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestBindingMachine = BindingMachine.TestCase
