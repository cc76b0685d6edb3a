"""Bad SIP: hostile numbers and names, broken messages, strangers and wrong passwords, while others talk."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from journeys.faults import DAEMON, channels, same_daemon, served, settings, wait_log
from journeys.pbx import Pbx, path_of
from rig import dtmf, wait, wait_for
from rig.net import Party

HERE = Path(__file__).resolve()
SHARED = [Path(p) for p in (os.environ.get("JACKFIELD_SHARED", ""), str(HERE.parents[3] / "shared")) if p]
TORTURE = next((p / "data/rfc4475" for p in SHARED if (p / "data/rfc4475").is_dir()), None)
SDP = (
    "v=0\r\no=- 1 1 IN IP4 {me}\r\ns=-\r\nc=IN IP4 {me}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 101\r\n"
    "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)


class RawSip:
    """A SIP speaker who minds no rules: datagrams from a party's address."""

    def __init__(self, pbx: Pbx, party: Party) -> None:
        self.sock = party.socket(socket.SOCK_DGRAM)
        self.me, self.port = party.address, self.sock.getsockname()[1]
        self.target = (pbx.node.address, 5060)
        self.sock.settimeout(0.3)
        self._count = 0

    def send(self, data: bytes) -> None:
        self.sock.sendto(data, self.target)

    def request(
        self,
        method: str,
        call: str,
        *,
        to: bytes = b"5550200",
        user: bytes = b"5551",
        name: bytes = b"",
        sdp: bool = True,
        cseq: int = 1,
        totag: str = "",
        extra: bytes = b"",
    ) -> bytes:
        """A request; header values go out as given."""
        body = SDP.format(me=self.me).encode() if sdp and method == "INVITE" else b""
        branch = f"z9hG4bK{call}{method}{cseq}".encode()
        node, me = self.target[0].encode(), f"{self.me}:{self.port}".encode()
        tag = f";tag={totag}".encode() if totag else b""
        verb = method.encode()
        return b"\r\n".join(
            [
                verb + b" sip:" + to + b"@" + node + b" SIP/2.0",
                b"Via: SIP/2.0/UDP " + me + b";branch=" + branch,
                b"Max-Forwards: 70",
                b"From: " + name + b"<sip:" + user + b"@" + self.me.encode() + b">;tag=f" + call.encode(),
                b"To: <sip:" + to + b"@" + node + b">" + tag,
                b"Call-ID: " + call.encode(),
                b"CSeq: " + str(cseq).encode() + b" " + verb,
                b"Contact: <sip:raw@" + me + b">",
                *([extra] if extra else []),
                *([b"Content-Type: application/sdp"] if body else []),
                b"Content-Length: " + str(len(body)).encode(),
                b"",
                body,
            ]
        )

    def answers(self, seconds: float) -> list[str]:
        """Start lines of what comes back within so long."""
        end, found = time.monotonic() + seconds, []
        while time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                found.append(self.sock.recv(65536).decode("utf-8", "replace"))
        return found


def new_call_id(_counter: list[int] = [0]) -> str:  # noqa: B006
    """A Call-ID that nobody had before."""
    _counter[0] += 1
    return f"bad{_counter[0]}x{int(time.monotonic() * 1000)}"


def code(answers: list[str], method: str = "INVITE") -> int:
    """The last final code for a method; 0 without one."""
    codes = [int(a[8:11]) for a in answers if a.startswith("SIP/2.0 ") and f" {method}\r\n" in a]
    return next((c for c in reversed(codes) if c >= 200), 0)


