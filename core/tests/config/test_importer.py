"""Import: every mistake with its line and what to do; nothing half read."""

import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jackfield.config.exporter import export_site
from jackfield.config.importer import import_site
from jackfield.config.objects import core_kinds
from jackfield.config.objects.extension import Extension
from jackfield.config.objects.general import General
from jackfield.config.objects.inbound import CallerList, Did, Hours
from jackfield.config.objects.prompt import Prompt
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site
from jackfield.errors import SiteError

KINDS = {kind.kind: kind for kind in core_kinds()}


def problems(text, **options):
    with pytest.raises(SiteError) as caught:
        import_site(text, KINDS, **options)
    return caught.value.problems


def test_every_kind_of_mistake_at_once():
    text = """
[general]
rtp_start = 20000
rtp_end = 10000
zone = "Mars/Olympus"
[[trunk]]
name = "carrier"
host = "10.77.0.20"
match = [
  "10.77.0.20",
  "10.77.0.300",
]
secret = "abcdefghij"
[[did]]
name = "main"
number = "5550100"
destination = "ivr:main"
[[did]]
name = "main"
number = 12
destinaton = "queue:x"
[[did]]
name = "b"
number = "5550100"
destination = "extension:2001"
hours = "offfice"
[[extension]]
name = "201"
title = "a; b"
[[extension]]
name = 202
[[extension]]
name = "203"
ring_seconds = "30"
codecs = "ulaw"
title = "Bob <x>"
[[hours]]
name = "office"
open = ["mon-fri 9-18", "sat 10:00-09:00"]
holidays = [2026-12-25, "26.12."]
[[prompt]]
name = "p"
text.xx = "s"
[[prompt]]
name = "q"
[[extention]]
name = "4"
[trunks]
[prompts.x]
[[caller-list]]
name = "vip"
numbers = ["+49*", "12a"]
priority = 101
block = 1
"""
    found = problems(text)
    wanted = {
        3: None,
        5: "zone: 'Mars/Olympus': not a time zone",
        11: "match[1]: '10.77.0.300': not an address",
        17: "no installed plugin provides destinations of kind 'ivr'",
        18: "destination: is missing; add `destination = …`",
        19: "is there twice, first on line 14",
        20: "12 is of the wrong type; write it as text",
        21: "'destinaton' is not a key here; did you mean 'destination'?",
        25: "there is no extension '2001'",
        26: "there is no hours 'offfice'",
        29: "control characters and ';' are not allowed",
        31: '202 is of the wrong type; write it as text, in quotes, as in "201"',
        34: "write a whole number",
        35: "write a list",
        36: "the name is shown at other phones",
        39: "ends before it starts",
        40: "not a date; write it as in 2026-12-25",
        43: "'xx' is not known; write 'en' or 'zh'",
        44: "give it text",
        46: "did you mean 'extension'?",
        48: "did you mean 'trunk'?",
        49: "did you mean 'prompt'?",
        52: "'12a': not a number; write digits",
        53: "101",
        54: "write true or false",
    }
    by_line = {}
    for sentence in found:
        assert sentence.startswith("line "), sentence
        number, _, _ = sentence.removeprefix("line ").partition(":")
        by_line.setdefault(int(number.split(",")[0]), []).append(sentence)
    for line, words in wanted.items():
        if words:
            assert any(words in s for s in by_line.get(line, [])), (line, words, by_line.get(line))
    assert any("did b" in s or "5550100" in s for s in by_line[16] + by_line.get(24, []))
    assert found == sorted(found, key=lambda s: int(s.removeprefix("line ").split(",")[0].split(":")[0]))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[general]\ntitle = \n", 2),
        ("[general]\ntitle = 'x\n", 2),
        ("[[did]\n", 1),
        ("a = 1\na = 2\n", 2),
        ("[[did]]\nname = [1,\n2\n", 2),
        ("[general]\ntitle = 'x\nzone = 5\n\n[[did]]\n", 2),
    ],
)
def test_a_text_that_is_not_toml(text, line):
    (sentence,) = problems(text)
    assert sentence.startswith(f"line {line}")
    assert "this is not TOML" in sentence


def test_deep_nesting_is_refused():
    problems("[[did]]\nname = " + "[" * 5000 + "]" * 5000 + "\n")


@pytest.mark.parametrize("value", ["inf", "nan", "-inf"])
def test_numbers_that_are_none(value):
    (sentence,) = [s for s in problems(f"[general]\nsip_port = {value}\n") if value.lstrip("-") in s]
    assert sentence.startswith("line ")


def test_general_is_one():
    assert "write [general]" in problems("[[general]]\ntitle = 'x'\n")[0]
    assert "take `name` out" in problems("[general]\nname = 'other'\n")[0]


def test_one_bracket_too_few():
    assert problems("[extension]\nname = '201'\n") == [
        "line 1, extension: write [[extension]], in double brackets, once for each of them"
    ]


def test_a_broken_object_is_not_reported_as_missing_too():
    text = """[[extension]]
name = "201"
ring_seconds = 1
[[did]]
name = "d"
number = "1"
destination = "extension:201"
"""
    (sentence,) = problems(text)
    assert sentence.startswith("line 3, extension 201, ring_seconds")


