from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.config.check_inbound import check_inbound
from jackfield.config.number_sets import Block
from jackfield.config.objects.general import General
from jackfield.config.objects.inbound import CallerList, Did, Hours, Share, Split, TimeCondition
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site
from jackfield.errors import JackfieldError
from jackfield.routing.conditions import Turns, schedule, share_of_caller
from jackfield.routing.explain import explain_inbound
from jackfield.routing.inbound import NO_ROUTE, InboundRoutes

MONDAY_NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SUNDAY = datetime(2026, 1, 4, 12, tzinfo=UTC)
OBJECTS = {
    "general": [General(name="site", zone="UTC", fallback="prompt:sorry")],
    "trunk": [Trunk(name="carrier", host="192.0.2.1", language="zh"), Trunk(name="other", host="192.0.2.2")],
    "hours": [
        Hours(name="office", open=["mon-fri 09:00-18:00"], holidays=["2026-01-06"]),
        Hours(name="tokyo", open=["mon-fri 09:00-18:00"], zone="Asia/Tokyo"),
    ],
    "did": [
        Did(name="main", number="5550100", destination="ivr:main", hours="office", closed="prompt:closed"),
        Did(name="block", number="_55502XX", destination="ivr:range"),
        Did(name="exact-over-pattern", number="5550201", destination="ivr:exact"),
        Did(name="own", number="5550300", trunk="other", destination="ivr:own", language="en", fallback="queue:b"),
        Did(name="range", number="5550400-5550449", destination="ivr:range"),
        Did(name="narrow", number="5550410-5550419", destination="ivr:narrow"),
        Did(name="for-vip", number="5550400-5550449", caller_list="vip", destination="ivr:vip"),
        Did(name="for-one", number="5550400-5550449", callers=["7001"], destination="ivr:one"),
        Did(name="for-some", number="5550400-5550449", callers=["_70XX"], destination="ivr:some"),
        Did(name="hidden", number="5550500", callers=["anonymous"], destination="ivr:hidden"),
        Did(name="early", number="_55506XX", order=10, destination="ivr:early"),
        Did(name="late", number="5550700", order=10, destination="time:day"),
        Did(name="tokyo", number="5550800", destination="ivr:main", hours="tokyo"),
        Did(name="rest-of-other", number="_!", trunk="other", destination="ivr:rest"),
    ],
    "time": [TimeCondition(name="day", hours="office", open="split:trial")],
    "split": [
        Split(name="trial", shares=[Share(destination="queue:a", percent=70), Share(destination="queue:b", percent=30)])
    ],
    "caller-list": [
        CallerList(name="vip", numbers=["7001", "72*"], priority=10),
        CallerList(name="blocked", numbers=["666*"], block=True),
        CallerList(name="nameless", numbers=["anonymous", "_9X"], language="en"),
    ],
}
SITE = Site(OBJECTS)


def find(did: str, caller: str = "8009", trunk: str = "carrier", now: datetime = MONDAY_NOON):
    return InboundRoutes(SITE).find(trunk, did, caller, now)


def test_exact_pattern_and_trunk() -> None:
    assert find("5550100").destination == "ivr:main"
    assert find("+5550100").destination == "ivr:main"
    assert find("5550255").destination == "ivr:range"
    assert find("+5550255").destination == "ivr:range"
    assert find("5550201").destination == "ivr:exact"
    assert find("5550300").destination == NO_ROUTE
    assert find("5550300", trunk="other").destination == "ivr:own"
    assert find("5559999").destination == NO_ROUTE
    assert find("5559999", trunk="other").destination == "ivr:rest"
    assert find("").destination == NO_ROUTE
    assert find("", trunk="other").destination == "ivr:rest"


def test_ranges_and_callers() -> None:
    assert find("5550449").destination == "ivr:range"
    assert find("5550450").destination == NO_ROUTE
    assert find("05550449").destination == NO_ROUTE
    assert find("5550419").destination == "ivr:narrow"
    assert find("5550419", "7001").destination == "ivr:narrow", "the number is more exact, and counts before the caller"
    assert find("5550400", "7001").destination == "ivr:one"
    assert find("5550400", "7002").destination == "ivr:some"
    assert find("5550400", "7200").destination == "ivr:vip"
    assert find("5550500").destination == NO_ROUTE
    assert find("5550500", "").destination == "ivr:hidden"


def test_hours_holidays_and_zones() -> None:
    assert find("5550100", now=SUNDAY).destination == "prompt:closed"
    assert find("5550100", now=datetime(2026, 1, 6, 12, tzinfo=UTC)).destination == "prompt:closed"
    assert "holiday 2026-01-06" in find("5550100", now=datetime(2026, 1, 6, 12, tzinfo=UTC)).why
    assert find("5550800").destination == "prompt:closed"
    night = find("5550800", now=datetime(2026, 1, 5, 2, tzinfo=UTC))
    assert night.destination == "ivr:main"
    assert "Mon 2026-01-05 11:00 Asia/Tokyo" in night.why


