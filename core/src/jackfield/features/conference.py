"""Instant conference: more people in a live call. Asterisk's ConfBridge mixes; a room lives while somebody is in it.

Who leads a call (its caller, in general) has its thread here; others of the same call are in the room by the plain
dialplan (`jf-conference`), so that nothing is heard of it when the daemon dies.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from pydantic import Field

from jackfield.config.objects.extension import Extension, extension_of
from jackfield.control.method import Method, Role
from jackfield.errors import CommandFailed, UnsafeValue
from jackfield.features.codes import ASK_SECONDS, say
from jackfield.routing.destinations import End, Goto, Next, Result

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.features.desk import Desk

log = structlog.get_logger(__name__)
ADD, JOIN = "add", "join"
ADD_CODE, JOIN_CODE = "*3", "*3#"
"""`*3203` adds 203 to the call on hold. Nobody can guess what follows the other one: it is for Asterisk's transfers."""
KIND = "conference:"
ALONE_SECONDS = 4.0


def serve(call: Call, name: str) -> Next:
    """`conference:add` and `conference:join` are behind the codes; any other name is a room."""
    if name == ADD:
        return _add(call)
    if name == JOIN:
        room = call.dialled_rest
        return Goto(KIND + room) if room.isdigit() else say(call, "sorry", Result.REJECTED)
    call.answer(at_once=True)
    call.checkpoint()
    if call.resumed is None:
        call.play("feature-conference-joined")
    call.confer(name)
    return End(Result.COMPLETED, outcome="left")


def new_room() -> str:
    """Twelve random digits."""
    return str(secrets.randbelow(9 * 10**11) + 10**11)


def _add(call: Call) -> Next:
    """A phone has somebody on hold and dials the code with a number: all three, and whoever is added later, talk."""
    call.answer()
    found = call.desk.talk_of(call.extension, call.id) if call.extension else None
    if found is None or call.extension is None:
        return say(call, "feature-nothing-held", Result.REJECTED)
    number = call.dialled_rest or call.ask("feature-conference-whom", digits=20, seconds=ASK_SECONDS)
    if not call.desk.leads(number):
        return say(call, "feature-wrong-number", Result.REJECTED)
    own, others = found
    room = room_of(call.desk, own.call)
    if room:
        call.desk.asterisk.hang_up(own.name)
    else:
        room = new_room()
        for other in others:
            call.desk.asterisk.transfer(other.name, JOIN_CODE + room, own.name)
    invite(call.desk, room, number, call.extension)
    log.info("conference", room=room, by=call.extension, number=number)
    return Goto(KIND + room, f"with {number}")


def room_of(desk: Desk, call: str) -> str:
    """The room that a call is in, or ''."""
    kind, _, room = desk.calls.board.at(call).partition(":")
    return room if f"{kind}:" == KIND and room.isdigit() else ""


def invite(desk: Desk, room: str, number: str, extension: str) -> None:
    """Call a number as an extension would (its permissions, its account), into a room."""
    own = desk.calls.site.get("extension", extension, Extension)
    desk.asterisk.call_into(room, number, extension, own.title if own else "")


def close_if_alone(desk: Desk, room: str = "") -> None:
    """Nobody stays alone in a room, on a line that may cost; without a room, in any. Takes ALONE_SECONDS.

    Who is alone in a room that is just being made is joined by others meanwhile.
    """
    alone = {each: left[0] for each in ([room] if room else desk.asterisk.rooms()) if (left := _alone(desk, each))}
    if not alone:
        return
    time.sleep(ALONE_SECONDS)
    for each, member in alone.items():
        if _alone(desk, each) == [member]:
            log.info("conference.over", room=each, last=member["number"])
            desk.asterisk.hang_up(member["channel"])


def _alone(desk: Desk, room: str) -> list[dict[str, str]]:
    members = desk.asterisk.room(room)
    return members if len(members) == 1 else []


# -- control ---------------------------------------------------------------------------------------------------------

CallId = Annotated[str, Field(max_length=150, description="The call's id, as in `calls`; or an extension that talks")]
Number = Annotated[str, Field(pattern=r"^\+?[0-9*#]{1,32}$", description="Extension or number")]
Room = Annotated[str, Field(pattern=r"^[0-9]{1,20}$", description="As in `conferences`")]


def methods(desk: Desk) -> list[Method]:
    """Control methods about conferences."""

    def conferences() -> list[dict[str, Any]]:
        """Conferences and who is in them."""
        return [{"room": room, "members": desk.asterisk.room(room)} for room in desk.asterisk.rooms()]

    def add(call: CallId, number: Number) -> dict[str, Any]:
        """Add a person to a live call; it becomes a conference."""
        channels = desk.calls.registry.channels()
        identity = next((c.call for c in channels if call in (c.call, extension_of(c.endpoint)) and c.bridge), "")
        legs = [c for c in channels if c.call == identity and c.bridge]
        phones = [
            extension_of(c.endpoint) for c in legs if extension_of(c.endpoint) in desk.calls.site.names("extension")
        ]
        if not legs or not phones:
            raise UnsafeValue(f"there is no talk with an extension under {call[:40]!r}; see: jackfield calls")
        if not desk.leads(number):
            raise UnsafeValue(f"{number} leads nowhere; give an extension, or a number that a route takes")
        room = room_of(desk, identity)
        if not room:
            room = new_room()
            leader = next((c for c in legs if c.leads), legs[0])
            others = [c.name for c in legs if c.id != leader.id]
            if len(others) > 1:
                raise CommandFailed("only a talk of two can become a conference")
            desk.asterisk.into_room(leader.name, JOIN_CODE + room, room, *others)
        invite(desk, room, number, phones[0])
        return {"room": room, "call": identity}

    def drop(room: Room, member: Annotated[str, Field(max_length=120, description="Its channel or number")]) -> bool:
        """Take a person out of a conference."""
        for each in desk.asterisk.room(room):
            if member in (each["channel"], each["number"]):
                return desk.asterisk.hang_up(each["channel"])
        raise UnsafeValue(f"nobody is {member[:40]!r} in conference {room}; see: jackfield conference list")

    return [
        Method("conferences", conferences, Role.OPERATOR, personal=True),
        Method("conference.add", add, Role.OPERATOR, change=True, object="call:{call} number:{number}"),
        Method("conference.drop", drop, Role.OPERATOR, change=True, object="conference:{room}"),
        Method("parked", desk.lot.describe, Role.OPERATOR, personal=True),
    ]