def test_trunks_that_cannot_be_told_apart():
    text = """[[trunk]]
name = "a"
host = "10.0.0.1"
[[trunk]]
name = "b"
host = "x.example"
match = ["10.0.0.1/32"]
[[trunk]]
name = "global"
host = "10.0.0.3"
"""
    found = problems(text)
    assert found[0].startswith("line 7, trunk b, match: calls from 10.0.0.1/32 also belong to trunk a")
    assert found[1].startswith("line 9, trunk global, name")


def test_a_prompt_without_words():
    assert "nothing to say" in problems('[[prompt]]\nname = "p"\ntext = { en = "Hi", zh = " … " }\n')[0]


def test_closed_without_hours():
    text = '[[did]]\nname = "d"\nnumber = "1"\ndestination = "hangup:busy"\nclosed = "prompt:closed"\n'
    assert problems(text)[0].startswith("line 5, did d, closed")


def test_core_prompts_and_causes_are_destinations():
    text = '[[did]]\nname = "d"\nnumber = "1"\ndestination = "prompt:goodbye"\nfallback = "hangup:congestion"\n'
    assert import_site(text, KINDS).names("did") == ["d"]
    assert "did you mean 'goodbye'?" in problems(text.replace("goodbye", "godbye"))[0]


def test_a_sound_that_is_wrong_is_told_with_its_line():
    text = '[[prompt]]\nname = "p"\n[prompt.file]\nen = "a.wav"\nzh = "b.wav"\n'
    found = problems(text, sound_problem=lambda path: f"{path} is broken" if path == "b.wav" else None)
    assert found == ["line 5, prompt p, file.zh: b.wav is broken"]


NAMES = st.text(string.ascii_letters + string.digits + "_-.", min_size=1, max_size=20).filter(lambda n: n[0].isalnum())
NUMBERS = st.from_regex(r"\A[0-9]{1,12}\Z")
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=";\u2028\u2029"), max_size=40)
SPOKEN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=60).map(
    lambda t: f"hello {t}"
)
LANGUAGES = st.sampled_from(["en", "zh"])
SECRETS = st.text(string.ascii_letters + string.digits + "._~-", min_size=8, max_size=40)
SPANS = st.sampled_from(["mon-fri 09:00-18:00", "sat 10:00-14:00", "sun 00:00-24:00"])


@st.composite
def sites(draw):
    phones = draw(st.lists(st.from_regex(r"\A[0-9]{2,10}\Z"), unique=True, max_size=4))
    hours = draw(st.lists(NAMES, unique=True, max_size=2))
    trunks = draw(
        st.lists(NAMES.filter(lambda n: not n.isdigit() and n not in ("global", "system")), unique=True, max_size=3)
    )
    somewhere = st.sampled_from(["hangup:busy", "prompt:closed", *(f"extension:{p}" for p in phones)])
    objects = {
        "general": [General(name="site", title=draw(TEXTS), language=draw(LANGUAGES), fallback=draw(somewhere))],
        "extension": [
            Extension(
                name=p,
                secret=draw(SECRETS),
                language=draw(st.none() | LANGUAGES),
                ring_seconds=draw(st.integers(5, 300)),
            )
            for p in phones
        ],
        "hours": [
            Hours(name=h, open=draw(st.lists(SPANS, max_size=2)), holidays=draw(st.just(["2026-12-25"]))) for h in hours
        ],
        "trunk": [
            Trunk(name=t, host=f"10.0.0.{i}", max_calls=draw(st.integers(0, 9)), codecs=draw(st.just(["alaw"])))
            for i, t in enumerate(trunks)
        ],
        "did": [
            Did(
                name=f"d{n}",
                number=n,
                destination=draw(somewhere),
                hours=draw(st.sampled_from([None, *hours])),
                trunk=draw(st.sampled_from([None, *trunks])),
            )
            for n in draw(st.lists(NUMBERS, unique=True, max_size=4))
        ],
        "caller-list": [CallerList(name="vip", numbers=draw(st.lists(NUMBERS, max_size=3)), block=draw(st.booleans()))],
        "prompt": [
            Prompt(name=name, text=draw(st.dictionaries(LANGUAGES, SPOKEN, min_size=1)))
            for name in draw(st.lists(NAMES, unique=True, max_size=3))
        ],
    }
    return Site(objects)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(sites())
def test_an_export_comes_back_as_the_same_site(site):
    text = export_site(site)
    again = import_site(text, KINDS)
    assert again == site
    assert export_site(again) == text


@settings(deadline=None)
@given(sites())
def test_json_comes_back_as_the_same_site(site):
    again, left_out = Site.from_json(site.to_json(), KINDS)
    assert again == site
    assert left_out == []


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_a_site_or_sentences(text):
    try:
        import_site(text, KINDS)
    except SiteError as error:
        assert all(isinstance(p, str) and p for p in error.problems)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sites(), st.data())
def test_a_damaged_export_gives_a_site_or_sentences_with_lines(site, data):
    text = export_site(site)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        text = (
            text[:at]
            + data.draw(st.sampled_from(["", "[", "]", '"', "=", "\n", "x", "\x00", ".", "{", "'"]))
            + text[at + 1 :]
        )
    try:
        import_site(text, KINDS)
    except SiteError as error:
        assert all(p.startswith("line ") for p in error.problems), error.problems
