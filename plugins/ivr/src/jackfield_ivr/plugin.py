"""Wires menus into Jackfield."""

from __future__ import annotations

from collections.abc import Iterable

from jackfield.config.effects import typed
from jackfield.config.fragments import Fragment, SoundRequest
from jackfield.config.kinds import Kind
from jackfield.config.site import Site
from jackfield.hookspecs import hookimpl
from jackfield.i18n import gettext_lazy
from jackfield.routing.destinations import DestinationKind

from jackfield_ivr.checks import check
from jackfield_ivr.effects import describe
from jackfield_ivr.handler import handle
from jackfield_ivr.kinds import Menu
from jackfield_ivr.plain import INVALID, NO_INPUT, fragments

_ = gettext_lazy("jackfield_ivr")


class IvrPlugin:
    """Menus (I1)."""

    api = "1.0"

    @hookimpl
    def jackfield_site_kinds(self) -> list[Kind]:
        """The `menu` kind."""
        return [Kind("menu", Menu, _("Menus"), check, effects=typed(Menu, describe))]

    @hookimpl
    def jackfield_destinations(self) -> list[DestinationKind]:
        """`ivr:NAME` leads to a menu."""
        return [DestinationKind("ivr", _("Menu"), handle, names=lambda site: site.names("menu"), objects="menu")]

    @hookimpl
    def jackfield_asterisk_config(self, site: Site) -> list[Fragment]:
        """Menus that Asterisk can serve alone."""
        return fragments(site)

    @hookimpl
    def jackfield_sounds(self, site: Site) -> Iterable[SoundRequest]:
        """What callers hear after a wrong key or none, unless a menu has prompts of its own."""
        return [
            SoundRequest(INVALID, {"en": "Sorry, that is not one of the choices.", "zh": "抱歉,没有这个选项。"}),
            SoundRequest(NO_INPUT, {"en": "Sorry, we did not get your choice.", "zh": "抱歉,我们没有收到您的选择。"}),
        ]
