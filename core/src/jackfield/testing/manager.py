"""Asterisk's manager: the actions that the daemon uses, over the wire."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from jackfield.telephony.events import Message, Splitter
from jackfield.testing.asterisk import NO_ANSWER, RINGING, UP, VERSION, Channel, FakeAsterisk

Row = dict[str, str]
Rows = dict[str, str | list[str]]
"""Headers of which some repeat."""
Answer = tuple[Row, Sequence[tuple[str, Rows]], str]
"""The response's headers, a list's events, and the name of the event that ends the list ('' when it is none)."""


class FakeManager:
    """A manager port on 127.0.0.1 for one fake Asterisk."""

    def __init__(self, asterisk: FakeAsterisk, username: str, secret: str) -> None:
        """Listens at once."""
        self._asterisk, self._login = asterisk, (username, secret)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self.actions: list[Row] = []
        """All actions, as they came."""
        threading.Thread(target=self._accept, name="fake-manager", daemon=True).start()

    def drop(self) -> None:
        """Cut all connections, as when Asterisk restarts."""
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Listen no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), name="fake-manager", daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        splitter, lock = Splitter(), threading.Lock()

        def send(data: bytes) -> None:
            with lock, contextlib.suppress(OSError):
                sock.sendall(data)

        send(b"Asterisk Call Manager/11.0.0\r\n")
        known = False
        with contextlib.suppress(OSError):
            while data := sock.recv(65536):
                for raw in splitter.feed(data):
                    asked = dict(Message(raw))
                    self.actions.append(asked)
                    with self._asterisk.moved:
                        answers, known = self._take(asked, known, send)
                        send(answers)
                        if asked.get("Action", "").lower() == "logoff":
                            sock.shutdown(socket.SHUT_RDWR)
        with self._asterisk.moved:
            if send in self._asterisk.sinks:
                self._asterisk.sinks.remove(send)
        sock.close()

    def _take(self, asked: Row, known: bool, send: Callable[[bytes], None]) -> tuple[bytes, bool]:
        """Answer one action; whether the peer is logged in now."""
        action, identity = asked.get("Action", ""), asked.get("ActionID", "")
        if action.lower() == "login":
            right = (asked.get("Username"), asked.get("Secret")) == self._login
            if right and asked.get("Events", "on") != "off":
                self._asterisk.sinks.append(send)
            text = "Authentication accepted" if right else "Authentication failed"
            return _response({"Response": "Success" if right else "Error", "Message": text}, identity), right
        if not known:
            return _response({"Response": "Error", "Message": "Permission denied"}, identity), False
        if action.lower() == "logoff":
            return _response({"Response": "Goodbye", "Message": "Thanks for all the fish."}, identity), False
        headers, rows, end = act(self._asterisk, action, asked)
        data = _response(headers, identity)
        for event, row in rows:
            data += _message({"Event": event, "ActionID": identity, **row})
        if end:
            last = {"Event": end, "ActionID": identity, "EventList": "Complete", "ListItems": str(len(rows))}
            data += _message(last)
        return data, True


def _message(headers: Mapping[str, str | list[str]]) -> bytes:
    lines = [f"{key}: {v}" for key, value in headers.items() for v in ([value] if isinstance(value, str) else value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _response(headers: Row, identity: str) -> bytes:
    first = {"Response": headers["Response"]} | ({"ActionID": identity} if identity else {})
    return _message(first | headers)


def done(text: str) -> Answer:
    """A plain success."""
    return {"Response": "Success", "Message": text}, [], ""


def refused(text: str) -> Answer:
    """A plain error."""
    return {"Response": "Error", "Message": text}, [], ""


def rows(text: str, end: str, items: Iterable[tuple[str, Rows]]) -> Answer:
    """A list."""
    return {"Response": "Success", "EventList": "start", "Message": text}, list(items), end


def act(asterisk: FakeAsterisk, action: str, asked: Row) -> Answer:
    """Carry out an action."""
    found = ACTIONS.get(action.lower())
    if found is None:
        return refused("Invalid/unknown command: " + action + ". Use Action: ListCommands to show available commands.")
    return found(asterisk, asked)


def _ping(asterisk: FakeAsterisk, asked: Row) -> Answer:
    return {"Response": "Success", "Ping": "Pong", "Timestamp": "0.000000"}, [], ""


def _core(asterisk: FakeAsterisk, asked: Row) -> Answer:
    return {"Response": "Success", "AMIversion": "11.0.0", "AsteriskVersion": VERSION}, [], ""


def _status(asterisk: FakeAsterisk, asked: Row) -> Answer:
    names = [name for name in asked.get("Variables", "").split(",") if name]

    def row(channel: Channel) -> Rows:
        application = "AGI" if channel.served else "AppDial" if not channel.context else ""
        found: Rows = {**asterisk.describe(channel), "Seconds": "0", "Application": application}
        return found | {"Variable": [f"{name}={channel.variables.get(name, '')}" for name in names]}

    found = [("Status", row(channel)) for channel in asterisk.channels.values()]
    return rows("Channel status will follow", "StatusComplete", found)


def _contacts(asterisk: FakeAsterisk, asked: Row) -> Answer:
    there = [line.name for line in asterisk.lines.values() if line.registered]
    found: list[tuple[str, Rows]] = [
        ("ContactList", {"ObjectType": "contact", "ObjectName": f"{name};@0", "Endpoint": name, "Status": "Reachable"})
        for name in there
    ]
    return rows("A listing of Contacts follows, presented as ContactList events", "ContactListComplete", found)


def _endpoint(asterisk: FakeAsterisk, asked: Row) -> Answer:
    line = asterisk.lines.get(asked.get("Endpoint", ""))
    if line is None:
        return refused(f"Unable to retrieve endpoint {asked.get('Endpoint', '')}\n")
    detail: Rows = {"AOR": line.name, "URI": f"sip:{line.name}", "Status": "Reachable", "RoundtripUsec": "1000"}
    text = "Following are Events for each object associated with the Endpoint"
    return rows(text, "EndpointDetailComplete", [("ContactStatusDetail", detail)] if line.registered else [])


def _registrations(asterisk: FakeAsterisk, asked: Row) -> Answer:
    return refused("No outbound registrations found")


def _hangup(asterisk: FakeAsterisk, asked: Row) -> Answer:
    channel = asterisk.named(asked.get("Channel", ""))
    if channel is None:
        return refused("No such channel")
    asterisk.hang_up(channel)
    return done("Channel Hungup")


def _control(asterisk: FakeAsterisk, asked: Row) -> Answer:
    channel = asterisk.named(asked.get("Channel", ""))
    if channel is None:
        return refused("No such channel")
    if channel.playing is None:
        return refused("Unable to control playback on the channel")
    channel.stopped = True
    asterisk.moved.notify_all()
    return done("Playback controlled")


def _setvar(asterisk: FakeAsterisk, asked: Row) -> Answer:
    name, value = asked.get("Variable", ""), asked.get("Value", "")
    if "Channel" not in asked:
        asterisk.database["global", name] = value
        return done("Variable Set")
    channel = asterisk.named(asked["Channel"])
    if channel is None:
        return refused("No such channel")
    channel.variables[name] = value
    return done("Variable Set")


def _put(asterisk: FakeAsterisk, asked: Row) -> Answer:
    asterisk.database[asked.get("Family", ""), asked.get("Key", "")] = asked.get("Val", "")
    return done("Updated database successfully")


def _del(asterisk: FakeAsterisk, asked: Row) -> Answer:
    gone = asterisk.database.pop((asked.get("Family", ""), asked.get("Key", "")), None)
    return refused("Database entry could not be deleted") if gone is None else done("Key deleted successfully")


def _tree(asterisk: FakeAsterisk, asked: Row) -> Answer:
    family = asked.get("Family", "")
    found: list[tuple[str, Rows]] = [
        ("DBGetTreeResponse", {"Key": f"/{name}/{key}", "Val": value})
        for (name, key), value in sorted(asterisk.database.items())
        if name == family
    ]
    return rows("Result will follow", "DBGetTreeComplete", found)


def _del_tree(asterisk: FakeAsterisk, asked: Row) -> Answer:
    family = asked.get("Family", "")
    gone = [key for key in asterisk.database if key[0] == family]
    for key in gone:
        del asterisk.database[key]
    return done("Key tree deleted successfully") if gone else refused("Database entry not found")


def _queue(asterisk: FakeAsterisk, asked: Row) -> Answer:
    return rows("Queue status will follow", "QueueStatusComplete", [])


def _maintenance(asterisk: FakeAsterisk, asked: Row) -> Answer:
    return done("Endpoint maintenance state updated")


def _no_rooms(asterisk: FakeAsterisk, asked: Row) -> Answer:
    return refused("No active conferences.")


def _originate(asterisk: FakeAsterisk, asked: Row) -> Answer:
    """Calls a phone in the background; once it has answered, it runs the dialplan. Of one that is away, nothing."""
    phone = asked.get("Channel", "").partition("/")[2].partition("@")[0]  # a number outside is a phone like others
    line, seconds = asterisk.line(phone), float(asked.get("Timeout", "30000"))
    if line.registered:
        shown = asked.get("CallerID", "").strip("<>")
        channel = asterisk.open(
            line.name,
            state=0,
            number=shown,
            exten=asked.get("Exten", ""),
            context=asked.get("Context", ""),
            identity=asked.get("ChannelId", ""),
        )
        name, _, value = asked.get("Variable", "").partition("=")
        channel.variables |= {name: value, "dialled": line.name, "shown": shown}
        channel.state = RINGING
        line.offered.append(channel)
        asterisk.tell("Newstate", ("", channel))
        asterisk.moved.notify_all()
        threading.Thread(target=_until_answered, args=(asterisk, channel, seconds / 1000), daemon=True).start()
    return done("Originate successfully queued")


def _until_answered(asterisk: FakeAsterisk, channel: Channel, seconds: float) -> None:
    if not asterisk.wait(channel, lambda: channel.gone or channel.state == UP, seconds):
        asterisk.hang_up(channel, NO_ANSWER)
    elif not channel.gone:
        asterisk.originated(channel)


ACTIONS: dict[str, Callable[[FakeAsterisk, Row], Answer]] = {
    "confbridgelist": _no_rooms,
    "confbridgelistrooms": _no_rooms,
    "controlplayback": _control,
    "coresettings": _core,
    "dbdel": _del,
    "dbdeltree": _del_tree,
    "dbgettree": _tree,
    "dbput": _put,
    "hangup": _hangup,
    "originate": _originate,
    "ping": _ping,
    "pjsipsetmaintenance": _maintenance,
    "pjsipshowcontacts": _contacts,
    "pjsipshowendpoint": _endpoint,
    "pjsipshowregistrationsoutbound": _registrations,
    "queuestatus": _queue,
    "setvar": _setvar,
    "status": _status,
}