HOSTILE: dict[str, tuple[bytes, bytes]] = {
    "dial string": (b"500%26PJSIP%2F201", b""),
    "shell": (b"%24%7BSHELL%28id%29%7D", b'"${SHELL(touch /tmp/owned)}" '),
    "expression": (b"%24%5B1%2B1%5D", b'"$[1+1]" '),
    "quotes": (b"5551", b'"a\\"b\\" c,d;e=\'f\'" '),
    "escaped newlines": (b"5551%0d%0aSET%20VARIABLE%20JF_STATUS%20done", b'"a\\nb%0aAction: Originate" '),
    "forged resume": (b"5551%0aagi_network_script%3A%20resume%0aagi_arg_3%3A%20extension%3A201", b""),
    "nul": (b"5551%00202", b'"a\\\0b" '),
    "2 KB name": (b"5551", b'"' + b"N" * 2048 + b'" '),
    "not UTF-8": (b"5551", b'"\xff\xfe\xe4\xb8 J\xfcrgen" '),
    "bidi and zero width": (b"5551", '"\u202eevil\u200b\u2066x" '.encode()),
    "long number": (b"9" * 900, b""),
    "SQL": (b"5551'%20or%201=1--", b'"Robert\'); DROP TABLE call;--" '),
}


SMUGGLED = {"escaped newlines", "forged resume"}
"""What would put lines of its own into what Asterisk tells the daemon: such a call is not served."""


@pytest.fixture(scope="module", autouse=True)
def short_rescue(shared_pbx: Pbx) -> Iterator[None]:
    """Calls that the daemon does not take must not wait long for their end."""
    with settings(shared_pbx, "[agi]\nguard_seconds = 3\nrescue_seconds = 4\n"):
        yield


@pytest.fixture(autouse=True)
def all_gone(pbx: Pbx) -> Iterator[None]:
    """No channel is left for the next test."""
    yield
    pbx.node.asterisk("channel request hangup all")
    wait_for(lambda: channels(pbx) == [], 10, "the end of all channels")


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_callers(pbx: Pbx, what: str) -> None:
    """Each hears the prompt like anybody, or is refused by Asterisk; what is on record is harmless."""
    pid, begun, (user, name) = pbx.node.main_pid(DAEMON), time.monotonic(), HOSTILE[what]
    raw, call, seen = RawSip(pbx, pbx.carrier.party), new_call_id(), len(pbx.phone("201").calls)
    before = {r["id"] for r in all_records(pbx)}
    raw.send(raw.request("INVITE", call, user=user, name=name))
    answers = raw.answers(2.5)
    final = code(answers)
    print(f"{what}: {final}")
    if what in SMUGGLED or final == 200:
        while not (ok := next((a for a in answers if a.startswith("SIP/2.0 200")), "")):
            assert time.monotonic() - begun < 20, answers
            answers += raw.answers(0.5)
        tag = ok.split("\r\nTo:")[1].split("\r\n")[0].partition("tag=")[2]
        raw.send(raw.request("ACK", call, user=user, name=name, totag=tag))
        wait_for(lambda: channels(pbx) == [], 20, "the end of the call")
    else:
        assert final == 400, answers
    new = [r for r in all_records(pbx) if r["id"] not in before]
    if what in SMUGGLED:
        assert new == [], new
        wait_log(pbx, begun - 0.5, "agi.malformed")
    elif final == 200:
        new = new or wait_for(lambda: [r for r in all_records(pbx) if r["id"] not in before], 10, "the record")
        assert len(new) == 1 and path_of(new[0]) == [("prompt:exact", "")], new
        assert new[0]["result"] == "completed"
        number, shown = new[0]["caller_number"], new[0]["caller_name"]
        assert number in ("", "5551"), number
        assert len(shown) <= 80 and (shown == "" or shown.isprintable()), shown
        assert not set(shown) & set('"\\${}[]`<>;|&'), shown
    assert len(pbx.phone("201").calls) == seen, "a phone was rung"
    assert pbx.node.run(["ls", "/tmp/owned"], check=False).returncode, "a command was run"
    same_daemon(pbx, pid)


def all_records(pbx: Pbx) -> list[dict[str, object]]:
    """The newest records that are final."""
    found = pbx.jackfield("records", "--json", "--limit", "20")
    return [r for r in found if r["ended_at"]]


