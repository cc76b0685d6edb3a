"""What plugins add to the console and the web interface. Only declared here: the daemon never imports it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jackfield.control.method import Role

_TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_PATH = re.compile(r"/(?:[a-z0-9_-]+|\{[a-z_]+\})(?:/(?:[a-z0-9_-]+|\{[a-z_]+\}))*")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


def _check_target(what: str, target: str) -> None:
    if not _TARGET.fullmatch(target):
        raise ValueError(f"{what}: {target!r} is not of the form package.module:Name")


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen of the console (`jackfield console`), imported when somebody opens it.

    Args:
        name: unique, begins with the plugin's name, as `bank.balances`.
        title: for people.
        target: `package.module:Class`, a `textual.screen.Screen`.
        key: the key that opens it, '' for none.

    Raises:
        ValueError: something is not of its form.

    >>> Screen("bank.balances", "Balances", "jackfield_bank.screens:Balances", key="b").key
    'b'
    """

    name: str
    title: str
    target: str
    key: str = ""

    def __post_init__(self) -> None:
        _check_target(f"screen {self.name[:80]}", self.target)
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"screen {self.name[:80]!r}: a name has small letters, digits, '.' and '-'")
        if len(self.key) > 1 or not self.key.isprintable():
            raise ValueError(f"screen {self.name}: {self.key!r} is not one key")


@dataclass(frozen=True, slots=True)
class WebRoute:
    """A page of the web interface, below `/plugins/NAME`, imported when it is first asked for.

    Args:
        path: begins with `/`; `{number}` takes a value.
        target: `package.module:function`, which answers a request.
        role: the least that may see it.
        title: in the menu; '' keeps it out.

    Raises:
        ValueError: something is not of its form.

    >>> WebRoute("/accounts/{number}", "jackfield_bank.web:account", Role.OPERATOR).path
    '/accounts/{number}'
    """

    path: str
    target: str
    role: Role = Role.ADMIN
    title: str = ""

    def __post_init__(self) -> None:
        _check_target(f"route {self.path[:80]}", self.target)
        if not _PATH.fullmatch(self.path):
            raise ValueError(f"route {self.path[:80]!r}: a path is /words, or /words/{{value}}")
