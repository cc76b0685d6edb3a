"""What an apply would change: objects in words, files as a diff, and what Asterisk must reload."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from jackfield.config.effects import sentences
from jackfield.config.generations import Generation
from jackfield.config.kinds import IsSecret, Kind, Refers, SiteObject
from jackfield.config.leftout import Contribution, LeftOut
from jackfield.config.reloads import Reloads, reloads
from jackfield.config.site import Site
from jackfield.prompts.library import SoundPlan

MASK = "****"
_SECRET_NAMES = frozenset({"secret", "password", "pin"})
_SECRET_LINE = re.compile(r"(?m)^([ \t]*(?:secret|password|[a-z_]*_token)[ \t]*=>?[ \t]*)\S.*$")
_WORD = re.compile(r"[A-Za-z0-9._~-]+")
_LONG = 120


@dataclass(frozen=True, slots=True)
class Change:
    """One object that was added, changed or removed.

    `fields` are its changes field by field, with secrets masked; `effects` say in sentences what changes, for whom.
    """

    action: str
    kind: str
    name: str
    fields: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        details = f": {'; '.join(self.fields)}" if self.fields else ""
        return f"{self.action} {self.kind} {self.name}{details}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an apply would do. `base` is the generation that it was compared with (None: there is none yet)."""

    site: Site
    base: int | None
    files: dict[str, str]
    sounds: SoundPlan
    new_sounds: int
    changes: list[Change]
    diffs: dict[str, str]
    reloads: Reloads
    warnings: list[str]
    fragments: list[Contribution] = field(default_factory=list)
    """Plugins' additions that are in the files."""
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing would change."""
        return self.base is not None and not (self.changes or self.reloads.files or self.new_sounds)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`: no secrets, no file contents but the differences."""
        return {
            "base": self.base,
            "changes": [asdict(change) for change in self.changes],
            "diffs": self.diffs,
            "load": self.reloads.load,
            "reload": self.reloads.reload,
            "restart": self.reloads.restart,
            "new_sounds": self.new_sounds,
            "warnings": self.warnings,
        }


def compare(
    site: Site,
    files: dict[str, str],
    sounds: SoundPlan,
    new_sounds: int,
    before: Generation | None,
    kinds: Mapping[str, Kind],
    secrets: Iterable[str],
    warnings: list[str],
    fragments: Sequence[Contribution] = (),
    left_out: Sequence[LeftOut] = (),
) -> Plan:
    """Compare what was rendered with the generation in force. `secrets` are values masked in the differences."""
    old_site = before.site_json if before else "{}"
    old_files = before.files if before else {}
    new_site = site.to_json()
    hidden = {*secrets, *_secret_values(site), *_named_secrets(json.loads(old_site))}
    return Plan(
        site=site,
        base=before.meta.number if before else None,
        files=files,
        sounds=sounds,
        new_sounds=new_sounds,
        changes=_changes(json.loads(old_site), json.loads(new_site), kinds, site),
        diffs=_diffs(old_files, files, hidden),
        reloads=reloads(old_files, files),
        warnings=list(dict.fromkeys(warnings)),
        fragments=list(fragments),
        left_out=list(left_out),
    )


# -- objects -------------------------------------------------------------------------------------------------------


def _changes(old: dict[str, Any], new: dict[str, Any], kinds: Mapping[str, Kind], site: Site) -> list[Change]:
    changes = []
    used = _users(site)
    for kind in sorted({*old, *new}):
        known = kinds.get(kind)
        before = {item["name"]: item for item in old.get(kind, [])}
        after = {item["name"]: item for item in new.get(kind, [])}
        hidden = _secret_fields(known.model) if known else _SECRET_NAMES
        for name in sorted({*before, *after}):
            was, now = before.get(name), after.get(name)
            if was == now:
                continue
            action = "added" if was is None else "removed" if now is None else "changed"
            fields = _fields(was, now, hidden) if was is not None and now is not None else {}
            users = used.get((kind, name), []) if action == "changed" else []
            effects = sentences(known, name, was, now, fields, users)
            changes.append(Change(action, kind, name, list(fields.values()), effects))
    return changes


def _users(site: Site) -> dict[tuple[str, str], list[str]]:
    """Object → objects that name it."""
    found: dict[tuple[str, str], list[str]] = {}
    for (kind, name), marks in site.marks().items():
        for mark in marks:
            if isinstance(mark.mark, Refers):
                found.setdefault((mark.mark.kind, mark.value), []).append(f"{kind} {name}")
    return found


def _fields(old: Mapping[str, Any], new: Mapping[str, Any], hidden: Iterable[str]) -> dict[str, str]:
    return {
        key: f"{key}: {MASK} → another" if key in hidden else f"{key}: {_shown(old, key)} → {_shown(new, key)}"
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    }


def _shown(item: Mapping[str, Any], key: str) -> str:
    if key not in item:
        return "(default)"
    text = json.dumps(item[key], ensure_ascii=False)
    return text if len(text) <= _LONG else text[:_LONG] + "…"


def _secret_fields(model: type[SiteObject]) -> set[str]:
    """Names of a model's fields that hold secrets."""
    marks = {n for n, f in model.model_fields.items() if IsSecret.__name__ in repr((f.annotation, f.metadata))}
    return marks | _SECRET_NAMES


def _secret_values(site: Site) -> set[str]:
    return {m.value for marks in site.marks().values() for m in marks if isinstance(m.mark, IsSecret)}


def _named_secrets(site: dict[str, Any]) -> set[str]:
    items = [item for group in site.values() for item in group]
    return {str(item[name]) for item in items for name in ("secret", "password") if item.get(name)}


def masked(body: Mapping[str, Any], model: type[SiteObject] | None) -> dict[str, Any]:
    """An object's fields without its secrets."""
    hidden = _secret_fields(model) if model else _SECRET_NAMES
    return {key: MASK if key in hidden else value for key, value in body.items()}


# -- files ---------------------------------------------------------------------------------------------------------


def _diffs(old: Mapping[str, str], new: Mapping[str, str], hidden: Collection[str]) -> dict[str, str]:
    """Unified differences by file; one that only differs in what is masked says so."""
    out = {}
    for name in sorted({*old, *new}):
        before, after = old.get(name, ""), new.get(name, "")
        if before != after:
            lines = difflib.unified_diff(
                _masked(before, hidden), _masked(after, hidden), f"{name} (now)", f"{name} (planned)", n=2
            )
            out[name] = "".join(lines) or f"{name}: secrets differ\n"
    return out


def _masked(text: str, hidden: Collection[str]) -> list[str]:
    """Lines without secrets. A large site has many that are one word: the words of the text are looked up in them."""
    text = _SECRET_LINE.sub(rf"\g<1>{MASK}", text)
    text = _WORD.sub(lambda word: MASK if word[0] in hidden else word[0], text)
    for secret in hidden:
        if secret and not _WORD.fullmatch(secret):
            text = text.replace(secret, MASK)
    return text.splitlines(keepends=True)
