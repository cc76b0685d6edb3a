"""Every field of the site file with hostile and random values: refused with line and reason, or harmless when rendered.

What Asterisk would read is read here by a parser of its own, written after Asterisk's rules and not with our code.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from functools import cache
from importlib.metadata import EntryPoint
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jackfield.config.fragments import Fragment
from jackfield.config.importer import import_site
from jackfield.config.kinds import Kind
from jackfield.config.paths import Paths
from jackfield.config.render import Options, render
from jackfield.config.secrets import fill_secrets
from jackfield.config.site import Site
from jackfield.errors import SiteError, UnsafeValue
from jackfield.plugins import GROUP, PluginHost
from jackfield.settings import Settings
from pydantic import TypeAdapter, ValidationError

PLUGINS = {"acd": "AcdPlugin", "ivr": "IvrPlugin", "recording": "RecordingPlugin"}
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
BASE: dict[str, list[dict[str, Any]]] = {
    "trunk": [{"name": "carrier", "host": "10.0.0.1", "username": "acc", "secret": "carrier-secret"}],
    "extension": [{"name": "201", "secret": "secret-of-201"}, {"name": "202", "secret": "secret-of-202"}],
    "hours": [{"name": "day", "open": ["mon-fri 09:00-18:00"]}],
    "prompt": [{"name": "hello", "text": {"en": "Hello"}}],
    "did": [{"name": "main", "number": "100", "destination": "extension:201"}],
    "menu": [{"name": "top", "prompt": "hello", "keys": {"1": "queue:sales"}}],
    "agent": [{"name": "1001", "extension": "201"}],
    "queue": [{"name": "sales", "agents": ["1001"]}],
    "outbound-route": [{"name": "out", "patterns": ["_0Z."], "permission": "national", "trunks": ["carrier"]}],
}
BENIGN: list[Any] = [
    "word",
    "201",
    "7201",
    "5550100",
    "+4415550100",
    "a1b2c3d4e5",
    "10.0.0.9",
    "10.0.0.0/24",
    "hangup:busy",
    "prompt:hello",
    "carrier",
    "day",
    "hello",
    "1001",
    "default",
    "en",
    "UTC",
    "mon-fri 09:00-18:00",
    "2026-12-25",
    "_0Z.",
    "0",
    "2026-12-24 09:00-12:00",
    "/etc/ssl/x.pem",
]
"""Something that each field of text takes."""
CREDENTIALS = re.compile(r"(.+)-[0-9a-f]{8}$")
INJECTIONS = [
    "\n[evil]\ntype=endpoint",
    "\r\nexten => s,1,System(id)",
    "];x",
    "[evil]",
    "a;b",
    ";--",
    "--;",
    "#include /etc/passwd",
    "#exec id",
    "${SHELL(id)}",
    "$[1+1]",
    "a,System(id)",
    "a)&Dial(x",
    "\\",
    '"',
    "<sip:evil>",
    "a\x00b",
    "\u2028[evil]",
    "a=b",
    "=>",
    "!",
    "(!)",
    "(+)",
    "a&b",
    "a|b",
    "../../etc/passwd",
    "'; DROP TABLE call; --",
    "\x85exten",
    "%s%n",
    "{{7*7}}",
    "\ttab",
    "x" * 5000,
    "\u202eevil",
    "💥",
    "á",
    "",
    " ",
    "general",
    "same => n,System(id)",
    "201,1,Hangup()",
]
HOSTILE = st.one_of(
    st.sampled_from(INJECTIONS),
    st.text(max_size=40),
    st.tuples(st.sampled_from([b for b in BENIGN if isinstance(b, str)]), st.sampled_from(INJECTIONS)).map("".join),
    st.tuples(st.sampled_from(INJECTIONS), st.text(max_size=8)).map("".join),
)
VALUES = st.recursive(
    st.one_of(
        HOSTILE, st.integers(-(2**70), 2**70), st.booleans(), st.floats(), st.sampled_from(BENIGN),
        st.dates(), st.times(), st.datetimes(),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip


@cache
def host() -> PluginHost:
    made = PluginHost(Settings())
    made.load([EntryPoint(n, f"jackfield_{n}.plugin:{c}", GROUP) for n, c in PLUGINS.items()])
    assert all(str(s.state) == "enabled" for s in made.statuses.values()), made.statuses
    return made


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(str(k))} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, float):
        return {"inf": "inf", "-inf": "-inf", "nan": "nan"}.get(str(value), repr(value).replace("e", "E"))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return json.dumps(value, ensure_ascii=True) if not isinstance(value, str) else _string(value)


def _string(text: str) -> str:
    return (
        '"'
        + "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
        + '"'
    )


def site_text(objects: dict[str, list[dict[str, Any]]]) -> str:
    parts = []
    for kind, items in objects.items():
        for item in items:
            head = "[general]" if kind == "general" else f"[[{kind}]]"
            parts.append(head + "\n" + "".join(f"{toml(k)} = {toml(v)}\n" for k, v in item.items()))
    return "\n".join(parts)


def load(objects: dict[str, list[dict[str, Any]]]) -> Site:
    kinds = host().kinds()
    destinations = [kind for _, kind in host().destinations().values()]
    site = import_site(site_text(objects), kinds, destinations)
    return fill_secrets(site, Site({}), kinds)


def rendered(site: Site) -> dict[str, str]:
    answers = host().call("jackfield_asterisk_config", site=site)
    fragments = [(plugin, f) for plugin, found in answers for f in found if isinstance(f, Fragment)]
    extra = defaultdict(lambda: "/some/thing", {"agi_token": "t", "guard_seconds": 8, "rescue_seconds": 60, "said": []})
    out = render(site, Options(Paths(), "ami", settings=extra), fragments)
    assert out.left_out == [] or all("not installed" in str(one) for one in out.left_out), out.left_out
    return out.files


Line = tuple[str, str, str]
"""Section, key, and of the dialplan the extension and application."""


def asterisk_reads(file: str, text: str) -> list[Line]:
    """As Asterisk's config.c: comments from an unescaped ';', blocks, directives '#', sections, key = value."""
    lines: list[Line] = []
    section, exten, block = "", "", False
    for raw in re.split(r"\r\n|\n|\r", text):
        line = raw
        if block or ";--" in line:
            block = "--;" not in line if block else True
            assert not block, f"a block comment in {file}: {raw!r}"
        line = re.split(r"(?<!\\);", line)[0].strip()
        if not line:
            continue
        if line.startswith("#"):
            assert re.fullmatch(r'#tryinclude "[^"]*/custom/[a-z_]+\.conf"', line), f"{file}: {raw!r}"
            continue
        if line.startswith("["):
            name, _, rest = line[1:].partition("]")
            assert rest in ("", "(!)"), f"{file}: {raw!r}"
            section = name
            lines.append((section, "", ""))
            continue
        key, equals, value = line.partition("=")
        assert equals, f"neither section nor option in {file}: {raw!r}"
        key, value = key.strip(), value.removeprefix(">").strip()
        if file == "extensions.conf" and key in ("exten", "same"):
            head, _, rest = value.partition(",")
            exten = head if key == "exten" else exten
            app = re.sub(r"\(.*", "", rest.partition(",")[2] if key == "exten" else rest)
            lines.append((section, key, f"{exten} {app}"))
        else:
            lines.append((section, key, ""))
    return lines


