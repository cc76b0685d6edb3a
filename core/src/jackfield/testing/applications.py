"""Dialplan applications that the daemon runs by EXEC, and channel variables."""

from __future__ import annotations

import re
from collections.abc import Callable

from jackfield.testing.asterisk import (
    BUSY,
    NO_ANSWER,
    NORMAL,
    RINGING,
    UP,
    Channel,
    FakeAsterisk,
)

_FUNCTIONS = re.compile(r"([A-Z_]+)\((.*)\)")
UNREACHABLE, CONGESTION = "CHANUNAVAIL", "CONGESTION"


def run(asterisk: FakeAsterisk, channel: Channel, application: str, data: str) -> int:
    """What the application returns: 0, -1 after a hang-up or failure, -2 when there is none of that name."""
    found = APPLICATIONS.get(application.lower())
    if found is None:
        return -2
    with asterisk.moved:
        channel.did.append(f"{application}({data})")
        asterisk.moved.notify_all()
    if channel.gone and application.lower() not in ("mset", "set", "noop"):
        return -1
    return found(asterisk, channel, data)


def set_variable(asterisk: FakeAsterisk, channel: Channel, name: str, value: str) -> None:
    """Set a variable, or write a function of it."""
    name = name.lstrip("_")
    with asterisk.moved:
        if name == "CALLERID(num)":
            channel.number = value
        elif name == "CALLERID(name)":
            channel.caller_name = value
        channel.variables[name] = value
        asterisk.moved.notify_all()


def variable(asterisk: FakeAsterisk, channel: Channel, name: str) -> str:
    """A variable's value, or a function's; '' when it is not set."""
    known = {
        "CHANNEL": channel.name,
        "UNIQUEID": channel.id,
        "EXTEN": channel.exten,
        "CONTEXT": channel.context,
        "CALLERID(num)": channel.number,
        "CALLERID(name)": channel.caller_name,
        "CALLERID(dnid)": channel.exten,
        "CHANNEL(state)": {4: "Ring", 5: "Ringing", 6: "Up"}.get(channel.state, "Down"),
    }
    found = _FUNCTIONS.fullmatch(name)
    if found and found[1] == "PJSIP_HEADER":
        return channel.variables.get(f"header:{found[2].partition(',')[2].lower()}", "")
    return channel.variables.get(name, known.get(name, ""))


def _answer(asterisk: FakeAsterisk, channel: Channel, _: str) -> int:
    asterisk.answer(channel)
    return 0


def _mset(asterisk: FakeAsterisk, channel: Channel, data: str) -> int:
    for pair in data.split(","):
        name, _, value = pair.partition("=")
        set_variable(asterisk, channel, name.strip(), value)
    return 0


def _set(asterisk: FakeAsterisk, channel: Channel, data: str) -> int:
    name, _, value = data.partition("=")
    set_variable(asterisk, channel, name, value)
    return 0


def _nothing(asterisk: FakeAsterisk, channel: Channel, data: str) -> int:
    return 0


def _wait(asterisk: FakeAsterisk, channel: Channel, data: str) -> int:
    asterisk.wait(channel, lambda: channel.gone, float(data or 0))
    return -1 if channel.gone else 0


def _until_alone(asterisk: FakeAsterisk, channel: Channel, data: str) -> int:
    """A conference: until the person leaves, or is taken out."""
    asterisk.wait(channel, lambda: channel.gone or channel.stopped)
    return -1 if channel.gone else 0


def _bridge(asterisk: FakeAsterisk, channel: Channel, data: str) -> int:
    other = asterisk.named(data.partition(",")[0])
    if other is None:
        set_variable(asterisk, channel, "BRIDGERESULT", "NONEXISTENT")
        return 0
    asterisk.bridge(channel, other)
    set_variable(asterisk, channel, "BRIDGERESULT", "SUCCESS")
    asterisk.wait(channel, lambda: channel.gone or channel.peer is None)
    return -1 if channel.gone else 0


