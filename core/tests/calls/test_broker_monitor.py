"""Bringing a supervisor into a talk: what Asterisk is asked, and what it is not."""

import pytest
from jackfield.calls.broker import Broker
from jackfield.errors import UnsafeValue


class Client:
    def __init__(self):
        self.asked = []

    def action(self, action, **headers):
        self.asked.append((action, headers))


@pytest.mark.parametrize("channel", ["PJSIP/201-0000001a", "Local/201*0207@jf-reach-00000001;1"])
@pytest.mark.parametrize("mode", ["listen", "whisper", "barge", "take-over"])
def test_the_supervisors_phone_rings_and_joins_by_our_own_dialplan(channel, mode):
    client = Client()
    Broker(client).monitor("262", channel, mode, "1001")
    ((action, headers),) = client.asked
    assert (action, headers["Channel"]) == ("Originate", "Local/262@jf-plain-extension/n")
    assert (headers["Context"], headers["Exten"], headers["Priority"]) == ("jf-monitor", mode, "1")
    assert headers["Variable"] == f"JF_MONITORED={channel}"
    assert headers["CallerID"] == f'"{mode} 1001" <262>'


@pytest.mark.parametrize(
    ("extension", "channel", "mode"),
    [
        ("262@x", "PJSIP/201-1", "listen"),
        ("", "PJSIP/201-1", "listen"),
        ("262", "PJSIP/201-1,qw", "listen"),
        ("262", "PJSIP/201\r\nVariable: A=b", "listen"),
        ("262", "${SHELL(id)}", "listen"),
        ("262", "PJSIP/201-1", "shout"),
    ],
)
def test_what_is_not_a_phone_a_channel_or_a_mode_is_refused(extension, channel, mode):
    client = Client()
    with pytest.raises(UnsafeValue):
        Broker(client).monitor(extension, channel, mode, "1001")
    assert client.asked == []


def test_a_title_that_would_say_more_is_left_out():
    client = Client()
    Broker(client).monitor("262", "PJSIP/201-1", "listen", 'x" <900>\r\nAction: Logoff')
    assert client.asked[0][1]["CallerID"] == '"listen " <262>'


def test_a_phone_or_a_number_outside_is_rung_for_a_code():
    client = Client()
    broker = Broker(client)
    broker.ring("201-mobile", "*203", "callback-3-1", number="5550142", seconds=20)
    broker.ring("201*+44207", "*203", "callback-3-2", number="5550142", seconds=40)
    phone, outside = (headers for _, headers in client.asked)
    assert (phone["Channel"], phone["Variable"]) == ("PJSIP/201-mobile", "JF_EXT=201") and "OtherChannelId" not in phone
    assert (outside["Channel"], outside["Variable"]) == ("Local/201*+44207@jf-reach/n", "JF_EXT=201")
    assert outside["OtherChannelId"] == "callback-3-2-outside"
    for bad in ("201*", "x*44207", "201*44207@jf-phone", "201*44*207", "*44207"):
        with pytest.raises(UnsafeValue):
            broker.ring(bad, "*203", "callback-3-3", number="", seconds=20)
    assert len(client.asked) == 2
