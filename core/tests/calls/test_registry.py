"""The registry: exact from events, and exact again after it was blind."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st
from jackfield.calls.channels import endpoint_of
from jackfield.calls.registry import Registry
from jackfield.telephony.events import Message


class Listener:
    def __init__(self) -> None:
        self.ended, self.answered, self.phones, self.reach, self.moved, self.held = [], [], [], [], [], []

    def channel_dialled(self, channel) -> None:
        pass

    def channel_answered(self, channel) -> None:
        self.answered.append(channel.id)

    def channel_ended(self, channel) -> None:
        self.ended.append(channel)

    def channel_moved(self, channel, before) -> None:
        self.moved.append((channel.id, before.call, channel.call))

    def channel_held(self, channel) -> None:
        self.held.append((channel.id, channel.held))

    def channels_merged(self, message) -> None:
        pass

    def phone_changed(self, endpoint, busy) -> None:
        self.phones.append((endpoint, busy))

    def phone_reachable(self, endpoint, reachable) -> None:
        self.reach.append((endpoint, reachable))


def message(name: str, **headers: str) -> Message:
    return Message("\r\n".join([f"Event: {name}", *(f"{k}: {v}" for k, v in headers.items())]).encode())


class Feed:
    def __init__(self) -> None:
        self.heard = Listener()
        self.registry = Registry(self.heard)

    def __call__(self, name: str, **headers: str) -> None:
        self.registry.event(name, message(name, **headers))

    def new(self, uid: str, channel: str, linked: str | None = None) -> None:
        self(
            "Newchannel",
            Uniqueid=uid,
            Linkedid=linked or uid,
            Channel=channel,
            ChannelState="0",
            CallerIDNum="7001",
            Timestamp="100.5",
        )


def a_call() -> Feed:
    feed = Feed()
    feed.new("1.1", "PJSIP/carrier-00000001")
    feed.new("1.2", "PJSIP/201-00000002", "1.1")
    feed("DialBegin", Uniqueid="1.1", DestUniqueid="1.2", DestLinkedid="1.1")
    return feed


def test_a_dialled_leg_belongs_to_the_callers_call() -> None:
    feed = a_call()
    feed("DialEnd", DestUniqueid="1.2", DialStatus="ANSWER", Timestamp="103.25")
    leg = next(c for c in feed.registry.legs("1.1") if c.id == "1.2")
    assert leg.answered is not None
    assert leg.answered.timestamp() == 103.25
    assert feed.heard.answered == ["1.2"]
    feed("Hangup", Uniqueid="1.2", Cause="16", Timestamp="110")
    ended = feed.heard.ended[0]
    assert (ended.dial_status, ended.cause, ended.ended.timestamp()) == ("ANSWER", 16, 110.0)


def test_phones_are_busy_from_their_first_channel_to_their_last() -> None:
    feed = a_call()
    feed.new("1.3", "PJSIP/201-00000003")
    feed("Hangup", Uniqueid="1.2", Cause="16")
    assert feed.registry.busy("201")
    feed("Hangup", Uniqueid="1.3", Cause="16")
    assert not feed.registry.busy("201")
    assert [p for p in feed.heard.phones if p[0] == "201"] == [("201", True), ("201", False)]


def test_a_rename_moves_the_channel() -> None:
    feed = a_call()
    feed("Rename", Uniqueid="1.2", Newname="PJSIP/202-00000009")
    assert feed.registry.busy("202")
    assert not feed.registry.busy("201")


def test_contacts() -> None:
    feed = Feed()
    feed("ContactStatus", EndpointName="201", ContactStatus="Unreachable")
    assert not feed.registry.reachable("201")
    assert feed.registry.reachable("999")
    feed("ContactStatus", EndpointName="201", ContactStatus="Reachable")
    assert feed.heard.reach == [("201", False), ("201", True)]


def test_events_about_strangers_change_nothing() -> None:
    feed = Feed()
    for name in ("Hangup", "Newstate", "Rename", "BridgeEnter", "BridgeLeave", "Hold"):
        feed(name, Uniqueid="9.9", Cause="x")
    feed("DialEnd", DestUniqueid="9.9", DialStatus="ANSWER")
    assert feed.registry.channels() == []


def test_after_a_blind_time_the_registry_equals_asterisk() -> None:
    feed = a_call()
    feed.registry.lost()
    status = message(
        "Status", Uniqueid="1.1", Linkedid="1.1", Channel="PJSIP/carrier-00000001", ChannelState="6", BridgeID=""
    )
    other = message(
        "Status",
        Uniqueid="2.1",
        Linkedid="2.1",
        Channel="PJSIP/202-00000007",
        ChannelState="6",
        BridgeID="b",
        Seconds="30",
    )
    feed.registry.resync([status, other], {"201": False})
    assert {c.id for c in feed.registry.channels()} == {"1.1", "2.1"}
    assert [c.id for c in feed.heard.ended] == ["1.2"]
    assert not feed.registry.busy("201")
    assert feed.registry.busy("202")
    assert feed.registry.known


def test_a_call_that_nobody_knows_of_counts_as_gone_only_when_time_is_up() -> None:
    feed = a_call()
    assert feed.registry.wait_gone("1.1", 0.01)
    own = message("Status", Uniqueid="1.1", Linkedid="1.1", Channel="PJSIP/carrier-00000001")
    back = threading.Timer(0.05, feed.registry.resync, ([own], {}))
    back.start()
    assert not feed.registry.wait_gone("1.1", 0.5)
    back.join()


def test_what_happens_while_asterisk_is_asked_for_its_list_counts() -> None:
    """A channel that the list has no more is not kept, one that it has not yet is not ended."""
    feed = Feed()
    feed.new("1.1", "PJSIP/carrier-00000001")
    feed.registry.hold()
    feed("Hangup", Uniqueid="1.1", Channel="PJSIP/carrier-00000001", Cause="16")
    feed.new("2.1", "PJSIP/carrier-00000002")
    feed.new("2.2", "PJSIP/201-00000003", "2.1")
    feed("DialBegin", Uniqueid="2.1", DestUniqueid="2.2", DestLinkedid="2.1")
    feed("DialEnd", Uniqueid="2.1", DestUniqueid="2.2", DialStatus="ANSWER")
    feed("BridgeEnter", Uniqueid="2.1")
    assert [c.id for c in feed.registry.channels()] == ["1.1"]
    older = [
        message("Status", Uniqueid="1.1", Linkedid="1.1", Channel="PJSIP/carrier-00000001"),
        message("Status", Uniqueid="2.1", Linkedid="2.1", Channel="PJSIP/carrier-00000002", Application="AGI"),
    ]
    feed.registry.resync(older, {})
    assert {(c.id, c.call, c.dial_status) for c in feed.registry.channels()} == {
        ("2.1", "2.1", ""),
        ("2.2", "2.1", "ANSWER"),
    }
    assert (feed.heard.answered, [c.id for c in feed.heard.ended]) == (["2.2"], ["1.1"])
    feed("Hangup", Uniqueid="2.2", Channel="PJSIP/201-00000003", Cause="16")
    assert [c.id for c in feed.registry.channels()] == ["2.1"]


def test_a_broken_event_that_was_kept_back_harms_no_other() -> None:
    feed = Feed()
    feed.registry.hold()
    feed("Newchannel", Channel="PJSIP/201-00000003")
    feed.new("2.1", "PJSIP/carrier-00000002")
    feed.registry.resync([], {})
    assert [c.id for c in feed.registry.channels()] == ["2.1"]
    assert feed.registry.known


def test_events_that_were_kept_back_are_void_when_asterisk_is_lost() -> None:
    feed = Feed()
    feed.registry.hold()
    feed.new("2.1", "PJSIP/carrier-00000002")
    feed.registry.lost()
    feed.registry.resync([], {})
    assert feed.registry.channels() == []


def test_endpoints() -> None:
    assert endpoint_of("PJSIP/my-trunk-0000001a") == "my-trunk"
    assert endpoint_of("Local/201@jf-phone-00000001;2") == ""
    assert endpoint_of("Local/201*0207@jf-reach-00000001;1") == "201*0207"
    assert endpoint_of("Local/201*0207@jf-reach-00000001;2") == ""


@given(st.lists(st.tuples(st.sampled_from(["new", "end"]), st.integers(0, 6), st.sampled_from(["201", "202"]))))
def test_busy_is_the_count_of_channels(steps) -> None:
    feed = Feed()
    live: dict[int, str] = {}
    for what, number, phone in steps:
        if what == "new":
            feed.new(f"1.{number}", f"PJSIP/{phone}-0000000{number}")
            live.setdefault(number, phone)
        else:
            feed("Hangup", Uniqueid=f"1.{number}", Cause="16")
            live.pop(number, None)
        for each in ("201", "202"):
            assert feed.registry.busy(each) == (each in live.values())