def test_hostile_dialled_numbers(pbx: Pbx) -> None:
    """A DID with a dial string, an expression, a newline: nobody's phone rings, and the caller is told or refused."""
    pid, phone = pbx.node.main_pid(DAEMON), pbx.phone("201")
    raw, seen = RawSip(pbx, pbx.carrier.party), len(phone.calls)
    for to in (
        b"500%26PJSIP%2F201",
        b"%24%7BSHELL%28id%29%7D",
        b"5550200%0d%0aX",
        b"..%2f..%2fetc",
        b"%00",
        b"*11",
        b"h",
        b"s",
        b"T",
        b"9" * 500,
    ):
        call = new_call_id()
        raw.send(raw.request("INVITE", call, to=to))
        answers = raw.answers(0.7)
        assert code(answers) in (0, 200, 400, 404, 484, 603), (to, answers)
        raw.send(raw.request("CANCEL", call, to=to, sdp=False))
    pbx.node.asterisk("channel request hangup all")
    wait_for(lambda: channels(pbx) == [] and pbx.ask("calls") == [], 15, "the end of all these calls")
    assert len(phone.calls) == seen
    same_daemon(pbx, pid)
    served(pbx)


def test_invite_without_sdp_and_bye_before_ack(pbx: Pbx) -> None:
    """A late offer is answered with ours; a BYE without an ACK ends the call; both are on record."""
    pid, before = pbx.node.main_pid(DAEMON), {r["id"] for r in all_records(pbx)}
    raw = RawSip(pbx, pbx.carrier.party)
    late, rude = new_call_id(), new_call_id()
    raw.send(raw.request("INVITE", late, sdp=False))
    answers = raw.answers(1.5)
    ok = next(a for a in answers if a.startswith("SIP/2.0 200"))
    assert "m=audio" in ok
    raw.send(raw.request("INVITE", rude))
    answers = raw.answers(1.0)
    ok = next(a for a in answers if a.startswith("SIP/2.0 200") and rude in a)
    tag = ok.split("\r\nTo:")[1].split("\r\n")[0].partition("tag=")[2]
    raw.send(raw.request("BYE", rude, totag=tag, cseq=2))
    assert code(raw.answers(1.0), "BYE") in (200, 481)
    # The first never sends its ACK either: Asterisk gives up on it after 32 s, or the prompt ends before.
    wait_for(lambda: channels(pbx) == [] and pbx.ask("calls") == [], 45, "the end of both calls")
    new = [r for r in all_records(pbx) if r["id"] not in before]
    assert len(new) == 2 and {r["did"] for r in new} == {"5550200"}, new
    same_daemon(pbx, pid)


INLINE = [
    b"INVITE sip:x SIP/2.0\r\n\r\n",
    b"\r\n\r\n\r\n",
    b"\x00" * 500,
    b"INVITE sip:5550200@{node} SIP/7.0\r\n\r\n",
    b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n",
    b"INVITE " + b"a" * 9000 + b" SIP/2.0\r\n\r\n",
    b"REGISTER sip:{node} SIP/2.0\r\nContact: <sip:\xff\xfe>\r\nContent-Length: -5\r\n\r\n",
    b"OPTIONS sip:{node} SIP/2.0\r\nVia: SIP/2.0/UDP 1.1.1.1;branch=;;;;\r\nContent-Length: 99999999\r\n\r\nx",
    b'BYE sip:5550200@{node} SIP/2.0\r\nFrom: <sip:"@>;tag=\r\nTo: ;;;\r\nCSeq: 4294967296000 BYE\r\n\r\n',
]


