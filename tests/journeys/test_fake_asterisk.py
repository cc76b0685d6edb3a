"""The fake Asterisk of `jackfield.testing` against the real one: the same scripts, the same answers and events."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from jackfield.telephony.ami import AmiClient
from jackfield.telephony.events import Message
from jackfield.testing.agi import AgiLink
from jackfield.testing.asterisk import FakeAsterisk
from jackfield.testing.clock import SteeredClock
from jackfield.testing.manager import FakeManager
from journeys.pbx import CURRENT, Pbx
from rig import wait_for
from rig.net import in_namespace

PORT = 4599
CODE = "77990"
"""What 201 dials to come to the test's own AGI server."""
PROMPT, NOWHERE = "{PROMPT}", "/nowhere/at/all"
Step = tuple[str, str]
"""A command, and what people do while it is in work: keys, `refuse`, `answer`, `part` or `leave`."""
SCRIPT: list[Step] = [
    ("ANSWER", ""),
    ("CHANNEL STATUS", ""),
    ("CHANNEL STATUS PJSIP/nobody-1", ""),
    ("NOOP", ""),
    ('VERBOSE "hello" 1', ""),
    ("NO SUCH COMMAND", ""),
    ("SET VARIABLE x", ""),
    ('SET VARIABLE "JFX" "a b"', ""),
    ("GET VARIABLE JFX", ""),
    ("GET VARIABLE JFNONE", ""),
    ('GET FULL VARIABLE "${JFX}/${JFX}"', ""),
    ('GET FULL VARIABLE "${JFNONE}"', ""),
    ('EXEC MSet "JFY=1,JFZ=2"', ""),
    ("GET VARIABLE JFZ", ""),
    ("EXEC NoSuchApp x", ""),
    ("EXEC Wait 0.1", ""),
    (f'STREAM FILE {PROMPT} ""', ""),
    (f'STREAM FILE {PROMPT} "15"', "5"),
    (f'STREAM FILE {NOWHERE} ""', ""),
    ("CHANNEL STATUS", ""),
    (f'CONTROL STREAM FILE {PROMPT} "15"', "1"),
    (f'CONTROL STREAM FILE {NOWHERE} "15"', ""),
    ("WAIT FOR DIGIT 100", ""),
    ("WAIT FOR DIGIT 8000", "#"),
    (f"GET DATA {PROMPT} 300 4", ""),
    (f"GET DATA {PROMPT} 8000 2", "47"),
    (f"GET DATA {PROMPT} 8000 4", "4#"),
    ('RECORD FILE /tmp/jf-fake-test wav "#" 8000', "#"),
    ('RECORD FILE /tmp/jf-fake-test wav "#" 100', ""),
    ("SET MUSIC ON default", ""),
    ("SET MUSIC OFF", ""),
    ("DATABASE PUT jffake k v", ""),
    ("DATABASE GET jffake k", ""),
    ("DATABASE DEL jffake k", ""),
    ("DATABASE GET jffake k", ""),
    ("DATABASE DEL jffake k", ""),
    ('EXEC Dial "PJSIP/203,1,g"', ""),
    ("GET VARIABLE DIALSTATUS", ""),
    ('EXEC Dial "PJSIP/202,8,g"', "refuse"),
    ("GET VARIABLE DIALSTATUS", ""),
    ('EXEC Dial "PJSIP/202,8,g"', "part"),
    ("GET VARIABLE DIALSTATUS", ""),
    ("WAIT FOR DIGIT 8000", "leave"),
]
"""203 rings and nobody answers."""


def normal(answer: str) -> str:
    """An answer without what differs between two runs, nor the help text of a command."""
    return re.sub(r"endpos=-?\d+", "endpos=N", re.sub(r"(520-[^\n]*\n).*(520 End)", r"\1…\2", answer, flags=re.DOTALL))


def run_script(listener: socket.socket, prompt: str, act: Callable[[str], None]) -> list[tuple[str, str]]:
    """Serve one AGI connection: send the script's commands, note the answers, until the other side closes."""
    listener.settimeout(20)
    sock, _ = listener.accept()
    sock.settimeout(20)
    said = []
    with sock, sock.makefile("rb") as lines:
        head = []
        while (line := lines.readline()) not in (b"\n", b""):
            head.append(line.decode().partition(":")[0])
        said.append(("environment", " ".join(head)))
        for command, deed in SCRIPT:
            sock.sendall(command.replace(PROMPT, prompt).encode() + b"\n")
            if deed:
                act(deed)
            answer = lines.readline().decode()
            if answer.startswith("520-"):
                while not answer.rpartition("\n")[0].rpartition("\n")[2].startswith("520 "):
                    answer += lines.readline().decode()
            said.append((command, normal(answer.strip())))
        try:
            said.append(("after the hang-up", lines.readline().decode()))
        except ConnectionError:
            said.append(("after the hang-up", ""))
    return said


