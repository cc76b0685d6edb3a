"""What the privileged helper takes, and what it hands to nft."""

import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.firewall import ruleset
from jackfield.firewall.words import Refused, translate

SAFE = re.compile(r"[0-9A-Za-z_ .:/,{}&|=@\"!()\n<>;-]*")


@pytest.mark.parametrize(
    "line",
    [
        "ban 1.2.3.4",
        "ban 1.2.3.4 0",
        "ban 1.2.3.4 -5",
        "ban 1.2.3.4 999999999",
        "ban 127.0.0.1 60",
        "ban 0.0.0.0 60",
        "ban fe80::1%eth0 60",
        "ban 1.2.3.4 60 5.6.7.8",
        "ban 1.2.3.4;flush 60",
        "unban",
        "unban 1.2.3.4 5",
        "trust 0.0.0.0/0",
        "trust ::/0",
        "trust host.example",
        "limits 5060 10",
        "limits 70000 10 10",
        "limits 5060 ten 10",
        "limits 5060}drop 1 1",
        "flush ruleset",
        "include /etc/passwd",
        "show me",
    ],
)
def test_lines_that_are_refused(line):
    with pytest.raises(Refused):
        translate(line)


@given(st.text(min_size=1).filter(lambda text: text.split()))
def test_any_text_is_refused_or_harmless(line):
    try:
        text = translate(line)
    except Refused:
        return
    assert SAFE.fullmatch(text)
    assert "delete table" not in text


@given(st.ip_addresses(), st.integers(1, ruleset.MAX_SECONDS))
def test_an_address_goes_into_its_familys_set(address, seconds):
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        return
    last = translate(f"ban {address} {seconds}").splitlines()[-1]
    assert last == f"add element inet jackfield banned{address.version} {{ {address} timeout {seconds}s }}"


def in_a_network_of_its_own(script):
    return subprocess.run(["unshare", "-n", "sh", "-ec", script], capture_output=True, text=True)


@pytest.mark.skipif(shutil.which("nft") is None, reason="nftables is not installed")
def test_the_kernel_takes_it_all(tmp_path):
    texts = [ruleset.table(), ruleset.rules([5060, 5061], 100, 200), ruleset.table(), ruleset.rules([5060], 5, 5)]
    texts += [translate(f"ban 192.0.2.{n} {60 * n}") for n in (7, 7, 8)]
    texts += [translate(line) for line in ("phone 192.0.2.9 60 2001:db8::9 60", "unban 192.0.2.8", "unban 192.0.2.99")]
    texts += [translate("trust 10.0.0.0/8 10.1.2.3 2001:db8::/32"), translate("trust")]
    for number, text in enumerate(texts):
        (tmp_path / str(number)).write_text(text)
    applied = " && ".join(f"nft -f {tmp_path}/{n}" for n in range(len(texts)))
    done = in_a_network_of_its_own(f"{applied}; nft list table inet jackfield")
    assert done.returncode == 0, done.stderr
    assert "192.0.2.7 timeout 7m" in done.stdout
    assert "192.0.2.8" not in done.stdout
    assert "2001:db8::9 timeout 1m" in done.stdout
    assert "10.0.0.0" not in done.stdout
    assert "limit rate over 5/second" in done.stdout
    (tmp_path / "end").write_text(ruleset.removal())
    left = f"nft -f {tmp_path}/0; nft add table inet mine; nft -f {tmp_path}/end; nft list tables"
    gone = in_a_network_of_its_own(left)
    assert gone.stdout.split() == ["table", "inet", "mine"]
