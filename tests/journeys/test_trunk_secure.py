"""A carrier and a phone over TLS with SRTP (T1, T5), played by another Asterisk: heard both ways, in each codec."""

from __future__ import annotations

import socket
import subprocess
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from journeys.pbx import TONE_OF, Pbx
from journeys.test_trunk_lines import alarms, wait_trunk
from rig import Node, wait_for
from rig.audio import Sound
from rig.net import in_namespace

DIR = "/srv/carrier"
CONF = f"{DIR}/asterisk.conf"
SRTP_ALAW = 12 + 160 + 10
"""Bytes of 20 ms of G.711 in RTP with the tag of AES_CM_128_HMAC_SHA1_80."""
FILES = {
    "asterisk.conf": f"""
[directories]
astetcdir => {DIR}
astmoddir => MODULES
astvarlibdir => /var/lib/asterisk
astdbdir => {DIR}
astkeydir => {DIR}
astdatadir => /usr/share/asterisk
astagidir => {DIR}
astspooldir => {DIR}/spool
astrundir => {DIR}
astlogdir => {DIR}
""",
    "modules.conf": "[modules]\nautoload=yes\nnoload=chan_iax2.so\nnoload=pbx_ael.so\nnoload=chan_dahdi.so\n"
    "noload=cdr_radius.so\nnoload=cel_radius.so\n",
    "logger.conf": "[logfiles]\nfull.log => notice,warning,error,verbose\n",
    "rtp.conf": "[general]\nrtpstart=20000\nrtpend=20999\n",
    "pjsip.conf": f"""
[tls]
type=transport
protocol=tls
method=sslv23
bind=0.0.0.0:5061
cert_file={DIR}/carrier.crt
priv_key_file={DIR}/carrier.key
[tlsphone]
type=transport
protocol=tls
method=sslv23
bind=PHONE:5071
cert_file={DIR}/carrier.crt
priv_key_file={DIR}/carrier.key
[pbx]
type=aor
contact=sip:PBX:5061\\;transport=tls
[phone]
type=auth
auth_type=digest
username=281
password=secret-281-abc
[phone]
type=registration
transport=tlsphone
outbound_auth=phone
server_uri=sip:PBX:5061\\;transport=tls
client_uri=sip:281@PBX:5061\\;transport=tls
contact_user=281
retry_interval=2
[alaw]
type=identify
endpoint=alaw
match=PBX
""",
    "extensions.conf": f"""
[carrier]
exten => _[a-z0-9].,1,Answer()
 same => n,MixMonitor({DIR}/mix.wav,r({DIR}/${{EXTEN}}.sln))
 same => n,Playtones(TONE)
 same => n,Wait(30)
""",
}
ENDPOINT = """
[{name}]
type=endpoint
context=carrier
transport=tls
aors=pbx
disallow=all
allow={codec}
media_encryption={encryption}
direct_media=no
rtp_symmetric=yes
"""
PHONE = """from_user=281
outbound_auth=phone
"""


