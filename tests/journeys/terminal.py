"""A real terminal with a program of the node in it: tmux on the host, keys in, screen out."""

from __future__ import annotations

import secrets
import subprocess
from types import TracebackType
from typing import Self

from rig import wait_for
from rig.node import Node, enter_command


class Terminal:
    """A terminal of so many cells. Use it in a `with` block: its program and its tmux end with it."""

    def __init__(
        self, node: Node, command: list[str], *, size: tuple[int, int] = (80, 24), language: str = "en_US.UTF-8"
    ) -> None:
        """Starts the program. Whatever it leaves on the screen at its end stays there."""
        self._socket = f"jackfield-{secrets.token_hex(4)}"
        environment = ["env", "TERM=screen-256color", f"LANG={language}", "LC_CTYPE=C.UTF-8", "HOME=/root"]
        inside = [*enter_command(node.leader), *environment, *command]
        self._tmux("new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), *inside)
        self._tmux("set-option", "-g", "remain-on-exit", "on")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._tmux("kill-server", check=False)

    def press(self, *keys: str) -> None:
        """Keys by tmux's names (`Enter`, `Escape`, `C-f`), or characters."""
        for key in keys:
            self._tmux("send-keys", key)

    def types(self, text: str) -> None:
        """Characters, each for itself."""
        self._tmux("send-keys", "-l", text)

    def screen(self) -> str:
        """What is on it."""
        return self._tmux("capture-pane", "-p")

    def sees(self, *words: str, timeout: float = 30) -> str:
        """Waits until all of these are on the screen; the screen."""
        seen = ""

        def there() -> bool:
            nonlocal seen
            seen = self.screen()
            return all(word in seen for word in words)

        try:
            wait_for(there, timeout, "words", every=0.1)
        except TimeoutError:
            raise AssertionError(f"not seen: {[w for w in words if w not in seen]}\n{seen}") from None
        return seen

    def no_longer_sees(self, word: str, timeout: float = 30) -> None:
        """Waits until it is gone."""
        try:
            wait_for(lambda: word not in self.screen(), timeout, word, every=0.1)
        except TimeoutError:
            raise AssertionError(f"still seen: {word}\n{self.screen()}") from None

    def _tmux(self, *arguments: str, check: bool = True) -> str:
        command = ["tmux", "-u", "-L", self._socket, "-f", "/dev/null", *arguments]
        return subprocess.run(command, check=check, capture_output=True, text=True).stdout
