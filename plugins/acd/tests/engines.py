"""Engines with two queues, and what they decide, for the tests of their rules."""

from jackfield_acd.model import (
    AgentRules,
    Need,
    Offer,
    QueueRules,
    StartTimer,
)
from jackfield_acd.service import Engine

SALES = QueueRules("sales", ("ann", "bob"), wrapup_seconds=10, no_answer_pause=2, stay_needs=Need.LOGGED_IN)
HELP = QueueRules("help", ("bob",))


def people(*names):
    return [AgentRules(name) for name in names]


def engine(*rules, agents=("ann", "bob", "cy")):
    new = Engine()
    new.configure(rules or (SALES, HELP), people(*agents), 0.0)
    return new


def offers(decisions):
    return [(d.contact, *d.agents) for d in decisions if isinstance(d, Offer)]


def timers(decisions):
    return [d for d in decisions if isinstance(d, StartTimer)]


def join(e, contact, queue, now, priority=0, joined=None):
    return offers(e.join(contact, queue, e.place(priority, now if joined is None else joined), now))
