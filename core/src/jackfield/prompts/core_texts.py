"""Prompts that core brings itself, in every language."""

from __future__ import annotations

CORE_PROMPTS: dict[str, dict[str, str]] = {
    "sorry": {
        "en": "We are sorry, your call cannot be completed now. Please try again later.",
        "zh": "很抱歉，现在无法接通您的电话，请稍后再拨。",
    },
    "closed": {
        "en": "We are closed at the moment. Please call again during our business hours.",
        "zh": "我们现在已经下班，请在营业时间再次来电。",
    },
    "not-in-service": {
        "en": "The number you have dialled is not in service. Please check the number and try again.",
        "zh": "您拨打的号码未启用，请核对后再拨。",
    },
    "goodbye": {"en": "Thank you for calling. Goodbye.", "zh": "感谢您的来电，再见。"},
}
"""`{name: {language: text}}`; a site's own prompt of the same name takes its place."""

_DIGITS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "zh": ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九"),
}
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def number_text(number: int, language: str) -> str:
    """The words of 0 to 99."""
    tens, ones = divmod(number, 10)
    digits = _DIGITS[language]
    if tens == 0:
        return digits[ones]
    if language == "zh":
        return ("" if tens == 1 else digits[tens]) + "十" + (digits[ones] if ones else "")
    if tens == 1:
        return _TEENS[ones]
    return _TENS[tens] + (f" {digits[ones]}" if ones else "")


def core_sounds() -> dict[str, dict[str, str]]:
    """Everything that core speaks: its prompts, `digit-0` to `digit-9` and `number-0` to `number-99`."""
    sounds = dict(CORE_PROMPTS)
    for digit in range(10):
        sounds[f"digit-{digit}"] = {language: number_text(digit, language) for language in _DIGITS}
    for number in range(100):
        sounds[f"number-{number}"] = {language: number_text(number, language) for language in _DIGITS}
    return sounds
