"""What can be wrong with menus, found while planning."""

from __future__ import annotations

from collections.abc import Iterator

from jackfield.config.site import Site
from jackfield.i18n import gettext_for

from jackfield_ivr.kinds import Menu
from jackfield_ivr.service import choices

_ = gettext_for("jackfield_ivr")


def check(site: Site) -> list[str]:
    """Findings about a site's menus: keys without effect. Endless circles are found by core, from the fields' marks."""
    return [finding for menu in site.all("menu", Menu) for finding in _keys(site, menu)]


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
