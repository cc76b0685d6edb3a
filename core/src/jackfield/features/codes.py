"""Core's feature codes, and the destination `feature` behind those that change an extension's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from jackfield.config.objects.extension import Extension
from jackfield.errors import CallerHungUp, JackfieldError
from jackfield.i18n import gettext_lazy
from jackfield.routing.destinations import End, Next, Result
from jackfield.routing.internal import FeatureCode

if TYPE_CHECKING:
    from jackfield.calls.call import Call

_ = gettext_lazy("jackfield")
log = structlog.get_logger(__name__)
_FORWARDS = {"always": "forward_always", "busy": "forward_busy", "no-answer": "forward_no_answer"}
ACTIONS = ("dnd-on", "dnd-off", *(f"forward-{kind}{off}" for kind in _FORWARDS for off in ("", "-off")))
ASK_SECONDS = 8.0


def core_codes() -> list[FeatureCode]:
    """Codes that core brings."""
    return [
        FeatureCode("*78", _("Do not disturb: on"), "feature:dnd-on"),
        FeatureCode("*79", _("Do not disturb: off"), "feature:dnd-off"),
        FeatureCode("*72", _("Forward all calls to a number"), "feature:forward-always", rest=True),
        FeatureCode("*73", _("Forward all calls: off"), "feature:forward-always-off"),
        FeatureCode("*90", _("Forward calls when busy to a number"), "feature:forward-busy", rest=True),
        FeatureCode("*91", _("Forward calls when busy: off"), "feature:forward-busy-off"),
        FeatureCode("*92", _("Forward calls that nobody takes to a number"), "feature:forward-no-answer", rest=True),
        FeatureCode("*93", _("Forward calls that nobody takes: off"), "feature:forward-no-answer-off"),
        FeatureCode("**", _("Pick up the call that rings at an extension"), "pickup:extension", rest=True),
        FeatureCode("*8", _("Pick up a call that rings in the group"), "pickup:group"),
        FeatureCode("*68", _("Park the call on hold (or transfer a call here)"), "park:held", transfer=True),
        FeatureCode("*3", _("Conference: add a number to the call on hold"), "conference:add", rest=True),
        FeatureCode("*51", _("An errand of the console (rings a phone; not to be dialled)"), "errand:phone"),
        FeatureCode("*3#", _("Conference: what transfers into it use"), "conference:join", rest=True, transfer=True),
    ]


def change_state(call: Call, name: str) -> Next:
    """Do what was dialled, and say so."""
    call.answer()
    if call.extension is None or call.site.get("extension", call.extension, Extension) is None:
        return say(call, "feature-not-a-phone", Result.REJECTED)
    try:
        if name.startswith("dnd"):
            call.desk.states.change(call.extension, dnd=name == "dnd-on")
            return say(call, f"feature-{name}")
        if name.endswith("-off"):
            field = _FORWARDS[name.removeprefix("forward-").removesuffix("-off")]
            call.desk.states.change(call.extension, **{field: ""})
            return say(call, "feature-forward-off")
        return _set_forward(call, call.extension, _FORWARDS[name.removeprefix("forward-")])
    except CallerHungUp:
        raise
    except JackfieldError as error:
        log.error("feature.failed", call=call.id, action=name, error=str(error))
        return say(call, "sorry", Result.FAILED)


def _set_forward(call: Call, extension: str, field: str) -> Next:
    number = call.dialled_rest or call.ask("feature-enter-number", digits=20, seconds=ASK_SECONDS)
    if not number or number == extension or not call.desk.leads(number):
        return say(call, "feature-wrong-number", Result.REJECTED)
    call.desk.states.change(extension, **{field: number})
    call.play(["feature-forward-on", f"digits:{number}"])
    return End(Result.COMPLETED, outcome=f"to {number}")


def say(call: Call, prompt: str, result: Result = Result.COMPLETED) -> End:
    """Say it, and end the call."""
    call.answer()
    call.play(prompt)
    return End(result, outcome=prompt.removeprefix("feature-").replace("-", " "))
