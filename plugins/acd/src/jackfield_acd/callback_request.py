"""What a caller says who would rather be called back: the number. On the caller's own thread, out of the line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from jackfield.prompts.speaking import Digits

from jackfield_acd.callback_numbers import MOST_DIGITS

if TYPE_CHECKING:
    from jackfield.calls.call import Call

TRIES = 3
SECONDS = 6.0
RIGHT, ANOTHER = "1", "2"


def ask_number(call: Call, dialled: Callable[[str], str]) -> str:
    """Ask where to call back: at the caller's own number, or at one that is typed.

    Args:
        call: the caller's.
        dialled: a number as it is dialled; '' for one that may not be called.

    Returns:
        The number as dialled, '' when the caller would rather wait.

    Raises:
        CallerHungUp: the caller is gone.
    """
    own = dialled(call.caller.number)
    if own:
        for _ in range(TRIES):
            answer = call.ask(["acd-callback-at", Digits(own), "acd-callback-right"], seconds=SECONDS, end="")
            if answer == RIGHT:
                return own
            if answer == ANOTHER:
                break
        else:
            return ""
    typed = call.ask_digits(
        "acd-callback-enter",
        least=3,
        most=MOST_DIGITS,
        tries=TRIES,
        seconds=SECONDS,
        valid=lambda digits: bool(dialled(digits)),
        invalid="acd-callback-not-allowed",
    )
    return dialled(typed.digits) if typed else ""
