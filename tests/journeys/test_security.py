"""Strangers: wrong passwords are banned in time, phones and trunks are not; floods and forgeries reach nobody."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import pytest
from journeys.faults import served
from journeys.parties import digest_answer, parse
from journeys.pbx import Pbx
from journeys.test_bad_sip import RawSip, new_call_id
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


def test_who_guesses_is_banned_in_time(pbx: Pbx) -> None:
    """Wrong passwords for 201 from a stranger: banned after ten of them, and then not even answered."""
    guesser = Guesser(pbx, stranger(pbx, "guesser"))
    phone = pbx.phone("201")
    assert guesser.heard()
    for n in range(10):
        assert guesser.register("201", f"wrong-{n}") == 401
    wait_for(lambda: guesser.me in banned(pbx), 5, "the ban")
    wait_for(lambda: guesser.me in in_kernel(pbx), 5, "the ban in nftables")
    assert not guesser.heard()
    assert phone.address not in banned(pbx)
    served(pbx)
