"""Forms without a screen: fields from a kind's description, texts and values, undo, what is unsaved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield_admintui.editing.fields import FieldSpec, Shape
from jackfield_admintui.editing.form import MASK, Form
from jackfield_admintui.editing.listing import columns, free_name, rows
from jackfield_admintui.editing.texts import NoValue, read, written

LINE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
KEY = st.text("abcdefghij0123456789*#-_", min_size=1, max_size=8)
WORD = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORD, inner, max_size=4),
    max_leaves=8,
)


# -- fields ------------------------------------------------------------------------------------------------------------


def test_every_kind_has_its_fields_with_help_and_marks(specs):
    did = specs["did"]
    assert did.field("destination").destination and did.field("destination").needed
    assert did.field("trunk").refers == "trunk" and did.field("order").shape is Shape.WHOLE
    assert did.field("callers").shape is Shape.LIST
    trunk = specs["trunk"]
    assert trunk.field("transport").choices == ("udp", "tcp", "tls")
    assert trunk.field("codecs").choices[0] == "ulaw" and trunk.field("secret").secret
    assert specs["extension"].generated == {"secret"}
    queue = specs["queue"]
    assert queue.field("agents").refers == "agent" and queue.field("music").music
    assert (queue.field("skills").shape, queue.field("skills").inner) == (Shape.TABLE, Shape.WHOLE)
    assert queue.field("widen").shape is Shape.ROWS and queue.field("overflow").destination
    assert specs["menu"].field("keys").shape is Shape.TABLE and specs["menu"].field("keys").destination
    assert specs["general"].single


def test_a_table_with_fixed_keys_is_a_field_a_key(specs):
    prompt = specs["prompt"]
    assert [f.id for f in prompt.fields] == ["name", "text.en", "text.zh", "file.en", "file.zh"]
    assert prompt.field("text.en").label == "text (en)"


def test_every_field_of_every_kind_says_what_it_is_for(specs):
    silent = [f"{s.kind}.{f.id}" for s in specs.values() for f in s.fields if not f.help]
    assert silent == []


# -- values as text ----------------------------------------------------------------------------------------------------


@given(st.lists(LINE, min_size=1, max_size=5))
def test_a_list_comes_back(values):
    field = FieldSpec("x", Shape.LIST)
    assert read(written(values, field), field) == values


@given(st.dictionaries(KEY, st.integers(), min_size=1, max_size=5))
def test_a_table_comes_back(values):
    field = FieldSpec("x", Shape.TABLE, inner=Shape.WHOLE)
    assert read(written(values, field), field) == values


@given(st.lists(st.dictionaries(WORD, JSON, min_size=1, max_size=4), min_size=1, max_size=4))
def test_nested_rows_come_back(values):
    field = FieldSpec("x", Shape.ROWS)
    assert read(written(values, field), field) == values


@given(st.text(), st.sampled_from(list(Shape)))
def test_any_text_is_a_value_or_told_to_be_none(text, shape):
    try:
        read(text, FieldSpec("x", shape, inner=Shape.WHOLE))
    except NoValue as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "shape", "words"),
    [("five", Shape.WHOLE, "whole number"), ("2,5", Shape.NUMBER, "2.5"), ("nan", Shape.NUMBER, "number"),
     ("maybe", Shape.YES_NO, "yes or no"), ("1 queue:a", Shape.TABLE, "key = value"),
     ("destination = x", Shape.ROWS, "cannot be read")],
)  # fmt: skip
def test_what_is_no_value_says_what_to_write(text, shape, words):
    with pytest.raises(NoValue, match=words):
        read(text, FieldSpec("x", shape))


# -- forms -------------------------------------------------------------------------------------------------------------


def test_only_what_changed_is_sent(specs):
    form = Form(specs["trunk"], "carrier", {"host": "192.0.2.1", "max_calls": 5, "secret": MASK}, revision=3)
    assert (form.name, form.text("secret"), form.changed, form.values()) == ("carrier", "", set(), {})
    assert form.secrets_set == {"secret"}
    form.write("max_calls", "")
    form.write("transport", "tcp")
    assert form.changed == {"max_calls", "transport"}
    assert form.values() == {"max_calls": None, "transport": "tcp"}


def test_a_new_object_sends_all_that_is_written(specs):
    form = Form(specs["prompt"])
    form.write("name", "hello")
    form.write("text.en", "Good morning")
    assert (form.new, form.name, form.values()) == (True, "hello", {"text": {"en": "Good morning"}})


def test_a_change_in_one_language_keeps_the_other(specs):
    form = Form(specs["prompt"], "hello", {"text": {"en": "Hello", "zh": "你好"}}, revision=1)
    form.write("text.zh", "您好")
    assert form.values() == {"text": {"en": "Hello", "zh": "您好"}}


def test_nothing_typed_is_lost_by_a_mistake(specs):
    form = Form(specs["trunk"], "carrier", {"host": "h"}, revision=1)
    form.write("max_calls", "many")
    assert not form.readable and form.text("max_calls") == "many"
    (finding,) = form.findings()
    assert (finding.field, finding.refuses) == ("max_calls", True)
    with pytest.raises(NoValue):
        form.values()


def test_findings_find_their_fields(specs):
    form = Form(specs["prompt"], "hello", {"text": {"en": "x"}}, revision=1)
    form.hear([
        {"text": "a", "kind": "prompt", "name": "hello", "path": ["text", "en"], "refuses": True},
        {"text": "b", "kind": "prompt", "name": "hello", "path": [], "refuses": False},
        {"text": "c", "kind": "did", "name": "main", "path": ["destination"], "refuses": True},
        {"text": "d", "kind": "prompt", "name": "hello", "path": ["file", "xx"], "refuses": True},
    ])  # fmt: skip
    assert [(f.field, f.text) for f in form.findings()] == [
        ("text.en", "a"), ("", "b"), ("", "did main: c"), ("file.en", "d")]  # fmt: skip


def test_undo_takes_back_words_and_redo_brings_them(specs):
    form = Form(specs["extension"], "201", {}, revision=1)
    for n in range(1, 4):
        form.write("title", "Ann"[:n])
    form.write("ring_seconds", "45")
    assert form.undo() == "ring_seconds" and form.text("ring_seconds") == ""
    assert form.undo() == "title" and form.text("title") == "", "a word is one step"
    assert form.undo() is None
    assert form.redo() == "title" and form.text("title") == "Ann"
    form.write("title", "Bob")
    assert form.redo() is None, "what was undone is gone with a new change"


def test_after_saving_nothing_is_unsaved_and_no_secret_stands_there(specs):
    form = Form(specs["extension"])
    form.write("name", "201")
    form.write("secret", "very-secret-1")
    form.saved(7)
    assert (form.new, form.changed, form.text("secret"), form.secrets_set) == (False, set(), "", {"secret"})
    assert form.undo() is None


EDITS = st.lists(st.tuples(st.sampled_from(["title", "ring_seconds", "language"]), st.text(max_size=6)), max_size=20)


@given(edits=EDITS)
def test_undoing_all_is_as_before_and_redoing_all_as_after(specs, edits):
    form = Form(specs["extension"], "201", {"title": "Ann"}, revision=1)
    for field, text in edits:
        form.write(field, text)
    after = {f.id: form.text(f.id) for f in form.spec.fields}
    while form.undo():
        pass
    assert form.changed == set()
    while form.redo():
        pass
    assert {f.id: form.text(f.id) for f in form.spec.fields} == after


# -- lists -------------------------------------------------------------------------------------------------------------


def test_rows_show_defaults_too(specs):
    found = rows(specs["trunk"], [{"name": "c", "revision": 2, "fields": {"host": "192.0.2.1"}}])
    assert found == [{"name": "c", "revision": 2, "host": "192.0.2.1", "transport": "udp", "username": "", "number": "",
                      "max_calls": 0}]  # fmt: skip
    (menu,) = rows(specs["menu"], [{"name": "m", "revision": 1, "fields": {"keys": {"1": "queue:a", "2": "queue:b"}}}])
    assert menu["keys"] == "1→queue:a, 2→queue:b"


def test_every_kind_has_columns_without_secrets(specs):
    for spec in specs.values():
        assert columns(spec) or spec.kind == "internal-number", spec.kind
        assert not any(f.secret or f.name == "name" for f in columns(spec))


@given(st.sampled_from(["201", "099", "sales", "sales-2", "a-b"]), st.sets(st.sampled_from(
    ["201", "202", "203", "099", "100", "sales", "sales-2", "sales-3", "a-b", "a-b-2"])))  # fmt: skip
def test_a_copy_gets_a_name_of_its_own(name, taken):
    assert free_name(name, taken | {name}) not in taken | {name}
