"""Sliding windows, the length of bans, and what AMI's security events tell."""

from hypothesis import given
from hypothesis import strategies as st
from jackfield.security.offences import read
from jackfield.security.rule import BanLimits, Windows

times = st.lists(st.floats(0, 1000, allow_nan=False), min_size=1, max_size=60).map(sorted)


@given(times, st.floats(0.5, 300))
def test_the_count_is_that_of_the_last_seconds(when, seconds):
    windows = Windows()
    for n, now in enumerate(when):
        count = windows.add("a", now, seconds)
        assert count == sum(1 for t in when[: n + 1] if t > now - seconds)


@given(st.lists(st.integers(0, 50), max_size=200), st.integers(1, 10))
def test_a_flood_of_sources_takes_no_more_memory(sources, most):
    windows = Windows(most)
    for now, source in enumerate(sources):
        windows.add(source, float(now), 1000)
        assert len(windows) <= most


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.integers(1, 200))
def test_each_ban_is_twice_the_one_before_up_to_the_longest(first, longest, strikes):
    limits = BanLimits(seconds=first, max_seconds=longest)
    one, next_one = limits.ban_seconds(strikes), limits.ban_seconds(strikes + 1)
    assert 1 <= one <= longest
    assert next_one == min(2 * one, longest) or one == longest == next_one


def event(**more):
    return {
        "Service": "PJSIP",
        "AccountID": "201",
        "RemoteAddress": "IPV4/UDP/192.0.2.7/5060",
        "UsingPassword": "1",
    } | more


def test_wrong_and_right_passwords():
    bad, good = read("ChallengeResponseFailed", event()), read("SuccessfulAuth", event())
    assert (str(bad.address), bad.account, bad.good) == ("192.0.2.7", "201", False)
    assert good.good
    assert str(read("FailedACL", event(RemoteAddress="IPV6/TLS/[2001:db8::7]/5061")).address) == "2001:db8::7"
    assert str(read("FailedACL", event(RemoteAddress="IPV6/UDP/::ffff:192.0.2.7/5060")).address) == "192.0.2.7"


def test_what_is_not_about_a_stranger():
    assert read("SuccessfulAuth", event(UsingPassword="0")) is None
    assert read("InvalidPassword", event(Service="AMI")) is None
    assert read("ChallengeSent", event()) is None
    assert read("InvalidAccountID", event(RemoteAddress="IPV4/TCP/127.0.0.1/40000")) is None
    assert read("ChallengeResponseFailed", event(AccountID="<unknown>")) is None
    for broken in ("", "IPV4", "IPV4/UDP/nonsense/1", "///"):
        assert read("InvalidAccountID", event(RemoteAddress=broken)) is None


@given(st.text(max_size=200), st.text(max_size=60))
def test_hostile_events_never_raise(account, address):
    sign = read("InvalidAccountID", event(AccountID=account, RemoteAddress=address))
    assert sign is None or sign.account.isprintable()
