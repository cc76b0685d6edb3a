"""What a change of a queue means for callers and agents, in sentences."""

from __future__ import annotations

from jackfield.config.kinds import Effect
from jackfield.i18n import gettext_for

from jackfield_acd.kinds import Queue

_ = gettext_for("jackfield_acd")


def describe(old: Queue | None, new: Queue | None) -> list[Effect]:
    """Who serves it now, and where callers overflow to."""
    if old is None or new is None:
        return []
    out = []
    for agent in [a for a in new.agents if a not in old.agents]:
        out.append(Effect(_("agent {agent} serves queue {queue}").format(agent=agent, queue=new.name), ("agents",)))
    for agent in [a for a in old.agents if a not in new.agents]:
        text = _("agent {agent} no longer serves queue {queue}")
        out.append(Effect(text.format(agent=agent, queue=new.name), ("agents",)))
    if old.overflow != new.overflow and new.overflow is not None:
        text = _("callers who overflow from queue {queue} go to {to}")
        out.append(Effect(text.format(queue=new.name, to=new.overflow), ("overflow",)))
    return out