def _dial(asterisk: FakeAsterisk, channel: Channel, data: str) -> int:
    """Rings all targets; talks with the first that answers. With the option `g` the script goes on after the talk."""
    targets, _, rest = data.partition(",")
    timeout, _, options = rest.partition(",")
    seconds = float(timeout.partition("^")[0] or 0) or None
    legs = [_ring(asterisk, channel, target) for target in targets.split("&")]
    ringing = [leg for leg in legs if not leg.gone]

    def ready() -> bool:
        return channel.gone or any(leg.state == UP for leg in legs) or all(leg.gone for leg in legs)

    with asterisk.moved:
        music = re.search(r"m\(([^)]*)\)", options)
        channel.music = music[1] if music else None
    in_time = asterisk.wait(channel, ready, seconds) if ringing else True
    with asterisk.moved:
        taken = next((leg for leg in legs if leg.state == UP and not leg.gone), None)
        status = _status(channel, legs, taken, in_time)
        channel.variables["DIALSTATUS"] = status
        for leg in legs:
            if leg is not taken and not leg.gone:
                _lose(asterisk, channel, leg, "CANCEL" if taken or channel.gone else "NOANSWER")
        channel.music = None
        if taken is not None:
            asterisk.tell("DialEnd", ("", channel), ("Dest", taken), DialStatus="ANSWER")
            asterisk.answer(channel)
    if taken is None:
        return -1 if channel.gone else 0
    asterisk.bridge(channel, taken)
    asterisk.wait(channel, lambda: channel.gone or channel.peer is None)
    asterisk.hang_up(taken)
    return -1 if channel.gone or "g" not in options else 0


def _ring(asterisk: FakeAsterisk, channel: Channel, target: str) -> Channel:
    """A channel to a target; it is gone at once when nobody is registered there."""
    number, _, trunk = target.partition("/")[2].rpartition("@")
    line = asterisk.line(trunk)
    with asterisk.moved:
        leg = asterisk.open(
            line.name, state=0, call=channel.variables["JF_CALL"], number=number or line.name, exten=channel.exten
        )
        line.offered.append(leg)
        leg.variables["dialled"] = number or line.name
        leg.variables["shown"] = channel.number
        asterisk.tell("DialBegin", ("", channel), ("Dest", leg), DialString=target.partition("/")[2])
        if not line.registered:
            _lose(asterisk, channel, leg, UNREACHABLE)
        else:
            leg.state = RINGING
            asterisk.tell("Newstate", ("", leg))
        asterisk.moved.notify_all()
        return leg


def _lose(asterisk: FakeAsterisk, channel: Channel, leg: Channel, status: str) -> None:
    leg.status = leg.status or status
    asterisk.tell("DialEnd", ("", channel), ("Dest", leg), DialStatus=leg.status)
    asterisk.hang_up(leg, {"BUSY": BUSY, "NOANSWER": NO_ANSWER}.get(status, NORMAL))


def _status(channel: Channel, legs: list[Channel], taken: Channel | None, in_time: bool) -> str:
    if taken is not None:
        return "ANSWER"
    if channel.gone:
        return "CANCEL"
    if not in_time:
        return "NOANSWER"
    found = {leg.status for leg in legs}
    return next((s for s in ("BUSY", CONGESTION, "NOANSWER", UNREACHABLE) if s in found), UNREACHABLE)


def _play(asterisk: FakeAsterisk, channel: Channel, data: str) -> int:
    for file in data.partition(",")[0].split("&"):
        sound = asterisk.sound(file)
        if sound is not None:
            with asterisk.moved:
                channel.heard.append(sound)
                asterisk.moved.notify_all()
    return 0


APPLICATIONS: dict[str, Callable[[FakeAsterisk, Channel, str], int]] = {
    "answer": _answer,
    "bridge": _bridge,
    "confbridge": _until_alone,
    "congestion": _wait,
    "dial": _dial,
    "hangupcauseclear": _nothing,
    "mixmonitor": _nothing,
    "mset": _mset,
    "noop": _nothing,
    "pickupchan": _nothing,
    "playback": _play,
    "progress": _nothing,
    "ringing": _nothing,
    "set": _set,
    "startmusiconhold": _nothing,
    "stopmixmonitor": _nothing,
    "stopmusiconhold": _nothing,
    "wait": _wait,
}
