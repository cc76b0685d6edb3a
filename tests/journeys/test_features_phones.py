"""Extensions (T5): devices, do-not-disturb, forwarding, hold, call waiting, lamps, what a phone must be told."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator

import pytest
from journeys.faults import gaps, kill_daemon, wait_back
from journeys.line import Line
from journeys.pbx import Pbx, path_of
from journeys.softphone import Softphone, registered
from journeys.watching import Lamp
from rig import wait_for
from rig.audio import TONES

USERS = ("211", "211-mobile", "212", "213")
Phones = dict[str, Softphone]


@pytest.fixture(scope="module")
def softphones(shared_pbx: Pbx) -> Iterator[Phones]:
    """Softphones of extensions 211 (two of them), 212 and 213."""
    tones = dict(zip(USERS, TONES[8:], strict=False))
    with registered(shared_pbx.run.party("features"), shared_pbx.node.address, tones) as phones:
        yield phones


@pytest.fixture
def phones(pbx: Pbx, softphones: Phones) -> Iterator[Phones]:
    """The softphones, free, with nothing set."""
    for user in ("211", "212", "213"):
        pbx.ask(
            "extension.set", extension=user, dnd=False, forward_always="site", forward_busy="site",
            forward_no_answer="site",
        )  # fmt: skip
    for phone in softphones.values():
        phone.reset()
    yield softphones
    for phone in softphones.values():
        phone.reset()


def extension(pbx: Pbx, name: str) -> dict[str, object]:
    """An extension as the daemon sees it."""
    return next(row for row in pbx.ask("extensions") if row["extension"] == name)


def dial(pbx: Pbx, phone: Softphone, code: str) -> Line:
    """Dials a code and waits for the end of what is said."""
    line = phone.call(code)
    line.wait("up")
    line.wait("ended", 15)
    return line


def hears(line: Line, pbx: Pbx, prompt: str) -> bool:
    """Whether a line heard a prompt; a softphone places sound by its arrival, so the likeness is lower than SIPp's."""
    return bool(line.heard.find(pbx.prompt(prompt), 0.6))


def test_all_devices_ring_and_one_answers(pbx: Pbx, phones: Phones) -> None:
    """211's two phones ring; the mobile one answers, the other stops; the call and the caller-ID are 211's."""
    number = pbx.number()
    phones["211"].answer_after = None
    caller = pbx.call("5550411", number)
    desk, mobile = phones["211"].wait_line(), phones["211-mobile"].wait_line()
    mobile.wait("up").wait_hears(caller.tone)
    desk.wait("ended")
    assert extension(pbx, "211")["state"] == "in-use"
    caller.hang_up()
    mobile.wait("ended")
    record = pbx.record(number)
    assert {(leg["role"], leg["number"]) for leg in record["legs"]} == {("caller", number), ("phone", "211")}
    line = phones["211-mobile"].call("213")
    rung = phones["213"].wait_line().wait("up")
    assert (rung.caller, rung.name) == ("211", "Gill")
    line.wait("up").hang_up()


def test_a_phone_that_started_again_is_rung_at_once(pbx: Pbx, softphones: Phones, phones: Phones) -> None:
    """It registers from another port and never said farewell; what it was before is not rung."""
    before = softphones["213"]
    again = Softphone(before.party, pbx.node.address, "213", "secret-213-abc", before.tone)
    try:
        again.register()
        phones["212"].call("213")
        again.wait_line().wait("up")
        assert before.lines == []
    finally:
        again.close()
        before.register()


def test_do_not_disturb(pbx: Pbx, phones: Phones) -> None:
    """*78 at the phone: said, shown, kept over a restart; callers find 211 busy. *79: it rings again."""
    assert hears(dial(pbx, phones["211"], "*78"), pbx, "feature-dnd-on")
    assert extension(pbx, "211")["dnd"] is True
    wait_back(pbx, kill_daemon(pbx))
    assert extension(pbx, "211")["dnd"] is True
    number, after = pbx.number(), pbx.number()
    assert pbx.call("5550411", number).wait_ended(10).final_code == 486
    assert path_of(pbx.record(number)) == [("extension:211", "dnd")]
    assert phones["211-mobile"].lines == []
    assert hears(dial(pbx, phones["211-mobile"], "*79"), pbx, "feature-dnd-off")
    pbx.call("5550411", after).wait_answered()


def test_forwarding_by_codes(pbx: Pbx, phones: Phones) -> None:
    """Always, no answer and off, as dialled; each is said, on record, and the caller gets there."""
    assert hears(dial(pbx, phones["211"], "*72213"), pbx, "feature-forward-on")
    number = pbx.number()
    call = pbx.call("5550411", number)
    phones["213"].wait_line().wait("up").wait_hears(call.tone)
    call.hang_up()
    assert path_of(pbx.record(number)) == [("extension:211", "forwarded always"), ("extension:213", "hang-up")]
    assert phones["211-mobile"].lines == []
    dial(pbx, phones["211"], "*73"), dial(pbx, phones["211"], "*92213")
    state = extension(pbx, "211")
    assert (state["forward_always"], state["forward_no_answer"]) == ("", "213")
    for user in ("211", "211-mobile"):
        phones[user].answer_after = None
    number = pbx.number()
    call = pbx.call("5550411", number)
    phones["213"].wait_line(2, 12).wait("up").wait_hears(call.tone)
    call.hang_up()
    assert path_of(pbx.record(number))[0] == ("extension:211", "forwarded no-answer")
    assert hears(dial(pbx, phones["211"], "*72999"), pbx, "feature-wrong-number")


