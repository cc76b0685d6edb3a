"""Numbers as carriers write them, and the one form that Jackfield works with.

The one form is E.164 with a plus (`+442079460000`). What cannot be told to be a number of the public network (an
extension, a short code, a number with `*` or `#`, anything while no country code is set) stays as it was dialled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from jackfield.calls.party import clean_number

if TYPE_CHECKING:
    from jackfield.config.objects.general import General
    from jackfield.config.objects.trunk import Trunk

NumbersIn = Literal["auto", "e164", "national", "as-is"]
NumbersOut = Literal["as-is", "e164", "plus-e164", "national"]
MAX_DIGITS = 15
"""Of an E.164 number, country code included (ITU-T E.164, 6.2.1)."""
SHORT = 6
"""Numbers of up to so many digits are short codes or extensions, whatever they begin with."""
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_E164 = re.compile(rf"\+[1-9][0-9]{{1,{MAX_DIGITS - 1}}}")


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """How numbers are written: by a carrier, or (with `numbers_out` left alone) by people at the site's phones.

    `national_prefix` is the trunk prefix before a national number (0 in most countries, 1 in North America, none in
    Italy); `international_prefix` comes before a country code (00, 011). `numbers_in` says what digits without a
    prefix are, `numbers_out` the form in which a carrier wants numbers.
    """

    country_code: str = ""
    national_prefix: str = "0"
    international_prefix: str = "00"
    numbers_in: NumbersIn = "auto"
    numbers_out: NumbersOut = "as-is"


def plan_of(general: General, trunk: Trunk | None = None) -> NumberPlan:
    """The plan of a trunk; without one, that of the site, by which numbers dialled at phones are read."""
    plan = NumberPlan(general.country_code or "", general.national_prefix, general.international_prefix)
    if trunk is None:
        return plan

    def own(value: str | None, general_value: str) -> str:
        return general_value if value is None else value

    return NumberPlan(
        own(trunk.country_code, plan.country_code),
        own(trunk.national_prefix, plan.national_prefix),
        own(trunk.international_prefix, plan.international_prefix),
        trunk.numbers_in,
        trunk.numbers_out,
    )


def is_e164(number: str) -> bool:
    """Whether a number is in the one form, as in `+442079460000`."""
    return _E164.fullmatch(number) is not None


def from_carrier(raw: str, plan: NumberPlan) -> str:
    """A number as it came, in the one form; '' when it is none.

    Args:
        raw: what was sent or dialled; hostile.
        plan: who wrote it.
    """
    number = clean_number(raw)
    if number.startswith("+") or len(number) <= SHORT or not number.isdigit() or plan.numbers_in == "as-is":
        return number
    found = _international(number, plan)
    return found if is_e164(found) else number


def _international(digits: str, plan: NumberPlan) -> str:
    country = f"+{plan.country_code}" if plan.country_code else ""
    if plan.numbers_in == "e164" and not digits.startswith("0"):
        return f"+{digits}"
    if plan.international_prefix and digits.startswith(plan.international_prefix):
        return f"+{digits[len(plan.international_prefix) :]}"
    if country and plan.national_prefix and digits.startswith(plan.national_prefix):
        return country + digits[len(plan.national_prefix) :]
    if country and plan.numbers_in == "national":
        return country + digits
    return ""


def dial_forms(number: str, plan: NumberPlan) -> list[str]:
    """How people at the site may dial a number: at home without, abroad with the international prefix; or as it is."""
    if not is_e164(number):
        return [number]
    abroad = [plan.international_prefix + number[1:]] if plan.international_prefix else []
    if plan.country_code and number[1:].startswith(plan.country_code):
        return [plan.national_prefix + number[1 + len(plan.country_code) :], number, *abroad]
    return [*abroad, number]


def number_in(header: str) -> str:
    """The number in the URI of a header such as To, raw and hostile; '' when there is none.

    A tel: URI's number that is local to a global context is completed by it (RFC 3966, 5.1.5).
    """
    bare = _QUOTED.sub("", header)
    uri = bare.partition("<")[2].partition(">")[0] if "<" in bare else re.split(r"[;,\s]", bare.strip(), maxsplit=1)[0]
    scheme, _, rest = uri.strip().partition(":")
    if scheme.lower() in ("sip", "sips"):
        user, at, _ = rest.partition("@")
        rest = user if at else ""
    elif scheme.lower() != "tel":
        return ""
    number, *parameters = unquote(rest).split(";")
    for parameter in parameters:
        key, _, context = parameter.partition("=")
        if key.lower() == "phone-context" and context.startswith("+") and not number.startswith("+"):
            return context + number
    return number


def to_carrier(number: str, plan: NumberPlan) -> str:
    """A number in the form that a carrier wants; one that is not E.164 (an emergency number, say) as it is."""
    if plan.numbers_out == "as-is" or not is_e164(number):
        return number
    digits = number[1:]
    if plan.numbers_out == "plus-e164":
        return number
    if plan.numbers_out == "e164":
        return digits
    if plan.country_code and digits.startswith(plan.country_code):
        return plan.national_prefix + digits[len(plan.country_code) :]
    return plan.international_prefix + digits