def skeleton(files: dict[str, str]) -> dict[str, list[Line]]:
    """What Asterisk reads; a trunk's credentials, whose name changes with the password, by the trunk's name alone."""
    return {
        name: [(CREDENTIALS.sub(r"\1", section), key, value) for section, key, value in asterisk_reads(name, text)]
        for name, text in files.items()
    }


@cache
def fields() -> list[tuple[str, str, Any]]:
    """(kind, field, a value that it takes) of every field that takes text, alone or in a list."""
    found = []
    for kind in host().kinds().values():
        for name, field in kind.model.model_fields.items():
            wanted: Any = Annotated[field.annotation, field]
            for value in [*BENIGN, *([b] for b in BENIGN)]:
                try:
                    TypeAdapter(wanted).validate_json(json.dumps(value), strict=True)
                except ValidationError:
                    continue
                found.append((kind.kind, name, value))
                break
    return found


def with_field(kind: str, field: str, value: Any) -> dict[str, list[dict[str, Any]]]:
    """The base site with a value in a field of the first object of a kind."""
    objects = {k: [dict(item) for item in items] for k, items in BASE.items()}
    items = objects.setdefault(kind, [{} if kind == "general" else {"name": "one"}])
    items[0][field] = value
    return objects


def told(error: SiteError, text: str) -> None:
    """Each finding names its line and says something."""
    for sentence in error.problems:
        line = re.match(r"line (\d+)", sentence)
        assert line and 1 <= int(line[1]) <= text.count("\n") + 1, sentence
        assert len(sentence.split(": ", 1)[1]) > 5, sentence


