"""Which numbers a queue calls back: those that the outbound routes let out for it, and nothing that fraud pays for."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from jackfield.calls.party import Party
from jackfield.routing.decision import QUIET, Asked
from jackfield.routing.numbers import dial_forms, plan_of
from jackfield.routing.outbound import OutboundRoutes

if TYPE_CHECKING:
    from jackfield.config.site import Site

    from jackfield_acd.kinds import Queue

MOST_DIGITS = 20


def dialled(site: Site, queue: Queue, number: str, now: datetime) -> str:
    """A number as it is dialled to call somebody back.

    Args:
        site: its outbound routes decide.
        queue: has the classes of calls that are allowed (`callback_may_call`).
        number: as the carrier told it, or as the caller typed it; hostile.
        now: the time, aware.

    Returns:
        The number as dialled; '' when the queue may not call it: no route takes it, its class is not allowed, or it is
        an emergency number.
    """
    digits = number.removeprefix("+")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > MOST_DIGITS:
        return ""
    routes = OutboundRoutes(site)
    for form in dial_forms(number, plan_of(site.general)):
        if not routes.takes(form):
            continue
        plan = routes.decide(Asked(form, None, Party(), now, tuple(queue.callback_may_call)), QUIET)
        return "" if plan.refusal is not None or plan.emergency else form
    return ""
