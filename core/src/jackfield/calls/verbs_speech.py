"""Verbs that the caller hears: answering, prompts, music, ringing."""

from __future__ import annotations

from collections.abc import Sequence

from jackfield.calls.basis import CallBasis
from jackfield.errors import CommandFailed

KEYS = "0123456789*#"


class Speech(CallBasis):
    """What is played to the caller."""

    def answer(self, *, at_once: bool = False) -> None:
        """Answer, once.

        Asterisk waits up to 500 ms for the caller's first sound, so that a prompt is heard from its first word;
        `at_once` does without, for what comes next is ringing or music.
        """
        self.flush()
        if self.answered:
            return
        if at_once:
            self._session.run("Answer", "", "i")
        else:
            self._session.answer()
        self.answered = True

    def play(self, sound: str | Sequence[str], *, keys: str = "", interruptible: bool = False) -> str:
        """Play prompts one after the other.

        Args:
            sound: names of prompts; `digits:123` and `number:5` are spoken.
            keys: keys that stop it.
            interruptible: another thread may stop it through `core.asterisk.interrupt_playback`.

        Returns:
            The key that stopped it, or ''. A prompt that is missing is passed over and logged by Asterisk's caller.
        """
        self.flush()
        self.music(False)
        for name in [sound] if isinstance(sound, str) else sound:
            for path in self._files(name):
                key = self._play_file(path, keys, interruptible)
                if key:
                    return key
                if interruptible and not self._wakes.empty():
                    return ""
        return ""

    def _play_file(self, path: str, keys: str, interruptible: bool) -> str:
        try:
            if not interruptible:
                return str(self._session.stream_file(path, keys))
            value = self._session.execute("CONTROL STREAM FILE", path, f'"{keys}"')["result"][0]
            return chr(int(value)) if value not in ("0", "") and chr(int(value)) in KEYS else ""
        except CommandFailed:
            return ""

    def _files(self, name: str) -> list[str]:
        kind, colon, text = name.partition(":")
        if colon and kind == "number" and text.isdigit() and int(text) < 100:
            names = [f"number-{int(text)}"]
        elif colon and kind in ("digits", "number"):
            names = [f"digit-{c}" for c in text if c.isdigit()]
        else:
            names = [name]
        found = (self._sounds.file(one, self.language) for one in names)
        return [path for path in found if path]

    def music(self, on: bool = True, cls: str = "default") -> None:
        """Start or stop music on hold."""
        if on == self._music:
            return
        self.flush()
        if on:
            self._session.execute("SET MUSIC ON", cls)
        else:
            self._session.execute("SET MUSIC OFF")
        self._music = on

    def ringing(self) -> None:
        """Let the caller hear ringing until something else is heard."""
        self.flush()
        self.music(False)
        self._session.run("Ringing")