def real(pbx: Pbx) -> list[tuple[str, str]]:
    """The script on the phone 201 of a real Asterisk."""
    manifest = json.loads(pbx.node.read_file(f"{CURRENT}/sounds.json"))
    prompt = f"{manifest['folder']}/en/{manifest['sounds']['en']['sorry']}"
    one, two, three = (pbx.phone(user) for user in ("201", "202", "203"))
    two.answer_after, three.answer_after = None, None
    offered, calls = [len(two.calls)], []

    def act(deed: str) -> None:
        if deed in ("refuse", "part"):
            offered[0] += 1
            leg = two.wait_call(offered[0])
            leg.wait_ringing()
            if deed == "refuse":
                two.refuse(486)
                leg.wait_ended(8)
                return
            two.answer()
            leg.wait_answered()
            wait_for(lambda: pbx.node.asterisk("bridge show all").count("basic"), 8, "a bridge")
            leg.hang_up()
        elif deed == "leave":
            calls[0].hang_up()
        else:
            # A command takes its keys from the moment at which it begins; nothing tells when that is.
            time.sleep(0.3)
            calls[0].press(deed)

    with in_namespace(pbx.node.party.netns, lambda: socket.create_server(("127.0.0.1", PORT))) as listener:
        pbx.node.asterisk(f"dialplan add extension {CODE},1,AGI(agi://127.0.0.1:{PORT}/probe,a,b) into jf-phone")
        try:
            calls.append(one.call(CODE))
            return run_script(listener, prompt, act)
        finally:
            pbx.node.asterisk(f"dialplan remove extension {CODE}@jf-phone")


def fake(folder: Path) -> list[tuple[str, str]]:
    """The script on the fake."""
    clock = SteeredClock()
    asterisk = FakeAsterisk(clock, folder)
    asterisk.files.add(("sorry", "en"))
    asterisk.prompt_seconds = 2.0
    channel = asterisk.open("201", number="201", exten=CODE, context="jf-phone")
    asterisk.line("202"), asterisk.line("203")
    ended = threading.Event()
    stop = threading.Event()

    def pass_time() -> None:
        """Real time: what a command waits for comes to its end when nobody does anything."""
        while not stop.wait(0.1):
            with asterisk.moved:
                waits = channel.pending is not None and not channel.pending()
            if waits:
                clock.advance(0.5)

    def act(deed: str) -> None:
        assert asterisk.until(lambda: channel.pending is not None)
        if deed in ("refuse", "part"):
            assert asterisk.until(lambda: any(not leg.gone for leg in asterisk.line("202").offered))
            leg = asterisk.line("202").offered[-1]
            if deed == "refuse":
                leg.status = "BUSY"
            else:
                asterisk.answer(leg)
                assert asterisk.until(lambda: leg.peer is not None)
            asterisk.hang_up(leg)
        elif deed == "leave":
            asterisk.hang_up(channel)
        else:
            with asterisk.moved:
                channel.keys.extend(deed)
                asterisk.moved.notify_all()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        link = AgiLink(asterisk, channel, lambda _: ended.set())
        link.start(listener.getsockname()[1], "probe", ["a", "b"])
        threading.Thread(target=pass_time, daemon=True).start()
        try:
            return run_script(listener, f"{folder}/en/jf/sorry", act)
        finally:
            stop.set()
            asterisk.close()


def test_agi_answers_as_asterisk_does(pbx: Pbx, tmp_path: Path) -> None:
    """One script of all commands that the daemon uses, right and wrong, with keys, refusals, a talk and a hang-up."""
    expected, found = real(pbx), fake(tmp_path)
    differing = [(one, other) for one, other in zip(expected, found, strict=True) if one != other]
    assert not differing, "\n".join(f"{a[0]}\n  Asterisk: {a[1]}\n  fake:     {b[1]}" for a, b in differing)


ACTIONS: list[dict[str, str]] = [
    {"Action": "Ping"},
    {"Action": "NoSuchThing"},
    {"Action": "CoreSettings"},
    {"Action": "DBPut", "Family": "jffake", "Key": "one", "Val": "1"},
    {"Action": "DBPut", "Family": "jffake", "Key": "two", "Val": "2"},
    {"Action": "DBGetTree", "Family": "jffake"},
    {"Action": "DBDel", "Family": "jffake", "Key": "one"},
    {"Action": "DBDel", "Family": "jffake", "Key": "one"},
    {"Action": "DBDelTree", "Family": "jffake"},
    {"Action": "DBDelTree", "Family": "jffake"},
    {"Action": "Hangup", "Channel": "PJSIP/nobody-00000001"},
    {"Action": "ControlPlayback", "Channel": "PJSIP/nobody-00000001", "Control": "stop"},
    {"Action": "Setvar", "Channel": "PJSIP/nobody-00000001", "Variable": "X", "Value": "1"},
    {"Action": "Setvar", "Variable": "JFFAKE", "Value": "1"},
    {"Action": "ConfbridgeListRooms"},
    {"Action": "ConfbridgeList", "Conference": "77777"},
    {"Action": "PJSIPShowEndpoint", "Endpoint": "nobody"},
    {"Action": "PJSIPShowContacts"},
    {"Action": "QueueStatus", "Queue": "nobody"},
    {"Action": "Status"},
]


