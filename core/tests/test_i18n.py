"""Texts in the reader's language, with catalogues compiled as a package's build does."""

from __future__ import annotations

import ast
import gettext
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jackfield import i18n
from jackfield.config.objects import core_kinds

CATALOGUE = Path(i18n.__file__).parent / "locale/zh/LC_MESSAGES/jackfield.po"
TEXTS = {"Red": "红", "Hello {name}": "你好,{name}"}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package with a Chinese catalogue; the language is English again afterwards."""
    name = "painted_for_test"
    folder = tmp_path / name / "locale/zh/LC_MESSAGES"
    folder.mkdir(parents=True)
    (tmp_path / name / "__init__.py").touch()
    entries = [f'msgid "{a}"\nmsgstr "{b}"\n' for a, b in TEXTS.items()]
    po = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n' + "\n".join(entries)
    subprocess.run(["msgfmt", "-o", str(folder / f"{name}.mo"), "-"], input=po.encode(), check=True)
    monkeypatch.syspath_prepend(str(tmp_path))
    i18n.translator.cache_clear()
    yield name
    i18n.use("en")
    sys.modules.pop(name, None)
    i18n.translator.cache_clear()


def test_a_text_in_each_language(package: str) -> None:
    assert i18n.translator(package, "zh")("Red") == "红"
    assert i18n.translator(package, "en")("Red") == "Red"
    assert i18n.translator(package, "fr")("Red") == "Red"
    assert i18n.translator(package, "zh")("Blue") == "Blue"


def test_the_language_in_use_counts_when_the_text_is_needed(package: str) -> None:
    _ = i18n.gettext_for(package)
    assert _("Hello {name}").format(name="Li") == "Hello Li"
    i18n.use("zh")
    assert _("Hello {name}").format(name="Li") == "你好,Li"


def test_a_lazy_text_is_translated_where_it_is_shown(package: str) -> None:
    red = i18n.gettext_lazy(package)("Red")
    assert (str(red), f"{red}", f"{red:>5}") == ("Red", "Red", "  Red")
    i18n.use("zh")
    assert (str(red), f"{red}", f"{red:>3}", "%s" % red) == ("红", "红", "  红", "红")  # noqa: UP031
    assert red == "Red", "as a value it stays what it is"


def test_a_sentence_with_values_is_kept_and_read_in_any_language(package: str) -> None:
    hello = i18n.sentences(package)("Hello {name}", name="{Li}")
    assert (hello, str(hello), f"{hello}", hello.in_language("zh")) == ("Hello {Li}", *["Hello {Li}"] * 2, "你好,{Li}")
    i18n.use("zh")
    assert (hello, str(hello), f"{hello}") == ("Hello {Li}", "你好,{Li}", "你好,{Li}")
    words = i18n.words_of(hello)
    assert i18n.from_words(words, "Hello {Li}", "zh") == "你好,{Li}"
    assert i18n.from_words(words, "as kept", "en") == "as kept"
    assert i18n.words_of("plain") == "" and i18n.from_words("", "plain", "zh") == "plain"
    assert i18n.sentences(package)("{number} left", number=3).in_language("zh") == "3 left"


@pytest.mark.parametrize(
    "words",
    ["{", "[]", "7", '{"package": 7, "template": "x"}', '{"package": "gone_package", "template": "x", "values": {}}',
     '{"package": "painted_for_test", "template": "{name.__class__}", "values": {"name": "x"}}',
     '{"package": "painted_for_test", "template": "Hello {name}", "values": {}}'],
)  # fmt: skip
def test_words_that_are_not_known_leave_the_text_as_it_is(package: str, words: str) -> None:
    assert i18n.from_words(words, "as kept", "zh") == "as kept"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "zh:en"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ({"LANG": "de_DE"}, "en"),
    ],
)
def test_the_language_of_a_terminal(environment: dict[str, str], language: str) -> None:
    assert i18n.from_environment(environment) == language


def test_what_people_see_of_cores_kinds_is_in_the_chinese_catalogue() -> None:
    known = CATALOGUE.read_text(encoding="utf-8")
    shown = {kind.title for kind in core_kinds()}
    shown |= {f.description for k in core_kinds() for f in k.model.model_fields.values() if f.description}
    missing = [text for text in sorted(shown) if f'msgid "{text}"' not in known]
    assert missing == [], f"add these to {CATALOGUE}"


MARKS = ("_", "N_", "S_")


def _marked(source: Path) -> set[str]:
    """Texts that a module marks with `_(…)`, `N_(…)` or `S_(…)`."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
            found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}
    return found


