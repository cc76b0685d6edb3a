"""Strangers: wrong passwords are banned in time, phones and trunks are not; floods and forgeries reach nobody."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from journeys.faults import (
    DAEMON,
    channels,
    kill_daemon,
    same_daemon,
    served,
    wait_back,
)
from journeys.parties import digest_answer, parse
from journeys.pbx import Pbx
from journeys.test_bad_sip import TORTURE, RawSip, code, new_call_id
from rig import wait_for
from rig.net import Party

FIREWALL = "jackfield-firewall"


class Guesser(RawSip):
    """Someone at an address of his own who tries passwords with the answers that a real phone would compute."""

    def register(self, user: str, password: str, wait: float = 1.0) -> int:
        """One whole REGISTER with a challenge; the final code, 0 without an answer."""
        call = new_call_id()
        self.send(self.request("REGISTER", call, user=user.encode(), to=user.encode(), sdp=False))
        first = self.answer(call, wait)
        if not first.startswith("SIP/2.0 401"):
            return int(first[8:11] or 0)
        fields = dict(re.findall(r'(\w+)="?([^",]*)"?', parse(first.encode())[1]["www-authenticate"]))
        fields |= {"uri": f"sip:{self.target[0]}", "username": user, "nc": "00000001", "cnonce": "0a4f113b"}
        fields["response"] = digest_answer(user, password, "REGISTER", fields)
        names = ("username", "realm", "nonce", "uri", "response", "cnonce", "opaque")
        text = ", ".join(f'{name}="{fields[name]}"' for name in names if name in fields)
        login = f"Authorization: Digest {text}, qop=auth, nc=00000001, algorithm=MD5".encode()
        self.send(self.request("REGISTER", call, user=user.encode(), to=user.encode(), sdp=False, cseq=2, extra=login))
        return int(self.answer(call, wait, "2 REGISTER")[8:11] or 0)

    def answer(self, call: str, seconds: float, cseq: str = "") -> str:
        """The answer to a request; '' without one."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                text = self.sock.recv(65536).decode("utf-8", "replace")
            except TimeoutError:
                continue
            if text.startswith("SIP/2.0") and call in text and cseq in text:
                return text
        return ""

    def heard(self) -> bool:
        """Whether the PBX answers an OPTIONS."""
        call = new_call_id()
        self.send(self.request("OPTIONS", call, sdp=False))
        return bool(self.answer(call, 1.0))


def stranger(pbx: Pbx, name: str) -> Party:
    """A machine that nobody knows."""
    return pbx.run.network.parties.get(name) or pbx.run.party(name)


def banned(pbx: Pbx) -> set[str]:
    """Addresses that are banned, as the daemon says."""
    return {row["address"] for row in pbx.ask("bans")["bans"]}


def in_kernel(pbx: Pbx, name: str = "banned4") -> set[str]:
    """Addresses in a set of nftables, as the kernel says."""
    listed = json.loads(pbx.node.run(["nft", "-j", "list", "set", "inet", "jackfield", name]).stdout)["nftables"]
    elements = next(one["set"] for one in listed if "set" in one).get("elem", [])
    return {e["elem"]["val"] if isinstance(e, dict) and "elem" in e else str(e) for e in elements}


@pytest.fixture(autouse=True)
def no_bans(pbx: Pbx) -> Iterator[None]:
    """Nobody is banned before or after."""
    wait_for(lambda: pbx.ask("bans")["enforced"], 15, "jackfield-firewall")
    yield
    for address in banned(pbx):
        pbx.ask("bans.remove", address=address)


def guess(guesser: Guesser, times: int, user: str = "201") -> None:
    """Tries so many wrong passwords."""
    for n in range(times):
        guesser.register(user, f"wrong-{n}", wait=0.5)


def registered(pbx: Pbx, user: str) -> bool:
    """Whether Asterisk has a contact of a phone."""
    return f"{user}/sip:" in pbx.node.asterisk("pjsip show contacts")


