"""The first set-up without a screen: objects that follow from answers, and answers that are read back from them."""

from __future__ import annotations

from typing import Any

import pytest
from jackfield_admintui.editing.menu_tree import Step as Place
from jackfield_admintui.editing.menu_tree import trees
from jackfield_admintui.editing.newcomer import answered, changes, done, fields_of, recorded, steps, to_dial
from jackfield_admintui.editing.phone_sheet import brief, write
from jackfield_admintui.editing.texts import NoValue, written

STEPS = {step.key: step for step in steps()}
Draft = dict[tuple[str, str], dict[str, Any]]


def answer(draft: Draft, specs, key: str, **texts: str) -> Draft:
    """The draft after a page."""
    fields = fields_of(STEPS[key], specs)
    known = answered(STEPS[key], draft)
    before = {f.id: written(known.get(f.name), f) for f in fields}
    after = dict(draft)
    for change in changes(STEPS[key], fields, before | texts, draft):
        place = (change["kind"], change["name"])
        if change["fields"] is None:
            del after[place]
        else:
            set_ = after.get(place, {}) | change["fields"]
            after[place] = {k: v for k, v in set_.items() if v is not None}
    return after


@pytest.fixture
def phones(specs) -> Draft:
    draft = answer({}, specs, "site", title="Acme", language="en", zone="Europe/London")
    draft = answer(draft, specs, "trunk", host="192.0.2.1", username="acme", secret="very-secret-1")
    return answer(draft, specs, "phones", phones="201 = Ann\n202 = Ben")


def test_questions_have_the_help_of_their_fields(specs):
    assert [f.name for f in fields_of(STEPS["trunk"], specs)] == ["host", "port", "username", "secret", "transport"]
    assert all(f.help for step in STEPS.values() for f in fields_of(step, specs))


def test_the_first_phone_rings_without_more_ado(specs, phones):
    draft = answer(phones, specs, "number", number="5550100", answers="phone")
    assert draft["did", "main"] == {"number": "5550100", "destination": "extension:201"}
    assert not any(kind in ("menu", "queue", "agent", "prompt") for kind, _name in draft)


def test_a_greeting_then_a_queue_of_all_phones(specs, phones):
    draft = answer(phones, specs, "number", number="5550100", answers="queue", greeting="Welcome to Acme.")
    assert draft["did", "main"] == {"number": "5550100", "destination": "ivr:main", "fallback": "extension:201"}
    assert draft["menu", "main"]["on_timeout"] == "queue:main"
    assert draft["queue", "main"]["agents"] == ["201", "202"]
    assert draft["agent", "202"] == {"title": "Ben", "extension": "202"}
    assert draft["prompt", "welcome"] == {"text": {"en": "Welcome to Acme."}}


def test_a_menu_says_its_keys(specs, phones):
    draft = answer(phones, specs, "number", number="5550100", answers="menu")
    assert draft["menu", "main"]["keys"] == {"1": "queue:main", "2": "extension:201", "3": "extension:202"}
    assert draft["menu", "main"]["on_timeout"] == "queue:main"
    spoken = "For the next free colleague press 1, for Ann press 2, for Ben press 3."
    assert draft["prompt", "welcome"]["text"]["en"] == spoken
    assert sorted(name for kind, name in draft if kind == "agent") == ["201", "202"]
    assert answered(STEPS["number"], draft)["greeting"] == "", "what it says by itself is not the person's answer"


@pytest.mark.parametrize("who", ["phone", "queue", "menu"])
def test_a_recorded_greeting_stays_until_a_text_takes_its_place(specs, phones, who):
    recording = {("prompt", "welcome"): {"file": {"en": "x.wav"}}}
    draft = answer(phones | recording, specs, "number", number="5550100", answers=who)
    assert draft["prompt", "welcome"] == {"file": {"en": "x.wav"}} and recorded(draft)
    assert draft["did", "main"]["destination"] == "ivr:main" and draft["menu", "main"]["prompt"] == "welcome"
    written_ = answer(draft, specs, "number", greeting="Hello.")
    assert written_["prompt", "welcome"] == {"text": {"en": "Hello."}} and not recorded(written_)


