"""What can be wrong with menus, found while planning."""

from __future__ import annotations

from collections.abc import Iterator

from jackfield.config.kinds import Destination
from jackfield.config.site import Site
from jackfield.i18n import gettext_for

from jackfield_ivr.kinds import Menu
from jackfield_ivr.service import choices, loops

_ = gettext_for("jackfield_ivr")


def check(site: Site) -> list[str]:
    """Findings about a site's menus: keys without effect, and endless loops."""
    menus = site.all("menu", Menu)
    findings = [finding for menu in menus for finding in _keys(site, menu)]
    timeouts = {m.name: m.on_timeout or site.general.fallback for m in menus}
    invalids = {m.name: m.on_invalid or site.general.fallback for m in menus}
    for circle in loops(_menus_only(timeouts)):
        findings.append(
            _(
                "menu:{name}: a caller who presses nothing goes round for ever ({circle}); "
                "let `on_timeout` of one of them lead to something other than these menus"
            ).format(name=circle[0], circle=" → ".join([*circle, circle[0]]))
        )
    for circle in loops(_menus_only(invalids)):
        findings.append(
            _(
                "menu:{name}: a caller who presses only wrong keys goes round for ever ({circle}); "
                "let `on_invalid` of one of them lead to something other than these menus"
            ).format(name=circle[0], circle=" → ".join([*circle, circle[0]]))
        )
    return findings


def _menus_only(edges: dict[str, Destination]) -> dict[str, str]:
    return {name: to.removeprefix("ivr:") for name, to in edges.items() if to.startswith("ivr:")}


def _keys(site: Site, menu: Menu) -> Iterator[str]:
    """Extensions that a key hides, and a menu that offers extensions where there are none."""
    if not menu.dial_extensions:
        return
    extensions = site.names("extension")
    own = choices(menu.model_copy(update={"dial_extensions": False}))
    for number in sorted(set(extensions) & set(own)):
        yield _(
            "menu:{menu}: extension {number} cannot be dialled here, because the key {number} does something else; "
            "change the key or the extension's number"
        ).format(menu=menu.name, number=number)
    if not extensions and not own:
        yield _("menu:{menu}: no key does anything: it lets callers dial extensions, but there are none").format(
            menu=menu.name
        )
