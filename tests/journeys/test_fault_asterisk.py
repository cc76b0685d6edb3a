"""Asterisk restarted or cut off while people telephone: what the daemon believes is what is true."""

from __future__ import annotations

import time

import pytest
from journeys.faults import DAEMON, channels, same_daemon, served, wait_both_ways, wait_log
from journeys.pbx import Pbx
from rig import wait_for


def staffed_calls(pbx: Pbx, count: int) -> dict[str, object]:
    """One talk, one in the menu, the others in line; all that are there by number."""
    pbx.staff("201")
    seen = len(pbx.phone("201").calls)
    numbers = [pbx.number() for _ in range(count)]
    calls = {numbers[0]: pbx.call("5550500", numbers[0])}
    rung = pbx.phone("201").wait_call(seen + 1)
    rung.wait_answered()
    wait_both_ways(calls[numbers[0]], rung)
    for number in numbers[1:]:
        calls[number] = pbx.call("5550500", number)
    wait_for(lambda: len(pbx.waiting("basic")) == count - 1, 20, f"{count - 1} callers in line")
    return calls


def registry_is_true(pbx: Pbx) -> bool:
    """Whether the daemon has as many channels as Asterisk."""
    return bool(pbx.ask("status")["channels"] == len(channels(pbx)))


@pytest.mark.parametrize("how", ["kill", "restart"])
def test_asterisk_is_restarted_with_calls_up(pbx: Pbx, how: str) -> None:
    """All calls end, each on record once; no ghost is left; phones and agents are served again."""
    pid = pbx.node.main_pid(DAEMON)
    calls = staffed_calls(pbx, 4)
    old, begun = pbx.node.main_pid("asterisk"), time.monotonic()
    if how == "kill":
        pbx.node.kill_process("asterisk")
    else:
        pbx.node.systemctl("restart", "asterisk")
    wait_for(lambda: pbx.node.main_pid("asterisk") not in (0, old), 20, "another Asterisk")
    wait_log(pbx, begun, "registry.resynced", timeout=20)
    print(f"asterisk {how}: resynced after {time.monotonic() - begun:.2f} s")
    wait_for(lambda: pbx.ask("calls") == [], 15, "the end of all calls")
    assert pbx.ask("status")["channels"] == 0 and pbx.waiting("basic") == []
    same_daemon(pbx, pid)
    for number, (result, wanted) in zip(calls, [("answered", "1001")] + [("abandoned", "")] * 3, strict=True):
        record = pbx.record(number)
        assert (record["result"], record["agent"]) == (result, wanted), record
    for phone in pbx.phones.values():
        phone.register()
    pbx.wait_agent("1001", "ready")
    served(pbx)
    number, seen = pbx.number(), len(pbx.phone("201").calls)
    call = pbx.call("5550500", number)
    pbx.phone("201").wait_call(seen + 1).wait_answered()
    call.hang_up()
    assert pbx.record(number)["agent"] == "1001"


def test_who_was_in_line_is_called_back(pbx: Pbx) -> None:
    """Asterisk is killed: three callers are on the list of the lost, and are called back in the order of their line."""
    pbx.staff("201")
    pbx.dial_code("201", "*13")
    numbers = [pbx.number("55529") for _ in range(3)]
    for place, number in enumerate(numbers, 1):
        pbx.call("5550574", number)
        wait_for(lambda place=place: len(pbx.waiting("called-back")) == place, 15, f"{number} in line")
    old = pbx.node.main_pid("asterisk")
    pbx.node.kill_process("asterisk")
    wait_for(lambda: pbx.node.main_pid("asterisk") not in (0, old), 20, "another Asterisk")
    wait_for(lambda: lost(pbx)[-3:] == [(number, "waiting") for number in numbers], 60, f"{numbers} in line again")
    assert pbx.waiting("called-back") == numbers
    for phone in pbx.phones.values():
        phone.register()
    ann, far = pbx.phone("201"), pbx.far_end("out-a")
    seen, before = len(ann.calls), len(far.calls)
    pbx.dial_code("201", "*14")
    for count, number in enumerate(numbers, 1):
        rung = ann.wait_call(seen + count, timeout=30)
        assert rung.dialog.caller_number == number
        customer = far.wait_call(before + count, timeout=30)
        assert customer.dialog.called_number == number
        customer.wait_answered()
        wait_both_ways(rung, customer)
        customer.hang_up()
    wait_for(lambda: lost(pbx)[-3:] == [(number, "done") for number in numbers], 15, "the end of all call-backs")


def lost(pbx: Pbx) -> list[tuple[str, str]]:
    """Who was in line when Asterisk died, and how far the call-back has come."""
    return [(row["caller"], row["callback"]) for row in pbx.ask("acd.lost")]


def test_ami_is_cut_with_ten_calls_up(pbx: Pbx) -> None:
    """While AMI is away calls come, go and are answered; afterwards the registry is Asterisk's own list."""
    pid = pbx.node.main_pid(DAEMON)
    calls = staffed_calls(pbx, 10)
    numbers = list(calls)
    assert wait_for(lambda: registry_is_true(pbx), 10, "a true registry")
    begun = time.monotonic()
    cut = ["ss", "-K", "dst", "127.0.0.1", "dport", "=", "5038"]
    done = pbx.node.run(cut, check=False)
    if "5038" not in done.stdout:  # a kernel without SOCK_DESTROY
        pbx.node.run(["asterisk", "-rx", "module reload manager"])
        pbx.node.asterisk("manager reload")
    for number in numbers[1:4]:
        calls[number].hang_up()
    wait_log(pbx, begun, "registry.resynced", timeout=30)
    wait_for(lambda: pbx.ask("calls") and len(pbx.ask("calls")) == 7, 15, "seven calls")
    wait_for(lambda: registry_is_true(pbx), 15, "a registry as Asterisk's list")
    assert len(channels(pbx)) == 8
    wait_for(lambda: sorted(pbx.waiting("basic")) == sorted(numbers[4:]), 15, "the six who still wait")
    for number in numbers[1:4]:
        assert pbx.record(number)["result"] == "abandoned"
    for number in [numbers[0], *numbers[4:]]:
        calls[number].hang_up()
    for number in numbers[4:]:
        assert pbx.record(number)["result"] in ("abandoned", "answered")
    assert pbx.record(numbers[0])["result"] == "answered"
    wait_for(lambda: pbx.ask("status")["channels"] == 0, 15, "an empty registry")
    same_daemon(pbx, pid)