def test_caller_lists_language_and_fallback() -> None:
    assert find("5550100", "7001").priority == 10
    assert find("5550100", "7299").priority == 10
    assert find("5550100", "6661").destination == "hangup:blocked"
    assert find("5550100").language == "zh"
    assert find("5550100", "").language == "en"
    assert find("5550100", "95").language == "en"
    assert find("5550300", trunk="other").language == "en"
    assert find("5550300", trunk="other").fallback == "queue:b"
    assert find("5550100").fallback == "prompt:sorry"


def test_every_candidate_and_why_it_was_passed_over() -> None:
    told = InboundRoutes(SITE).candidates("carrier", "5550411", "7200")
    assert [(c.route, c.taken) for c in told] == [
        ("narrow", True), ("for-one", False), ("for-some", False), ("for-vip", False), ("range", False),
        ("rest-of-other", False),
    ]  # fmt: skip
    why = {c.route: c.why for c in told}
    assert why["for-one"] == "only for callers 7001"
    assert why["for-vip"].startswith("did narrow comes before it: its number 5550410-5550419 is more exact than")
    assert why["rest-of-other"] == "only from trunk other, not from carrier"


CALLERS = st.sampled_from(["", "7001", "7002", "7200", "6660", "8000"])
DIDS = st.sampled_from(
    ["5550100", "5550201", "5550255", "5550300", "5550400", "5550411", "5550500", "5550650", "1", ""]
)
TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 14)).map(lambda d: d.replace(tzinfo=UTC, microsecond=0))


@given(DIDS, CALLERS, st.sampled_from(["carrier", "other"]), TIMES)
def test_the_explanation_is_what_happens(did: str, caller: str, trunk: str, now: datetime) -> None:
    routes = InboundRoutes(SITE)
    told = explain_inbound(SITE, routes, Turns().look, trunk=trunk, did=did, caller=caller, at=now.isoformat())
    route = routes.find(trunk, did, caller, now)
    assert (told["destination"], told["why"], told["language"]) == (route.destination, route.why, route.language)
    assert (told["route"] or "") == route.name
    taken = [c["route"] for c in told["candidates"] if c["taken"]]
    assert taken == ([route.name] if route.name else []) or told["destination"] == "hangup:blocked"


def test_where_conditions_lead() -> None:
    def ask(at: str, **more):
        asked = {"trunk": "carrier", "did": "5550700", "caller": "8000", "at": at} | more
        return explain_inbound(SITE, InboundRoutes(SITE), Turns().look, **asked)

    opened, closed = ask("2026-01-05T12:00"), ask("2026-01-04T12:00")
    assert [lead["destination"] for lead in opened["then"]] == ["split:trial", "queue:a"]
    assert "70 %" in opened["then"][1]["why"]
    assert (closed["ends_at"], closed["destination"]) == ("prompt:closed", "time:day")
    assert ask("2026-01-05 13:00+09:00")["ends_at"] == "prompt:closed"
    for wrong in ({"trunk": "carier"}, {"trunk": None}, {"did": "five"}, {"caller": "a;b"}, {"at": "noon"}):
        with pytest.raises(JackfieldError):
            ask(**({"at": "2026-01-05"} | wrong))


PERCENTS = st.lists(st.integers(0, 100), min_size=1, max_size=6).filter(lambda p: sum(p) <= 100)


@given(PERCENTS.map(lambda p: (*p, 100 - sum(p))))
def test_after_any_number_of_calls_shares_are_exact_to_one_call(percents) -> None:
    """To one call with two shares; with more of them, none lags or leads by as many as there are."""
    given_ = Counter()
    for calls, share in enumerate(schedule(percents), 1):
        given_[share] += 1
        bound = 1 if len(percents) <= 2 else len(percents)
        assert all(abs(given_[i] - p * calls / 100) < bound for i, p in enumerate(percents))
    assert [given_[i] for i in range(len(percents))] == list(percents)


def test_turns_are_shown_before_they_are_taken_and_callers_stay() -> None:
    turns, split = Turns(), SITE.get("split", "trial", Split)
    shown_and_taken = [(turns.look(split), turns.take(split)) for _ in range(200)]
    assert all(shown == taken for shown, taken in shown_and_taken)
    assert Counter(taken for _, taken in shown_and_taken) == {0: 140, 1: 60}
    shares = Counter(share_of_caller(split, f"+44207946{n:04}") for n in range(10_000))
    assert abs(shares[0] - 7000) < 200
    assert share_of_caller(split, "+4420") == share_of_caller(split, "4420")


