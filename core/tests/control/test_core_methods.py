"""Core's own control methods: what they tell of live channels."""

from __future__ import annotations

from types import SimpleNamespace

from jackfield.calls.registry import Registry
from jackfield.control.core_methods import channels
from jackfield.telephony.events import Message


class Listener:
    def __getattr__(self, name: str):
        return lambda *_: None


def status(uid: str, channel: str, **headers: str) -> Message:
    told = {"Uniqueid": uid, "Linkedid": "1.1", "Channel": channel, "ChannelState": "6", **headers}
    return Message("\r\n".join(["Event: Status", *(f"{k}: {v}" for k, v in told.items())]).encode())


def test_channels_are_listed_by_call_without_numbers() -> None:
    registry = Registry(Listener())
    registry.resync(
        [
            status("1.1", "PJSIP/carrier-01", BridgeID="b1", CallerIDNum="5551234", Application="AGI"),
            status("1.2", "PJSIP/201-02", BridgeID="b1", CallerIDNum="5551234", Application="AppDial"),
            status("1.3", "Local/5559876@out-03;1", ChannelState="4"),
        ],
        {},
    )
    rows = channels(SimpleNamespace(registry=registry))
    assert [(r["id"], r["channel"], r["call"], r["endpoint"], r["bridge"], r["answered"]) for r in rows] == [
        ("1.1", "PJSIP/carrier-01", "1.1", "carrier", "b1", True),
        ("1.2", "PJSIP/201-02", "1.1", "201", "b1", True),
        ("1.3", "Local/5559876@out-03;1", "1.1", None, None, False),
    ]
    assert not any("5551234" in str(row) for row in rows)
