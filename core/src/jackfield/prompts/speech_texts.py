"""The words of which numbers, dates, times and amounts of money are put together."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "word-minus": ("minus", "负"),
    "word-point": ("point", "点"),
    "word-and": ("and", ""),
    "word-hundred": ("hundred", "百"),
    "word-thousand": ("thousand", "千"),
    "word-ten-thousand": ("", "万"),
    "word-million": ("million", ""),
    "word-hundred-million": ("", "亿"),
    "word-billion": ("billion", ""),
    "word-two": ("", "两"),
    "word-oh": ("oh", ""),
    "word-year": ("", "年"),
    "word-month": ("", "月"),
    "word-day": ("", "日"),
    "word-hour": ("", "点"),
    "word-minute": ("", "分"),
    "word-am": ("A M", ""),
    "word-pm": ("P M", ""),
    "word-night": ("", "凌晨"),
    "word-morning": ("", "上午"),
    "word-noon": ("", "中午"),
    "word-afternoon": ("", "下午"),
    "word-evening": ("", "晚上"),
    "word-jiao": ("", "角"),
}
"""`{clip: (English, Chinese)}`, empty where the language does without.

`word-two` is Chinese's other two, before what it counts."""
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ZH_WEEKDAYS: Final = "一二三四五六日"
_ORDINALS: Final = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
)  # fmt: skip
CURRENCIES: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "CNY": {"many": ("yuan", "元"), "cents": ("fen", "分")},
    "EUR": {"one": ("euro", ""), "many": ("euros", "欧元"), "cent": ("cent", ""), "cents": ("cents", "欧分")},
    "GBP": {
        "one": ("pound", ""),
        "many": ("pounds", "英镑"),
        "cent": ("penny", ""),
        "cents": ("pence", "便士"),
    },
    "HKD": {
        "one": ("Hong Kong dollar", ""),
        "many": ("Hong Kong dollars", "港元"),
        "cent": ("cent", ""),
        "cents": ("cents", "仙"),
    },
    "JPY": {"many": ("yen", "日元")},
    "USD": {
        "one": ("dollar", ""),
        "many": ("dollars", "美元"),
        "cent": ("cent", ""),
        "cents": ("cents", "美分"),
    },
}
"""Units of the currencies that can be spoken, by their ISO 4217 codes; one without `cents` has no smaller unit."""


def ordinal(day: int) -> str:
    """The day of a month, in English: 1 to 31."""
    if day < 20:
        return _ORDINALS[day - 1]
    tens, ones = divmod(day, 10)
    if ones == 0:
        return ("twentieth", "thirtieth")[tens - 2]
    return f"{('twenty', 'thirty')[tens - 2]} {_ORDINALS[ones - 1]}"


def speech_sounds() -> dict[str, dict[str, str]]:
    """All clips and their texts, in the languages that need them."""
    words = dict(WORDS)
    words |= {f"month-{n}": (month, "") for n, month in enumerate(MONTHS, 1)}
    words |= {f"day-{n}": (ordinal(n), "") for n in range(1, 32)}
    words |= {f"weekday-{n}": (day, f"星期{_ZH_WEEKDAYS[n - 1]}") for n, day in enumerate(WEEKDAYS, 1)}
    for code, units in CURRENCIES.items():
        words |= {f"money-{code}-{unit}": texts for unit, texts in units.items()}
    both = {name: {"en": en, "zh": zh} for name, (en, zh) in words.items()}
    return {name: {language: text for language, text in texts.items() if text} for name, texts in both.items()}
