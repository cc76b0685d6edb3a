"""Menus as a caller meets them."""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import pytest
from jackfield.calls.call import Call
from jackfield.errors import CallerHungUp
from jackfield.routing.destinations import Goto
from jackfield_ivr.handler import MAX_ROUNDS, handle
from jackfield_ivr.kinds import Menu

MAIN = Menu(
    name="main",
    prompt="choices",
    greeting="welcome",
    keys={"1": "queue:sales", "2": "ivr:service", "12": "queue:vip"},
    languages={"8": "zh", "9": "en"},
    repeat_key="*",
    back_key="#",
    timeout_seconds=4,
    between_seconds=1.5,
    on_timeout="hangup:normal",
    on_invalid="extension:200",
)
SERVICE = Menu(name="service", prompt="service", keys={"1": "queue:service"}, back_key="#")


@pytest.fixture
def call(site: Any, scripted: Any) -> Any:
    def make(
        *script: str, menus: tuple[Menu, ...] = (MAIN, SERVICE), extensions: tuple[str, ...] = (), **more: Any
    ) -> Any:
        return scripted(site(*menus, extensions=extensions), script, **more)

    return make


def test_the_script_has_the_verbs_of_the_real_call(scripted: Any) -> None:
    for verb in ("answer", "ask", "checkpoint", "key", "play", "set_data"):
        real = inspect.signature(getattr(Call, verb)).parameters
        mine = inspect.signature(getattr(scripted, verb)).parameters
        assert [(p.name, p.kind, p.default) for p in mine.values()] == [
            (p.name, p.kind, p.default) for p in real.values()
        ], verb


def test_a_key_leads_on(call: Any) -> None:
    caller = call("2")
    assert handle(caller, "main") == Goto("ivr:service", outcome="2")
    assert caller.answered
    assert caller.heard == ["welcome", "choices"]
    assert caller.waits == [4]


def test_a_key_that_may_go_on_waits_for_the_next(call: Any) -> None:
    caller = call("1", "")
    assert handle(caller, "main") == Goto("queue:sales", outcome="1")
    assert caller.waits == [4, 1.5]
    assert handle(call("1", "2"), "main") == Goto("queue:vip", outcome="12")


def test_a_wrong_key_is_told_and_the_menu_read_again_without_greeting(call: Any) -> None:
    caller = call("7", "2")
    assert handle(caller, "main") == Goto("ivr:service", outcome="2")
    assert caller.heard == ["welcome", "choices", "ivr-invalid", "choices"]


def test_a_row_that_goes_wrong_is_wrong_as_a_whole(call: Any) -> None:
    caller = call("1", "3", "2")
    assert handle(caller, "main") == Goto("ivr:service", outcome="2")
    assert "ivr-invalid" in caller.heard


def test_no_key_at_all(call: Any) -> None:
    caller = call("", "", "")
    assert handle(caller, "main") == Goto("hangup:normal", outcome="timeout")
    assert caller.heard == ["welcome", "choices", "ivr-no-input", "choices", "ivr-no-input", "choices"]


def test_wrong_keys_only(call: Any) -> None:
    assert handle(call("7", "5", "4"), "main") == Goto("extension:200", outcome="invalid")


def test_tries_count_together_and_the_last_one_says_where_to(call: Any) -> None:
    assert handle(call("7", "7", ""), "main") == Goto("hangup:normal", outcome="timeout")


def test_the_fallback_serves_when_a_menu_says_nothing(call: Any) -> None:
    menu = Menu(name="bare", prompt="choices", keys={"1": "queue:sales"}, tries=1)
    assert handle(call("", menus=(menu,)), "bare") == Goto("prompt:sorry", outcome="timeout")
    assert handle(call("2", menus=(menu,)), "bare") == Goto("prompt:sorry", outcome="invalid")


def test_prompts_of_the_menus_own(call: Any) -> None:
    menu = Menu(name="own", prompt="p", keys={"1": "queue:sales"}, invalid="wrong", no_input="silent")
    caller = call("", "2", "1", menus=(menu,))
    handle(caller, "own")
    assert caller.heard == ["p", "silent", "p", "wrong", "p"]


def test_repeat_reads_again_and_costs_no_try(call: Any) -> None:
    caller = call("*", "*", "*", "*", "2")
    assert handle(caller, "main") == Goto("ivr:service", outcome="2")
    assert caller.heard == ["welcome", *["choices"] * 5]


def test_a_stuck_repeat_key_ends(call: Any) -> None:
    caller = call(*["*"] * (MAX_ROUNDS + 5))
    assert handle(caller, "main") == Goto("extension:200", outcome="invalid")
    assert len(caller.heard) == MAX_ROUNDS + 1


