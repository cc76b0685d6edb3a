"""Whole-site checks of outbound calls."""

from __future__ import annotations

from jackfield.config.objects.extension import Extension
from jackfield.config.objects.internal_number import InternalNumber
from jackfield.config.objects.outbound import OutboundRoute
from jackfield.config.objects.trunk import Trunk
from jackfield.config.problems import Problem
from jackfield.config.site import Site
from jackfield.i18n import gettext_for
from jackfield.routing.outbound import match_order

_ = gettext_for("jackfield")


def check_outbound(site: Site) -> list[Problem]:
    """What is wrong, or odd, about outbound routes. All are warnings: such a site serves calls."""
    routes = site.all("outbound-route", OutboundRoute)
    if not routes:
        return []
    return [
        *_hidden(site),
        *_classes(site, routes),
        *_numbers(site, routes),
        *_emergency(site),
        *_inside(site),
    ]


def _warning(text: str, kind: str, name: str, *path: str | int) -> Problem:
    return Problem(text, kind, name, path, warning=True)


def _hidden(site: Site) -> list[Problem]:
    """Patterns whose numbers an earlier one takes, all of them and at any time."""
    order = match_order(site)
    problems = []
    for index, (pattern, route) in enumerate(order):
        earlier = (e for e in order[:index] if e[1].hours is None and e[0].covers(pattern))
        if found := next(earlier, None):
            text = _(
                "{pattern} never gets a call: {other} of outbound-route {name} takes them all; change the order, or "
                "remove it"
            ).format(pattern=pattern.text, other=found[0].text, name=found[1].name)
            problems.append(_warning(text, "outbound-route", route.name, "patterns"))
    return problems


def _classes(site: Site, routes: list[OutboundRoute]) -> list[Problem]:
    phones = site.all("extension", Extension)
    held = {c for phone in phones for c in phone.may_call} | set(site.general.transit_may_call)
    return [
        _warning(
            _("nobody may use it: no extension has {permission} in may_call").format(permission=route.permission),
            "outbound-route", route.name, "permission",
        )
        for route in routes
        if route.permission not in held
    ]  # fmt: skip


def _numbers(site: Site, routes: list[OutboundRoute]) -> list[Problem]:
    return [
        _warning(
            _("shows the trunk's number, and trunk {name} has none; set number in it").format(name=name),
            "outbound-route", route.name, "caller_id",
        )
        for route in routes
        for name in route.trunks
        if route.caller_id == "trunk" and (own := site.get("trunk", name, Trunk)) and own.number is None
    ]  # fmt: skip


def _emergency(site: Site) -> list[Problem]:
    order = match_order(site)
    phones = set(site.names("extension"))
    problems = []
    for number in site.general.emergency:
        if not any(pattern.matches(number) for pattern, _ in order):
            text = _(
                "{number} is in no outbound route; it goes out as dialled by the first trunk that there is: give it a "
                "route with a carrier that takes it"
            ).format(number=number)
            problems.append(_warning(text, "general", "site", "emergency"))
        if number in phones:
            text = _(
                "{number} is an extension too, which nobody reaches then; give the extension another number"
            ).format(number=number)
            problems.append(_warning(text, "general", "site", "emergency"))
    return problems


def _inside(site: Site) -> list[Problem]:
    """Internal numbers that an outbound route wants too: inside wins."""
    order = match_order(site)
    return [
        _warning(
            _(
                "outbound-route {route} takes {number} too, and nobody reaches that number outside then; give it "
                "another number, or the route a more exact pattern"
            ).format(route=found.name, number=number.name),
            "internal-number", number.name, "name",
        )
        for number in site.all("internal-number", InternalNumber)
        if (found := next((route for pattern, route in order if pattern.matches(number.name)), None))
    ]  # fmt: skip
