"""Whole-site checks of outbound calls."""

from jackfield.config.check import check_site
from jackfield.config.objects import core_kinds
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.general import General
from jackfield.config.objects.outbound import OutboundRoute
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site

KINDS = {kind.kind: kind for kind in core_kinds()}


def route(name: str, *patterns: str, **more) -> OutboundRoute:
    return OutboundRoute(**{"name": name, "patterns": list(patterns), "permission": "local", "trunks": ["one"], **more})


def found(*routes: OutboundRoute, **more) -> list[str]:
    site = Site(
        {
            "general": [General(name="site", emergency=more.pop("emergency", []))],
            "trunk": [Trunk(name="one", host="192.0.2.1")],
            "extension": [Extension(name="201", secret="secret-201"), *more.pop("phones", [])],
            "outbound-route": list(routes),
        }
    )
    problems = check_site(site, KINDS)
    assert all(problem.warning for problem in problems)
    return [str(problem) for problem in problems]


def test_a_sound_site_has_no_warning() -> None:
    assert found(route("town", "_ZX."), route("emergency", "112"), emergency=["112"]) == []


def test_a_pattern_that_an_earlier_one_takes() -> None:
    [text] = found(route("all", "_0.", order=1), route("abroad", "_00.", order=2))
    assert "_00. never gets a call: _0. of outbound-route all takes them all" in text
    assert found(route("all", "_0."), route("abroad", "_00.")) == [], "the more exact one goes first"
    [text] = found(route("a", "_0."), route("b", "_0."))
    assert text.startswith("outbound-route b, patterns")


def test_a_class_that_nobody_has() -> None:
    [text] = found(route("premium", "_0900.", permission="premium"))
    assert "nobody may use it: no extension has premium in may_call" in text
    rich = Extension(name="202", secret="secret-202", may_call=["premium"])
    assert found(route("premium", "_0900.", permission="premium"), phones=[rich]) == []


def test_emergency_numbers() -> None:
    [text] = found(route("town", "_0."), emergency=["911"])
    assert "911 is in no outbound route" in text
    clash = Extension(name="911", secret="secret-911")
    assert any("911 is an extension too" in t for t in found(route("e", "911"), emergency=["911"], phones=[clash]))


def test_the_number_of_a_trunk_that_has_none() -> None:
    [text] = found(route("town", "_ZX.", caller_id="trunk"))
    assert "trunk one has none; set number in it" in text
