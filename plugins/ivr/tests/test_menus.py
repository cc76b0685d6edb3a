"""The kind `menu`, its checks, and the plugin's wiring."""

from __future__ import annotations

from typing import Any

import pytest
from jackfield.config.check import check_site
from jackfield.config.objects import core_kinds
from jackfield.plugins import GROUP, PluginHost
from jackfield.settings import Settings
from jackfield_ivr.checks import check
from jackfield_ivr.kinds import Menu
from jackfield_ivr.plugin import IvrPlugin
from pydantic import ValidationError


def menu(name: str = "main", **more: Any) -> Menu:
    return Menu.model_validate({"name": name, "prompt": "p", "keys": {"1": "queue:sales"}} | more)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"keys": {"a": "queue:sales"}}, "pattern"),
        ({"keys": {"1234567": "queue:sales"}}, "pattern"),
        ({"keys": {"1": "sales"}}, "pattern"),
        ({"keys": {}}, "no key does anything"),
        ({"repeat_key": "1"}, "key 1 has more than one use"),
        ({"repeat_key": "*", "back_key": "*"}, "key * has more than one use"),
        ({"languages": {"9": "zh"}, "back_key": "9"}, "key 9 has more than one use"),
        ({"languages": {"9": "fr"}}, "'en' or 'zh'"),
        ({"tries": 0}, "greater than or equal to 1"),
        ({"timeout_seconds": 0}, "greater than or equal to 1"),
        ({"promt": "p"}, "Extra inputs"),
    ],
)
def test_a_wrong_menu_is_refused_with_the_reason(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as error:
        menu(**wrong)
    assert said in str(error.value)


def test_a_good_site_has_no_findings(site: Any) -> None:
    menus = [menu(keys={"1": "queue:sales", "2": "ivr:sub"}), menu("sub", back_key="#", on_timeout="ivr:main")]
    assert check(site(*menus)) == []


def circles(site: Any) -> list[str]:
    plugin = IvrPlugin()
    kinds = {k.kind: k for k in [*core_kinds(), *plugin.jackfield_site_kinds()]}
    return [p for p in map(str, check_site(site, kinds, plugin.jackfield_destinations())) if "goes round" in p]


def test_a_silent_caller_who_goes_round(site: Any) -> None:
    found = circles(site(menu("a", on_timeout="ivr:b"), menu("b", on_timeout="ivr:a"), menu("c", on_timeout="ivr:a")))
    assert len(found) == 1
    assert found[0].startswith("menu a: ")
    assert "presses nothing" in found[0]
    assert "ivr:a → ivr:b → ivr:a" in found[0]


def test_a_caller_with_wrong_keys_who_goes_round(site: Any) -> None:
    found = circles(site(menu("a", on_invalid="ivr:a")))
    assert len(found) == 1
    assert "only wrong keys" in found[0]


def test_a_fallback_that_is_a_menu_closes_a_circle(site: Any) -> None:
    assert len(circles(site(menu("a"), fallback="ivr:a"))) == 1
    assert circles(site(menu("a", on_timeout="hangup:normal", on_invalid="hangup:normal"), fallback="ivr:a")) == []


def test_a_key_that_hides_an_extension(site: Any) -> None:
    wrong = menu(keys={"201": "queue:sales"}, dial_extensions=True)
    found = check(site(wrong, extensions=["201", "202"]))
    assert len(found) == 1
    assert "extension 201 cannot be dialled" in found[0]
    assert check(site(menu(keys={"201": "queue:sales"}), extensions=["201"])) == []


def test_extensions_without_extensions(site: Any) -> None:
    only = menu(keys={}, dial_extensions=True)
    assert len(check(site(only))) == 1
    assert check(site(only, extensions=["201"])) == []


def test_prompts_and_destinations_that_are_not_there_are_found_by_core(site: Any) -> None:
    plugin = IvrPlugin()
    kinds = {k.kind: k for k in [*core_kinds(), *plugin.jackfield_site_kinds()]}
    made = site(menu(keys={"1": "ivr:nowhere", "2": "ivr:main"}, on_timeout="prompt:nothing"))
    broken = Menu(name="other", prompt="absent", greeting="gone", keys={"1": "ivr:main"})
    whole = type(made)({"menu": [*made.all("menu", Menu), broken], "prompt": made.all("prompt", kinds["prompt"].model)})
    problems = check_site(whole, kinds, plugin.jackfield_destinations())
    found = {(p.name, p.path): str(p) for p in problems if p.refuses}
    assert set(found) == {
        ("main", ("keys", "1")),
        ("main", ("on_timeout",)),
        ("other", ("prompt",)),
        ("other", ("greeting",)),
    }


def test_the_host_takes_the_plugin() -> None:
    from importlib.metadata import EntryPoint

    host = PluginHost(Settings())
    host.load([EntryPoint("ivr", "jackfield_ivr.plugin:IvrPlugin", GROUP)])
    assert host.statuses["ivr"].describe()["state"] == "enabled", host.statuses["ivr"].reason
    assert list(host.destinations()) == ["ivr"]
    assert host.kinds()["menu"].model is Menu


def test_prompts_of_the_plugin_are_spoken_in_both_languages(site: Any) -> None:
    sounds = {s.name: s.text for s in IvrPlugin().jackfield_sounds(site())}
    assert set(sounds) == {"ivr-invalid", "ivr-no-input"}
    assert all(set(text) == {"en", "zh"} for text in sounds.values())
