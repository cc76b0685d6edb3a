"""Numbers dialled at phones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.config.check import check_site
from jackfield.config.objects import core_kinds
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.general import General
from jackfield.config.objects.internal_number import InternalNumber
from jackfield.config.objects.outbound import OutboundRoute
from jackfield.config.objects.parking import Parking
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site
from jackfield.features.codes import core_codes
from jackfield.routing.internal import NOBODY, FeatureCode, find, transferable

SITE = Site(
    {
        "general": [General(name="site", emergency=["112"])],
        "extension": [Extension(name="201", secret="secret-201")],
        "parking": [Parking(name="lot", first="701", last="702")],
        "internal-number": [InternalNumber(name="600", destination="hangup:busy")],
        "trunk": [Trunk(name="one", host="192.0.2.1")],
        "outbound-route": [OutboundRoute(name="out", patterns=["_0.", "112"], permission="local", trunks=["one"])],
    }
)
KINDS = {kind.kind: kind for kind in core_kinds()}


def problems(*numbers: str) -> list[tuple[bool, str]]:
    objects = {kind: list(SITE.all(kind, KINDS[kind].model)) for kind in KINDS}
    objects["internal-number"] = [InternalNumber(name=n, destination="hangup:busy") for n in numbers]
    return [(p.warning, str(p)) for p in check_site(Site(objects), KINDS) if "internal-number" in str(p)]


def test_what_a_phone_reaches() -> None:
    codes = core_codes()
    assert find(SITE, codes, "600") == ("hangup:busy", "")
    assert find(SITE, codes, "201") == ("extension:201", "")
    assert find(SITE, codes, "702") == ("park:702", "")
    assert find(SITE, codes, "*72600") == ("feature:forward-always", "600")
    assert find(SITE, codes, "601") == (NOBODY, "")


def test_whose_number_it_is_already() -> None:
    assert problems("600") == []
    for number, owner in (("201", "extension 201"), ("701", "parking lot"), ("112", "emergency number")):
        assert any(not warning and owner in text for warning, text in problems(number)), number
    [(warning, text)] = problems("0600")
    assert warning and "outbound-route out takes 0600 too" in text


def test_a_stranger_who_is_transferred_cannot_act_for_the_phone() -> None:
    """`*72` would ask the caller from outside where the phone's calls shall go."""
    reached = {code.code: code.destination for code in transferable(core_codes())}
    assert reached.pop("*68") == "park:held" and reached.pop("*3#") == "conference:join"
    assert set(reached.values()) == {NOBODY}


@given(st.text(alphabet="0123456789*#x ", max_size=6))
def test_no_number_that_people_have_is_a_code(text: str) -> None:
    if text[:1] in ("*", "#") and len(text) > 1 and set(text) <= set("0123456789*#"):
        assert FeatureCode(text, "", "a:b").code == text
    else:
        with pytest.raises(ValueError, match="no feature code"):
            FeatureCode(text, "", "a:b")
