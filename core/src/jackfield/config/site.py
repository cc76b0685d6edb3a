"""The site: an immutable set of objects, by kind and name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TypeVar

from pydantic import ValidationError

from jackfield.config.kinds import Kind, SiteObject
from jackfield.config.objects.general import General
from jackfield.config.references import Marked, marked
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")

M = TypeVar("M", bound=SiteObject)


class Site:
    """What a site holds. Reading is by kind and name; nothing changes after it is made."""

    def __init__(self, objects: Mapping[str, Iterable[SiteObject]], number: int = 0) -> None:
        """`number` is the generation that this site was applied as, 0 if it was not."""
        self._objects = {kind: {o.name: o for o in items} for kind, items in objects.items()}
        self.number = number
        self._marks: dict[tuple[str, str], list[Marked]] | None = None
        self._owned: dict[tuple[str, str], list[str]] | None = None

    def __eq__(self, other: object) -> bool:
        """Equal when they hold equal objects; no `general` is the same as its defaults."""
        return isinstance(other, Site) and self.general == other.general and self._others() == other._others()

    __hash__ = None  # type: ignore[assignment]

    def _others(self) -> dict[tuple[str, str], SiteObject]:
        return {key: item for key, item in self.objects().items() if key[0] != "general"}

    def objects(self) -> dict[tuple[str, str], SiteObject]:
        """Every object by (kind, name), sorted."""
        return {(k, n): v[n] for k, v in sorted(self._objects.items()) for n in sorted(v)}

    def marks(self) -> dict[tuple[str, str], list[Marked]]:
        """Every object's marked values (`references.marked`), found once."""
        if self._marks is None:
            self._marks = {key: list(marked(item)) for key, item in self.objects().items()}
        return self._marks

    def find(self, kind: str, name: str) -> SiteObject | None:
        """The object whatever its model is, or None."""
        return self._objects.get(kind, {}).get(name)

    def get(self, kind: str, name: str, model: type[M]) -> M | None:
        """The object, or None. `model` is there for the type."""
        found = self._objects.get(kind, {}).get(name)
        return found if isinstance(found, model) else None

    def all(self, kind: str, model: type[M]) -> list[M]:
        """All objects of a kind, by name."""
        return [o for _, o in sorted(self._objects.get(kind, {}).items()) if isinstance(o, model)]

    def names(self, kind: str) -> list[str]:
        """Names of a kind's objects, sorted."""
        return sorted(self._objects.get(kind, {}))

    def owned(self, kind: str, owner: str) -> list[str]:
        """Names of a kind's objects that belong to another object by name, as `201-mobile` to `201`."""
        if self._owned is None:
            found: dict[tuple[str, str], list[str]] = {}
            for which, items in self._objects.items():
                for name in sorted(items):
                    found.setdefault((which, name.partition("-")[0]), []).append(name)
            self._owned = found
        return self._owned.get((kind, owner), [])

    def kinds(self) -> list[str]:
        """Kinds that have at least one object."""
        return sorted(k for k, v in self._objects.items() if v)

    @property
    def general(self) -> General:
        """The one `general` object, or the defaults."""
        return self.get("general", "site", General) or General(name="site")

    def to_json(self) -> str:
        """The whole site as JSON: `{kind: [object, …]}`, sorted, defaults left out."""
        groups: dict[str, list[dict[str, object]]] = {}
        for (kind, name), item in self.objects().items():
            groups.setdefault(kind, []).append(item.model_dump(mode="json", exclude_defaults=True) | {"name": name})
        return json.dumps(groups, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str, kinds: Mapping[str, Kind], number: int = 0) -> tuple[Site, list[str]]:
        """Read what `to_json` wrote.

        An object whose kind is unknown (its plugin is gone) or that its model refuses is left out and reported, so
        that one plugin cannot keep the rest of a site from being served.

        Returns:
            The site, and a sentence for each object left out.
        """
        objects: dict[str, list[SiteObject]] = {}
        left_out: list[str] = []
        for kind, items in json.loads(text).items():
            known = kinds.get(kind)
            if known is None:
                left_out.append(
                    _("{kind}: no installed plugin knows this kind; its {count} object(s) are left out").format(
                        kind=kind, count=len(items)
                    )
                )
                continue
            for item in items:
                try:
                    objects.setdefault(kind, []).append(known.model.model_validate(item))
                except ValidationError as error:
                    left_out.append(
                        _("{kind}:{name} is left out: {why}").format(
                            kind=kind, name=item.get("name", "?"), why=error.errors()[0]["msg"]
                        )
                    )
        return cls(objects, number), left_out