def test_back_goes_up_the_way_the_caller_came(call: Any) -> None:
    caller = call("2", "#", "2", "1")
    assert handle(caller, "main") == Goto("ivr:service", outcome="2")
    assert handle(caller, "service") == Goto("ivr:main", outcome="#")
    assert handle(caller, "main") == Goto("ivr:service", outcome="2")
    assert handle(caller, "service") == Goto("queue:service", outcome="1")
    assert caller.heard == ["welcome", "choices", "service", "choices", "service"], "greeted once a call"


def test_back_at_the_top_reads_again(call: Any) -> None:
    caller = call("#", "2")
    assert handle(caller, "main") == Goto("ivr:service", outcome="2")
    assert caller.heard == ["welcome", "choices", "choices"]


def test_a_language_key_changes_the_language_and_reads_again(call: Any) -> None:
    caller = call("8", "2")
    handle(caller, "main")
    assert caller.language == "zh"
    assert caller.heard == ["welcome", "choices", "choices"]


def test_a_language_key_may_lead_on(call: Any) -> None:
    menu = Menu(name="l", prompt="p", languages={"1": "en", "2": "zh"}, keys={"1": "ivr:main", "2": "ivr:main"})
    caller = call("2", menus=(menu, MAIN))
    assert handle(caller, "l") == Goto("ivr:main", outcome="2")
    assert caller.language == "zh"


def test_dialling_an_extension(call: Any) -> None:
    menu = Menu(name="d", prompt="p", keys={"2": "queue:sales"}, dial_extensions=True)
    made = {"menus": (menu,), "extensions": ("201", "202", "3001")}
    assert handle(call("2", "0", "1", **made), "d") == Goto("extension:201", outcome="201")
    assert handle(call("3", "0", "0", "1", **made), "d") == Goto("extension:3001", outcome="3001")
    assert handle(call("2", "", **made), "d") == Goto("queue:sales", outcome="2")
    wrong = call("2", "0", "9", "2", "", **made)
    assert handle(wrong, "d") == Goto("queue:sales", outcome="2")
    assert "ivr-invalid" in wrong.heard, "a wrong extension is not the key 2"


def test_hash_and_star_are_keys_like_others(call: Any) -> None:
    menu = Menu(name="h", prompt="p", keys={"#": "queue:a", "*9": "queue:b"})
    assert handle(call("#", menus=(menu,)), "h") == Goto("queue:a", outcome="#")
    assert handle(call("*", "9", menus=(menu,)), "h") == Goto("queue:b", outcome="*9")


def test_a_flood_of_keys_ends_in_the_menus_own_exit(call: Any, site: Any, scripted: Any) -> None:
    flood = scripted(site(MAIN, SERVICE), itertools.cycle("7654"), lost_in_play=100)
    assert handle(flood, "main") == Goto("extension:200", outcome="invalid")
    assert len(flood.waits) == MAIN.tries, "keys typed while the caller was told are lost, not counted"


@pytest.mark.parametrize("script", [(), ("7",), ("1",), ("",)])
def test_hanging_up_passes_through(call: Any, script: tuple[str, ...]) -> None:
    with pytest.raises(CallerHungUp):
        handle(call(*script), "main")


def test_after_a_restart_the_caller_goes_on_in_the_menu(call: Any) -> None:
    caller = call("2")
    handle(caller, "main")
    lost = call("7", "5")
    lost.data = dict(caller.data)
    with pytest.raises(CallerHungUp):  # the daemon dies here: what was saved is all there is
        handle(lost, "service")
    back = lost.restarted(["7"])
    assert handle(back, "service") == Goto("prompt:sorry", outcome="invalid"), "two of three tries were used up before"
    up = lost.restarted(["#"])
    assert handle(up, "service") == Goto("ivr:main", outcome="#"), "the way back is known"


def test_after_a_restart_nobody_is_greeted_twice(call: Any) -> None:
    lost = call()
    with pytest.raises(CallerHungUp):
        handle(lost, "main")
    assert lost.heard == ["welcome", "choices"]
    back = lost.restarted(["2"])
    handle(back, "main")
    assert back.heard == ["choices"]


def test_what_is_saved_stays_small(call: Any) -> None:
    caller = call(*["2", "#"] * 20)
    for name in itertools.islice(itertools.cycle(["main", "service"]), 40):
        handle(caller, name)
    typed = {"main": "2", "service": "#"}
    assert caller.data == {"ivr-path": "main/service", "ivr-greeted": "main", "ivr-typed": typed}


def test_a_menu_that_is_gone_leads_to_the_fallback(call: Any) -> None:
    assert handle(call(), "nowhere") == Goto("prompt:sorry", outcome="missing")