class TlsCarrier:
    """An Asterisk on a node of its own."""

    def __init__(self, pbx: Pbx, folder: Path) -> None:
        """Boots it, and makes its certificate for both of its addresses."""
        run, party = pbx.run, pbx.run.network.parties["secure"]
        self.node = Node(run._dir, run.root(), party, "secure")
        run.nodes.append(self.node)
        self.node.boot()
        self.tone = run.next_tone()
        key, self.certificate = folder / "carrier.key", folder / "carrier.crt"
        names = ",".join(f"IP:{address}" for address in party.addresses)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=carrier.example",
             "-addext", f"subjectAltName={names}", "-keyout", key, "-out", self.certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        for path in (key, self.certificate):
            self.node.write_file(f"{DIR}/{path.name}", path.read_bytes())
        modules = self.node.run(["sh", "-c", "ls -d /usr/lib/*/asterisk/modules"]).stdout.strip()
        for name, text in FILES.items():
            if name == "pjsip.conf":
                for endpoint in ("opus", "g722", "alaw"):
                    text += ENDPOINT.format(name=endpoint, codec=endpoint, encryption="sdes")
                text += ENDPOINT.format(name="clear", codec="alaw", encryption="no")
                for endpoint, encryption in (("phone", "sdes"), ("phoneclear", "no")):
                    phone = ENDPOINT.format(name=endpoint, codec="alaw", encryption=encryption) + PHONE
                    text += phone.replace("transport=tls", "transport=tlsphone")
            holes = {"MODULES": modules, "PBX": pbx.node.address, "TONE": str(self.tone), "PHONE": pbx.sealed}
            for hole, value in holes.items():
                text = text.replace(hole, value)
            self.node.write_file(f"{DIR}/{name}", text)
        self.node.systemctl("stop", "asterisk.service")
        self.node.run(["systemd-run", "--unit=carrier", "asterisk", "-C", CONF, "-f"])
        self.node.wait_for(lambda: self.asterisk("core waitfullybooted").returncode == 0, 15, "the carrier's Asterisk")

    def asterisk(self, command: str) -> subprocess.CompletedProcess[str]:
        """A command of its console."""
        return self.node.run(["asterisk", "-C", CONF, "-rx", command], check=False)

    def call(self, endpoint: str, number: str) -> None:
        """Calls a number of the PBX with an endpoint's codec, sends its tone, and records what it hears."""
        self.asterisk(f"channel originate PJSIP/{number}@{endpoint} extension {endpoint}@carrier")

    def log(self) -> str:
        """Its log."""
        return self.node.read_file(f"{DIR}/full.log")

    def heard(self, endpoint: str) -> Sound:
        """What it heard in its last call with this endpoint."""
        data = self.node.read_bytes(f"{DIR}/{endpoint}.sln")
        return Sound([(0.0, array("h", data[: len(data) // 2 * 2]))])


@pytest.fixture(scope="module")
def tls_carrier(shared_pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsCarrier]:
    """The carrier of the trunks `secure` and `verified`."""
    carrier = TlsCarrier(shared_pbx, tmp_path_factory.mktemp("tls"))
    yield carrier
    carrier.node.stop()


def packet_sizes(pbx: Pbx, count: int) -> set[int]:
    """Sizes of UDP payloads on their way from the PBX to the carrier."""
    party = pbx.run.network.parties["secure"]
    sock = in_namespace(party.netns, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)))
    sock.settimeout(5)
    sizes = []
    with sock:
        while len(sizes) < count:
            packet = sock.recv(2048)
            mine = packet[9] == socket.IPPROTO_UDP and socket.inet_ntoa(packet[12:16]) == pbx.node.address
            sound = int.from_bytes(packet[22:24], "big") in range(20000, 21000, 2) and packet[29] & 0x7F == 8
            if mine and sound:
                sizes.append(int.from_bytes(packet[24:26], "big") - 8)
    return set(sizes)


@pytest.mark.parametrize("codec", ["alaw", "g722", "opus"])
def test_heard_both_ways(pbx: Pbx, tls_carrier: TlsCarrier, codec: str) -> None:
    """SIP over TLS, sound over SRTP in the trunk's codec; the phone's G.711 is transcoded."""
    wait_trunk(pbx, "secure", "reachable", 30)
    phone = pbx.phone("201")
    seen = len(phone.calls)
    tls_carrier.call(codec, "5550401")
    rung = phone.wait_call(seen + 1)
    wait_for(lambda: rung.heard.hears(tls_carrier.tone), 15, f"the carrier's tone in {codec}", every=0.2)
    channels = [line.partition("!")[0] for line in pbx.node.asterisk("core show channels concise").splitlines()]
    (channel,) = [name for name in channels if name.startswith("PJSIP/secure")]
    shown = pbx.node.asterisk(f"core show channel {channel}")
    assert f"({codec})" in shown, shown
    if codec == "alaw":
        assert packet_sizes(pbx, 20) == {SRTP_ALAW}

    path = tls_carrier.node.path(f"{DIR}/{codec}.sln")
    wait_for(lambda: path.exists() and path.stat().st_size > 16000, 10, "the carrier's recording", every=0.1)
    wait_for(lambda: tls_carrier.heard(codec).hears(TONE_OF["201"]), 15, f"the phone's tone in {codec}", every=0.3)


def test_sound_in_the_clear_is_refused(pbx: Pbx, tls_carrier: TlsCarrier) -> None:
    """media_encryption = required: an offer without SRTP gets 488, and the phone does not ring."""
    wait_trunk(pbx, "secure", "reachable", 30)
    seen = len(pbx.phone("201").calls)
    tls_carrier.asterisk("pjsip set logger on")
    tls_carrier.call("clear", "5550401")
    pbx.node.wait_for(lambda: "488 Not Acceptable" in tls_carrier.log(), 10, "the refusal")
    assert len(pbx.phone("201").calls) == seen and not pbx.ask("calls")


def test_out_over_the_trunk(pbx: Pbx, tls_carrier: TlsCarrier) -> None:
    """A phone calls out: INVITE over TLS with RTP/SAVP, heard both ways, no packet of sound in the clear."""
    wait_trunk(pbx, "secure", "reachable", 30)
    tls_carrier.asterisk("pjsip set logger on")
    phone, number = pbx.phone("221"), "777001"
    call = phone.call(f"90{number}")
    wait_for(lambda: call.heard.hears(tls_carrier.tone), 15, "the carrier's tone", every=0.2)
    invite = tls_carrier.log().rpartition(f"INVITE sip:{number}@")[2].partition("<---")[0]
    assert "Via: SIP/2.0/TLS" in invite and "RTP/SAVP" in invite and "a=crypto:" in invite, invite
    assert packet_sizes(pbx, 20) == {SRTP_ALAW}
    wait_for(lambda: tls_carrier.heard(number).hears(phone.tone), 15, "the phone's tone", every=0.3)
    call.hang_up()


def sealed_phone(pbx: Pbx, carrier: TlsCarrier) -> None:
    """Waits until the phone 281 is registered over TLS."""
    carrier.asterisk("pjsip send register phone")
    pbx.node.wait_for(lambda: "281/sip:281@" in pbx.node.asterisk("pjsip show contacts"), 20, "281's contact")


def test_a_phone_with_srtp(pbx: Pbx, tls_carrier: TlsCarrier) -> None:
    """An extension with media_encryption: rung and ringing, it is offered SRTP only, and is heard both ways."""
    sealed_phone(pbx, tls_carrier)
    other = pbx.phone("201")
    tls_carrier.asterisk("pjsip set logger on")
    call = other.call("281")
    wait_for(lambda: call.heard.hears(tls_carrier.tone), 15, "281's tone", every=0.2)
    invite = tls_carrier.log().rpartition("INVITE sip:281@")[2].partition("<---")[0]
    assert "Via: SIP/2.0/TLS" in invite and "RTP/SAVP" in invite and "RTP/AVP" not in invite, invite
    assert packet_sizes(pbx, 20) == {SRTP_ALAW}
    wait_for(lambda: tls_carrier.heard("281").hears(TONE_OF["201"]), 15, "201's tone", every=0.3)
    call.hang_up()
    seen = len(other.calls)
    tls_carrier.call("phone", "201")
    rung = other.wait_call(seen + 1)
    wait_for(lambda: rung.heard.hears(tls_carrier.tone), 15, "281's tone", every=0.2)
    wait_for(lambda: tls_carrier.heard("phone").hears(TONE_OF["201"]), 15, "201's tone", every=0.3)


def test_a_phone_without_srtp_is_refused(pbx: Pbx, tls_carrier: TlsCarrier) -> None:
    """The same account without SRTP: 488, and nobody is rung."""
    sealed_phone(pbx, tls_carrier)
    seen, refused = len(pbx.phone("201").calls), tls_carrier.log().count("488 Not Acceptable")
    tls_carrier.asterisk("pjsip set logger on")
    tls_carrier.call("phoneclear", "201")
    pbx.node.wait_for(lambda: tls_carrier.log().count("488 Not Acceptable") > refused, 10, "the refusal")
    assert len(pbx.phone("201").calls) == seen and not pbx.ask("calls")


def why(pbx: Pbx, trunk: str) -> str:
    """What the alarm of an unreachable trunk says."""
    return next((a["text"] for a in pbx.ask("alarms") if a["key"] == f"trunk-unreachable:{trunk}"), "")


def test_a_certificate_that_nobody_vouches_for(pbx: Pbx, tls_carrier: TlsCarrier) -> None:
    """verify_server: who shows a certificate that no authority of the site signed stays out, and the alarm says why."""
    wait_trunk(pbx, "verified", "unreachable", 30)
    assert alarms(pbx, "verified") == {"trunk-unreachable"}
    wait_trunk(pbx, "secure", "reachable", 30)

    def told() -> bool:
        """The alarm may be of the time before there was a carrier: then it is looked at again."""
        pbx.ask("site.reload")
        return "not trusted (self-signed certificate)" in why(pbx, "verified")

    wait_for(told, 30, "the reason", every=2)
