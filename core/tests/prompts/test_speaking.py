"""Values as rows of clips: what is said of them, and that nothing is said that has no sound."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import UnsafeValue
from jackfield.prompts.core_texts import core_sounds
from jackfield.prompts.speaking import LANGUAGES, LIMIT, Digits, Money, clips
from jackfield.prompts.speech_texts import CURRENCIES

SOUNDS = core_sounds()


def spoken(value, language):
    """The words; a clip without a text in the language would be silence for the caller."""
    return (" " if language == "en" else "").join(SOUNDS[clip][language] for clip in clips(value, language))


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        (0, "zero", "零"),
        (105, "one hundred five", "一百零五"),
        (115, "one hundred fifteen", "一百一十五"),
        (2000, "two thousand", "两千"),
        (10005, "ten thousand five", "一万零五"),
        (110000, "one hundred ten thousand", "十一万"),
        (100010000, "one hundred million ten thousand", "一亿零一万"),
        (Decimal("-3.50"), "minus three point five", "负三点五"),
        (Decimal("0.05"), "zero point zero five", "零点零五"),
        (time(0, 5), "twelve oh five A M", "凌晨零点零五分"),
        (time(12, 0), "twelve P M", "中午十二点"),
        (time(14, 30), "two thirty P M", "下午两点三十分"),
        (date(2026, 11, 22), "Sunday November twenty second two thousand twenty six", "二零二六年十一月二十二日星期日"),
        (date(1905, 3, 3), "Friday March third nineteen oh five", "一九零五年三月三日星期五"),
        (Money(Decimal("12.50"), "CNY"), "twelve yuan and fifty fen", "十二元五角"),
        (Money(Decimal("2.05"), "CNY"), "two yuan and five fen", "两元零五分"),
        (Money(Decimal("1.01"), "GBP"), "one pound and one penny", "一英镑一便士"),
        (Money(Decimal("-1234.5"), "JPY"), "minus one thousand two hundred thirty five yen", "负一千二百三十五日元"),
        (Money(Decimal(0), "EUR"), "zero euros", "零欧元"),
        (Digits("0471"), "zero four seven one", "零四七一"),
    ],
)
def test_what_is_said(value, en, zh):
    assert (spoken(value, "en"), spoken(value, "zh")) == (en, zh)


def test_a_moment_is_its_date_and_its_time():
    moment = datetime(2026, 1, 2, 9, 5)
    assert clips(moment, "en") == clips(moment.date(), "en") + clips(moment.time(), "en")


def heard_english(words):
    """The number that English words say."""
    total = group = 0
    for word in words:
        if word == "word-hundred":
            group *= 100
        elif (size := {"word-thousand": 10**3, "word-million": 10**6, "word-billion": 10**9}.get(word)) is not None:
            total, group = total + group * size, 0
        else:
            group += int(word.partition("-")[2])
    return total + group


def heard_chinese(words):
    """The number that Chinese words say."""
    total = section = digit = 0
    for word in words:
        if (size := {"word-thousand": 10**3, "word-hundred": 100}.get(word)) is not None:
            section, digit = section + digit * size, 0
        elif (size := {"word-ten-thousand": 10**4, "word-hundred-million": 10**8}.get(word)) is not None:
            total, section, digit = total + (section + digit) * size, 0, 0
        else:
            digit = 2 if word == "word-two" else int(word.partition("-")[2])  # 一十五: the one before is of the ten
    return total + section + digit


@given(st.integers(0, LIMIT - 1))
def test_numbers_are_understood_as_they_were_meant(number):
    assert heard_english(clips(number, "en")) == number
    assert heard_chinese(clips(number, "zh")) == number


values = st.one_of(
    st.integers(-LIMIT + 1, LIMIT - 1),
    st.decimals(-LIMIT + 1, LIMIT - 1, allow_nan=False),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.builds(Digits, st.text("0123456789", max_size=64)),
    st.builds(Money, st.decimals(-(10**9), 10**9, allow_nan=False), st.sampled_from(sorted(CURRENCIES))),
)


@given(values, st.sampled_from(LANGUAGES))
def test_every_clip_has_a_sound_in_its_language(value, language):
    assert all(SOUNDS[clip][language] for clip in clips(value, language))


@pytest.mark.parametrize(
    "value",
    [LIMIT, Decimal("NaN"), Decimal("Infinity"), Money(Decimal("NaN"), "EUR"), Money(Decimal(1), "XXX"), True,
     Digits("12a"), Digits("1" * 65), Digits("１"), 1.5, None],
)  # fmt: skip
def test_what_cannot_be_spoken_is_refused(value):
    for language in LANGUAGES:
        with pytest.raises(UnsafeValue):
            clips(value, language)
