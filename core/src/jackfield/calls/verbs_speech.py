"""Verbs that the caller hears: answering, prompts, values, music, ringing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from jackfield.calls.basis import DEFAULT_MUSIC, RESCUE, CallBasis
from jackfield.errors import CommandFailed, UnsafeValue
from jackfield.prompts import speaking
from jackfield.prompts.speaking import Digits, Value
from jackfield.telephony import variables

log = structlog.get_logger(__name__)
KEYS = "0123456789*#"
Spoken = str | Value
"""What the caller may hear: the name of a prompt, or a value (number, `Digits`, `Money`, date, time)."""


class Speech(CallBasis):
    """What is played to the caller."""

    def answer(self, *, at_once: bool = False) -> None:
        """Answer, once; further calls do nothing. From here on the caller pays.

        Asterisk waits up to 500 ms for the caller's first sound, so that a prompt is heard from its first word;
        `at_once` does without, for what comes next is ringing or music.

        Raises:
            CallerHungUp: the caller is gone.

        Example:
            >>> call.answer()
        """
        self.flush()
        if self.answered:
            return
        if at_once:
            self._session.run("Answer", "", "i")
        else:
            self._session.answer()
        self.answered = True

    def play(
        self,
        sound: Spoken | Sequence[Spoken],
        *,
        keys: str = "",
        interruptible: bool = False,
        values: Mapping[str, Spoken] | None = None,
    ) -> str:
        """Play prompts and values one after the other, in the caller's language.

        Args:
            sound: names of prompts, and values; `"digits:123"` and `"number:5"` are names too, spoken as such.
            keys: keys that stop it.
            interruptible: another thread may stop it through `core.asterisk.interrupt_playback`.
            values: what is said in the place of `{name}` in prompts.

        Returns:
            The key that stopped it, or ''. A prompt that is missing is passed over, and logged.

        Raises:
            CallerHungUp: the caller is gone.
            UnsafeValue: a value cannot be spoken, or a prompt has one that was not given; nothing was played.

        Example:
            >>> call.play(["goodbye", Digits("42")], keys="#")
            ''
        """
        paths = [path for one in _listed(sound) for path in self._files(one, values or {})]
        self.flush()
        self.music(False)
        for path in paths:
            key = self._play_file(path, keys, interruptible)
            if key:
                return key
            if interruptible and not self._wakes.empty():
                return ""
        return ""

    def say(self, *sounds: Spoken, keys: str = "", **values: Spoken) -> str:
        """Say prompts and values, in the caller's language: `play` in the words of a sentence.

        A prompt "You owe {amount} until {day}." is declared in `jackfield_sounds`, or in the site; each language has
        its own order. A `datetime` with a zone is told in the site's zone.

        Args:
            sounds: names of prompts, and values.
            keys: keys that stop it.
            values: by the names that the prompts have them under.

        Returns:
            The key that stopped it, or ''.

        Raises:
            CallerHungUp: the caller is gone.
            UnsafeValue: a value cannot be spoken, or a prompt has one that was not given; nothing was played.

        Example:
            >>> call.say("balance", amount=Money(Decimal("12.50"), "EUR"))
            ''
        """
        return self.play(sounds, keys=keys, values=values)

    def play_files(self, paths: Sequence[str], *, keys: str = "") -> str:
        """Play sound files, named in full without extension, one after the other (core's own).

        Returns:
            The key that stopped it, or ''.

        Raises:
            CallerHungUp: the caller is gone.
        """
        self.flush()
        self.music(False)
        return next((key for path in paths if (key := self._play_file(path, keys, False))), "")

    def _play_file(self, path: str, keys: str, interruptible: bool) -> str:
        try:
            if not interruptible:
                return str(self._session.stream_file(path, keys))
            value = self._session.execute("CONTROL STREAM FILE", path, f'"{keys}"')["result"][0]
            return chr(int(value)) if value not in ("0", "") and chr(int(value)) in KEYS else ""
        except CommandFailed:
            return ""

    def _files(self, spoken: Spoken, values: Mapping[str, Spoken]) -> Iterator[str]:
        if not isinstance(spoken, str):
            yield from self._value_files(spoken)
            return
        kind, colon, text = spoken.partition(":")
        if colon and kind in ("digits", "number"):
            digits = "".join(c for c in text if c in "0123456789")
            whole = kind == "number" and 0 < len(digits) <= 12
            yield from self._value_files(int(digits) if whole else Digits(digits))
            return
        parts = self._sounds.parts(spoken, self.language)
        for part in [spoken] if parts is None else parts:
            if part.startswith("{"):
                if part[1:-1] not in values:
                    raise UnsafeValue(f"prompt {spoken} says {part}; give {part[1:-1]}=…")
                yield from self._files(values[part[1:-1]], {})
            elif path := self._sounds.file(part, self.language):
                yield path
            else:
                log.warning("prompt.missing", prompt=part, language=self.language, call=self.id)

    def _value_files(self, value: Value) -> Iterator[str]:
        if isinstance(value, datetime) and value.tzinfo is not None:
            value = value.astimezone(ZoneInfo(self.site.general.zone))
        languages = (self.language, self.site.general.language)
        language = next((one for one in languages if one in speaking.LANGUAGES), speaking.LANGUAGES[0])
        for clip in speaking.clips(value, language):
            if path := self._sounds.file(clip, language):
                yield path

    def music(self, on: bool = True, cls: str = "default") -> None:
        """Start or stop music on hold. It plays on during `wait`; whatever else is played stops it.

        Args:
            on: False stops it.
            cls: the class of music, as the site calls it.

        Raises:
            CallerHungUp: the caller is gone.

        Example:
            >>> call.music()
        """
        wanted = cls if on else ""
        if RESCUE in (self._music, self._rescue_music) and on:
            self._rescue_music = self._session.get_variable(variables.MUSIC) or DEFAULT_MUSIC
            self._music = self._rescue_music if self._music else ""
        if wanted == self._music:
            return
        self.flush()
        if self._music:
            self._session.execute("SET MUSIC OFF")
        if on:
            if wanted != self._rescue_music:
                self._session.set_variable(variables.MUSIC, wanted)
                self._rescue_music = wanted
            self._session.execute("SET MUSIC ON", wanted)
        self._music = wanted

    def progress(self) -> None:
        """Open the way for sound before the answer (early media: SIP's 183): prompts and music, at nobody's cost.

        Not every carrier lets its callers hear it, or sends their keys. Of an answered call it does nothing.

        Raises:
            CallerHungUp: the caller is gone.

        Example:
            >>> call.progress()
        """
        self.flush()
        if not self.answered:
            self._session.run("Progress")

    def ringing(self) -> None:
        """Let the caller hear ringing until something else is heard.

        Raises:
            CallerHungUp: the caller is gone.

        Example:
            >>> call.ringing()
        """
        self.flush()
        self.music(False)
        self._session.run("Ringing")


def _listed(sound: Spoken | Sequence[Spoken]) -> Sequence[Spoken]:
    return sound if isinstance(sound, Sequence) and not isinstance(sound, str) else [sound]
