"""Live state of trunks and its alarms, from what Asterisk writes."""

import pytest
from jackfield.config.objects.trunk import Trunk
from jackfield.telephony.events import Message
from jackfield.telephony.trunks import FAILED_CALLS, State, TrunkStates

PLAIN = Trunk(name="plain", host="192.0.2.1")
ACCOUNT = Trunk(name="account", host="192.0.2.2", transport="tcp", username="acc", secret="abcdefgh")


class Alarms:
    """Remembers which are up, and every change."""

    def __init__(self) -> None:
        self.up: dict[str, str] = {}

    def raise_(self, key: str, text: str, **detail: object) -> None:
        self.up[key] = text

    def clear(self, key: str, text: str = "") -> None:
        self.up.pop(key, None)

    def settle(self, prefix: str, still: list[str]) -> None:
        for key in [k for k in self.up if k.startswith(prefix) and k not in still]:
            del self.up[key]


@pytest.fixture
def alarms() -> Alarms:
    return Alarms()


@pytest.fixture
def states(alarms: Alarms) -> TrunkStates:
    found = TrunkStates(alarms)  # type: ignore[arg-type]
    found.serve([PLAIN, ACCOUNT])
    return found


def tell(states: TrunkStates, event: str, **headers: str) -> None:
    lines = "".join(f"\r\n{key}: {value}" for key, value in headers.items())
    states.event(event, Message(f"Event: {event}{lines}".encode()))


def contact(states: TrunkStates, name: str, status: str, usec: str = "0") -> None:
    tell(states, "ContactStatus", URI="sip:x", ContactStatus=status, AOR=name, EndpointName=name, RoundtripUsec=usec)


def registry(states: TrunkStates, status: str, user: str = "acc") -> None:
    host = "192.0.2.2:5060;transport=tcp"
    tell(states, "Registry", ChannelType="PJSIP", Username=f"sip:{user}@{host}", Domain=f"sip:{host}", Status=status)


def state(states: TrunkStates, name: str) -> State:
    return next(t.state for t in states.all() if t.name == name)


def test_reachable_and_not(states: TrunkStates, alarms: Alarms) -> None:
    assert state(states, "plain") is State.UNKNOWN and states.usable("plain")
    contact(states, "plain", "Reachable", "1500")
    assert state(states, "plain") is State.REACHABLE and states.all()[1].round_trip_us == 1500
    since = states.all()[1].since
    contact(states, "plain", "Reachable", "1600")
    assert states.all()[1].since == since
    contact(states, "plain", "Unreachable")
    assert state(states, "plain") is State.UNREACHABLE and not states.usable("plain")
    assert list(alarms.up) == ["trunk-unreachable:plain"] and states.all()[1].round_trip_us is None
    contact(states, "plain", "Removed")
    assert list(alarms.up) == ["trunk-unreachable:plain"], "a reload is no proof that it is back"
    contact(states, "plain", "Reachable", "x")
    assert not alarms.up and states.all()[1].round_trip_us is None
    contact(states, "201", "Unreachable")
    assert not alarms.up, "a phone is no trunk"


def test_registration(states: TrunkStates, alarms: Alarms) -> None:
    registry(states, "Unregistered")
    assert state(states, "account") is State.REGISTERING
    registry(states, "Rejected")
    assert state(states, "account") is State.REFUSED and not states.usable("account")
    assert list(alarms.up) == ["trunk-refused:account"]
    registry(states, "Unregistered")
    assert list(alarms.up) == ["trunk-refused:account"], "not until it is registered"
    registry(states, "Registered", user="another")
    assert alarms.up
    registry(states, "Registered")
    assert state(states, "account") is State.REGISTERED and not alarms.up
    contact(states, "account", "Unreachable")
    assert state(states, "account") is State.UNREACHABLE and list(alarms.up) == ["trunk-unreachable:account"]


def test_asterisk_away_and_back(states: TrunkStates, alarms: Alarms) -> None:
    contact(states, "plain", "Unreachable")
    states.lost()
    assert {t.state for t in states.all()} == {State.UNKNOWN} and states.usable("plain")
    assert list(alarms.up) == ["trunk-unreachable:plain"]
    states.resync(states.mark(), {"plain": ("Reachable", "900"), "account": ("Unknown", "")}, {"account": "Rejected"})
    assert [t.state for t in states.all()] == [State.REFUSED, State.REACHABLE]
    assert list(alarms.up) == ["trunk-refused:account"]
    contact(states, "plain", "Unreachable")
    well = {"plain": ("NonQualified", "0"), "account": ("Reachable", "7")}
    states.resync(states.mark(), well, {"account": "Registered"})
    assert [t.state for t in states.all()] == [State.REGISTERED, State.UNKNOWN]
    assert list(alarms.up) == ["trunk-unreachable:plain"], "Asterisk has not asked yet"
    states.serve([PLAIN.model_copy(update={"qualify_seconds": 0}), ACCOUNT])
    contact(states, "plain", "NonQualified")
    assert [t.state for t in states.all()] == [State.REGISTERED, State.UNMONITORED] and not alarms.up


def test_events_are_newer_than_a_list_that_was_asked_for_before_them(states: TrunkStates, alarms: Alarms) -> None:
    mark = states.mark()
    contact(states, "plain", "Unreachable")
    states.resync(mark, {"plain": ("Reachable", "900"), "account": ("Reachable", "5")}, {"account": "Registered"})
    assert [t.state for t in states.all()] == [State.REGISTERED, State.UNREACHABLE]
    assert list(alarms.up) == ["trunk-unreachable:plain"]


def test_a_trunk_that_is_taken_out(states: TrunkStates, alarms: Alarms) -> None:
    contact(states, "plain", "Unreachable")
    registry(states, "Rejected")
    states.serve([ACCOUNT])
    assert [t.name for t in states.all()] == ["account"] and list(alarms.up) == ["trunk-refused:account"]
    assert state(states, "account") is State.REFUSED, "what stays is kept"
    assert not states.usable("plain")
    states.serve([ACCOUNT.model_copy(update={"username": None, "secret": None})])
    states.resync(states.mark(), {"account": ("Reachable", "1")}, {})
    assert state(states, "account") is State.REACHABLE and not alarms.up


def test_failing_calls(states: TrunkStates, alarms: Alarms) -> None:
    for failure in ["SIP 503", "SIP 500", "", "SIP 503", "no answer"]:
        states.tried("plain", failure)
        assert not alarms.up
    states.tried("plain", "SIP 503")
    assert "3 calls in a row, the last with SIP 503" in alarms.up["trunk-failing:plain"] and FAILED_CALLS == 3
    states.tried("account", "")
    assert alarms.up
    states.tried("plain")
    assert not alarms.up
    states.tried("201", "SIP 503")