@pytest.mark.parametrize(("number", "dialled"), [("5550100", "5550100"), ("+4420", "+4420"), ("_!", "extension:201")])
def test_a_test_call_dials_the_number_or_goes_where_a_pattern_leads(specs, phones, number, dialled):
    assert to_dial(answer(phones, specs, "number", number=number, answers="phone")) == dialled


def test_the_sheet_of_the_phones_is_for_its_owner_only(tmp_path):
    account = {"user_name": "201", "display_name": "Ann\x1b[2J", "password": "p4ss", "server": "192.0.2.1"}
    path = write([account, account | {"user_name": "202"}], tmp_path)
    text = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert text.count("Password: p4ss") == 2 and "\x1b" not in text
    assert brief(account, there=False).plain.count("p4ss") == 1 and "p4ss" not in brief(account, there=True).plain


@pytest.mark.parametrize("who", ["phone", "queue", "menu"])
@pytest.mark.parametrize("greeting", ["", "Hello."])
def test_another_answer_leaves_nothing_of_the_first(specs, phones, who, greeting):
    first = answer(phones, specs, "number", number="5550100", answers="queue", greeting="Old.")
    again = answer(first, specs, "number", number="5550100", answers=who, greeting=greeting)
    fresh = answer(phones, specs, "number", number="5550100", answers=who, greeting=greeting)
    assert again == fresh


@pytest.mark.parametrize("who", ["phone", "queue", "menu"])
def test_answers_are_read_back(specs, phones, who):
    draft = answer(phones, specs, "number", number="5550100", answers=who, greeting="Hello.")
    assert answered(STEPS["number"], draft) == {"number": "5550100", "greeting": "Hello.", "answers": who}
    assert answered(STEPS["phones"], draft) == {"phones": {"201": "Ann", "202": "Ben"}}
    assert "secret" not in answered(STEPS["trunk"], draft)
    assert all(done(step, draft) for step in STEPS.values() if step.key != "ready")


def test_a_password_that_is_set_stays_when_it_is_not_typed_again(specs, phones):
    draft = answer(phones, specs, "trunk", host="192.0.2.9")
    assert draft["trunk", "carrier"]["secret"] == "very-secret-1"


def test_a_line_that_is_no_phone_is_told(specs):
    with pytest.raises(NoValue, match="key = value"):
        answer({}, specs, "phones", phones="201")


# -- menus as a tree ---------------------------------------------------------------------------------------------------


def shape(places: list[Place]) -> list[Any]:
    return [(p.how, p.destination, p.problem, shape(p.steps)) for p in places]


def test_menus_are_a_tree_and_problems_stand_where_they_are():
    menus = {
        "main": {"keys": {"1": "ivr:sub", "2": "queue:sales", "3": "queue:gone", "4": "conference:any"}},
        "sub": {"keys": {"9": "ivr:main"}, "on_timeout": "ivr:lost"},
    }
    known = frozenset({"queue:sales", "ivr:main", "ivr:sub"})
    wrong = [{"kind": "menu", "name": "sub", "text": "odd", "path": [], "refuses": False}]
    assert shape(trees(menus | {"top": {"keys": {"1": "ivr:main"}}}, wrong, known)) == [
        ("", "ivr:top", "", [
            ("1", "ivr:main", "", [
                ("1", "ivr:sub", "odd", [
                    ("9", "ivr:main", "leads back up", []),
                    ("on_timeout", "ivr:lost", "is not there", []),
                ]),
                ("2", "queue:sales", "", []),
                ("3", "queue:gone", "is not there", []),
                ("4", "conference:any", "", []),
            ]),
        ]),
    ]  # fmt: skip
    assert [each.destination for each in trees(menus, [], known)] == ["ivr:main"], "a circle is shown once"