def test_every_marked_text_of_core_is_in_the_chinese_catalogue_and_names_the_same_things(tmp_path: Path) -> None:
    compiled = tmp_path / "jackfield.mo"
    subprocess.run(["msgfmt", "-o", str(compiled), str(CATALOGUE)], check=True)
    with compiled.open("rb") as file:
        chinese = gettext.GNUTranslations(file)
    marked = set().union(*(_marked(source) for source in Path(i18n.__file__).parent.rglob("*.py")))
    assert len(marked) > 100
    assert sorted(text for text in marked if chinese.gettext(text) == text) == [], f"add these to {CATALOGUE}"
    holes = re.compile(r"\{\w+\}")
    assert [t for t in marked if sorted(holes.findall(t)) != sorted(holes.findall(chinese.gettext(t)))] == []


SHOWN_BY = re.compile(
    r"echo|note|records|Problem|Effect|_warning|report|append"
    r"|NoGeneration|UnsafeValue|(?!ValueError|OSError)\w*(Error|Changed|Busy|Failed|Parameter)"
)
"""Functions and errors whose texts people read. Validators' own are looked up where they are shown (`words.py`)."""
ROOMS = ("cli", "config")
FOR_AUTHORS_OF_PLUGINS = {"conf_syntax.py", "lines.py", "render.py", "verify.py", "fragments.py", "leftout.py"}
"""They speak of Asterisk's files, in their words."""


def _called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def _sentence(node: ast.AST) -> str:
    """A text of words, without what is filled in; '' for anything else."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    text = "".join(str(p.value) if isinstance(p, ast.Constant) and isinstance(p.value, str) else "{}" for p in parts)
    return text if re.search(r"[A-Za-z]{2,},? [a-z]{2,}", text) else ""


def _untranslated(node: ast.AST, shown: bool = False) -> Iterator[str]:
    """Sentences that reach people as they are."""
    if isinstance(node, ast.Call):
        name = _called(node)
        if name in MARKS:
            return
        shown = SHOWN_BY.fullmatch(name) is not None or (shown and name in ("join", "list", "dict"))
    if isinstance(node, ast.Constant | ast.JoinedStr):
        if shown and (text := _sentence(node)):
            yield text
        return
    for child in ast.iter_child_nodes(node):
        yield from _untranslated(child, shown)


def _validators(source: Path) -> Iterator[tuple[str, bool]]:
    """Sentences of a validator's errors: each, and whether it can be translated (no value is put in before)."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and _called(node.exc) == "ValueError":
            for arg in node.exc.args:
                if isinstance(arg, ast.Constant | ast.JoinedStr) and (text := _sentence(arg)):
                    yield text, isinstance(arg, ast.Constant)


def test_what_validators_say_can_be_said_in_chinese() -> None:
    """A fixed sentence is looked up where it is shown (`words.py`); one with values is a `Sentence`."""
    known = CATALOGUE.read_text(encoding="utf-8")
    sources = [s for s in sorted((Path(i18n.__file__).parent / "config").rglob("*.py"))
               if s.name not in FOR_AUTHORS_OF_PLUGINS]  # fmt: skip
    found = [(f"{source.name}: {text}", text, fixed) for source in sources for text, fixed in _validators(source)]
    assert len(found) > 20
    assert [where for where, _, fixed in found if not fixed] == [], "make these sentences: S_(…, name=value)"
    missing = [where for where, text, _ in found if f'msgid "{_escaped(text)}"' not in known]
    assert missing == [], f"add these to {CATALOGUE}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _raised(source: Path) -> Iterator[str]:
    """Sentences in English only that alarms are raised or cleared with."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _called(node) in ("raise_", "clear"):
            yield from (text for arg in node.args[1:] if (text := _sentence(arg)))


def test_no_alarm_is_in_english_only() -> None:
    sources = sorted(Path(i18n.__file__).parent.rglob("*.py"))
    found = [
        f"{source.name}: {text}" for source in sources if source.parent.name != "testing" for text in _raised(source)
    ]
    assert found == [], "make these sentences: S_(…, name=value)"


def test_the_search_finds_what_is_not_translated() -> None:
    found = ast.parse(
        "echo('No calls here')\nraise SiteError([f'there is no {name}'])\nnote(_('Well done.'))\nlog('a b c')"
    )
    assert list(_untranslated(found)) == ["No calls here", "there is no {}"]


def test_no_sentence_of_commands_and_checks_is_in_english_only() -> None:
    found = [
        f"{path.parent.name}/{path.name}: {text}"
        for room in ROOMS
        for path in sorted((Path(i18n.__file__).parent / room).rglob("*.py"))
        if path.name not in FOR_AUTHORS_OF_PLUGINS
        for text in _untranslated(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == [], "wrap these in _() and give them their Chinese"