def test_torture_messages_while_a_call_talks(pbx: Pbx, talk: Callable[[], None]) -> None:
    """RFC 4475's messages, from the carrier's address and from a stranger's: the talk has no gap, all live on."""
    pid, asterisk = pbx.node.main_pid(DAEMON), pbx.node.main_pid("asterisk")
    messages = list(INLINE)
    if TORTURE is not None:
        found = [p.read_bytes() for p in sorted(TORTURE.glob("*.dat"))]
        assert len(found) >= 40
        messages += found
    stranger = pbx.run.network.parties.get("stranger") or pbx.run.party("stranger")
    pbx.ask("bans.allow", network=stranger.address)  # else it is banned after a few
    speakers = [RawSip(pbx, pbx.carrier.party), RawSip(pbx, stranger)]
    for message in messages:
        for raw in speakers:
            raw.send(message.replace(b"{node}", pbx.node.address.encode())[:60_000])
        time.sleep(0.02)
    for raw in speakers:
        raw.answers(0.5)
    talk()
    same_daemon(pbx, pid)
    assert pbx.node.main_pid("asterisk") == asterisk, "Asterisk was restarted"
    served(pbx)


def test_keys_at_fifty_a_second(pbx: Pbx) -> None:
    """A caller's machine that sends 50 keys a second in the menu: it ends in what the menu says, as one call."""
    pid, number = pbx.node.main_pid(DAEMON), pbx.number()
    call = pbx.call("5550100", number, plan=[wait(2), dtmf("0" * 1500, on=0.01, off=0.01), wait(60)])
    ended = call.wait_ended(60)
    assert (ended.final_code, ended.ended_by) == (200, "them")
    assert len(call.keys_sent) >= 100
    record = pbx.record(number)
    # Asterisk drops keys of 10 ms that overlap, so the last try may have seen none; the prompt must fit what it saw.
    prompts = {"invalid": "wrong-caller", "timeout": "silent-caller"}
    prompt = prompts[path_of(record)[0][1]]
    assert path_of(record) == [("ivr:main", path_of(record)[0][1]), (f"prompt:{prompt}", "")], record
    # Its sound stutters a little under so many keys, so it is less like the prompt than usual.
    assert len(call.heard.find(pbx.prompt(prompt), 0.5)) == 1
    mixed = pbx.number()
    call = pbx.call(
        "5550100", mixed, plan=[wait(1), dtmf("9*#8790" * 40, on=0.01, off=0.01), wait(3), dtmf("3"), wait(60)]
    )
    call.wait_ended(90)
    assert pbx.record(mixed)["result"] in ("completed", "hung-up")
    same_daemon(pbx, pid)
    served(pbx)


def test_strangers_get_no_call_and_no_registration(pbx: Pbx, talk: Callable[[], None]) -> None:
    """INVITEs from an unknown address, REGISTERs with wrong passwords and unknown names: refused, nothing arrives."""
    pid = pbx.node.main_pid(DAEMON)
    stranger = pbx.run.network.parties.get("stranger") or pbx.run.party("stranger")
    pbx.ask("bans.allow", network=stranger.address)  # here Asterisk itself must refuse them
    raw = RawSip(pbx, stranger)
    before = len(pbx.ask("calls"))
    for user, to in ((b"5551", b"5550100"), (b"201", b"202"), (b"carrier", b"5550200"), (b"anonymous", b"5550200")):
        call = new_call_id()
        raw.send(raw.request("INVITE", call, user=user, to=to))
        assert code(raw.answers(1.0)) in (401, 403, 404), user
    assert len(pbx.ask("calls")) == before
    contacts = pbx.node.asterisk("pjsip show contacts")
    for n in range(20):
        user = b"201" if n % 2 else b"nobody"
        login = (
            b'Authorization: Digest username="201", realm="asterisk", nonce="1/2", uri="sip:x", response="'
            + b"0" * 32
            + b'", algorithm=MD5'
        )
        raw.send(raw.request("REGISTER", new_call_id(), user=user, to=user, extra=login))
    assert {code([a], "REGISTER") for a in raw.answers(1.5)} <= {401, 403, 404, 0}
    assert sorted(pbx.node.asterisk("pjsip show contacts").split()) == sorted(contacts.split()) or (
        raw.me not in pbx.node.asterisk("pjsip show contacts")
    )
    talk()
    same_daemon(pbx, pid)
