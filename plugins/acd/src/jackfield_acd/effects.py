"""What a change of a queue or an agent means for callers and agents, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from jackfield.config.kinds import Effect
from jackfield.i18n import gettext_for

from jackfield_acd.kinds import Agent, Queue

_ = gettext_for("jackfield_acd")


def describe(old: Queue | None, new: Queue | None) -> list[Effect]:
    """Who serves it now and in which order, and where callers overflow to."""
    if old is None or new is None:
        return []
    out = []
    for agent in [a for a in new.agents if a not in old.agents]:
        out.append(Effect(_("agent {agent} serves queue {queue}").format(agent=agent, queue=new.name), ("agents",)))
    for agent in [a for a in old.agents if a not in new.agents]:
        text = _("agent {agent} no longer serves queue {queue}")
        out.append(Effect(text.format(agent=agent, queue=new.name), ("agents",)))
    if old.strategy != new.strategy:
        text = _("queue {queue} rings by {strategy} from the next offer on; those who wait keep their places")
        out.append(Effect(text.format(queue=new.name, strategy=new.strategy), ("strategy",)))
    if (old.skills, old.widen) != (new.skills, new.widen):
        text = _("queue {queue} demands {skills}, also for those who wait")
        said = [_words(new.skills), *(f"{_words(step.skills)} ({step.after} s)" for step in new.widen)]
        out.append(Effect(text.format(queue=new.name, skills=" → ".join(said)), ("skills", "widen")))
    if old.overflow != new.overflow and new.overflow is not None:
        text = _("callers who overflow from queue {queue} go to {to}")
        out.append(Effect(text.format(queue=new.name, to=new.overflow), ("overflow",)))
    return out


def describe_agent(old: Agent | None, new: Agent | None) -> list[Effect]:
    """What the agent can do now."""
    if old is None or new is None or old.skills == new.skills:
        return []
    text = _("agent {agent} has the skills {skills}, also for callers who wait")
    return [Effect(text.format(agent=new.name, skills=_words(new.skills)), ("skills",))]


def _words(skills: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {level}" for name, level in skills.items()) or "–"
