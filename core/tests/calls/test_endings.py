"""Who makes the record final: the call's thread, also when the channel's end is told first."""

from __future__ import annotations

import time
from dataclasses import replace

from jackfield.calls.channels import Channel
from jackfield.calls.party import Party
from jackfield.calls.state import Facts
from jackfield.routing.destinations import Result
from jackfield.telephony.events import Message
from service_rig import Daemon, Plugin


def event(daemon: Daemon, name: str, **headers: str) -> None:
    lines = [f"Event: {name}", *(f"{k}: {v}" for k, v in headers.items())]
    daemon.calls.registry.event(name, Message("\r\n".join(lines).encode()))


class Listener:
    def __init__(self, calls) -> None:
        self.calls = calls

    def channel_dialled(self, channel: Channel) -> None:
        pass

    def channel_answered(self, channel: Channel) -> None:
        self.calls.channel_answered(channel)

    def channel_ended(self, channel: Channel) -> None:
        self.calls.channel_ended(channel)

    def phone_changed(self, endpoint: str, busy: bool) -> None:
        pass

    def phone_reachable(self, endpoint: str, reachable: bool) -> None:
        pass


def test_the_threads_word_counts_when_the_hangup_event_is_quicker() -> None:
    plugin = Plugin()
    for number in range(20):
        daemon = Daemon(plugin)
        daemon.calls.registry.listener = Listener(daemon.calls.legs)
        who = {"Uniqueid": "1.1", "Linkedid": "1.1", "Channel": "PJSIP/carrier-00000001"}
        event(daemon, "Newchannel", **who)
        peer = daemon.call("good")
        assert peer.ended.wait(5)
        if number % 2:
            time.sleep(0.002)
        event(daemon, "Hangup", Cause="16", **who)
        assert daemon.ended().result is Result.COMPLETED
        time.sleep(0.01)
        assert len(daemon.writer.ended) == 1


def test_a_short_calls_legs_are_on_record_though_events_come_late() -> None:
    """On an overloaded machine the call's thread is done before AMI has told of its first channel."""
    daemon = Daemon(Plugin())
    daemon.calls.endings.patience = 5.0
    daemon.calls.registry.listener = Listener(daemon.calls.legs)
    peer = daemon.call("good")
    assert peer.ended.wait(5)
    time.sleep(0.2)
    who = {"Uniqueid": "1.1", "Linkedid": "1.1", "Channel": "PJSIP/carrier-00000001"}
    event(daemon, "Newchannel", **who)
    time.sleep(0.05)
    event(daemon, "Hangup", Cause="16", **who)
    record = daemon.ended()
    assert [(leg.id, leg.role, leg.cause) for leg in record.legs] == [("1.1", "caller", 16)]


def test_a_call_that_ends_while_asterisk_is_asked_for_its_list_ends_once() -> None:
    """Right after a restart: the list, and what is on record, are from before its end. It must not begin anew."""
    daemon = Daemon(Plugin())
    daemon.calls.registry.listener = Listener(daemon.calls.legs)
    who = {"Uniqueid": "1.1", "Linkedid": "1.1", "Channel": "PJSIP/carrier-00000001"}
    event(daemon, "Newchannel", **who)
    assert daemon.call("good").ended.wait(5)
    event(daemon, "Hangup", Cause="16", **who)
    assert daemon.ended().result is Result.COMPLETED
    told = Facts("1.1", "PJSIP/carrier-00000001", "inbound", Party("5551"), "")
    daemon.calls.adoption.adopt(told, None, "good:x")
    daemon.calls.endings.end_gone()
    assert (len(daemon.writer.ended), daemon.calls.count()) == (1, 0)
    daemon.calls.adoption.adopt(replace(told, id="1.2"), None, "good:x")
    assert daemon.calls.count() == 1, "one that nobody has seen the end of is taken over"