def test_who_guesses_is_banned_in_time(pbx: Pbx) -> None:
    """Wrong passwords for 201 from a stranger: banned after ten; 201 itself is not; restarts change nothing."""
    guesser, phone = Guesser(pbx, stranger(pbx, "guesser")), pbx.phone("201")
    assert guesser.heard()
    for n in range(10):
        assert guesser.register("201", f"wrong-{n}") == 401
    wait_for(lambda: guesser.me in banned(pbx), 5, "the ban")
    wait_for(lambda: guesser.me in in_kernel(pbx), 5, "the ban in nftables")
    assert not guesser.heard()
    assert phone.address not in banned(pbx) and registered(pbx, "201")
    served(pbx)
    wait_back(pbx, kill_daemon(pbx))
    wait_for(lambda: pbx.ask("bans")["enforced"], 15, "the firewall")
    assert guesser.me in banned(pbx) and guesser.me in in_kernel(pbx) and not guesser.heard()
    pbx.node.systemctl("kill", "--signal=KILL", FIREWALL)
    wait_for(lambda: pbx.node.is_active(FIREWALL) and guesser.me in in_kernel(pbx), 20, "the ban, once more")
    assert not guesser.heard()
    pbx.jackfield("unban", guesser.me)
    wait_for(guesser.heard, 5, "an answer after the ban")
    guess(guesser, 12)
    wait_for(lambda: guesser.me in banned(pbx), 5, "the ban")
    pbx.jackfield("allow", guesser.me)
    wait_for(guesser.heard, 5, "an answer to who is allowed")
    pbx.jackfield("disallow", guesser.me)


def test_a_second_ban_is_longer(pbx: Pbx) -> None:
    """The same address again, after its ban ran out: twice the time."""
    address = stranger(pbx, "guesser").address
    first = pbx.ask("bans.add", address=address, length=1)
    wait_for(lambda: address not in banned(pbx), 5, "the end of the ban")
    second = pbx.ask("bans.add", address=address)
    assert (first["strikes"], second["strikes"]) == (1, 2)
    assert 1190 <= second["seconds_left"] <= 1200
    shown = pbx.jackfield("bans", "--json")
    assert [row["address"] for row in shown["bans"]] == [address] and shown["enforced"]
    for safe in (pbx.carrier.party.address, pbx.phone("201").address):
        refused = pbx.jackfield("ban", safe, check=False)
        assert refused.returncode == 1 and "not banned" in refused.stderr
    assert pbx.jackfield("ban", "localhost", check=False).returncode == 1


def test_phones_and_trunks_are_never_banned(pbx: Pbx) -> None:
    """Wrong passwords that seem to come from a phone's address and from a trunk's: no ban, but an alarm."""
    pbx.phone("201")
    phones = stranger(pbx, "phones")  # its first address is that of the phone that was first switched on
    for party in (phones, pbx.carrier.party):
        guess(Guesser(pbx, party), 12, "202")
    wait_for(
        lambda: any(a["key"] == f"password-guessing:{phones.address}" for a in pbx.ask("alarms")),
        10,
        "the alarm",
    )
    assert banned(pbx) == set()
    served(pbx)


def test_a_flood_of_registers(pbx: Pbx, talk: Callable[[], None]) -> None:
    """400 REGISTERs a second from a stranger for five seconds: the phone keeps its registration and its talk."""
    flooder = Guesser(pbx, stranger(pbx, "flooder"))
    before = pbx.ask("bans")["dropped"]["limited"] + pbx.ask("bans")["dropped"]["banned"]
    begun, sent = time.monotonic(), 0
    while (now := time.monotonic()) < begun + 5:
        while sent < 400 * (now - begun):
            user = b"201" if sent % 2 else b"nobody"
            flooder.send(flooder.request("REGISTER", new_call_id(), user=user, to=user, sdp=False))
            sent += 1
        time.sleep(0.005)
    talk()
    dropped = pbx.ask("bans")["dropped"]
    print(f"{sent} sent, {dropped} dropped")
    assert dropped["limited"] + dropped["banned"] - before > sent / 2
    assert registered(pbx, "201")
    pbx.phone("201").register()
    served(pbx)