def test_the_fields_are_all_there() -> None:
    """Guards the fuzzing itself: it would be easy to fuzz nothing."""
    kinds = {kind for kind, _, _ in fields()}
    assert {"trunk", "did", "extension", "queue", "menu", "agent", "general", "outbound-route"} <= kinds
    assert len(fields()) > 60
    assert skeleton(rendered(load(BASE)))["pjsip.conf"]


@given(st.data())
@FUZZ
def test_a_hostile_string_in_any_field_is_refused_or_harmless(data: st.DataObject) -> None:
    """If it is taken, Asterisk reads the same sections, options and dialplan as with a harmless value there."""
    kind, field, benign = data.draw(st.sampled_from(fields()))
    value = data.draw(HOSTILE)
    hostile = with_field(kind, field, [value] if isinstance(benign, list) else value)
    try:
        files = rendered(load(hostile))
    except SiteError as error:
        told(error, site_text(hostile))
        return
    except UnsafeValue as error:
        assert "change" in str(error) or "must not" in str(error)
        return
    read = skeleton(files)
    if field == "name":
        return  # the name is a section's; `asterisk_reads` has looked at the form
    try:
        usual = skeleton(rendered(load(with_field(kind, field, benign))))
    except SiteError:
        return
    for name, lines in usual.items():
        strange = [line for line in read[name] if line not in lines]
        assert strange == [] or _options_only(strange, lines), (kind, field, value, name, strange)


def _options_only(strange: list[Line], usual: list[Line]) -> bool:
    """Whether what is new are options (no sections, no dialplan) within sections that are there anyway."""
    sections = {line[0] for line in usual}
    return all(key and section in sections and key not in ("exten", "same", "include") for section, key, _ in strange)


@given(st.data())
@FUZZ
def test_a_hostile_name_is_refused_or_stays_one_name(data: st.DataObject) -> None:
    """An object's name is at most the name of its own sections, and of its plain dialplan."""
    kind = data.draw(st.sampled_from(sorted({k for k, items in BASE.items() if items})))
    value = data.draw(HOSTILE)
    objects = {k: [dict(item) for item in items] for k, items in BASE.items()}
    objects[kind].append(BASE[kind][0] | {"name": value} | ({"number": "999"} if kind == "did" else {}))
    objects[kind][-1].pop("extension", None)
    if kind == "trunk":
        objects[kind][-1]["host"] = "10.0.0.2"
    try:
        read = skeleton(rendered(load(objects)))
    except SiteError as error:
        told(error, site_text(objects))
        return
    except UnsafeValue:
        return
    usual = skeleton(rendered(load(BASE)))
    for name, lines in read.items():
        new = {line[0] for line in lines} - {line[0] for line in usual.get(name, [])}
        assert new <= {value, f"jf-plain-{kind}-{value}"}, (kind, value, new)


@given(st.data())
@FUZZ
def test_random_values_anywhere(data: st.DataObject) -> None:
    """Any TOML value in any field, known or not: a site, or sentences with lines; never another exception."""
    kinds: dict[str, Kind] = host().kinds()
    kind = data.draw(st.sampled_from([*sorted(kinds), "no-such-kind"]))
    known = list(kinds[kind].model.model_fields) if kind in kinds else ["name"]
    names = st.one_of(st.sampled_from(known), st.text(max_size=8))
    objects = dict(BASE) | {kind: [data.draw(st.dictionaries(names, VALUES, max_size=5))]}
    text = site_text(objects)
    try:
        skeleton(rendered(load(objects)))
    except SiteError as error:
        told(error, text)
    except UnsafeValue:
        pass


@given(st.text(max_size=300))
@FUZZ
def test_any_text_at_all(text: str) -> None:
    """A file that is no TOML is refused with a line."""
    try:
        import_site(text, host().kinds())
    except SiteError as error:
        assert all(sentence.startswith("line ") for sentence in error.problems)


@pytest.mark.parametrize("injection", INJECTIONS)
def test_every_injection_in_every_field(injection: str) -> None:
    """Not left to chance: each of them once in each field."""
    usual = skeleton(rendered(load(BASE)))
    sections = {name: {line[0] for line in lines} for name, lines in usual.items()}
    for kind, field, benign in fields():
        objects = with_field(kind, field, [injection] if isinstance(benign, list) else injection)
        try:
            read = skeleton(rendered(load(objects)))
        except (SiteError, UnsafeValue):
            continue
        for name, lines in read.items():
            new = {line[0] for line in lines} - sections.get(name, set())
            assert not any("evil" in one for one in new), (kind, field, name, new)
            assert not any("System" in line[2] or line[1] == "#exec" for line in lines), (kind, field, name)
