"""Secrets that the machine makes for itself."""

from __future__ import annotations

import os
import secrets
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from pydantic import ValidationError

from jackfield.config.files import make_folder, write_file
from jackfield.config.kinds import IsSecret, Kind, SiteObject
from jackfield.config.references import marked
from jackfield.config.site import Site
from jackfield.errors import SettingsError
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")


def new_secret() -> str:
    """192 random bits in letters, digits, '-' and '_'."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Secrets:
    """`secrets.toml`: what Asterisk and the daemon know of each other. Readable by the daemon's user alone."""

    ami_secret: str
    """Password of Asterisk's manager; also in the generated manager.conf."""
    agi_token: str
    """First argument of every AGI request; also in the generated dialplan. Strangers on the AGI port lack it."""

    @classmethod
    def load(cls, path: Path, *, create: bool = True) -> Secrets:
        """Read the secrets; the first call makes them.

        Raises:
            SettingsError: the file cannot be read or made, or lacks a secret.
        """
        try:
            if create and not path.exists():
                _make(path, [field.name for field in fields(cls)])
            found = tomllib.loads(path.read_text())
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(
                _("{path} cannot be read: {error}; run this as user jackfield or root").format(path=path, error=error)
            ) from None
        values = {field.name: found.get(field.name) for field in fields(cls)}
        if lacking := [name for name, value in values.items() if not isinstance(value, str) or not value]:
            raise SettingsError(
                _("{path} lacks {lacking}; remove the file, and `jackfield apply` makes a new one").format(
                    path=path, lacking=", ".join(lacking)
                )
            )
        return cls(**{name: str(value) for name, value in values.items()})


def _make(path: Path, names: list[str]) -> None:
    """Make the file; when another process was quicker, its file stays."""
    make_folder(path.parent)
    mine = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    lines = [f'{name} = "{new_secret()}"\n' for name in names]
    write_file(mine, "# Made by jackfield; Asterisk has them in its generated files.\n" + "".join(lines), 0o600)
    try:
        os.link(mine, path)
    except FileExistsError:
        pass
    finally:
        mine.unlink()


def fill_secrets(site: Site, previous: Site, kinds: Mapping[str, Kind]) -> Site:
    """Secrets that an import left out: kept from the site before, or made where the kind wants one."""
    objects: dict[str, list[SiteObject]] = {}
    for (kind, name), item in site.objects().items():
        old = previous.find(kind, name)
        objects.setdefault(kind, []).append(_filled(item, old, kinds[kind].generated))
    return Site(objects, site.number)


def _filled(item: SiteObject, old: SiteObject | None, generated: tuple[str, ...]) -> SiteObject:
    kept = {m.path[0]: m.value for m in marked(old) if isinstance(m.mark, IsSecret) and len(m.path) == 1} if old else {}
    for field in sorted({*kept, *generated}, key=str):
        if getattr(item, str(field), None) is not None:
            continue
        value = kept.get(field) or new_secret()
        try:
            item = type(item).model_validate(item.model_dump() | {str(field): value})
        except ValidationError:
            continue  # it has no use there any more (a trunk that lost its username)
    return item
