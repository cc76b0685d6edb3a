from datetime import UTC, datetime

from jackfield.config.objects.general import General
from jackfield.config.objects.inbound import CallerList, Did, Hours
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site
from jackfield.routing.inbound import NO_ROUTE, InboundRoutes, dial_pattern

MONDAY_NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SUNDAY = datetime(2026, 1, 4, 12, tzinfo=UTC)
SITE = Site(
    {
        "general": [General(name="site", zone="UTC", fallback="prompt:sorry")],
        "trunk": [Trunk(name="carrier", host="192.0.2.1", language="zh"), Trunk(name="other", host="192.0.2.2")],
        "hours": [Hours(name="office", open=["mon-fri 09:00-18:00"], holidays=["2026-01-06"])],
        "did": [
            Did(name="main", number="5550100", destination="ivr:main", hours="office", closed="prompt:closed"),
            Did(name="block", number="_55502XX", destination="ivr:range"),
            Did(name="exact-over-pattern", number="5550201", destination="ivr:exact"),
            Did(name="own", number="5550300", trunk="other", destination="ivr:own", language="en"),
        ],
        "caller-list": [
            CallerList(name="vip", numbers=["7001", "72*"], priority=10),
            CallerList(name="blocked", numbers=["666*"], block=True),
        ],
    }
)


def find(did: str, caller: str = "7009", trunk: str = "carrier", now: datetime = MONDAY_NOON):
    return InboundRoutes(SITE).find(trunk, did, caller, now)


def test_exact_pattern_and_trunk() -> None:
    assert find("5550100").destination == "ivr:main"
    assert find("+5550100").destination == "ivr:main"
    assert find("5550255").destination == "ivr:range"
    assert find("5550201").destination == "ivr:exact"
    assert find("5550300").destination == NO_ROUTE
    assert find("5550300", trunk="other").destination == "ivr:own"
    assert find("5559999").destination == NO_ROUTE
    assert find("").destination == NO_ROUTE


def test_hours_and_holidays() -> None:
    assert find("5550100", now=SUNDAY).destination == "prompt:closed"
    assert find("5550100", now=datetime(2026, 1, 6, 12, tzinfo=UTC)).destination == "prompt:closed"


def test_caller_lists_and_language() -> None:
    assert find("5550100", "7001").priority == 10
    assert find("5550100", "7299").priority == 10
    assert find("5550100", "6661").destination == "hangup:blocked"
    assert find("5550100").language == "zh"
    assert find("5550300", trunk="other").language == "en"


def test_dial_patterns() -> None:
    assert dial_pattern("_NXX").fullmatch("234")
    assert not dial_pattern("_NXX").fullmatch("134")
    assert dial_pattern("_+1[2-4].").fullmatch("+1399")
    assert not dial_pattern("_Z").fullmatch("0")
    assert dial_pattern("_12!").fullmatch("12")
