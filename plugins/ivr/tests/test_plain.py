"""The plain menu: what Asterisk is told to do alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.config.conf_syntax import parse
from jackfield.config.objects.extension import Extension
from jackfield.config.site import Site
from jackfield_ivr.kinds import Menu
from jackfield_ivr.plain import fragments
from jackfield_ivr.service import choices


def dialplan(*menus: Menu, phones: tuple[str, ...] = ()) -> dict[str, dict[str, list[str]]]:
    """Context → extension → its steps, as Asterisk would have them."""
    site = Site({"menu": menus, "extension": [Extension(name=p, secret=f"secret-of-{p}") for p in phones]})
    (fragment,) = fragments(site)
    parsed = parse(fragment.text, fragment.file)
    assert parsed.errors == []
    found: dict[str, dict[str, list[str]]] = {}
    for context, pairs in parsed.sections:
        steps: list[str] = []
        for key, value in pairs:
            if key == "exten":
                name, _, first = value.partition(",")
                steps = found.setdefault(context, {}).setdefault(name, [])
                steps.append(first.partition(",")[2])
            elif key == "same":
                steps.append(value.partition(",")[2])
    return found


def test_no_menu_no_dialplan() -> None:
    assert fragments(Site({})) == []


def test_a_menu() -> None:
    menu = Menu(
        name="main", prompt="main-menu", keys={"1": "queue:sales", "22": "ivr:more"}, languages={"8": "zh"},
        repeat_key="9", back_key="*", timeout_seconds=4, tries=2, on_timeout="prompt:late",
    )  # fmt: skip
    found = dialplan(menu)
    assert found["jf-plain-ivr"] == {"main": ["Goto(jf-plain-menu-main,s,1)"]}
    plain = found["jf-plain-menu-main"]
    assert plain["1"] == ["Set(JF_AT=queue:sales)", "Goto(jf-late,s,1)"]
    assert plain["22"] == ["Set(JF_AT=ivr:more)", "Goto(jf-late,s,1)"]
    assert plain["8"] == ['ExecIf($["${JF_SAY_zh_main-menu}" != ""]?Set(JF_LANG=zh))', "Goto(s,again)"]
    assert plain["9"] == plain["*"] == ["Goto(s,again)"]
    assert plain["s"][-2:] == ["Background(${JF_SAY_${JF_LANG}_main-menu})", "WaitExten(4)"]
    assert plain["t"][-2:] == ["Set(JF_AT=prompt:late)", "Goto(jf-late,s,1)"]
    assert plain["i"][-2] == "Set(JF_AT=prompt:sorry)", "without a destination of its own: the site's fallback"
    assert "GotoIf($[${JF_TRIES} >= 2]?over)" in plain["t"]


def test_dialling_extensions() -> None:
    found = dialplan(Menu(name="wide", prompt="p", dial_extensions=True), phones=("201", "202"))
    assert found["jf-plain-menu-extensions"]["202"] == ["Set(JF_AT=extension:202)", "Goto(jf-late,s,1)"]


KEYS = st.text("0123456789*#", min_size=1, max_size=6)


@given(st.dictionaries(KEYS, st.sampled_from(["queue:a", "ivr:main", "prompt:b"]), min_size=1))
def test_every_choice_of_the_daemons_menu_is_one_of_the_plain(keys: dict[str, str]) -> None:
    menu = Menu(name="main", prompt="p", keys=keys)
    plain = dialplan(menu)["jf-plain-menu-main"]
    assert plain.keys() == {"s", "t", "i", *choices(menu)}


@pytest.mark.parametrize("extension", ["t", "i"])
def test_nobody_goes_round_for_ever(extension: str) -> None:
    plain = dialplan(Menu(name="main", prompt="p", keys={"1": "queue:a"}))["jf-plain-menu-main"]
    assert plain[extension][0] == "Set(JF_TRIES=$[${JF_TRIES} + 1])"
    assert "Set(JF_TRIES=0)" in plain["s"][: plain["s"].index("Background(${JF_SAY_${JF_LANG}_p})")]
