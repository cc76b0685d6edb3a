"""The line locator agrees with tomllib on what is where, whatever way the text is written."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.config.lines import Lines

TEXT = '''
[general]
title = "a" # comment with [[queue]] in it

[[queue]]
name = "one"
agents = [ # first
  "1001",
  "1002", # "x = 1"
]
[queue.announce]
every = 5
[[queue]]
name = """
[[queue]]
name = "not me"
"""
"quoted key".inner = { a = 1, "b c" = [1,
  2] }
[[queue.hooks]]
x = 1
[[queue.hooks]]
x = 'it''s' # two strings would be wrong; this is not looked at
'''.replace("'it''s'", "'its'")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("general",), 2),
        (("general", "title"), 3),
        (("queue", 0), 5),
        (("queue", 0, "name"), 6),
        (("queue", 0, "agents"), 7),
        (("queue", 0, "agents", 0), 8),
        (("queue", 0, "agents", 1), 9),
        (("queue", 0, "announce", "every"), 12),
        (("queue", 1), 13),
        (("queue", 1, "name"), 14),
        (("queue", 1, "quoted key"), 18),
        (("queue", 1, "quoted key", "inner", "b c", 1), 19),
        (("queue", 1, "hooks", 1, "x"), 23),
        (("queue", 1, "missing"), 13),
        (("nothing",), 1),
    ],
)
def test_finds_the_line(path, line):
    tomllib.loads(TEXT)
    assert Lines(TEXT).line(path) == line


def test_dos_line_ends():
    assert Lines("a = 1\r\nb = 2\r\n").line(("b",)) == 2


KEYS = st.sampled_from(["a", "b-c", '"x y"', "'q.r'", "d1", '"\\u0041\\""'])
SCALARS = st.sampled_from(
    ["1", "-2.5e3", "true", '"s"', "'l'", '"a # b"', '"""x\n"y" \\""""', "'''m\n'q' '''", "1979-05-27", '"]}"', "0x1F"]
)


@st.composite
def values(draw, depth=0):
    """A TOML value, and how many lines it takes."""
    kind = draw(st.sampled_from(["scalar", "array", "table"] if depth < 3 else ["scalar"]))
    if kind == "scalar":
        return draw(SCALARS)
    inner = [draw(values(depth + 1)) for _ in range(draw(st.integers(0, 3)))]
    if kind == "array":
        gap = draw(st.sampled_from(["", " ", "\n", "\n # c ]\n"]))
        return "[" + gap + f",{gap}".join(inner) + gap + "]"
    return "{" + ", ".join(f"k{i} = {value}" for i, value in enumerate(inner)) + "}"


@given(st.lists(st.tuples(KEYS, values()), max_size=6, unique_by=lambda pair: pair[0]), st.integers(0, 3))
def test_every_key_is_on_the_line_where_it_was_written(pairs, tables):
    text, wanted = "", {}
    for number in range(tables):
        wanted["t", number] = text.count("\n") + 1
        text += "[[t]]\n"
        for key, value in pairs:
            wanted["t", number, tomllib.loads(f"{key} = 1").popitem()[0]] = text.count("\n") + 1
            text += f"{key} = {value} # end\n"
    tomllib.loads(text)
    lines = Lines(text)
    assert {path: lines.line(path) for path in wanted} == wanted
