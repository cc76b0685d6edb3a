"""What a change of a menu means for its callers, in sentences."""

from __future__ import annotations

from jackfield.config.kinds import Effect
from jackfield.i18n import gettext_for

from jackfield_ivr.kinds import Menu

_ = gettext_for("jackfield_ivr")


def describe(old: Menu | None, new: Menu | None) -> list[Effect]:
    """Where its keys lead now."""
    if old is None or new is None:
        return []
    out = []
    for key in sorted({*old.keys, *new.keys}):
        before, to = old.keys.get(key), new.keys.get(key)
        if before == to:
            continue
        if to is None:
            text = _("key {key} of menu {menu} no longer leads to {before}")
        elif before is None:
            text = _("key {key} of menu {menu} leads to {to}")
        else:
            text = _("key {key} of menu {menu} leads to {to} instead of {before}")
        out.append(Effect(text.format(key=key, menu=new.name, to=to, before=before), ("keys",)))
    return out