def test_forged_identities_reach_nobody(pbx: Pbx) -> None:
    """A stranger in a trunk's, a phone's and a caller's name: no call. A phone in another's name: its own is shown."""
    pid = pbx.node.main_pid(DAEMON)
    forger = RawSip(pbx, stranger(pbx, "forger"))
    pbx.ask("bans.allow", network=forger.me)
    carrier, node = pbx.carrier.party.address, pbx.node.address
    before = len(pbx.jackfield("records", "--json", "--limit", "200"))
    for extra in (
        f"P-Asserted-Identity: <sip:201@{node}>",
        f"P-Asserted-Identity: <tel:+4930112>\r\nP-Preferred-Identity: <sip:carrier@{carrier}>",
        f"Remote-Party-ID: <sip:201@{node}>;party=calling;privacy=off",
        f"Via: SIP/2.0/UDP {carrier}:5060;branch=z9hG4bKforged;received={carrier}",
        f"Route: <sip:{carrier};lr>\r\nRecord-Route: <sip:{carrier};lr>",
        f"Contact: <sip:201@{carrier}>",
        f"Diversion: <sip:201@{node}>;reason=unconditional",
    ):
        for user in (b"201", b"carrier", b"anonymous"):
            call = new_call_id()
            forger.send(forger.request("INVITE", call, user=user, to=b"5550200", extra=extra.encode()))
            assert code(forger.answers(0.3)) in (400, 401, 403, 404, 0), (user, extra)
    assert channels(pbx) == [] and pbx.ask("calls") == []
    assert len(pbx.jackfield("records", "--json", "--limit", "200")) == before
    pbx.ask("bans.disallow", network=forger.me)
    same_daemon(pbx, pid)


MESSAGES = sorted(TORTURE.glob("*.dat")) if TORTURE is not None else []


@pytest.mark.skipif(not MESSAGES, reason="RFC 4475's messages are not there ($JACKFIELD_SHARED)")
def test_rfc_4475_over_udp_and_tcp(pbx: Pbx) -> None:
    """Each torture message by UDP and TCP: Asterisk lives, the registry is exact, a call afterwards is as ever."""
    pid, asterisk = pbx.node.main_pid(DAEMON), pbx.node.main_pid("asterisk")
    begun = time.time()
    sides = [stranger(pbx, "torturer"), pbx.carrier.party]
    pbx.ask("bans.allow", network=sides[0].address)
    assert len(MESSAGES) >= 40
    for party in sides:
        udp = RawSip(pbx, party)
        for path in MESSAGES:
            data = path.read_bytes()
            udp.send(data[:60_000])
            with contextlib.suppress(OSError), party.socket(socket.SOCK_STREAM) as tcp:
                tcp.settimeout(1)
                tcp.connect((pbx.node.address, 5060))
                tcp.sendall(data)
            time.sleep(0.02)
        udp.answers(0.3)
    pbx.ask("bans.disallow", network=sides[0].address)

    def exact() -> bool:
        return pbx.ask("status")["channels"] == len(channels(pbx))

    wait_for(exact, 5, "the registry to equal Asterisk's list")
    pbx.node.asterisk("channel request hangup all")
    wait_for(lambda: channels(pbx) == [] and pbx.ask("calls") == [] and exact(), 40, "the end of what was begun")
    assert pbx.node.main_pid("asterisk") == asterisk, "Asterisk was restarted"
    same_daemon(pbx, pid)
    journal = pbx.node.run(["journalctl", "-u", "asterisk", "--since", f"@{begun:.0f}", "--no-pager"]).stdout
    assert not re.search(r"segfault|core dump|assert|double free|FRACK", journal, re.I), journal
    served(pbx)


def test_a_thiefs_calls_are_blocked(pbx: Pbx) -> None:
    """Four numbers in a row where three are allowed: the next is refused, with an alarm; 112 passes; then unblocked."""
    text = pbx.site_text().replace("burst_numbers = 1000", "burst_numbers = 3")
    pbx.apply_text(text, "journey: toll fraud")
    far, phone = pbx.far_end("out-a"), pbx.phone("221")
    try:
        for n in range(4):
            seen = len(far.calls)
            call = phone.call(f"030123450{n}")
            far.wait_call(seen + 1).wait_answered()
            call.hang_up()
            call.wait_ended(10)
        assert [row["extension"] for row in pbx.jackfield("blocks", "--json")] == ["221"]
        assert any(a["key"] == "toll-fraud:221" and a["severity"] == "critical" for a in pbx.ask("alarms"))
        seen = len(far.calls)
        refused = phone.call("0301234599")
        pbx.wait_hears(refused, "call-not-allowed")
        refused.wait_ended(15)
        assert len(far.calls) == seen
        emergency = phone.call("112")
        far.wait_call(seen + 1).wait_answered()
        emergency.hang_up()
        wait_back(pbx, kill_daemon(pbx))
        assert [row["extension"] for row in pbx.ask("blocks")] == ["221"]
        pbx.jackfield("unblock", "221")
        assert not any(a["key"] == "toll-fraud:221" for a in pbx.ask("alarms"))
        seen = len(far.calls)
        call = phone.call("0301234501")
        far.wait_call(seen + 1).wait_answered()
        call.hang_up()
    finally:
        pbx.apply_text(pbx.site_text(), "journeys")
