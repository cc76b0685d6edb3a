"""Where a call to an extension goes, whatever people have set."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.calls.dialling import DialResult
from jackfield.config.objects.extension import Extension
from jackfield.config.site import Site
from jackfield.features.ringing import MAX_FORWARDS, ring_extension
from jackfield.features.states import UserState
from jackfield.routing.destinations import End, Goto, Result
from service_rig import States


class FakeDesk:
    """Users' states, who is busy, and that other numbers than the extensions lead nowhere."""

    def __init__(self) -> None:
        self.states = States()
        self.in_use: set[str] = set()

    def busy(self, extension: str) -> bool:
        return extension in self.in_use

    def leads(self, number: str) -> str:
        known = {"201": "extension:201", "202": "extension:202", "203": "extension:203", "5550100": "outbound:5550100"}
        return known.get(number, "")


@dataclass
class Caller:
    """A call as far as `ring_extension` sees it."""

    site: Site
    status: str = "NOANSWER"
    data: dict[str, str] = field(default_factory=dict)
    rung: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    resumed: None = None
    extension: str | None = None
    id: str = "1.1"
    desk: FakeDesk = field(default_factory=FakeDesk)

    def set_data(self, key: str, value: str) -> None:
        self.data[key] = value

    def set_variable(self, name: str, value: str) -> None:
        self.variables[name] = value

    def phones(self, extension: str) -> list[str]:
        return [f"PJSIP/{extension}"]

    def dial(self, targets, *, seconds):
        self.rung += targets
        return DialResult(self.status)


def site(**of) -> Site:
    return Site({"extension": [Extension(name=n, **of.get(f"e{n}", {})) for n in ("201", "202", "203")]})


def run(call: Caller, first: str = "201") -> End:
    """Follow extensions until something else comes."""
    name = first
    for _ in range(50):
        answer = ring_extension(call, name)
        if isinstance(answer, End):
            return answer
        kind, _, name = answer.destination.partition(":")
        if kind != "extension":
            return End(Result.COMPLETED, 0, answer.destination)
    raise AssertionError("round and round")


@pytest.mark.parametrize(
    ("state", "status", "rung", "outcome"),
    [
        (UserState(), "ANSWER", ["201"], ""),
        (UserState(), "NOANSWER", ["201"], "no-answer"),
        (UserState(dnd=True), "ANSWER", [], "dnd"),
        (UserState(forward_always="202"), "ANSWER", ["202"], ""),
        (UserState(dnd=True, forward_busy="202"), "ANSWER", ["202"], ""),
        (UserState(forward_busy="202"), "BUSY", ["201", "202"], "busy"),
        (UserState(forward_busy="202"), "NOANSWER", ["201"], "no-answer"),
        (UserState(forward_no_answer="202"), "NOANSWER", ["201", "202"], "no-answer"),
        (UserState(forward_no_answer="202"), "CHANUNAVAIL", ["201", "202"], "unreachable"),
        (UserState(forward_no_answer="999"), "NOANSWER", ["201"], "no-answer"),
    ],
)
def test_who_is_rung(state: UserState, status: str, rung: list[str], outcome: str) -> None:
    call = Caller(site(), status)
    call.desk.states.of["201"] = state
    assert run(call).outcome == outcome
    assert call.rung == [f"PJSIP/{name}" for name in rung]


@pytest.mark.parametrize(
    ("status", "state", "where"),
    [
        ("BUSY", UserState(), "prompt:busy"),
        ("NOANSWER", UserState(), "prompt:nobody"),
        ("CHANUNAVAIL", UserState(), "prompt:away"),
        ("ANSWER", UserState(dnd=True), "prompt:busy"),
    ],
)
def test_the_sites_destinations(status: str, state: UserState, where: str) -> None:
    call = Caller(
        site(e201={"busy": "prompt:busy", "no_answer": "prompt:nobody", "unreachable": "prompt:away"}), status
    )
    call.desk.states.of["201"] = state
    assert run(call).outcome == where


def test_the_sites_forward_until_the_user_says_otherwise() -> None:
    call = Caller(site(e201={"forward_always": "203"}), "ANSWER")
    run(call)
    assert call.rung == ["PJSIP/203"]
    assert call.variables == {
        "REDIRECTING(from-num,i)": "201",
        "REDIRECTING(reason,i)": "cfu",
        "REDIRECTING(count,i)": "1",
    }
    call = Caller(call.site, "ANSWER")
    call.desk.states.of["201"] = UserState(forward_always="")
    run(call)
    assert call.rung == ["PJSIP/201"]


def test_without_call_waiting_a_second_call_finds_it_busy() -> None:
    for waiting, rung in ((True, ["PJSIP/201"]), (False, [])):
        call = Caller(site(e201={"call_waiting": waiting}), "ANSWER")
        call.desk.in_use.add("201")
        answer = ring_extension(call, "201")
        assert call.rung == rung and isinstance(answer, End)
        assert answer.cause == (16 if waiting else 17)


STATES = st.builds(
    UserState,
    st.booleans(),
    *[st.sampled_from([None, "", "201", "202", "203", "*72203", "999"]) for _ in range(3)],
)


@given(st.tuples(STATES, STATES, STATES), st.sampled_from(["ANSWER", "BUSY", "NOANSWER", "CHANUNAVAIL"]))
def test_forwards_come_to_an_end_and_ring_nobody_twice_in_vain(states: tuple[UserState, ...], status: str) -> None:
    call = Caller(site(), status)
    call.desk.states.of = dict(zip(("201", "202", "203"), states, strict=True))
    end = run(call)
    assert end.outcome != "forwarded"
    came = [n for n in call.data.get("forwarded", "").split(",") if n]
    assert len(came) == len(set(came)) <= MAX_FORWARDS
    if status == "ANSWER" and not any(state.dnd for state in states):
        assert end.result is Result.ANSWERED and len(call.rung) == 1


def test_no_such_extension() -> None:
    assert ring_extension(Caller(site()), "299") == End(Result.REJECTED, 1, "no such extension")


def test_a_forward_goes_on_record() -> None:
    call = Caller(site())
    call.desk.states.of["201"] = UserState(forward_always="202")
    assert ring_extension(call, "201") == Goto("extension:202", "forwarded always")


def test_a_forward_outside_is_on_the_account_of_who_forwards() -> None:
    call = Caller(site(e201={"forward_always": "5550100"}))
    assert ring_extension(call, "201") == Goto("outbound:5550100", "forwarded always")
    assert call.data["outbound_for"] == "201"
