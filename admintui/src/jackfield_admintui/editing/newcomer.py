"""The first set-up as questions, and the objects that follow from the answers.

The draft is the memory: what was answered is read back from it, so that the assistant can be left and taken up again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jackfield_admintui.editing.fields import FieldSpec, KindSpec, Shape
from jackfield_admintui.editing.texts import read
from jackfield_admintui.texts import N_, _

TRUNK, ROUTE, QUEUE, MENU, WELCOME = "carrier", "main", "main", "main", "welcome"
PHONE, LINE, KEYS = "phone", "queue", "menu"
"""Who answers: one phone; a queue of all phones' agents; a menu in which callers choose."""
MOST_KEYS = 9
Texts = Mapping[str, str]
Objects = Mapping[tuple[str, str], Mapping[str, Any]]
"""(kind, name) → the fields that are set."""


@dataclass(frozen=True)
class Step:
    """A page of questions. `kind` has the help of the fields of the same name."""

    key: str
    title: str
    about: str
    kind: str = ""
    fields: tuple[str, ...] = ()
    own: tuple[FieldSpec, ...] = ()


def steps() -> list[Step]:
    """All pages, in order; the last has no questions."""
    return [
        Step(
            "site",
            _("The site"),
            _("What is it called, where is it, which language do callers hear?"),
            "general",
            ("title", "language", "zone", "country_code"),
        ),
        Step(
            "trunk",
            _("The line"),
            _(
                "What your carrier told you: its address, and user name and password if it gave you some. "
                "F5 puts it into force and shows whether the line works."
            ),
            "trunk",
            ("host", "port", "username", "secret", "transport"),
        ),
        Step(
            "phones",
            _("The phones"),
            _(
                "A phone on each line: its number and whose it is. F5 puts them into force; then this page tells what "
                "to enter into each, and shows when it has come."
            ),
            own=(_phones(),),
        ),
        Step(
            "number",
            _("The number"),
            _(
                "The number that people call you on, what they hear first, and who answers. "
                "F6 records the greeting at a phone that is in force; F7 plays it."
            ),
            own=_answers(),
        ),
        Step("ready", _("Ready"), _("F5 puts all into force. Set up the phones; F4 rings one and makes a test call.")),
    ]


def _phones() -> FieldSpec:
    return FieldSpec("phones", Shape.TABLE, _("Number = name, as in 201 = Ann"), needed=True)


def _answers() -> tuple[FieldSpec, ...]:
    number = _("As your carrier sends it, as in 5550100; _! takes every number")
    greeting = _(
        "Spoken to every caller at first; empty for none. A menu tells its keys: 1 is the queue, 2 the first phone, "
        "3 the second … Left empty, the menu says so itself. A text takes the place of what was recorded"
    )
    who = _(
        "phone: the first phone rings. queue: callers wait for the next free agent; each phone is one, and logs in "
        "by dialling *11. menu: callers choose by key the queue or a phone"
    )
    return (
        FieldSpec("number", Shape.TEXT, number, needed=True),
        FieldSpec("greeting", Shape.TEXT, greeting),
        FieldSpec("answers", Shape.CHOICE, who, default=PHONE, choices=(PHONE, LINE, KEYS)),
    )


def fields_of(step: Step, specs: Mapping[str, KindSpec]) -> list[FieldSpec]:
    """The questions of a page."""
    spec = specs.get(step.kind)
    return [*step.own, *(found for name in step.fields if spec and (found := spec.field(name)))]


def answered(step: Step, there: Objects) -> dict[str, Any]:
    """Field → value of what the draft already holds."""
    if step.key == "site":
        return dict(there.get(("general", "site"), {}))
    if step.key == "trunk":
        found = dict(there.get(("trunk", trunk_name(there)), {}))
        return {key: value for key, value in found.items() if key != "secret"}
    if step.key == "phones":
        phones = {name: body.get("title", "") for (kind, name), body in there.items() if kind == "extension"}
        return {"phones": {number: title or number for number, title in phones.items()}} if phones else {}
    if step.key == "number":
        return _number_answers(there)
    return {}


def _number_answers(there: Objects) -> dict[str, Any]:
    route = there.get(("did", ROUTE))
    if route is None:
        return {}
    found = {"number": route.get("number", "")}
    texts = there.get(("prompt", WELCOME), {}).get("text", {})
    phones = sorted(name for kind, name in there if kind == "extension")
    greeting = texts.get(language_of(there), next(iter(texts.values()), ""))
    found["greeting"] = "" if greeting == spoken_keys(there, phones, language_of(there)) else greeting
    menu = there.get(("menu", MENU), {})
    leads_to = str(menu.get("on_timeout", route.get("destination", "")))
    line = leads_to.startswith("queue:")
    found["answers"] = KEYS if menu.get("keys") else LINE if line else PHONE
    return found


def trunk_name(there: Objects) -> str:
    """The one trunk that there is, or what ours is called."""
    names = [name for kind, name in there if kind == "trunk"]
    return TRUNK if TRUNK in names or not names else sorted(names)[0]


def done(step: Step, there: Objects) -> bool:
    """Whether the draft holds this page's answers."""
    kinds = {"site": "general", "trunk": "trunk", "phones": "extension", "number": "did"}
    return any(kind == kinds.get(step.key) for kind, _name in there)