def ask_manager(client: AmiClient) -> list[tuple[str, bool, str]]:
    """Each action: whether it was taken, and the words of the answer."""
    said = []
    for action in ACTIONS:
        headers = {key: value for key, value in action.items() if key != "Action"}
        try:
            answer = client.action(action["Action"], **headers)
        except Exception as error:
            said.append((action["Action"], False, re.sub(r"^Asterisk refused \w+: ", "", str(error))))
        else:
            listed = " ".join(sorted({event.event for event in answer.events} - {"ContactList", "Status"}))
            said.append((action["Action"], True, f"{answer.message} {listed}".strip()))
    return said


def login(pbx: Pbx) -> AmiClient:
    """A connection to the real manager, as the daemon's user."""
    text = pbx.node.read_file("/var/lib/jackfield/asterisk/secrets.toml")
    found = re.search(r'ami_secret = "([^"]+)"', text)
    assert found
    client = AmiClient("127.0.0.1", 5038, "jackfield", found[1], on_event=EVENTS.append_event)
    in_namespace(pbx.node.party.netns, client.connect)
    return client


class Events:
    """Events as they come."""

    def __init__(self) -> None:
        self.seen: list[Message] = []

    def append_event(self, name: str, message: Message) -> None:
        """One more."""
        self.seen.append(message)


EVENTS = Events()


def test_the_manager_answers_as_asterisks(pbx: Pbx, tmp_path: Path) -> None:
    """Every action that the fake knows, on things that are there and on things that are not."""
    client = login(pbx)
    try:
        expected = ask_manager(client)
    finally:
        client.close()
    manager = FakeManager(FakeAsterisk(SteeredClock(), tmp_path), "jackfield", "right")
    try:
        with pytest.raises(Exception, match="Authentication failed"):
            AmiClient("127.0.0.1", manager.port, "jackfield", "wrong").connect()
        other = AmiClient("127.0.0.1", manager.port, "jackfield", "right")
        other.connect()
        found = ask_manager(other)
        other.close()
    finally:
        manager.close()
    differing = [(one, two) for one, two in zip(expected, found, strict=True) if one != two]
    assert not differing, "\n".join(f"Asterisk: {a}\nfake:     {b}" for a, b in differing)


def test_events_of_a_call(pbx: Pbx, tmp_path: Path) -> None:
    """A two-legged call: the same events in the same order for each leg, and no header that Asterisk would not send."""
    EVENTS.seen.clear()
    client = login(pbx)
    phone = pbx.phone("202")
    phone.answer_after = 0.2
    seen = len(phone.calls)
    call = pbx.phone("201").call("202")
    rung = phone.wait_call(seen + 1)
    rung.wait_answered()
    wait_for(lambda: sum(e.event == "BridgeEnter" for e in EVENTS.seen) >= 2, 8, "both in the bridge")
    call.hang_up()
    wait_for(lambda: sum(e.event == "Hangup" for e in EVENTS.seen) >= 2, 8, "both hung up")
    client.close()
    asterisk, told = FakeAsterisk(SteeredClock(), tmp_path), Events()
    asterisk.sinks.append(lambda data: told.seen.append(Message(data.removesuffix(b"\r\n\r\n"))))
    from jackfield.testing import applications

    caller = asterisk.open("201", number="201", exten="202", context="jf-phone")
    thread = threading.Thread(target=applications.run, args=(asterisk, caller, "Dial", "PJSIP/202,20,g"))
    thread.start()
    assert asterisk.until(lambda: bool(asterisk.line("202").offered))
    asterisk.answer(asterisk.line("202").offered[0])
    assert asterisk.until(lambda: caller.peer is not None)
    asterisk.hang_up(caller)
    thread.join(5)
    for endpoint in ("201", "202"):
        assert sequence(told.seen, endpoint) == sequence(EVENTS.seen, endpoint)
    known = {event.event: set(event) for event in EVENTS.seen}
    for event in told.seen:
        assert set(event) <= known[event.event], (event.event, set(event) - known[event.event])


WATCHED = ("Newchannel", "Newstate", "DialBegin", "DialEnd", "BridgeEnter", "BridgeLeave", "Hangup")


def sequence(events: list[Message], endpoint: str) -> list[str]:
    """What happened to an endpoint's channel, in order."""
    found = []
    for event in events:
        name = event.get("DestChannel") or event.get("Channel", "")
        if event.event in WATCHED and name.startswith(f"PJSIP/{endpoint}-"):
            state = event.get("ChannelStateDesc", "") if event.event == "Newstate" else event.get("DialStatus", "")
            found.append(f"{event.event} {state}".strip())
    return found
