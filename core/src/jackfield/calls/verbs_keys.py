"""Verbs that read the caller's keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from jackfield.calls.verbs_speech import KEYS, Speech, Spoken


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of `ask_digits`. It is true when the caller has given a valid answer.

    `outcome` is `given`, or why the last try failed: `none` (nothing was typed), `invalid`. `digits` are those of the
    last try. `tries` is how many it took.

    >>> bool(Answer("4711", "given")), bool(Answer("99", "invalid", 3))
    (True, False)
    """

    digits: str
    outcome: Literal["given", "none", "invalid"]
    tries: int = 1

    def __bool__(self) -> bool:
        return self.outcome == "given"


class Keys(Speech):
    """What the caller types."""

    def ask(
        self,
        sound: Spoken | Sequence[Spoken],
        *,
        digits: int = 1,
        seconds: float = 5.0,
        between: float = 3.0,
        end: str = "#",
    ) -> str:
        """Play prompts and collect keys, once; a key cuts the prompt short. With retries: `ask_digits`.

        Args:
            sound: as for `play`.
            digits: how many keys at most.
            seconds: time for the first key after the prompt.
            between: time for each further key.
            end: a key that ends the input (it is not part of the answer, unless it is all there is room for).

        Returns:
            What was typed; '' for nothing.

        Raises:
            CallerHungUp: the caller is gone.
            UnsafeValue: a value cannot be spoken.

        Example:
            >>> call.ask("main-menu", digits=1, end="")
            '2'
        """
        return self._collect(sound, {}, digits, seconds, between, end)

    def _collect(
        self,
        sound: Spoken | Sequence[Spoken],
        values: Mapping[str, Spoken],
        digits: int,
        seconds: float,
        between: float,
        end: str,
    ) -> str:
        typed = self.play(sound, keys=KEYS, values=values)
        typed = typed or self.key(seconds)
        if digits > 1 and typed and typed in end:
            return ""
        while typed and len(typed) < digits:
            key = self.key(between)
            if not key or key in end:
                break
            typed += key
        return typed

    def ask_digits(
        self,
        sound: Spoken | Sequence[Spoken],
        *,
        least: int = 1,
        most: int = 16,
        tries: int = 3,
        seconds: float = 5.0,
        between: float = 3.0,
        end: str = "#",
        valid: Callable[[str], bool] | None = None,
        invalid: Spoken | Sequence[Spoken] = "not-valid",
        none: Spoken | Sequence[Spoken] = "nothing-entered",
        values: Mapping[str, Spoken] | None = None,
    ) -> Answer:
        """Ask for digits until they are good, or the tries are used up.

        The caller hears the prompt, which a key cuts short; after a bad answer `invalid` or `none`, and the prompt
        again. What is typed during `invalid` and `none` does not count. After the last try nothing more is said.

        Args:
            sound: the question, as for `play`.
            least: fewer digits are not valid.
            most: with so many the answer is complete, without `end`.
            tries: how often the question is asked.
            seconds: time for the first key after the prompt.
            between: time for each further key.
            end: keys that end the input; they are not part of the answer.
            valid: whether the digits are good; runs on the call's thread.
            invalid: said of an answer that is not valid (a `*` never is).
            none: said when nothing was typed.
            values: what is said in the place of `{name}` in the prompts.

        Returns:
            An `Answer`, true when the digits are good.

        Raises:
            CallerHungUp: the caller is gone.
            UnsafeValue: a value cannot be spoken.
            ValueError: `least`, `most` or `tries` make no sense.

        Example:
            >>> answer = call.ask_digits("enter-pin", least=4, most=6, valid=lambda pin: pin == "4711")
            >>> answer.digits if answer else "wrong"
            '4711'
        """
        if not (1 <= least <= most and tries >= 1):
            raise ValueError(f"least {least}, most {most}, tries {tries}: 1 ≤ least ≤ most and 1 ≤ tries are needed")
        said = values or {}
        for turn in range(1, tries + 1):
            typed = self._collect(sound, said, most, seconds, between, end)
            if typed and typed in end:  # `most` is 1
                typed = ""
            good = typed.isdecimal() and len(typed) >= least and (valid is None or valid(typed))
            answer = Answer(typed, "given" if good else "invalid" if typed else "none", turn)
            if good or turn == tries:
                break
            self.play(invalid if typed else none, values=said)
        return answer

    def key(self, seconds: float) -> str:
        """Wait for one key; music plays on.

        Args:
            seconds: how long; to the millisecond.

        Returns:
            The key, '' when time is up.

        Raises:
            CallerHungUp: the caller is gone.

        Example:
            >>> call.key(2.5)
            '7'
        """
        self.flush()
        return str(self._session.wait_for_digit(int(seconds * 1000)))