def test_ten_thousand_numbers_cost_no_more_than_a_hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    compared, fits = [], Block.fits
    monkeypatch.setattr(Block, "fits", lambda self, number: bool(compared.append(1)) or fits(self, number))

    def cost(count: int) -> int:
        dids = [Did(name=f"d{n}", number=f"44{n:08}", destination="ivr:main") for n in range(count)]
        dids.append(Did(name="rest", number="_44X.", destination="ivr:main"))
        routes = InboundRoutes(Site({"did": dids}))
        compared.clear()
        assert routes.find("t", f"44{count - 1:08}", "1", MONDAY_NOON).name == f"d{count - 1}"
        return len(compared)

    assert cost(10_000) == cost(100) <= 4


def checked(**objects) -> list[str]:
    return [f"{p.name}: {p.text}" for p in check_inbound(Site(objects))]


def test_a_sound_site_has_no_findings() -> None:
    assert check_inbound(SITE) == []


@pytest.mark.parametrize(
    ("one", "other", "text"),
    [
        ({"number": "555"}, {"number": "+555"}, "number +555 has a route already, did one"),
        ({"number": "555", "order": 5}, {"number": "555"}, "has a route already"),
        ({"number": "500-549"}, {"number": "540-589"}, "540 also belongs to did one, and neither is more exact"),
        ({"number": "_5X1"}, {"number": "_51X"}, "511 also belongs to did one"),
        ({"number": "_5!", "order": 9}, {"number": "555"}, "never gets a call: did one takes all of its calls before"),
        ({"number": "500-599", "order": 9}, {"number": "_54X", "callers": ["7"]}, "its order is 9"),
        ({"number": "5", "callers": ["7*"]}, {"number": "5", "callers": ["_71X"]}, None),
        ({"number": "5", "callers": ["7*"], "order": 9}, {"number": "5", "callers": ["71"]}, "never gets a call"),
        ({"number": "5", "callers": ["7*"], "order": 9}, {"number": "5", "callers": ["71", "anonymous"]}, None),
        ({"number": "5", "callers": ["_7X"]}, {"number": "5", "callers": ["_X7"]}, "5 also belongs to did one"),
        ({"number": "5", "caller_list": "a"}, {"number": "5", "caller_list": "b"}, "never gets a call"),
        ({"number": "5", "caller_list": "a"}, {"number": "5", "caller_list": "c"}, None),
        ({"number": "_5!", "order": 9, "trunk": "t"}, {"number": "555"}, None),
        ({"number": "_5!", "order": 9, "trunk": "t"}, {"number": "555", "trunk": "t"}, "never gets a call"),
        ({"number": "_5X1", "trunk": "t"}, {"number": "_51X", "trunk": "u"}, None),
        ({"number": "500-549"}, {"number": "550-599"}, None),
        ({"number": "_5X"}, {"number": "_5!"}, None),
    ],
)
def test_two_routes(one, other, text) -> None:
    lists = [
        CallerList(name="a", numbers=["1*"]),
        CallerList(name="b", numbers=["12"]),
        CallerList(name="c", numbers=[]),
    ]
    dids = [Did(name="one", destination="ivr:x", **one), Did(name="other", destination="ivr:x", **other)]
    found = checked(did=dids, **{"caller-list": lists})
    assert (len(found) == 1 and text in found[0] and found[0].startswith("other: ")) if text else found == []


def test_circles_and_hours_that_never_open() -> None:
    times = [
        TimeCondition(name="a", hours="h", open="queue:x", closed="split:s"),
        TimeCondition(name="b", hours="h", open="time:a", closed="queue:x"),
    ]
    shares = [Share(destination="time:a", percent=50), Share(destination="time:b", percent=50)]
    hours = [Hours(name="h", open=[]), Hours(name="xmas", open=[], special=["12-25 09:00-10:00"])]
    site = Site({"time": times, "split": [Split(name="s", shares=shares)], "hours": hours})
    found = {f"{p.kind}:{p.name}": p for p in check_inbound(site)}
    assert set(found) == {"time:a", "time:b", "split:s", "hours:h"}
    assert "time:a → split:s → time:a" in found["time:a"].text
    assert [p.warning for p in found.values()] == [False, False, False, True]


@pytest.mark.parametrize("percents", [[50, 49], [101], [60, 60], [-1, 101], []])
def test_shares_make_a_hundred(percents) -> None:
    with pytest.raises(ValueError):
        Split(name="s", shares=[{"destination": "queue:a", "percent": p} for p in percents])
