"""The rig on the real thing: a node, a plain Asterisk, a carrier and phones."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import plain_asterisk
import pytest
from rig import (
    Carrier,
    Node,
    Phone,
    RigError,
    Run,
    cancel,
    dtmf,
    hangup,
    install_jackfield,
    silence,
    start_load,
    wait,
)
from rig.audio import read_recording, read_wav
from test_hostsys import make_deb

pytestmark = pytest.mark.journey
SPEECH = "/usr/share/asterisk/sounds/en/demo-congrats.wav"


@dataclass
class Site:
    """What the tests share."""

    run: Run
    node: Node
    carrier: Carrier
    phone: Phone
    other: Phone


@pytest.fixture(scope="module")
def site(rig_run: Run) -> Iterator[Site]:
    node = rig_run.node("plain")
    carrier = rig_run.carrier(node)
    plain_asterisk.start(node, carrier.party.address)
    phones = [rig_run.phone(node, user, f"secret{user}") for user in ("201", "202")]
    yield Site(rig_run, node, carrier, *phones)
    node.power_cut()


@pytest.fixture(autouse=True)
def usual_phones(request: pytest.FixtureRequest) -> None:
    if "site" in request.fixturenames:
        site: Site = request.getfixturevalue("site")
        for phone in (site.phone, site.other):
            phone.answer_after, phone.refuse_with, phone.hang_up_after = 0.5, None, None


def log(node: Node) -> str:
    return node.read_file(f"{plain_asterisk.DIR}/full.log")


def test_node_boots_in_seconds_and_without_failed_units(site: Site) -> None:
    assert site.node.boot_seconds < 30
    assert site.node.systemctl("is-system-running") == "running"


def test_both_sides_hear_each_other_at_the_right_times(site: Site) -> None:
    number = len(site.phone.calls) + 1
    call = site.carrier.call(
        "100", from_number="5551", from_name="Ann Lee", plan=[wait(2), silence(1), wait(1), hangup()]
    )
    rung = site.phone.wait_call(number)
    ours, theirs = call.wait_ended(), rung.wait_ended()
    assert (ours.final_code, ours.ended_by) == (200, "us")
    assert (theirs.final_code, theirs.ended_by, theirs.incoming) == (200, "them", True)
    assert (theirs.caller_number, theirs.caller_name) == ("5551", "Ann Lee")
    assert ours.ringing_at - ours.invite_at < 1
    assert ours.answered_at - ours.ringing_at == pytest.approx(0.5, abs=0.4)
    assert ours.bye_at - ours.answered_at == pytest.approx(4, abs=0.3)
    assert call.tone != site.phone.tone
    time.sleep(0.3)  # the last packets
    begin = ours.answered_at
    spans = [(a - begin, b - begin) for a, b in rung.heard.heard_tone(call.tone)]
    assert spans == [pytest.approx((0, 2), abs=0.25), pytest.approx((3, 4), abs=0.25)]
    ((a, b),) = call.heard.heard_tone(site.phone.tone)
    assert (a - begin, b - begin) == pytest.approx((0, 4), abs=0.25)
    assert not call.heard.hears(call.tone), "the caller heard itself"
    assert not rung.heard.hears(site.phone.tone), "the phone heard itself"


def test_phone_hangs_up(site: Site) -> None:
    site.phone.hang_up_after = 1.0
    ended = site.carrier.call("100").wait_ended(20)
    assert (ended.final_code, ended.ended_by) == (200, "them")
    assert ended.bye_at - ended.answered_at == pytest.approx(1, abs=0.3)


def test_keys_from_plan_reach_asterisk(site: Site) -> None:
    site.phone.hang_up_after = 0.5
    call = site.carrier.call("101", plan=[wait(0.7), dtmf("42#"), wait(30)])
    assert call.wait_ended(20).ended_by == "them"
    assert "KEYS=42\n" in log(site.node)


def test_keys_pressed_while_the_call_runs(site: Site) -> None:
    site.phone.hang_up_after = 1.5
    number = len(site.phone.calls) + 1
    call = site.carrier.call("101")
    call.wait_answered()
    time.sleep(0.5)
    call.press("573")
    rung = site.phone.wait_call(number)
    call.wait_ended(20)
    assert "KEYS=573\n" in log(site.node)
    assert rung.heard.hears(call.tone), "the tone did not go on after the keys"


def test_keys_at_speed(site: Site) -> None:
    """50 a second: what Asterisk makes of them is its affair, but the keys must leave."""
    site.phone.hang_up_after = 0.3
    call = site.carrier.call("101", plan=[wait(0.5), dtmf("123", on=0.01, off=0.01)])
    call.wait_ended(20)
    found = call.keys_sent
    assert "".join(key for _, key in found) == "123"
    assert found[-1][0] - found[0][0] < 0.1
    assert "KEYS=123\n" in log(site.node)


def test_busy_phone_and_busy_dialplan(site: Site) -> None:
    site.phone.refuse_with = 486
    number = len(site.phone.calls) + 1
    call = site.carrier.call("100")
    theirs = site.phone.wait_call(number).wait_ended()
    ours = call.wait_ended()
    assert (theirs.final_code, theirs.ended_by) == (486, "us")
    assert (ours.final_code, ours.ended_by) == (486, "them")
    assert site.carrier.call("103").wait_ended().final_code == 486
    assert site.carrier.call("nowhere").wait_ended().final_code == 404


@pytest.mark.parametrize("number", ["100", "999"])
def test_caller_gives_up(site: Site, number: str) -> None:
    """100: the phone rings and nobody answers. 999: early media."""
    site.phone.answer_after = None
    context = "ringing" if number == "100" else "progress"
    caller = site.carrier
    if number == "999":
        call = site.phone.call("999", plan=[cancel(1.0, of=context)])
    else:
        call = caller.call(number, plan=[cancel(1.0, of=context)])
    ended = call.wait_ended(15)
    assert (ended.final_code, ended.ended_by, ended.answered_at) == (487, "us", None)
    heard_from = ended.ringing_at if number == "100" else ended.progress_at
    assert ended.cancel_at - heard_from == pytest.approx(1, abs=0.3)
    if number == "100":
        last = site.phone.calls[-1].wait_ended()
        assert (last.final_code, last.ended_by) == (487, "them")
    else:
        assert call.heard.heard_sound_between(ended.progress_at, ended.cancel_at)


def test_hang_up_by_hand_before_and_after_the_answer(site: Site) -> None:
    site.phone.answer_after = None
    call = site.carrier.call("100")
    call.wait_ringing()
    call.hang_up()
    assert call.wait_ended().final_code == 487
    number = len(site.phone.calls) + 1
    call = site.carrier.call("100")
    site.phone.wait_call(number)
    call.wait_ringing()
    site.phone.answer()
    call.wait_answered()
    site.phone.calls[-1].hang_up()
    assert call.wait_ended().ended_by == "them"


def test_phone_dials_a_feature_code_with_login(site: Site) -> None:
    call = site.other.call("*11", plan=[wait(0.7), dtmf("98"), wait(20)])
    ended = call.wait_ended(20)
    assert (ended.final_code, ended.ended_by) == (200, "them")
    assert "FEATURE=98\n" in log(site.node)


def test_phone_to_phone(site: Site) -> None:
    number = len(site.other.calls) + 1
    call = site.phone.call("202", plan=[wait(1.5), hangup()])
    rung = site.other.wait_call(number)
    assert (call.wait_ended().final_code, rung.wait_ended().caller_number) == (200, "201")
    assert rung.heard.hears(site.phone.tone)
    assert call.heard.hears(site.other.tone)


def test_unregistered_phone_and_wrong_password(site: Site) -> None:
    site.other.unregister()
    assert site.phone.call("202").wait_ended().final_code == 503
    site.other.register()
    with pytest.raises(RigError, match="did not register 201"):
        site.run.phone(site.node, "201", "wrong")


def test_prompt_is_heard_and_named(site: Site) -> None:
    pytest.importorskip("numpy", reason="prompt matching is for the test environment")
    reference = read_wav(site.node.read_bytes(SPEECH))[0].samples[: 8000 * 4]
    call = site.carrier.call("102", plan=[wait(6), hangup()])
    begin = call.wait_ended().answered_at
    ((at, likeness),) = call.heard.find(reference)
    assert at - begin == pytest.approx(0, abs=0.5)
    assert likeness > 0.8
    assert call.heard.sounds(), "speech is neither silence nor a tone"


def test_eight_calls_at_once_are_told_apart(site: Site) -> None:
    site.phone.answer_after = 0.2
    first = len(site.phone.calls)
    with ThreadPoolExecutor(8) as pool:
        calls = list(
            pool.map(lambda i: site.carrier.call("100", from_number=f"556{i}", plan=[wait(3), hangup()]), range(8))
        )
    for call in calls:
        assert call.wait_ended(30).final_code == 200
    rung = {c.wait_ended().caller_number: c for c in site.phone.calls[first:]}
    assert len(rung) == 8
    assert len({c.tone for c in calls}) == 8
    for i, call in enumerate(calls):
        heard = rung[f"556{i}"].heard.tones_heard()
        assert set(heard) == {call.tone}
        assert heard[call.tone] > 2.5
        assert call.heard.hears(site.phone.tone, 2.5)


def test_load_and_phone_bank(site: Site) -> None:
    bank = site.run.phone_bank(site.node, {"201": "secret201"}, answer_after=0.0)
    result = start_load(site.carrier, "100", rate=20, calls=40, concurrent=30, plan=[wait(0.5), hangup()]).wait(60)
    assert (result.offered, result.succeeded, result.failed) == (40, 40, 0)
    assert len(bank.calls("201")) == 40
    bank.stop()
    site.phone.register()


def test_cable_cut_and_mended(site: Site) -> None:
    number = len(site.phone.calls) + 1
    call = site.carrier.call("100", plan=[wait(4), hangup()])
    call.wait_answered()
    time.sleep(1)
    site.carrier.party.cut()
    time.sleep(1)
    site.carrier.party.mend()
    call.wait_ended()
    spans = site.phone.wait_call(number).heard.heard_tone(call.tone, gap=0.3)
    gaps = [after[0] - before[1] for before, after in pairwise(spans)]
    assert gaps == [pytest.approx(1, abs=0.3)]


def test_recording_is_read_from_flac(site: Site) -> None:
    site.node.run(
        ["sox", "-n", "-r", "8000", "-b", "16", "-c", "2", "/root/r.flac", "synth", "1", "sine", "650", "sine", "1100"]
    )
    left, right = read_recording(site.node.read_bytes("/root/r.flac"), site.run.root())
    assert left.hears(650, 0.8)
    assert not left.hears(1100)
    assert right.hears(1100, 0.8)


def test_packages_are_installed_by_apt_and_removed(site: Site, tmp_path: Path) -> None:
    make_deb(tmp_path, "rig-base", "1.0")
    make_deb(tmp_path, "rig-top", "1.0", depends="rig-base (>= 1.0), python3")
    install_jackfield(site.node, tmp_path, ["rig-top"])
    state = ["dpkg-query", "-W", "-f", "${Status}", "rig-base"]
    assert site.node.run(state).stdout == "install ok installed"
    site.node.apt_remove(["rig-base"])
    assert "installed" not in site.node.run(state, check=False).stdout
    make_deb(tmp_path, "rig-broken", "1.0", depends="no-such-package")
    with pytest.raises(RigError, match="no-such-package"):
        install_jackfield(site.node, tmp_path, ["rig-broken"])


def test_two_nodes_and_power_cut(site: Site) -> None:
    second = site.run.node("second")
    assert "1 received" in second.run(["ping", "-c1", "-W2", site.node.address]).stdout
    second.write_file("/var/lib/kept", "kept", mode=0o640, owner="asterisk:asterisk")
    second.power_cut()
    assert not second.running
    second.boot()
    assert second.read_file("/var/lib/kept") == "kept"
    assert second.path("/var/lib/kept").stat().st_mode & 0o777 == 0o640
    second.stop()


def test_unit_is_killed_and_comes_back(site: Site) -> None:
    node = site.node
    before = node.kill_process("redis-server.service")
    node.wait_for(lambda: node.main_pid("redis-server.service") not in (0, before), 15, "redis to be started again")


def test_host_sockets_reach_the_node(site: Site) -> None:
    stranger = site.run.party("stranger")
    with stranger.socket() as sock:
        sock.settimeout(5)
        with pytest.raises(ConnectionRefusedError):
            sock.connect((site.node.address, 4573))
    numbers = json.loads(stranger.run(["ip", "-j", "addr", "show", "eth0"]).stdout)
    assert numbers[0]["addr_info"][0]["local"] == stranger.address
