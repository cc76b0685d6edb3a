"""The kinds of site objects that core brings itself, a module a subject."""

from __future__ import annotations

from jackfield.config import effects, phones
from jackfield.config.kinds import Kind
from jackfield.config.objects.extension import Device, Extension
from jackfield.config.objects.general import General
from jackfield.config.objects.inbound import CallerList, Did, Hours, Split, TimeCondition
from jackfield.config.objects.internal_number import InternalNumber
from jackfield.config.objects.outbound import OutboundLimit, OutboundRoute
from jackfield.config.objects.parking import Parking
from jackfield.config.objects.privacy import PrivacyPool
from jackfield.config.objects.prompt import Prompt
from jackfield.config.objects.security import Security
from jackfield.config.objects.trunk import Trunk


def core_kinds() -> list[Kind]:
    """Kinds that core brings."""
    from jackfield.config.effects import typed  # which imports objects

    return [
        Kind("general", General, "Site", effects=typed(General, effects.general)),
        Kind("trunk", Trunk, "Trunks", entry=True, effects=typed(Trunk, effects.trunk)),
        Kind("did", Did, "Inbound routes", effects=typed(Did, effects.did)),
        Kind("outbound-route", OutboundRoute, "Outbound routes"),
        Kind("outbound-limit", OutboundLimit, "Outbound limits"),
        Kind("hours", Hours, "Business hours"),
        Kind("time", TimeCondition, "Time conditions"),
        Kind("split", Split, "Shares of calls"),
        Kind("caller-list", CallerList, "Caller lists", entry=True, effects=typed(CallerList, effects.caller_list)),
        Kind("privacy", PrivacyPool, "Middle numbers"),
        Kind(
            "extension",
            Extension,
            "Extensions",
            generated=("secret",),
            entry=True,
            effects=typed(Extension, effects.extension),
        ),
        Kind("device", Device, "Devices", phones.check_devices, generated=("secret",), entry=True),
        Kind("internal-number", InternalNumber, "Internal numbers", phones.check_numbers, entry=True),
        Kind("parking", Parking, "Parking", phones.check_parking, entry=True),
        Kind("prompt", Prompt, "Prompts", effects=typed(Prompt, effects.prompt)),
        Kind("security", Security, "Security"),
    ]
