"""What can be wrong with queues and agents, found while planning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from jackfield.i18n import gettext_for

from jackfield_acd import demands
from jackfield_acd.kinds import Agent, Queue
from jackfield_acd.rules import agent_rules, queue_rules

if TYPE_CHECKING:
    from jackfield.config.site import Site

_ = gettext_for("jackfield_acd")


def check_queues(site: Site) -> list[str]:
    """Findings: limits that lead nowhere, circles, names that Asterisk cannot tell apart."""
    queues = site.all("queue", Queue)
    findings = [
        _("queue:{queue}: it has a max_wait or max_length but no overflow; say where its callers should go").format(
            queue=queue.name
        )
        for queue in queues
        if (queue.max_wait or queue.max_length) and queue.overflow is None
    ]
    return findings + _nobody_able(site, queues) + _same_in_dialplan(queues) + _circles(queues)


def _nobody_able(site: Site, queues: list[Queue]) -> list[str]:
    """Queues that have agents, none of whom will ever do."""
    agents = {agent.name: agent for agent in agent_rules(site)}
    rules = {one.name: one for one in queue_rules(site)}
    findings = []
    for queue in queues:
        asked = [
            [agents[n] for n in demands.asked(rules[queue.name], one, rules) if n in agents]
            for one in rules[queue.name].demands
        ]
        able = any(
            demands.qualifies(agent, one.skills)
            for one, found in zip(rules[queue.name].demands, asked, strict=True)
            for agent in found
        )
        if any(asked) and not able:
            findings.append(
                _(
                    "queue:{queue}: none of its agents has the skills that it demands ({skills}), however long callers "
                    "wait; give the skills to an agent, demand less, or add a step to widen"
                ).format(queue=queue.name, skills=", ".join(f"{s} {n}" for s, n in queue.skills.items()))
            )
        if queue.empty is None and (queue.join_needs != "logged-in" or queue.stay_needs != "logged-in"):
            findings.append(
                _(
                    "queue:{queue}: it has join_needs or stay_needs but no empty; say where its callers should go"
                ).format(queue=queue.name)
            )
    return findings


def _same_in_dialplan(queues: Iterable[Queue]) -> list[str]:
    """Asterisk leaves `-` out when it compares extensions, and takes names of queues without regard to case."""
    seen: dict[str, str] = {}
    findings = []
    for queue in queues:
        other = seen.setdefault(queue.name.replace("-", "").lower(), queue.name)
        if other != queue.name:
            findings.append(
                _(
                    "queue:{queue}: its name differs from that of queue:{other} only in '-' or in case, which Asterisk "
                    "does not tell apart; rename one"
                ).format(queue=queue.name, other=other)
            )
    return findings


def _circles(queues: list[Queue]) -> list[str]:
    """Queues that hand callers round: each next one would find the same reason to hand on."""
    overflows = {f"queue:{q.name}": q.overflow for q in queues}
    empties = {f"queue:{q.name}": q.empty for q in queues}
    return [
        _(
            "{queue}: its {field} leads back to itself ({circle}); let one of these queues lead to something else"
        ).format(queue=circle[0], field=field, circle=" → ".join([*circle, circle[0]]))
        for field, edges in (("overflow", overflows), ("empty", empties))
        for circle in _find_circles(edges)
    ]


def _find_circles(edges: dict[str, str | None]) -> list[list[str]]:
    circles: list[list[str]] = []
    done: set[str] = set()
    for start in edges:
        path: list[str] = []
        at: str | None = start
        while at is not None and at in edges and at not in path and at not in done:
            path.append(at)
            at = edges[at]
        if at is not None and at in path:
            circles.append(path[path.index(at) :])
        done.update(path)
    return circles


def check_agents(site: Site) -> list[str]:
    """Findings: phones and callers that are two agents' own; weights for queues that the agent does not serve."""
    findings = _weights(site)
    for agent, callers, other in _two_owners(site, lambda one: one.own_callers):
        findings.append(
            _(
                "agent:{agent}: the callers on {list} are agent:{other}'s own already; leave `own_callers` out for "
                "one of them, or make another list"
            ).format(agent=agent, list=callers, other=other)
        )
    for agent, phone, other in _two_owners(site, lambda one: one.extension):
        findings.append(
            _(
                "agent:{agent}: {phone} is the own phone of agent:{other} already; leave `extension` out for one "
                "of them"
            ).format(agent=agent, phone=phone, other=other)
        )
    return findings


def _two_owners(site: Site, owned: Callable[[Agent], str | None]) -> Iterator[tuple[str, str, str]]:
    """Agents whose own thing is another's already: agent, thing, the other."""
    owner: dict[str, str] = {}
    for agent in site.all("agent", Agent):
        thing = owned(agent)
        if thing is not None and (other := owner.setdefault(thing, agent.name)) != agent.name:
            yield agent.name, thing, other


def _weights(site: Site) -> list[str]:
    serves = {(agent, queue.name) for queue in site.all("queue", Queue) for agent in queue.agents}
    helps = {queue for one in site.all("queue", Queue) for step in one.widen for queue in step.queues}
    return [
        _(
            "agent:{agent}: it has a weight for queue {queue}, which it does not serve; remove the weight, or add the "
            "agent to the queue"
        ).format(agent=agent.name, queue=name)
        for agent in site.all("agent", Agent)
        for name in agent.weights
        if (agent.name, name) not in serves and not any((agent.name, one) in serves for one in helps)
    ]
