"""Live state of trunks and its alarms, from what Asterisk writes."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from jackfield.alarms.models import Severity
from jackfield.config.objects.trunk import Trunk
from jackfield.telephony import handshake
from jackfield.telephony.events import Message
from jackfield.telephony.trunks import FAILED_CALLS, State, TrunkStates

PLAIN = Trunk(name="plain", host="192.0.2.1")
ACCOUNT = Trunk(name="account", host="192.0.2.2", transport="tcp", username="acc", secret="abcdefgh")


class Alarms:
    """Remembers which are up, and every change."""

    def __init__(self) -> None:
        self.up: dict[str, str] = {}
        self.severity: dict[str, Severity] = {}

    def raise_(self, key: str, text: str, *, severity: Severity = Severity.WARNING, **detail: object) -> None:
        self.up[key], self.severity[key] = text, severity

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
    key = "trunk-failing:plain"
    for failure in ["SIP 503", "SIP 500", "", "SIP 503", "no answer in time"]:
        states.tried("plain", failure)
        assert list(alarms.up) == ([key] if failure else [])
        assert not failure or (alarms.severity[key] is Severity.NOTICE and f"with {failure}." in alarms.up[key])
    states.tried("plain", "SIP 503")
    assert "3 calls in a row, the last with SIP 503" in alarms.up[key] and FAILED_CALLS == 3
    assert alarms.severity[key] is Severity.WARNING
    states.tried("account", "")
    assert alarms.up
    states.tried("plain")
    assert not alarms.up
    states.tried("201", "SIP 503")


SEALED = Trunk(name="sealed", host="127.0.0.1", transport="tls")


@pytest.mark.parametrize(("refusal", "words"), [("expired", "not trusted (expired)"), ("", "does not answer OPTIONS")])
def test_an_alarm_says_what_is_wrong_with_a_certificate(alarms: Alarms, refusal: str, words: str) -> None:
    asked: list[Path] = []
    go, done = threading.Event(), threading.Event()

    def look(trunk: Trunk, authorities: Path) -> str:
        asked.append(authorities)
        assert go.wait(10)
        return refusal

    states = TrunkStates(alarms, look)  # type: ignore[arg-type]
    alarms.raise_ = lambda *a, **d: (Alarms.raise_(alarms, *a, **d), done.set())  # type: ignore[method-assign]
    states.serve([SEALED], "/etc/ours.pem")
    contact(states, "sealed", "Unreachable")
    contact(states, "sealed", "Unreachable")
    assert state(states, "sealed") is State.UNREACHABLE, "known at once, whatever the network does"
    go.set()
    assert done.wait(10) and words in alarms.up["trunk-unreachable:sealed"]
    assert asked == [Path("/etc/ours.pem")]


def test_no_alarm_of_a_carrier_that_came_back_meanwhile(alarms: Alarms) -> None:
    go, threads = threading.Event(), threading.active_count()
    states = TrunkStates(alarms, lambda trunk, authorities: "expired" if go.wait(10) else "")  # type: ignore[arg-type]
    states.serve([SEALED])
    contact(states, "sealed", "Unreachable")
    contact(states, "sealed", "Reachable", "900")
    go.set()
    for thread in threading.enumerate():
        if thread.name == "certificate":
            thread.join(10)
    assert not alarms.up and threading.active_count() <= threads


class Server:
    """Somebody at a port of TLS, with a certificate for 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "own.crt"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc",
             "-days", "2", "-subj", "/CN=carrier.example", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", folder / "own.key", "-out", self.certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder / "own.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, args=(context,), daemon=True)
        self._thread.start()

    def _serve(self, context: ssl.SSLContext) -> None:
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True):
                    pass
            except OSError:
                plain.close()

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._thread.join(10)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    made.close()


def test_what_is_wrong_with_a_certificate(server: Server, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    stranger = Server(other)
    stranger.close()
    here = SEALED.model_copy(update={"port": server.port})
    assert handshake.refusal(here, server.certificate) == ""
    assert "self-signed" in handshake.refusal(here, stranger.certificate)
    named = here.model_copy(update={"host": "localhost"})
    assert "Hostname mismatch" in handshake.refusal(named, server.certificate)
    assert handshake.refusal(SEALED.model_copy(update={"port": stranger.port}), server.certificate) == ""
    assert handshake.refusal(here, tmp_path / "none.pem") == "", "Asterisk's own trouble, told elsewhere"
