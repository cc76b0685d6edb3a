"""What a site says of its phones: which accounts ring for an extension, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jackfield.config.objects.extension import Account, Device, Extension
from jackfield.config.objects.internal_number import InternalNumber
from jackfield.config.objects.parking import Parking
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")

if TYPE_CHECKING:
    from jackfield.config.site import Site


def endpoints(site: Site, extension: str) -> list[str]:
    """Accounts of an extension's phones, its first phone first."""
    return [extension, *site.owned("device", extension)]


def accounts(site: Site) -> list[tuple[Extension, Account]]:
    """Every phone's account with its extension, as pjsip.conf has them."""
    found: list[tuple[Extension, Account]] = []
    for extension in site.all("extension", Extension):
        found.append((extension, extension))
        devices = (site.get("device", name, Device) for name in site.owned("device", extension.name))
        found += [(extension, device) for device in devices if device is not None]
    return found


def parking_of(site: Site, slot: str) -> Parking | None:
    """The parking lot that has a slot."""
    return next((lot for lot in site.all("parking", Parking) if slot in lot.slots()), None)


def check_devices(site: Site) -> list[str]:
    """Devices whose extension is not there."""
    known = set(site.names("extension"))
    return [
        _("device:{name} belongs to extension {extension}, which is not there; add it, or remove the device").format(
            name=d.name, extension=d.extension
        )
        for d in site.all("device", Device)
        if d.extension not in known
    ]


def check_parking(site: Site) -> list[str]:
    """Slots that are somebody else's number."""
    taken = {name: _("extension {name}").format(name=name) for name in site.names("extension")}
    findings = []
    for lot in site.all("parking", Parking):
        clash = next((taken[slot] for slot in lot.slots() if slot in taken), None)
        if clash:
            findings.append(
                _("parking:{name} has a slot that is also {clash}; choose other slots").format(
                    name=lot.name, clash=clash
                )
            )
        taken |= dict.fromkeys(lot.slots(), _("a slot of parking {name}").format(name=lot.name))
    return findings


def check_numbers(site: Site) -> list[str]:
    """Internal numbers that are something else's too."""
    taken = dict.fromkeys(site.general.emergency, _("an emergency number"))
    taken |= {name: _("extension {name}").format(name=name) for name in site.names("extension")}
    for lot in site.all("parking", Parking):
        taken |= dict.fromkeys(lot.slots(), _("a slot of parking {name}").format(name=lot.name))
    return [
        _("internal-number:{name} is also {clash}; give it another number").format(
            name=number.name, clash=taken[number.name]
        )
        for number in site.all("internal-number", InternalNumber)
        if number.name in taken
    ]