def changes(step: Step, fields: list[FieldSpec], texts: Texts, there: Objects) -> list[dict[str, Any]]:
    """What an answered page changes in the draft, for `site.change`.

    Raises:
        NoValue: a text stands for no value.
    """
    values = {field.name: read(texts.get(field.id, ""), field) for field in fields}
    if step.key == "site":
        return [_change("general", "site", values)]
    if step.key == "trunk":
        if values["secret"] is None:
            del values["secret"]  # the one that is set stays
        return [_change("trunk", trunk_name(there), values)]
    if step.key == "phones":
        return [_change("extension", number, {"title": title}) for number, title in (values["phones"] or {}).items()]
    if step.key == "number":
        return _answering(values, there)
    return []


def _answering(values: Mapping[str, Any], there: Objects) -> list[dict[str, Any]]:
    """Route, greeting, and who answers; what an earlier answer made and this one does not need goes."""
    phones = sorted(name for kind, name in there if kind == "extension")
    first = f"extension:{phones[0]}" if phones else "prompt:sorry"
    who, language = values["answers"] or PHONE, language_of(there)
    wanted: list[dict[str, Any]] = []
    leads_to = first
    if who in (LINE, KEYS):
        leads_to = f"queue:{QUEUE}"
        wanted += [_change("agent", phone, {"title": _title(there, phone), "extension": phone}) for phone in phones]
        wanted.append(_change("queue", QUEUE, {"agents": phones}))
    greeting = values["greeting"] or (spoken_keys(there, phones, language) if who == KEYS else "")
    spoken = there.get(("prompt", WELCOME), {})
    if recorded(there) and not values["greeting"]:
        wanted.append(_change("prompt", WELCOME, {}))  # as it was recorded
    elif greeting:
        text = {**spoken.get("text", {}), language: greeting}
        file = {tongue: name for tongue, name in spoken.get("file", {}).items() if tongue != language}
        wanted.append(_change("prompt", WELCOME, {"text": text, "file": file or None}))
    if greeting or recorded(there):
        wanted.append(_change("menu", MENU, _menu(leads_to, phones if who == KEYS else None)))
        leads_to = f"ivr:{MENU}"
    fallback = None if leads_to == first else first
    wanted.append(_change("did", ROUTE, {"number": values["number"], "destination": leads_to, "fallback": fallback}))
    kept = {(each["kind"], each["name"]) for each in wanted}
    ours = [("menu", MENU), ("prompt", WELCOME), ("queue", QUEUE), *(("agent", phone) for phone in phones)]
    return wanted + [_change(*key, None) for key in ours if key in there and key not in kept]


def _menu(leads_to: str, phones: list[str] | None) -> dict[str, Any]:
    """A menu with a key for the queue and one for each phone; without phones it only greets."""
    keys = None if phones is None else {key: destination for key, destination, _phone in choices(phones)}
    patience: dict[str, float | None] = {"timeout_seconds": 1.0, "tries": 1}
    if keys is not None:
        patience = {"timeout_seconds": None, "tries": None}
    return {
        "prompt": WELCOME, "keys": keys, "on_timeout": leads_to, "on_invalid": leads_to, "dial_extensions": True,
        **patience,
    }  # fmt: skip


def choices(phones: list[str]) -> list[tuple[str, str, str]]:
    """(key, destination, phone) of a menu; the first key is the queue's, with no phone."""
    persons = [(str(key), f"extension:{phone}", phone) for key, phone in enumerate(phones[: MOST_KEYS - 1], 2)]
    return [("1", f"queue:{QUEUE}", ""), *persons]


def language_of(there: Objects) -> str:
    """What callers hear."""
    return str(there.get(("general", "site"), {}).get("language", "en"))


def recorded(there: Objects) -> bool:
    """Whether the greeting was recorded, or is from a file."""
    return language_of(there) in there.get(("prompt", WELCOME), {}).get("file", {})


def to_dial(there: Objects) -> str:
    """What a test call goes to: the number, or where it leads when that is a pattern."""
    route = there.get(("did", ROUTE), {})
    number = str(route.get("number", ""))
    return number if number.removeprefix("+").isdigit() else str(route.get("destination", ""))


def spoken_keys(there: Objects, phones: list[str], language: str) -> str:
    """The choices of a menu, for callers."""
    said = [(key, _title(there, phone) or phone) for key, _destination, phone in choices(phones)]
    if language == "zh":
        return ",".join(f"{name or '转接下一位空闲同事'}请按{key}" for key, name in said) + "。"
    text = ", ".join(f"for {name or 'the next free colleague'} press {key}" for key, name in said)
    return f"{text[:1].upper()}{text[1:]}."


def _title(there: Objects, phone: str) -> str:
    return str(there.get(("extension", phone), {}).get("title", ""))


def _change(kind: str, name: str, fields: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"kind": kind, "name": name, "fields": None if fields is None else dict(fields)}


STATES = {"reachable": N_("✔ the carrier answers"), "registered": N_("✔ registered"),
          "registering": N_("… registering"), "unmonitored": N_("not watched: qualify_seconds is 0"),
          "unreachable": N_("✖ the carrier does not answer: check address and transport"),
          "refused": N_("✖ the carrier refuses the registration, or does not answer it: check user name and password"),
          "unknown": N_("… not known yet")}  # fmt: skip
"""What is known of a trunk, and what to do about it."""
