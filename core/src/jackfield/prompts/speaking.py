"""How values are spoken: a number, digits, a time, a date, an amount of money as a row of clips. Rules without I/O.

The clips are prompts of core's own (`core_texts.core_sounds`). English counts as in the United States ("one hundred
five") and says the hour with A M and P M; Chinese counts in 万 and 亿 and says the part of the day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from jackfield.errors import UnsafeValue
from jackfield.prompts.speech_texts import CURRENCIES

LANGUAGES: Final = ("en", "zh")
"""Languages that values can be spoken in."""
LIMIT: Final = 10**12
"""Numbers are spoken below this; say longer ones digit by digit."""
MAX_DECIMALS: Final = 6
MAX_DIGITS: Final = 64
_DIGITS = re.compile(rf"[0-9]{{0,{MAX_DIGITS}}}")


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits to be read one by one, as of a number, a PIN or a code.

    >>> Digits("0471").text
    '0471'
    """

    text: str


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of money, rounded to the currency's smaller unit.

    `currency` is one of CNY, EUR, GBP, HKD, JPY, USD (ISO 4217).

    >>> Money(Decimal("12.50"), "GBP").currency
    'GBP'
    """

    amount: Decimal
    currency: str


Value = int | Decimal | Digits | Money | date | time
"""What can be spoken: numbers, digits, amounts of money, dates, times of day (`datetime` is both)."""


def clips(value: Value, language: str) -> list[str]:
    """Names of the clips that say a value.

    Args:
        value: what is said.
        language: `en` or `zh`.

    Raises:
        UnsafeValue: it cannot be spoken: too large, no known currency, or nothing of the kinds above.
    """
    zh = language == "zh"
    if isinstance(value, bool):
        raise UnsafeValue(f"{value} cannot be spoken; play a prompt for yes and one for no")
    if isinstance(value, int | Decimal):
        return _number(Decimal(value), zh)
    if isinstance(value, Digits):
        return _digits(value.text)
    if isinstance(value, Money):
        return _money(value, zh)
    if isinstance(value, datetime):
        return _date(value, zh) + _time(value.time(), zh)
    if isinstance(value, date):
        return _date(value, zh)
    if isinstance(value, time):
        return _time(value, zh)
    raise UnsafeValue(f"{type(value).__name__} cannot be spoken; give a number, Digits, Money, a date or a time")


def _digits(text: str) -> list[str]:
    if not _DIGITS.fullmatch(text):
        raise UnsafeValue(f"{text[:40]!r} are not digits, or more than {MAX_DIGITS}")
    return [f"digit-{digit}" for digit in text]


def _number(number: Decimal, zh: bool) -> list[str]:
    if not number.is_finite() or abs(number) >= LIMIT:
        raise UnsafeValue(f"{str(number)[:40]} cannot be spoken; say Digits(…) of what is longer than 12 digits")
    number = number.quantize(Decimal(1).scaleb(-MAX_DECIMALS), ROUND_HALF_UP)
    sign = ["word-minus"] if number < 0 else []
    whole, _, rest = f"{abs(number):f}".partition(".")
    rest = rest.rstrip("0")
    spoken = _whole(int(whole), zh)
    return sign + spoken + (["word-point", *_digits(rest)] if rest else [])


def _whole(number: int, zh: bool) -> list[str]:
    return _chinese(number) if zh else _english(number)


def _english(number: int) -> list[str]:
    out: list[str] = []
    for size, word in ((10**9, "word-billion"), (10**6, "word-million"), (1000, "word-thousand")):
        count, number = divmod(number, size)
        if count:
            out += [*_english(count), word]
    count, number = divmod(number, 100)
    if count:
        out += [f"digit-{count}", "word-hundred"]
    return [*out, f"number-{number}"] if number or not out else out


def _chinese(number: int) -> list[str]:
    if number < 100:
        return [f"number-{number}"]
    out: list[str] = []
    gap = False
    for size, word in ((10**8, "word-hundred-million"), (10**4, "word-ten-thousand")):
        count, number = divmod(number, size)
        if count:
            gap = gap or bool(out and count < 1000)
            out += [*(["digit-0"] if gap else []), *_group(count, bool(out)), word]
            gap = False
        elif out:
            gap = True
    if number:
        gap = gap or bool(out and number < 1000)
        out += [*(["digit-0"] if gap else []), *_group(number, bool(out))]
    return out


def _group(number: int, inside: bool) -> list[str]:
    """1 to 9999; `inside` a larger number, where ten is 一十 and two stays 二."""
    if number == 2 and not inside:
        return ["word-two"]
    out: list[str] = []
    gap = False
    for size, word in ((1000, "word-thousand"), (100, "word-hundred")):
        count, number = divmod(number, size)
        if count:
            two = count == 2 and size == 1000
            out += [*(["digit-0"] if gap else []), "word-two" if two else f"digit-{count}", word]
            gap = False
        else:
            gap = bool(out)
    if number == 0:
        return out
    gap = gap or bool(out and number < 10)
    out += ["digit-0"] if gap else []
    ten_to_19 = 10 <= number < 20
    return [*out, *(["digit-1"] if ten_to_19 and (out or inside) else []), f"number-{number}"]


def _counted(number: int, zh: bool) -> list[str]:
    """A number before what it counts: Chinese says 两 for two."""
    return ["word-two"] if zh and number == 2 else _whole(number, zh)


def _date(day: date, zh: bool) -> list[str]:
    weekday = f"weekday-{day.isoweekday()}"
    if zh:
        month = [f"number-{day.month}", "word-month", f"number-{day.day}", "word-day"]
        return [*_digits(str(day.year)), "word-year", *month, weekday]
    return [weekday, f"month-{day.month}", f"day-{day.day}", *_english_year(day.year)]


def _english_year(year: int) -> list[str]:
    century, rest = divmod(year, 100)
    if year < 1000 or century % 10 == 0:
        return _english(year)
    if rest == 0:
        return [f"number-{century}", "word-hundred"]
    return [f"number-{century}", *(["word-oh", f"digit-{rest}"] if rest < 10 else [f"number-{rest}"])]


_PARTS: Final = ((6, "night"), (12, "morning"), (13, "noon"), (18, "afternoon"), (24, "evening"))


def _time(at: time, zh: bool) -> list[str]:
    hour = (at.hour - 1) % 12 + 1
    minutes = [] if at.minute == 0 else [f"number-{at.minute}"]
    few = 0 < at.minute < 10
    if not zh:
        return [f"number-{hour}", *(["word-oh"] if few else []), *minutes, "word-am" if at.hour < 12 else "word-pm"]
    part = next(word for end, word in _PARTS if at.hour < end)
    hours = ["number-0"] if at.hour == 0 else _counted(hour, True)
    after = [*(["digit-0"] if few else []), *minutes, "word-minute"] if minutes else []
    return [f"word-{part}", *hours, "word-hour", *after]


def _money(money: Money, zh: bool) -> list[str]:
    units = CURRENCIES.get(money.currency)
    if units is None:
        raise UnsafeValue(f"{money.currency[:8]!r} cannot be spoken; there are {', '.join(CURRENCIES)}")
    if not money.amount.is_finite() or abs(money.amount) >= LIMIT:
        raise UnsafeValue(f"{str(money.amount)[:40]} cannot be spoken")
    decimals = 2 if "cents" in units else 0
    cents = int(abs(money.amount).scaleb(decimals).quantize(Decimal(1), ROUND_HALF_UP))
    whole, rest = divmod(cents, 10**decimals)
    sign = ["word-minus"] if money.amount < 0 and cents else []
    main = [*_counted(whole, zh), _unit(money.currency, "one", "many", whole, zh)] if whole or not rest else []
    if not rest:
        return sign + main
    if zh and money.currency == "CNY":
        return sign + main + _jiao_and_fen(rest, bool(main))
    small = [*_counted(rest, zh), _unit(money.currency, "cent", "cents", rest, zh)]
    return [*sign, *main, *(["word-and"] if main and not zh else []), *small]


def _unit(currency: str, one: str, many: str, count: int, zh: bool) -> str:
    return f"money-{currency}-{one if count == 1 and not zh and one in CURRENCIES[currency] else many}"


def _jiao_and_fen(fen: int, after_yuan: bool) -> list[str]:
    jiao, fen = divmod(fen, 10)
    out = [*_counted(jiao, True), "word-jiao"] if jiao else ["digit-0"] if after_yuan else []
    return [*out, *_counted(fen, True), "money-CNY-cents"] if fen else out
