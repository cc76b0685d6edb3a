"""Which call a channel belongs to, when bridges bring calls together."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from jackfield.calls.grouping import age, settle


@dataclass(frozen=True)
class Member:
    id: str
    call: str


CALLS = [f"100.{n}" for n in range(1, 5)]
MEMBERS = st.lists(st.sampled_from(CALLS), max_size=6).map(
    lambda calls: [Member(f"9.{n}", call) for n, call in enumerate(calls)]
)
LED = st.sets(st.sampled_from(CALLS))


def test_who_is_left_behind_goes_with_whom_it_talks_to() -> None:
    members = [Member("1.1", "1.1"), Member("2.2", "2.1")]
    assert settle(members, {"1.1"}) == {"2.2": "1.1"}


def test_without_a_caller_the_older_call_goes_on() -> None:
    members = [Member("9.2", "9.1"), Member("10.2", "10.1")]
    assert settle(members, set()) == {"10.2": "9.1"}


def test_callers_who_talk_keep_their_calls() -> None:
    members = [Member("1.1", "1.1"), Member("2.1", "2.1"), Member("3.2", "3.1")]
    assert settle(members, {"1.1", "2.1"}) == {}


def test_ages() -> None:
    assert sorted(["10.1", "9.10", "9.9", "pbx-9.1"], key=age) == ["pbx-9.1", "9.9", "9.10", "10.1"]


@given(MEMBERS, LED)
def test_settled_is_settled(members: list[Member], led: set[str]) -> None:
    moved = settle(members, led)
    after = [Member(m.id, moved.get(m.id, m.call)) for m in members]
    assert settle(after, led) == {}
    assert all(m.call not in led for m in members if m.id in moved)
    homes = {m.call for m in members} & led
    assert len({m.call for m in after}) == 1 or not members or len(homes) > 1


@given(MEMBERS, LED, st.randoms())
def test_the_order_does_not_matter(members: list[Member], led: set[str], random) -> None:
    mixed = list(members)
    random.shuffle(mixed)
    assert settle(members, led) == settle(mixed, led)
