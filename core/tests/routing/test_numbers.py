"""Numbers to and from carriers: examples from real plans, and what holds for all."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.config.objects.general import General
from jackfield.config.objects.trunk import Trunk
from jackfield.routing.numbers import NumberPlan, from_carrier, is_e164, number_in, plan_of, to_carrier

UK = NumberPlan("44")
US = NumberPlan("1", "1", "011")
ITALY = NumberPlan("39", "", "00", "national")
CHINA = NumberPlan("86", numbers_in="national")
E164 = NumberPlan(numbers_in="e164", numbers_out="e164")
PLANS = st.builds(
    NumberPlan,
    st.sampled_from(["", "1", "44", "39", "86", "852"]),
    st.sampled_from(["", "0", "1", "8"]),
    st.sampled_from(["00", "011", "810"]),
    st.sampled_from(["auto", "e164", "national", "as-is"]),
    st.sampled_from(["as-is", "e164", "plus-e164", "national"]),
)


@pytest.mark.parametrize(
    ("raw", "plan", "number"),
    [
        ("+44 20 7946-0000", UK, "+442079460000"),
        ("02079460000", UK, "+442079460000"),
        ("004930123456", UK, "+4930123456"),
        ("999", UK, "999"),
        ("0100", UK, "0100"),
        ("5550100", UK, "5550100"),
        ("*1102079460000", UK, "*1102079460000"),
        ("12125550100", US, "+12125550100"),
        ("011442079460000", US, "+442079460000"),
        ("2125550100", US, "2125550100"),
        ("2125550100", NumberPlan("1", "1", "011", "national"), "+12125550100"),
        ("0612345678", ITALY, "+390612345678"),
        ("13800138000", CHINA, "+8613800138000"),
        ("01062345678", CHINA, "+861062345678"),
        ("10086", CHINA, "10086"),
        ("442079460000", E164, "+442079460000"),
        ("00442079460000", E164, "+442079460000"),
        ("02079460000", NumberPlan("44", numbers_in="e164"), "+442079460000"),
        ("02079460000", NumberPlan("44", numbers_in="as-is"), "02079460000"),
        ("02079460000", NumberPlan(), "02079460000"),
        ("0" * 30, UK, "0" * 30),
        ("0020${SHELL(id)}", UK, ""),
        ("anonymous", UK, ""),
        ("", UK, ""),
    ],
)
def test_from_carrier(raw: str, plan: NumberPlan, number: str) -> None:
    assert from_carrier(raw, plan) == number


@pytest.mark.parametrize(
    ("number", "form", "sent"),
    [
        ("+442079460000", "national", "02079460000"),
        ("+4930123456", "national", "004930123456"),
        ("+442079460000", "e164", "442079460000"),
        ("+442079460000", "plus-e164", "+442079460000"),
        ("+442079460000", "as-is", "+442079460000"),
        ("112", "e164", "112"),
        ("999", "national", "999"),
        ("5550100", "plus-e164", "5550100"),
    ],
)
def test_to_carrier(number: str, form: str, sent: str) -> None:
    assert to_carrier(number, NumberPlan("44", numbers_out=form)) == sent  # type: ignore[arg-type]


@given(st.text(max_size=40) | st.from_regex(r"\+?[0-9]{0,20}", fullmatch=True), PLANS)
def test_the_answer_is_a_number_and_stays_the_same(raw: str, plan: NumberPlan) -> None:
    number = from_carrier(raw, plan)
    assert re.fullmatch(r"(\+?[0-9*#]{1,32})?", number)
    if is_e164(number):
        assert from_carrier(number, plan) == number


COUNTRIES = [("44", "0", "00"), ("1", "1", "011"), ("39", "", "00"), ("7", "8", "810"), ("852", "", "001")]


@given(
    st.sampled_from(COUNTRIES),
    st.sampled_from([("plus-e164", "auto"), ("e164", "e164"), ("national", "national")]),
    st.booleans(),
    st.from_regex(r"[2-9][0-9]{6,9}", fullmatch=True),
    st.sampled_from(["44", "1", "39", "7", "852", "49"]),
)
def test_what_goes_out_comes_back(
    country: tuple[str, str, str], forms: tuple[str, str], home: bool, rest: str, abroad: str
) -> None:
    """A carrier that writes numbers as it wants to have them is understood, if it says what bare digits are."""
    sends, writes = forms
    plan = NumberPlan(*country, numbers_in=writes, numbers_out=sends)  # type: ignore[arg-type]
    number = f"+{country[0] if home else abroad}{rest}"
    assert from_carrier(to_carrier(number, plan), plan) == number


def test_a_trunk_has_the_sites_plan_or_its_own() -> None:
    general = General(name="site", country_code="44")
    assert plan_of(general) == UK
    assert plan_of(general, Trunk(name="a", host="192.0.2.1")) == UK
    own = Trunk(name="b", host="192.0.2.2", country_code="1", national_prefix="1", international_prefix="011")
    assert plan_of(general, own) == US
    plain = Trunk(name="c", host="192.0.2.3", national_prefix="", numbers_in="e164", numbers_out="national")
    assert plan_of(general, plain) == NumberPlan("44", "", "00", "e164", "national")


@pytest.mark.parametrize(
    ("header", "number"),
    [
        ("<sip:+442079460000@carrier.example;user=phone>;tag=1", "+442079460000"),
        ('"Acme, sip:666@x <b>" <sip:02079460000@192.0.2.1>', "02079460000"),
        ("sip:5550100@192.0.2.1;tag=9", "5550100"),
        ("<sip:5550100;phone-context=+44@192.0.2.1>", "+445550100"),
        ("<sips:5550100;npdi@192.0.2.1>", "5550100"),
        ("<tel:+44-20-7946-0000>", "+44-20-7946-0000"),
        ("tel:+442079460000", "+442079460000"),
        ("<tel:7946-0000;phone-context=+4420>", "+44207946-0000"),
        ("<tel:911;phone-context=example.com>", "911"),
        ("<sip:%2B442079460000@x>", "+442079460000"),
        ("<sip:192.0.2.1>", ""),
        ("<urn:service:sos>", ""),
        ('"unfinished <sip:1@x', "1"),
        ("", ""),
        ("<", ""),
    ],
)
def test_number_in_a_header(header: str, number: str) -> None:
    assert number_in(header) == number


@given(st.text(max_size=80))
def test_any_header_gives_a_number_or_none(header: str) -> None:
    assert re.fullmatch(r"(\+?[0-9*#]{1,32})?", from_carrier(number_in(header), UK))
