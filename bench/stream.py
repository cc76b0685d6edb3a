"""The recorded AMI session that all AMI clients are fed: unpacked once into the cache, or synthesised when absent."""

from __future__ import annotations

import lzma
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from bench.report import REPOSITORY, say

NAME = "ami-events.raw.xz"
SYNTHETIC_CALLS = 2560


@dataclass(frozen=True)
class Stream:
    """An AMI byte stream without greeting and log-in reply."""

    path: Path
    source: str
    events: int
    hangups: int


def cache() -> Path:
    """Folder for what benches unpack: below $JACKFIELD_CACHE, or /var/cache/jackfield-rig as the rig's."""
    folder = Path(os.environ.get("JACKFIELD_CACHE") or "/var/cache/jackfield-rig") / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def shared() -> Path:
    """Folder with the recorded data: $JACKFIELD_SHARED, or `shared` beside the repository."""
    return Path(os.environ.get("JACKFIELD_SHARED") or REPOSITORY.parent / "shared")


def recorded() -> Stream:
    """The recorded stream; a like one is synthesised when it is not on this machine."""
    packed = shared() / "data" / NAME
    if packed.exists():
        path, source = cache() / f"ami-{packed.stat().st_size}.raw", "recorded from a real Asterisk 22"
        if not path.exists():
            say(f"unpacking {packed}")
            with lzma.open(packed) as whole, path.with_suffix(".part").open("wb") as out:
                shutil.copyfileobj(whole, out, 1 << 20)
            path.with_suffix(".part").rename(path)
    else:
        path, source = cache() / f"ami-synthetic-{SYNTHETIC_CALLS}.raw", f"synthesised ({packed} is not there)"
        if not path.exists():
            say(f"{packed} is not there; synthesising a like stream")
            path.write_bytes(b"".join(_call(number) for number in range(SYNTHETIC_CALLS)))
    data = path.read_bytes()
    return Stream(
        path, source, count(data), data.count(b"\r\n\r\nEvent: Hangup\r\n") + data.startswith(b"Event: Hangup\r\n")
    )


def count(data: bytes) -> int:
    """Events of a stream."""
    return data.count(b"\r\n\r\nEvent: ") + data.startswith(b"Event: ")


def first(stream: Stream, events: int) -> Stream:
    """The beginning of a stream, as another file of the cache."""
    path = stream.path.with_suffix(f".{events}")
    if not path.exists():
        parts = stream.path.read_bytes().split(b"\r\n\r\n", events)[:events]
        path.write_bytes(b"\r\n\r\n".join(parts) + b"\r\n\r\n")
    data = path.read_bytes()
    return Stream(path, stream.source, count(data), data.count(b"Event: Hangup\r\n"))


def _call(number: int) -> bytes:
    """86 events of a two-leg call, 58 % of them VarSet, as in the recording."""
    time, one, two = (
        f"{1795290000 + number / 40:.6f}",
        f"{1795290000 + number}.{2 * number}",
        f"{1795290000 + number}.{2 * number + 1}",
    )
    wanted = ["Newchannel", "Newstate", "BridgeEnter", "BridgeLeave", "Hangup"]
    names = (
        wanted[:2]
        + ["Newexten"] * 6
        + ["VarSet"] * 25
        + ["RTCPSent", "RTCPReceived"]
        + wanted[2:4]
        + ["HangupRequest"] * 4
    )
    return b"".join(_event(name, time, one if leg == 0 else two, one) for leg in (0, 1) for name in [*names, wanted[4]])


def _event(name: str, time: str, identity: str, linked: str) -> bytes:
    lines = [
        f"Event: {name}",
        "Privilege: call,all",
        f"Timestamp: {time}",
        f"Channel: PJSIP/sipp-{identity[-8:].replace('.', '0')}",
        "ChannelState: 6",
        "ChannelStateDesc: Up",
        "CallerIDNum: 15550100",
        "CallerIDName: Synthetic",
        "ConnectedLineNum: <unknown>",
        "ConnectedLineName: <unknown>",
        "Language: en",
        "AccountCode: ",
        "Context: bench",
        "Exten: dial",
        "Priority: 1",
        f"Uniqueid: {identity}",
        f"Linkedid: {linked}",
        "Variable: BRIDGEPEER",
        "Value: PJSIP/uas-00000001",
    ]
    if name == "Hangup":
        lines[-2:] = ["Cause: 16", "Cause-txt: Normal Clearing"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
