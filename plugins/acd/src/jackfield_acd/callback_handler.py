"""The destination `callback`: an agent's phone that was rung for a call-back. Says whom, and calls the customer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from jackfield.i18n import gettext_lazy
from jackfield.prompts.speaking import Digits
from jackfield.routing.decision import FOR_QUEUE
from jackfield.routing.destinations import DestinationKind, End, Goto, Next, Result
from jackfield.routing.internal import FeatureCode

from jackfield_acd.callbacks import CODE, KIND

if TYPE_CHECKING:
    from jackfield.calls.call import Call

    from jackfield_acd.callbacks import Callbacks

_ = gettext_lazy("jackfield_acd")


def feature_code() -> FeatureCode:
    """What an agent's phone has dialled that was rung for a call-back."""
    return FeatureCode(CODE, _("Call-back (rings agents; not to be dialled)"), f"{KIND}:agent", rest=True)


def kind(handler: Callable[[Call, str], Next]) -> DestinationKind:
    """The kind of destination; no object of a site can lead there."""
    return DestinationKind(KIND, _("The agent of a call-back"), handler, lambda site: ())


def handle_callback(callbacks: Callbacks, call: Call) -> Next:
    """Serve an agent's phone; whose call-back it is, the call's id says."""
    callback = callbacks.taken(call.id)
    call.answer()
    if callback is None:
        call.play("acd-callback-over")
        return End(Result.REJECTED, 21, "no call-back")
    call.play(["acd-callback-for", Digits(callback.number)])
    queue = callbacks.queue_of(callback)
    told = {
        "number": callback.number,
        "may_call": list(queue.callback_may_call),
        "agent": callback.agent,
        "queue": callback.queue,
    }
    call.set_data(FOR_QUEUE, told)
    return Goto(f"outbound:{callback.number}", f"call-back {callback.id}")
