"""Outbound routing: properties over arbitrary sites and situations, and the cases that people ask about."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.calls.party import Party
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.general import General
from jackfield.config.objects.inbound import Hours
from jackfield.config.objects.outbound import CallClass, OutboundLimit, OutboundRoute
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site
from jackfield.routing.decision import Asked, Plan, Reason, Used, worth_another
from jackfield.routing.outbound import OutboundRoutes

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
NIGHT = datetime(2026, 1, 5, 23, tzinfo=UTC)
CLASSES = get_args(CallClass)
TRUNKS = ("alpha", "beta", "gamma")
PATTERNS = ("_0Z.", "_00.", "_0.", "_X.", "_9X.", "_0900.", "_112", "_1XX", "0441", "_9112")
EMERGENCY = ("112", "911")


@dataclass
class Now:
    """A situation."""

    away: frozenset[str] = frozenset()
    busy: dict[str, int] = field(default_factory=dict)
    usage: Used = field(default_factory=Used)
    bars: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[frozenset[str] | None, str]] = field(default_factory=list)

    def reachable(self, trunk: str) -> bool:
        return trunk not in self.away

    def trunk_calls(self, trunk: str) -> int:
        return self.busy.get(trunk, 0)

    def used(self, extensions: frozenset[str] | None, prefix: str) -> Used:
        self.asked.append((extensions, prefix))
        return self.usage

    def barred(self, extension: str) -> str:
        return self.bars.get(extension, "")


@st.composite
def routes(draw: st.DrawFn) -> list[OutboundRoute]:
    count = draw(st.integers(0, 4))
    return [
        OutboundRoute(
            name=f"r{i}",
            patterns=draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3, unique=True)),
            permission=draw(st.sampled_from(CLASSES)),
            trunks=draw(st.lists(st.sampled_from(TRUNKS), min_size=1, max_size=3, unique=True)),
            strip=(strip := draw(st.integers(0, 2))),
            prepend="7" if strip else draw(st.sampled_from(["", "00", "+"])),
            order=draw(st.sampled_from([10, 100])),
            hours=draw(st.sampled_from([None, "day"])),
            caller_id=draw(st.sampled_from(["extension", "trunk", "withheld"])),
        )
        for i in range(count)
    ]


def site_of(outbound: list[OutboundRoute], may_call: list[str], full: int = 0, **more) -> Site:
    return Site(
        {
            "general": [General(name="site", emergency=list(EMERGENCY), **more.pop("general", {}))],
            "trunk": [Trunk(name=t, host=f"192.0.2.{i + 1}", max_calls=full) for i, t in enumerate(TRUNKS)],
            "extension": [Extension(name="201", title="Ann", may_call=may_call, **more.pop("ann", {}))],
            "outbound-route": outbound,
            "hours": [Hours(name="day", open=["mon-sun 08:00-18:00"])],
            **more,
        }
    )


NUMBERS = st.one_of(
    st.sampled_from(["112", "911", "9112", "0900123", "00441", "0441"]), st.text("01239", min_size=1, max_size=7)
)
SITUATIONS = st.builds(
    Now,
    away=st.frozensets(st.sampled_from(TRUNKS)),
    busy=st.dictionaries(st.sampled_from(TRUNKS), st.integers(0, 3)),
    usage=st.builds(Used, st.integers(0, 3), st.integers(0, 9), st.floats(0, 90)),
)
MAY = st.lists(st.sampled_from(CLASSES), unique=True)


def decide(
    site: Site, number: str, now: Now | None = None, when: datetime = NOON, extension: str | None = "201"
) -> Plan:
    return OutboundRoutes(site).decide(Asked(number, extension, Party("5559", "Zoe"), when), now or Now())


@given(routes(), MAY, NUMBERS, SITUATIONS, st.sampled_from([NOON, NIGHT]))
def test_nothing_goes_out_without_its_permission(outbound, may_call, number, now, when) -> None:
    plan = decide(site_of(outbound, may_call), number, now, when)
    if plan.attempts and not plan.emergency:
        assert plan.permission in may_call
        # The route that would have had it first, whatever the hours, is one that the caller may use too.
        assert decide(site_of(outbound, may_call), number, Now(), NOON).refusal is None or when is NIGHT
    assert bool(plan.attempts) is (plan.refusal is None)


@given(routes(), MAY, NUMBERS, SITUATIONS, st.sampled_from([NOON, NIGHT]))
def test_what_is_denied_by_day_is_not_let_out_by_night(outbound, may_call, number, now, when) -> None:
    first = decide(site_of([r.model_copy(update={"hours": None}) for r in outbound], may_call), number)
    if first.refusal and first.refusal.reason is Reason.NOT_ALLOWED:
        assert not decide(site_of(outbound, may_call), number, now, when).attempts


@given(routes(), NUMBERS, SITUATIONS, st.sampled_from([NOON, NIGHT]))
def test_emergency_calls_always_pass(outbound, number, now, when) -> None:
    limit = OutboundLimit(name="none", at_once=1, per_hour=1, minutes_per_hour=1)
    now.usage, now.bars = Used(9, 99, 999.0), {"201": "fraud"}
    site = site_of(outbound, [], full=1, **{"outbound-limit": [limit]})
    for dialled in EMERGENCY:
        plan = decide(site, dialled, now, when)
        assert plan.emergency == dialled and plan.refusal is None
        assert {a.trunk for a in plan.attempts} == set(TRUNKS)
        assert all(a.number == dialled and not a.withheld for a in plan.attempts)
    if number not in EMERGENCY and decide(site, number, now, when).attempts:
        assert decide(site, number, now, when).emergency in EMERGENCY


@given(routes(), NUMBERS, SITUATIONS, st.sampled_from([NOON, NIGHT]))
def test_trunks_keep_their_order_and_their_room(outbound, number, now, when) -> None:
    plan = decide(site_of(outbound, list(CLASSES), full=2), number, now, when)
    if plan.emergency or not plan.attempts:
        return
    route = next(r for r in outbound if r.name == plan.route)
    tried = [a.trunk for a in plan.attempts]
    assert tried == [t for t in route.trunks if t in tried]
    assert all(now.trunk_calls(t) < 2 for t in tried)
    there = [t for t in route.trunks if now.trunk_calls(t) < 2 and t not in now.away]
    assert tried == (there or [t for t in route.trunks if now.trunk_calls(t) < 2])


@given(routes(), NUMBERS)
def test_the_number_sent_is_the_one_dialled_stripped_and_prefixed(outbound, number) -> None:
    plan = decide(site_of(outbound, list(CLASSES)), number)
    if plan.attempts and not plan.emergency:
        route = next(r for r in outbound if r.name == plan.route)
        assert {a.number for a in plan.attempts} == {route.prepend + number[route.strip :]}
        assert all(a.withheld is (route.caller_id == "withheld") for a in plan.attempts)


def national(**more) -> OutboundRoute:
    return OutboundRoute(
        **{"name": "national", "patterns": ["_0Z."], "permission": "national", "trunks": ["alpha"], **more}
    )


def premium(**more) -> OutboundRoute:
    return OutboundRoute(
        **{"name": "premium", "patterns": ["_0900."], "permission": "premium", "trunks": ["alpha"], **more}
    )


def test_premium_and_international_are_denied_until_allowed() -> None:
    abroad = OutboundRoute(name="abroad", patterns=["_00."], permission="international", trunks=["alpha"])
    usual = site_of([national(), premium(), abroad], Extension(name="209").may_call)
    for number in ("0900123456", "0044123456"):
        refused = decide(usual, number).refusal
        assert refused is not None and refused.reason is Reason.NOT_ALLOWED and "201" in refused.text
    assert decide(usual, "0301234567").route == "national"
    allowed = site_of([national(), premium(), abroad], ["premium", "international"])
    assert decide(allowed, "0900123456").route == "premium" and decide(allowed, "0044123456").route == "abroad"


def test_a_premium_route_that_is_closed_does_not_let_its_numbers_out_by_the_next() -> None:
    site = site_of([premium(hours="day"), national()], ["national"])
    assert decide(site, "0900123456", when=NIGHT).refusal.reason is Reason.NOT_ALLOWED


def test_another_route_by_night() -> None:
    site = site_of([national(hours="day", order=1), national(name="cheap", trunks=["beta"])], ["national"])
    assert [a.trunk for a in decide(site, "0301").attempts] == ["alpha"]
    assert [a.trunk for a in decide(site, "0301", when=NIGHT).attempts] == ["beta"]
    alone = site_of([national(hours="day")], ["national"])
    assert "closed" in decide(alone, "0301", when=NIGHT).refusal.text


def test_who_is_shown() -> None:
    def shown(policy: str, ann: dict[str, str], trunk_number: str | None = "+49301", **more):
        site = site_of([national(caller_id=policy, **more)], ["national"], ann=ann)
        site = Site({**_objects(site), "trunk": [Trunk(name="alpha", host="192.0.2.1", number=trunk_number)]})
        attempt = decide(site, "0301").attempts[0]
        return attempt.caller_id, attempt.withheld

    own = {"outbound_number": "+4930555"}
    assert shown("extension", own) == (Party("+4930555", "Ann"), False)
    assert shown("extension", {}) == (Party("+49301", "Ann"), False)
    assert shown("extension", {}, None) == (Party("201", "Ann"), False)
    assert shown("trunk", own) == (Party("+49301"), False)
    assert shown("withheld", own) == (Party("+4930555", "Ann"), True)
    firm = {"caller_id_number": "+493000", "caller_id_name": "The firm"}
    assert shown("route", own, **firm) == (Party("+493000", "The firm"), False)


def _objects(site: Site) -> dict[str, list]:
    found: dict[str, list] = {}
    for (kind, _), item in site.objects().items():
        found.setdefault(kind, []).append(item)
    return found


def test_the_carriers_form_of_numbers() -> None:
    site = site_of([national()], ["national"], general={"country_code": "49"}, ann={"outbound_number": "030555123"})
    site = Site({**_objects(site), "trunk": [Trunk(name="alpha", host="192.0.2.1", numbers_out="plus-e164")]})
    attempt = decide(site, "0301234567").attempts[0]
    assert (attempt.number, attempt.caller_id) == ("+49301234567", Party("+4930555123", "Ann"))


def test_calls_from_outside_go_out_again_only_where_the_site_says_so() -> None:
    assert decide(site_of([national()], ["national"]), "0301", extension=None).refusal.reason is Reason.NOT_ALLOWED
    site = site_of([national()], [], general={"transit_may_call": ["national"]})
    plan = decide(site, "0301", extension=None)
    assert plan.attempts[0].caller_id is None


def test_limits_name_what_is_full_and_whose_it_is() -> None:
    limits = [
        OutboundLimit(name="each", at_once=2),
        OutboundLimit(name="all-abroad", prefix="0044", per_extension=False, per_hour=5),
        OutboundLimit(name="others", extensions=["202"], at_once=1),
    ]
    abroad = OutboundRoute(name="abroad", patterns=["_900."], strip=1, permission="national", trunks=["alpha"])
    site = site_of([abroad], ["national"], **{"outbound-limit": limits})
    now = Now(usage=Used(1, 4, 0.0))
    assert decide(site, "90044123", now).attempts
    assert sorted(now.asked, key=repr) == sorted([(frozenset({"201"}), ""), (None, "0044")], key=repr)
    full = decide(site, "90044123", Now(usage=Used(1, 5, 0.0))).refusal
    assert (full.reason, full.text) == (Reason.LIMIT, "limit all-abroad allows 5 calls an hour; there are 5")
    assert decide(site, "90033123", Now(usage=Used(2, 5, 0.0))).refusal.text.startswith("limit each")


def test_barred_and_busy_and_no_route() -> None:
    site = site_of([national()], ["national"], full=1)
    assert decide(site, "0301", Now(bars={"201": "too many calls"})).refusal.reason is Reason.BARRED
    assert decide(site, "0301", Now(busy={"alpha": 1})).refusal.reason is Reason.LINES_BUSY
    assert decide(site, "77").refusal.reason is Reason.NO_ROUTE


def test_emergency_with_the_digit_for_an_outside_line() -> None:
    site = site_of([OutboundRoute(name="nine", patterns=["_9."], strip=1, permission="premium", trunks=["beta"])], [])
    plan = decide(site, "9112")
    assert plan.emergency == "112" and plan.attempts[0].trunk == "beta" and plan.attempts[0].number == "112"
    routes = OutboundRoutes(site)
    assert routes.seeks_help("9112") and routes.seeks_help("112") and not routes.seeks_help("9113")


@pytest.mark.parametrize(
    ("status", "code", "cause", "another"),
    [
        ("CONGESTION", 503, 34, True),
        ("CHANUNAVAIL", 500, 38, True),
        ("CHANUNAVAIL", 408, 18, True),
        ("CHANUNAVAIL", 403, 21, True),
        ("CHANUNAVAIL", 0, 0, True),
        ("CHANUNAVAIL", 0, 18, True),
        ("CHANUNAVAIL", 404, 1, False),
        ("CONGESTION", 480, 19, False),
        ("BUSY", 486, 17, False),
        ("BUSY", 600, 17, False),
        ("CHANUNAVAIL", 603, 21, False),
        ("CHANUNAVAIL", 0, 1, False),
        ("NOANSWER", 0, 0, False),
        ("ANSWER", 0, 16, False),
        ("CANCEL", 0, 0, False),
    ],
)
def test_only_a_trunks_own_failure_brings_the_next(status: str, code: int, cause: int, another: bool) -> None:
    assert worth_another(status, code, cause) is another
