"""An object while it is edited: what was typed, what is unsaved, undo and redo, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jackfield_admintui.editing.fields import FieldSpec, KindSpec
from jackfield_admintui.editing.texts import NoValue, read, written

NAME = "name"
MASK = "****"
"""What the daemon says in place of a secret that is set."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a field ('' for the object as a whole), or strange (`refuses` is False)."""

    field: str
    text: str
    refuses: bool = True


@dataclass(frozen=True, slots=True)
class _Step:
    field: str
    before: str
    after: str


class Form:
    """An object being edited. Texts are kept as typed, whatever is wrong with them."""

    def __init__(
        self, spec: KindSpec, name: str = "", fields: Mapping[str, Any] | None = None, revision: int = 0
    ) -> None:
        """`fields` are those that are set, as the daemon tells them; `revision` is 0 for a new object."""
        self.spec, self.revision = spec, revision
        self._saved = self._texts(name, fields or {})
        self._now = dict(self._saved)
        self._done: list[_Step] = []
        self._undone: list[_Step] = []
        self.told: list[Finding] = []
        """What the daemon said of the content last."""

    def _texts(self, name: str, fields: Mapping[str, Any]) -> dict[str, str]:
        texts = {}
        for field in self.spec.fields:
            value = name if field.name == NAME else fields.get(field.name)
            if field.key:
                value = value.get(field.key) if isinstance(value, Mapping) else None
            texts[field.id] = "" if field.secret and value == MASK else written(value, field)
        self.secrets_set = {f.id for f in self.spec.fields if f.secret and fields.get(f.name) is not None}
        return texts

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """As it is written now."""
        return self._now[NAME].strip()

    @property
    def new(self) -> bool:
        """Whether the draft has not got it yet."""
        return self.revision == 0

    @property
    def changed(self) -> set[str]:
        """Fields whose text is not what is saved."""
        return {identity for identity, text in self._now.items() if text != self._saved[identity]}

    def text(self, identity: str) -> str:
        """What is written in a field."""
        return self._now[identity]

    def values(self) -> dict[str, Any]:
        """Field → value for what is unsaved, of a new object all that is set; None: back to the default.

        Raises:
            NoValue: a text stands for no value.
        """
        wanted = {f.name for f in self.spec.fields if f.id in self.changed or (self.new and self._now[f.id].strip())}
        return {name: self._value(name) for name in sorted(wanted - {NAME})}

    def _value(self, name: str) -> Any:
        mine = [field for field in self.spec.fields if field.name == name]
        if not mine[0].key:
            return read(self._now[name], mine[0])
        found = {field.key: value for field in mine if (value := read(self._now[field.id], field)) is not None}
        return found or None

    def findings(self) -> list[Finding]:
        """What is wrong or strange: texts that are no values, then what the daemon said last."""
        return [*self._unreadable(), *self.told]

    def _unreadable(self) -> Iterable[Finding]:
        for field in self.spec.fields:
            try:
                read(self._now[field.id], field)
            except NoValue as error:
                yield Finding(field.id, str(error))

    @property
    def readable(self) -> bool:
        """Whether there is something to ask the daemon about."""
        return not any(self._unreadable())

    # -- changing --------------------------------------------------------------------------------------------------

    def write(self, identity: str, text: str) -> None:
        """Change a field's text. Keystrokes in a row in one field are one step to undo."""
        before = self._now[identity]
        if text == before:
            return
        self._now[identity] = text
        self._undone.clear()
        if self._done and self._done[-1].field == identity and _goes_on(self._done[-1], text):
            self._done[-1] = _Step(identity, self._done[-1].before, text)
        else:
            self._done.append(_Step(identity, before, text))

    def undo(self) -> str | None:
        """Take the last step back; its field, or None when there is none."""
        return self._step(self._done, self._undone, back=True)

    def redo(self) -> str | None:
        """Do again what was undone."""
        return self._step(self._undone, self._done, back=False)

    def _step(self, source: list[_Step], target: list[_Step], *, back: bool) -> str | None:
        if not source:
            return None
        step = source.pop()
        target.append(step)
        self._now[step.field] = step.before if back else step.after
        return step.field

    def begin_with(self, name: str, fields: Mapping[str, Any]) -> None:
        """Write these (a copy's) into a new object's form; secrets are not copied."""
        for identity, text in self._texts(name, fields).items():
            self._now[identity] = text
        self.secrets_set = set()

    def rebase(self, fields: Mapping[str, Any], revision: int) -> None:
        """Others have saved these: they show in all fields that were not written in here."""
        mine = {identity: self._now[identity] for identity in self.changed}
        self._saved = self._texts(self.name, fields)
        self._now = self._saved | mine
        self.revision = revision
        self._done.clear()
        self._undone.clear()

    def hear(self, problems: Iterable[Mapping[str, Any]]) -> None:
        """What the daemon says of the content (`site.examine`)."""
        self.told = [self._finding(problem) for problem in problems]

    def _finding(self, problem: Mapping[str, Any]) -> Finding:
        path = list(problem["path"]) if problem["name"] in (self.name, "", "#1") else []
        inner = f"{path[0]}.{path[1]}" if len(path) > 1 else ""
        known: FieldSpec | None = self.spec.field(inner) or (self.spec.field(str(path[0])) if path else None)
        if known is None and path:
            known = next((field for field in self.spec.fields if field.name == path[0]), None)
        other = f"{problem['kind']} {problem['name']}: " if problem["name"] not in (self.name, "", "#1") else ""
        return Finding(known.id if known else "", other + problem["text"], bool(problem["refuses"]))

    def saved(self, revision: int) -> None:
        """What is written now is in the draft, at this revision. Typed secrets are hidden from now on."""
        self.revision = revision
        for field in self.spec.fields:
            if field.secret:
                if self._now[field.id] or field.name in self.spec.generated:
                    self.secrets_set.add(field.id)
                self._now[field.id] = ""
        self._saved = dict(self._now)
        self._done.clear()
        self._undone.clear()


def _goes_on(step: _Step, text: str) -> bool:
    """Whether a change is the next keystroke: one letter more or less, and no new word."""
    return abs(len(text) - len(step.after)) <= 1 and not (text.endswith((" ", "\n")) and not step.after.endswith(" "))