def test_forwards_in_a_circle(pbx: Pbx, phones: Phones) -> None:
    """211 → 213 → 211, always: the circle is cut where it closes, and somebody's phone rings."""
    pbx.ask("extension.set", extension="211", forward_always="213")
    pbx.ask("extension.set", extension="213", forward_always="211")
    number = pbx.number()
    call = pbx.call("5550411", number)
    call.wait_answered()
    call.hang_up()
    record = pbx.record(number)
    assert [d for d, _ in path_of(record)] == ["extension:211", "extension:213", "extension:211"]
    assert record["result"] == "answered"


def test_one_call_at_a_time_and_the_sites_destinations(pbx: Pbx, phones: Phones) -> None:
    """212 has no call waiting: a second caller hears its busy destination; nobody answers: the other one."""
    first, second, third = pbx.number(), pbx.number(), pbx.number()
    call = pbx.call("5550412", first)
    phones["212"].wait_line().wait("up").wait_hears(call.tone)
    pbx.wait_hears(pbx.call("5550412", second), "too-many")
    assert len(phones["212"].lines) == 1
    call.hang_up()
    phones["212"].lines[0].wait("ended")
    assert path_of(pbx.record(second)) == [("extension:212", "busy"), ("prompt:too-many", "")]
    phones["212"].answer_after = None
    pbx.wait_hears(pbx.call("5550412", third), "come-back")
    assert path_of(pbx.record(third)) == [("extension:212", "no-answer"), ("prompt:come-back", "")]


def test_hold(pbx: Pbx, phones: Phones) -> None:
    """213 holds the caller, who hears music; the daemon dies meanwhile; then they talk on, without a gap."""
    phones["211-mobile"].answer_after = None
    number = pbx.number()
    call = pbx.call("5550411", number)
    line = phones["211"].wait_line().wait("up")
    line.wait_hears(call.tone)
    line.hold()
    wait_for(lambda: extension(pbx, "211")["state"] == "on-hold", 5, "211 to be on hold")
    assert pbx.live(number)[0]["held"] is True
    held = time.monotonic()
    kill = kill_daemon(pbx)
    wait_back(pbx, kill)
    time.sleep(0.5)
    assert call.heard.sounds() and gaps(call.heard, phones["211"].tone, held + 0.3, time.monotonic() - 0.2) > 0.5
    silences = call.heard.between(held + 0.5, time.monotonic() - 0.3).silences(0.6)
    assert silences == [], f"the held caller heard nothing at {silences}"
    line.hold(False)
    back = time.monotonic()
    line.wait_hears(call.tone, back)
    pbx.node.wait_for(lambda: any(b > back + 0.3 for _, b in call.heard.heard_tone(line.tone)), 5, "211's voice")
    call.hang_up()


def test_lamps(pbx: Pbx, phones: Phones) -> None:
    """213 watches 211: idle, ringing, in use, idle; do-not-disturb lights it as well; strangers watch nothing."""
    lamp = Lamp(phones["213"], "211")
    try:
        lamp.wait("idle", 5)
        phones["211-mobile"].answer_after, phones["211"].answer_after = None, 1.0
        call = pbx.call("5550411", pbx.number())
        lamp.wait("ringing")
        lamp.wait("in-use")
        call.hang_up()
        lamp.wait("idle")
        pbx.ask("extension.set", extension="211", dnd=True)
        lamp.wait("in-use")
        pbx.ask("extension.set", extension="211", dnd=False)
        lamp.wait("idle")
        assert lamp.states == ["idle", "ringing", "in-use", "idle", "in-use", "idle"]
    finally:
        lamp.close()


def test_a_browsers_account(pbx: Pbx) -> None:
    """214 is a browser's: WebSocket over TLS answers on its port with SIP's subprotocol; plain HTTP is not served."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    party = pbx.run.party("browser")
    with party.socket(socket.SOCK_STREAM) as raw:
        raw.settimeout(5)
        raw.connect((pbx.node.address, 8089))
        with context.wrap_socket(raw) as sock:
            sock.sendall(
                b"GET /ws HTTP/1.1\r\nHost: pbx\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Protocol: sip\r\n\r\n"
            )
            answer = sock.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 101") and "Sec-WebSocket-Protocol: sip" in answer, answer
    assert ":8088" not in pbx.node.run(["ss", "-ltn"]).stdout
    shown = pbx.node.asterisk("pjsip show endpoint 214")
    assert re.search(r"media_encryption\s*: dtls", shown) and re.search(r"ice_support\s*: true", shown)


def test_what_a_phone_must_be_told(pbx: Pbx, phones: Phones) -> None:
    """`phone show`: each account's settings; `codes`; `extensions`."""
    rows = pbx.jackfield("phone", "show", "211", "--host", pbx.node.address, "--json")
    assert [row["user_name"] for row in rows] == ["211", "211-mobile"]
    assert rows[1]["password"] == "secret-211-mobile-abc" and rows[1]["server"] == pbx.node.address
    assert "wss://" in pbx.jackfield("phone", "show", "214", "--json")[0]["server"]
    text = pbx.jackfield("phone", "show", "211").stdout
    assert "secret-211-mobile-abc" in text and "password" in text
    codes = {row["code"]: row["what"] for row in pbx.jackfield("codes", "--json")}
    assert {"*78", "*72…", "*11…"} <= codes.keys()
    listed = {row["extension"]: row for row in pbx.jackfield("extensions", "--json")}
    assert listed["211"]["devices"] == [{"name": n, "registered": True} for n in ("211", "211-mobile")]
    assert pbx.jackfield("phone", "show", "299", check=False).returncode == 1
