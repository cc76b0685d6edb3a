"""One finding about a site: where, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding.

    `kind` and `name` say which object, `path` which of its fields. `absent` marks a destination or a kind that no
    installed plugin brings: a mistake in a file being imported, a warning once the site was accepted. A `warning` is
    shown and refuses nothing.
    """

    text: str
    kind: str = ""
    name: str = ""
    path: Path = ()
    line: int = 0
    absent: bool = False
    warning: bool = False

    @property
    def refuses(self) -> bool:
        """Whether the site cannot be taken with it."""
        return not self.warning

    def __str__(self) -> str:
        where = [_("line {line}").format(line=self.line)] if self.line else []
        if self.kind:
            where.append(f"{self.kind} {self.name}".strip())
        if field := field_name(self.path):
            where.append(field)
        return f"{', '.join(where)}: {self.text}" if where else self.text


def field_name(path: Path) -> str:
    """`('options', 1, 'to')` as `options[1].to`."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{part}"
    return out.removeprefix(".")


def sentences(problems: Iterable[Problem]) -> list[str]:
    """The findings by line, each once."""
    return list(dict.fromkeys(str(p) for p in sorted(problems, key=lambda p: p.line)))
