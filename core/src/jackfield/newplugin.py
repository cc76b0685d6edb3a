"""`jackfield plugin new`: a working plugin from the template, ready to be tested, packaged and changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from jackfield.errors import JackfieldError
from jackfield.plugins import API

_NAME = re.compile(r"[a-z][a-z0-9]{2,24}")
_AUTHOR = re.compile(r"[^<>\x00-\x1f\"\\]{1,80}")
_EMAIL = re.compile(r"[A-Za-z0-9.!#%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")
_TAKEN = frozenset({"template", "testing", "core", "jackfield"})
_SUFFIX = ".in"


def new_plugin(name: str, into: Path, *, author: str, email: str, title: str = "") -> list[Path]:
    """Write a plugin into the folder `into/jackfield-NAME`.

    Args:
        name: of the plugin: small letters and digits, beginning with a letter.
        into: the folder, which must exist.
        author: who signs the package.
        email: the author's address.
        title: what it is called; by default its name.

    Returns:
        The files written.

    Raises:
        JackfieldError: a name or address cannot be used, or the folder is there already; nothing is written.
    """
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise JackfieldError(f"{name!r} cannot name a plugin; use 3 to 25 small letters and digits")
    if not _AUTHOR.fullmatch(author) or not _EMAIL.fullmatch(email):
        raise JackfieldError(f"{author[:60]!r} <{email[:60]}> cannot sign a package; give --author and --email")
    title = title or name.capitalize()
    if not re.fullmatch(r"[\w ,.'()-]{1,60}", title):
        raise JackfieldError(f"{title[:60]!r} cannot be a title; use letters, digits and spaces, at most 60")
    now = datetime.now(UTC)
    values = {
        "name": name,
        "Class": name.capitalize(),
        "title": title,
        "lowtitle": title[:1].lower() + title[1:],
        "author": author,
        "email": email,
        "major": API.partition(".")[0],
        "api": API,
        "year": str(now.year),
        "date": format_datetime(now),
    }
    target = into / f"jackfield-{name}"
    if not into.is_dir():
        raise JackfieldError(f"there is no folder {into}; make it first")
    if target.exists():
        raise JackfieldError(f"{target} is there already; take another name, or remove it")
    written: list[Path] = []
    for path, text in _template():
        file = target / _place(path, values)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_filled(text, values), encoding="utf-8")
        file.chmod(0o755 if path == "debian/rules" else 0o644)
        written.append(file)
    return sorted(written, key=lambda file: (len(file.parts), file))


def _template() -> Iterator[tuple[str, str]]:
    """The template's files: path without suffix, and text."""

    def below(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
        for item in sorted(folder.iterdir(), key=lambda found: found.name):
            if item.is_dir():
                yield from below(item, f"{prefix}{item.name}/")
            elif item.name.endswith(_SUFFIX):
                yield prefix + item.name.removesuffix(_SUFFIX), item.read_text(encoding="utf-8")

    return below(files("jackfield") / "template", "")


def _place(path: str, values: dict[str, str]) -> str:
    """Where a file of the template goes. Folders named `tests` stay out of our own packages, hence `_tests`."""
    package = f"debian/jackfield-plugin-{values['name']}"
    special = {
        "gitignore": ".gitignore",
        "debian/lintian-overrides": f"{package}.lintian-overrides",
        "debian/triggers": f"{package}.triggers",
        "debian/postrm": f"{package}.postrm",
    }
    return special.get(path, path.replace("NAME", values["name"]).replace("_tests/", "tests/", 1))


def _filled(text: str, values: dict[str, str]) -> str:
    return re.sub(r"<<(\w+)>>", lambda found: values[found[1]], text)
