"""Line numbers of keys in a TOML text: `tomllib` gives values, but not where they stand.

The text must have been accepted by `tomllib`; the scanner relies on it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from jackfield.config.problems import Path

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_PLAIN = re.compile(r"[^,\]}#\n]*")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}' r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)


class Lines:
    """Where each key and each array element of a text stands."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._at = 0
        self._found: dict[Path, int] = {}
        self._arrays: dict[Path, int] = {}
        self._counted = (0, 1)
        self._document()

    def line(self, path: Path) -> int:
        """The line (from 1) of a path such as `("queue", 0, "agents", 2)`, or of the nearest known part above it."""
        while path and path not in self._found:
            path = path[:-1]
        return self._found.get(path, 1)

    # -- reading ---------------------------------------------------------------------------------------------------

    def _document(self) -> None:
        table: Path = ()
        while True:
            self._skip(_SPACE)
            if self._at >= len(self._text):
                return
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        start = self._at
        array = self._text.startswith("[[", self._at)
        self._at += 2 if array else 1
        keys = list(self._keys("]"))
        self._at += 2 if array else 1
        path: Path = ()
        for key in keys[:-1]:
            self._note((*path, key), start)
            path = self._into((*path, key))
        path = (*path, keys[-1])
        if array:
            index = self._arrays.get(path, -1) + 1
            self._arrays[path] = index
            self._note(path, start)
            path = (*path, index)
        self._note(path, start)
        return path

    def _into(self, path: Path) -> Path:
        """A table's path; the last element when it is an array of tables."""
        return (*path, self._arrays[path]) if path in self._arrays else path

    def _pair(self, table: Path) -> None:
        start = self._at
        path = table
        for key in self._keys("="):
            path = (*path, key)
            self._note(path, start)
        self._at += 1
        self._skip(_BLANK)
        self._value(path)

    def _keys(self, end: str) -> Iterator[str]:
        """The parts of a dotted key up to `end`."""
        self._skip(_BLANK)
        while self._text[self._at] != end:
            if self._text[self._at] == ".":
                self._at += 1
                self._skip(_BLANK)
                continue
            if self._text[self._at] in "\"'":
                yield str(tomllib.loads("k=" + self._skip(_STRING))["k"])
            else:
                yield self._skip(_BARE)
            self._skip(_BLANK)

    def _value(self, path: Path) -> None:
        char = self._text[self._at]
        if char == "[":
            self._array(path)
        elif char == "{":
            self._inline(path)
        else:
            self._skip(_STRING if char in "\"'" else _PLAIN)

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        self._skip(_SPACE)
        while self._text[self._at] != "]":
            self._note((*path, index), self._at)
            self._value((*path, index))
            index += 1
            self._skip(_SPACE)
            if self._text[self._at] == ",":
                self._at += 1
                self._skip(_SPACE)
        self._at += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        self._skip(_SPACE)
        while self._text[self._at] != "}":
            self._pair(path)
            self._skip(_SPACE)
            if self._text[self._at] == ",":
                self._at += 1
                self._skip(_SPACE)
        self._at += 1

    # -- helpers ---------------------------------------------------------------------------------------------------

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError(f"cannot follow the text at offset {self._at}")
        self._at = found.end()
        return found.group()

    def _note(self, path: Path, offset: int) -> None:
        last, line = self._counted
        if offset < last:
            last, line = 0, 1
        line += self._text.count("\n", last, offset)
        self._counted = (offset, line)
        self._found.setdefault(path, line)
