"""Who calls over a trunk, whom they called, and who sent the call on: in the one form of numbers.

Asterisk has read From, or (from a trunk that is trusted for it) P-Asserted-Identity, and Diversion; they are in AGI's
environment. Privacy, and the headers in which some carriers put the number called, are read here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jackfield.calls.party import Party, party
from jackfield.routing.numbers import NumberPlan, from_carrier, number_in
from jackfield.telephony import variables
from jackfield.telephony.agi import AgiSession, safe_environment

if TYPE_CHECKING:
    from jackfield.config.objects.trunk import Trunk

WITHHELD_USERS = frozenset({"anonymous", "restricted", "private", "withheld"})
"""Users of a From that names nobody (RFC 3323, 4.1.1.3: `anonymous`)."""
_PRIVATE = frozenset({"id", "user", "header", "full"})
"""Values of Privacy that ask for the caller to be withheld (RFC 3323, 4.2; RFC 3325, 9.3; `full` is Cisco's)."""
_RESTRICTION, _RESTRICTED = 0x60, 0x20
"""Of Asterisk's presentation: octet 3a of Q.931's calling party number."""
PRIVACY = 2
"""Where among AGI's arguments the header Privacy begins, after token and trunk."""
_HEADERS = {"to": "To", "p-called-party-id": "P-Called-Party-ID"}


@dataclass(frozen=True, slots=True)
class Identity:
    """What a trunk's call says of itself."""

    caller: Party
    did: str
    diversion: str = ""


def told(session: AgiSession, dialled: str, plan: NumberPlan) -> Identity:
    """What AGI's environment tells; `dialled` is what the request URI named."""
    shown = safe_environment(session, "agi_callerid")
    presentation = session.env.get("agi_callingpres", "0")
    restricted = presentation.isdigit() and int(presentation) & _RESTRICTION == _RESTRICTED
    name = safe_environment(session, "agi_calleridname")
    caller = party(from_carrier(shown, plan), name)
    if restricted or shown.lower() in WITHHELD_USERS:
        caller = Party(withheld=True)
    diversion = from_carrier(safe_environment(session, "agi_rdnis"), plan)
    return Identity(caller, from_carrier(dialled, plan), diversion)


def asked(session: AgiSession, known: Identity, trunk: Trunk, plan: NumberPlan) -> Identity:
    """The same with what only the headers tell; the caller's channel then shows what we made of it.

    Raises:
        CallerHungUp: the caller is gone.
    """
    caller, did = known.caller, known.did
    if not caller.withheld and _PRIVATE & {word.strip().lower() for word in _privacy(session)}:
        caller = Party(withheld=True)
    if trunk.did_from == "diversion":
        did = known.diversion or did
    elif trunk.did_from != "request":
        did = from_carrier(number_in(_header(session, _HEADERS[trunk.did_from])), plan) or did
    if caller.withheld:
        session.set_many(**{variables.CALLER_PRESENTATION: "prohib"})
    elif caller.number and caller.number != safe_environment(session, "agi_callerid"):
        session.set_many(**{variables.CALLER_NUMBER: caller.number})
    return Identity(caller, did, known.diversion)


def _privacy(session: AgiSession) -> list[str]:
    """The words of the header Privacy, which the dialplan hands over: that spares asking for it."""
    return ";".join(session.arguments[PRIVACY:]).split(";")


def _header(session: AgiSession, name: str) -> str:
    return str(session.get_full_variable(f"${{PJSIP_HEADER(read,{name})}}"))
