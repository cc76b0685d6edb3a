"""AMI messages, parsed as late as possible: most events are only looked at by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_MARKS: dict[str, bytes] = {}
"""What a header looks like within a message. The keys are those that our code asks for."""


def _missing(key: str) -> str:
    raise KeyError(key)


class Message(Mapping[str, str]):
    """One AMI event or response; of most, few headers are looked at. A repeated header keeps its last value."""

    __slots__ = ("_headers", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._headers: dict[str, str] | None = None

    @property
    def event(self) -> str:
        """The event's name, '' for a response."""
        if not self._raw.startswith(b"Event: "):
            return ""
        end = self._raw.find(b"\r\n")
        return self._raw[7 : end if end >= 0 else None].decode("utf-8", "replace")

    def headers(self) -> dict[str, str]:
        """All headers."""
        if self._headers is None:
            lines = self._raw.decode("utf-8", "replace").split("\r\n")
            try:
                self._headers = dict([line.split(": ", 1) for line in lines])
            except ValueError:
                self._headers = _odd_headers(lines)
        return self._headers

    def __getitem__(self, key: str) -> str:
        if self._headers is not None:
            return self._headers[key]
        mark = _MARKS.get(key) or _MARKS.setdefault(key, f"\r\n{key}:".encode())
        start = self._raw.rfind(mark)
        if start < 0:  # the first line has no line break before it
            return self.headers()[key] if self._raw.startswith(mark[2:]) else _missing(key)
        start += len(mark)
        end = self._raw.find(b"\r\n", start)
        return self._raw[start : end if end >= 0 else None].decode("utf-8", "replace").removeprefix(" ")

    def __iter__(self) -> Iterator[str]:
        return iter(self.headers())

    def __len__(self) -> int:
        return len(self.headers())

    def variables(self) -> dict[str, str]:
        """`ChanVariable: name=value` or `Variable: name=value` lines, of which there may be many."""
        found = {}
        for line in self._raw.decode("utf-8", "replace").split("\r\n"):
            if line.startswith(("ChanVariable: ", "Variable: ")):
                name, equals, value = line.partition(": ")[2].partition("=")
                if equals:
                    found[name] = value
        return found

    def output(self) -> list[str]:
        """`Output:` lines of a Command's response."""
        lines = self._raw.decode("utf-8", "replace").split("\r\n")
        return [line.partition(": ")[2] for line in lines if line.startswith("Output:")]


def _odd_headers(lines: list[str]) -> dict[str, str]:
    """Headers of a message in which not every line is `Key: value`."""
    headers = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if colon:
            headers[key] = value.removeprefix(" ")
    return headers


class Splitter:
    """Cuts a byte stream into messages."""

    def __init__(self, limit: int = 1 << 20) -> None:
        """`limit` is the longest message taken, in bytes."""
        self._rest = b""
        self._limit = limit

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete now, without their blank line.

        Raises:
            ValueError: the peer sends a message without end.
        """
        *whole, rest = (self._rest + data).split(b"\r\n\r\n")
        if len(rest) > self._limit:
            raise ValueError(f"a message of more than {self._limit} bytes")
        self._rest = rest
        return whole
