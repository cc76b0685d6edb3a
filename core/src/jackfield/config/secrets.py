"""Secrets that the machine makes for itself."""

from __future__ import annotations

import secrets
import tomllib
from pathlib import Path

from pydantic import ValidationError

from jackfield.config.files import make_folder, write_file
from jackfield.config.kinds import IsSecret, Kind, SiteObject
from jackfield.config.references import marked
from jackfield.config.site import Site
from jackfield.errors import SettingsError


def new_secret() -> str:
    """192 random bits in letters, digits, '-' and '_'."""
    return secrets.token_urlsafe(24)


def ami_secret(path: Path, *, create: bool = True) -> str:
    """The password of Asterisk's manager, from `secrets.toml`; made at the first call.

    Raises:
        SettingsError: the file cannot be read, or holds no secret.
    """
    if create and not path.exists():
        make_folder(path.parent)
        write_file(path, f'# Made by jackfield. Asterisk has it in manager.conf.\nami_secret = "{new_secret()}"\n', 0o600)
    try:
        found = tomllib.loads(path.read_text()).get("ami_secret")
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {error}; run `jackfield apply` as root once to make it") from None
    if not isinstance(found, str) or not found:
        raise SettingsError(f"{path} holds no ami_secret; remove the file, and `jackfield apply` makes a new one")
    return found


def fill_secrets(site: Site, previous: Site, kinds: dict[str, Kind]) -> Site:
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
