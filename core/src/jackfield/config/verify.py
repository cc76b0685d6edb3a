"""Whether a running Asterisk has what a generation says: endpoints, registrations, dialplan, queues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jackfield.config.conf_syntax import Parsed, parse

if TYPE_CHECKING:
    from jackfield.config.apply import AsteriskControl

_NO_QUEUES = frozenset({"general"})


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that Asterisk should have and has not; `file` is where it is written, `section` its section there."""

    what: str
    name: str
    file: str
    section: str

    def __str__(self) -> str:
        return f"{self.what} {self.name}"


def lacking(asterisk: AsteriskControl, files: Mapping[str, str]) -> list[Lack]:
    """What Asterisk lacks of a generation.

    Raises:
        NotConnected: it is away.
        CommandFailed: it does not tell.
    """
    pjsip, dialplan = _ours(files, "pjsip.conf"), _ours(files, "extensions.conf")
    missing = [Lack("endpoint", n, "pjsip.conf", n) for n in _typed(pjsip, "endpoint") - asterisk.endpoints()]
    if wanted := _typed(pjsip, "registration"):
        missing += [Lack("registration", n, "pjsip.conf", n) for n in wanted - asterisk.registrations()]
    missing += _dialplan(dialplan, asterisk)
    if queues := _ours(files, "queues.conf").names() - _NO_QUEUES:
        missing += [Lack("queue", n, "queues.conf", n) for n in queues - asterisk.queues()]
    return sorted(missing, key=str)


def _dialplan(ours: Parsed, asterisk: AsteriskControl) -> list[Lack]:
    """Contexts that are not there, and extensions that are not in theirs."""
    there = asterisk.dialplan()
    missing = []
    for context, pairs in ours.sections:
        wanted = {_plain(value.partition(",")[0]) for key, value in pairs if key == "exten"}
        if wanted and context not in there:
            missing.append(Lack("context", context, "extensions.conf", context))
        elif gone := wanted - {_plain(name) for name in there.get(context, ())}:
            names = ", ".join(sorted(gone)[:5])
            missing.append(Lack("extension", f"{names} in context {context}", "extensions.conf", context))
    return missing


def _plain(extension: str) -> str:
    """Asterisk ignores dashes and blanks in the names of extensions."""
    return extension.strip().replace("-", "").replace(" ", "")


def _typed(parsed: Parsed, kind: str) -> set[str]:
    return {name for name, pairs in parsed.sections if ("type", kind) in pairs}


def _ours(files: Mapping[str, str], name: str) -> Parsed:
    """A file without the line that includes hand-written additions."""
    text = "\n".join(line for line in files.get(name, "").split("\n") if not line.startswith("#"))
    return parse(text, name)
