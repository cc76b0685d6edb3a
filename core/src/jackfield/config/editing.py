"""Everything that changes the draft: import, single fields, undo, discard; and what two admins do to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from jackfield.config.certificates import certificate_problems
from jackfield.config.check import check_site
from jackfield.config.conf_syntax import parse
from jackfield.config.draft import (
    Bodies,
    Draft,
    Revision,
    bodies_from,
    bodies_of,
    clashes,
    differing,
    merged,
    to_json,
    undoable,
    without,
)
from jackfield.config.exporter import export_site, revision_of
from jackfield.config.generations import Generations
from jackfield.config.importer import import_site, look_at_object, read_object
from jackfield.config.lock import site_lock
from jackfield.config.paths import Paths
from jackfield.config.problems import Problem, sentences
from jackfield.config.secrets import fill_secrets
from jackfield.config.site import Site
from jackfield.config.store import history
from jackfield.config.uploads import Uploads
from jackfield.config.wanted import Wanted
from jackfield.errors import JackfieldError, SiteError
from jackfield.i18n import gettext_for
from jackfield.plugins import PluginHost
from jackfield.prompts.library import Library
from jackfield.prompts.tools import SoundError
from jackfield.routing.destinations import DestinationKind
from jackfield.storage.engine import Database

_ = gettext_for("jackfield")
ReadFile = Callable[[str], bytes]


class DraftChanged(JackfieldError):
    """Somebody else has changed the draft since it was looked at; the message says who, what and when."""


class Meanwhile(StrEnum):
    """What to do with what others changed in the draft meanwhile."""

    REFUSE = "refuse"
    MERGE = "merge"
    REPLACE = "replace"


class Editing:
    """A site's draft. Methods that change it hold the site's lock meanwhile."""

    def __init__(self, host: PluginHost, database: Database, author: str, paths: Paths, library: Library) -> None:
        self._host, self._database, self._author = host, database, author
        self.paths, self._library = paths, library
        self.generations = Generations(paths)
        self.drafts = Draft(database)

    # -- reading ---------------------------------------------------------------------------------------------------

    def draft(self) -> tuple[Site, list[str]]:
        """The draft, and a sentence for each object that had to be left out."""
        return Site.from_json(to_json(self.drafts.bodies()), self._host.kinds())

    def in_force(self) -> Site | None:
        """The site of the generation in force; None before the first."""
        current = self.generations.current()
        if current is None:
            return None
        return Site.from_json(self.generations.load(current).site_json, self._host.kinds(), current)[0]

    def export_text(self) -> str:
        """The draft as TOML, secrets included; its first line tells a later import what it was made from."""
        revision = self.drafts.revision()
        text = export_site(self.draft()[0], revision)
        self.drafts.see(self._author)
        return text

    def check(self) -> list[Problem]:
        """What is wrong with the draft, or strange."""
        return self._check(self.draft()[0])

    def revisions(self, limit: int = 50) -> list[Revision]:
        """Changes of the draft, newest first."""
        return self.drafts.revisions(limit=limit)

    def keep_sound(self, data: bytes) -> str:
        """Keep a sound file, for a prompt of the draft to name.

        Raises:
            SiteError: it is none that can be played.
        """
        try:
            return self._library.keep_upload(data)
        except SoundError as error:
            raise SiteError([_("the file {problem}").format(problem=error)]) from None

    # -- changing --------------------------------------------------------------------------------------------------

    def import_text(self, text: str, read_file: ReadFile, meanwhile: Meanwhile = Meanwhile.REFUSE) -> Site:
        """Replace the draft with a site file's; all of it, or on any mistake nothing.

        Args:
            text: the TOML text.
            read_file: gives the bytes of a sound that the text names; raises OSError.
            meanwhile: what to do when others have changed the draft since the file was exported.

        Raises:
            SiteError: with every mistake and its line.
            DraftChanged: others have changed the draft meanwhile; nothing has changed.
            SiteBusy: somebody else is changing the site.
        """
        with site_lock(self.paths.lock, self._author, "import"):
            uploads = Uploads(self._library, self.paths.sources, read_file)
            kinds = self._host.kinds()
            site = import_site(text, kinds, self._destinations(), uploads.problem, self._codes(), self.music())
            current, _left_out = self.draft()
            site = fill_secrets(uploads.kept(site), current, kinds)
            mine, now = bodies_of(site), self.drafts.bodies()
            mine |= {key: body for key, body in now.items() if key[0] not in kinds}
            base = self._base() if (found := revision_of(text)) is None else found
            mine = self._reconcile(base, mine, now, meanwhile)
            self.drafts.save(mine, self._author, "import")
        return self.draft()[0]

    def set_fields(self, kind: str, name: str, fields: Mapping[str, Any], expected: int | None = None) -> int:
        """Change the named fields of an object (None: back to its default), or make the object.

        Args:
            kind: its kind.
            name: its name.
            fields: field → new value, plain JSON.
            expected: the revision that last changed it as far as the caller knows (0: there is none); None: any.

        Returns:
            The number of the draft's revision.

        Raises:
            SiteError: a field is wrong, or the site would be.
            DraftChanged: somebody has changed the object meanwhile.
            SiteBusy: somebody else is changing the site.
        """
        return self.change([Wanted(kind, name, fields, expected)], f"set {kind} {name}")

    def remove(self, kind: str, name: str, expected: int | None = None) -> int:
        """Take an object out; arguments, answer and errors as those of `set_fields`."""
        return self.change([Wanted(kind, name, None, expected)], f"remove {kind} {name}")

    def change(self, wanted: Sequence[Wanted], what: str) -> int:
        """Change several objects as one revision: all of them, or on any mistake none; `what` is for the history.

        Answer and errors as those of `set_fields`.
        """
        with site_lock(self.paths.lock, self._author, what):
            bodies = self.drafts.bodies()
            for each in wanted:
                self._expect(each.kind, each.name, each.expected)
                bodies = self._with(bodies, each)
            return self._save_checked(bodies, what)

    def _with(self, bodies: Bodies, wanted: Wanted) -> Bodies:
        """The objects after a change; raises SiteError."""
        kind, name, key = wanted.kind, wanted.name, (wanted.kind, wanted.name)
        if wanted.fields is None:
            if key not in bodies:
                raise SiteError([_("there is no {kind} {name}").format(kind=kind, name=repr(name))])
            return {other: body for other, body in bodies.items() if other != key}
        kinds = self._host.kinds()
        item = read_object(kind, wanted.body(bodies.get(key, {})), kinds)
        item = fill_secrets(Site({kind: [item]}), Site({}), kinds).find(kind, name) or item
        return bodies | {key: item.model_dump(mode="json", exclude_defaults=True) | {"name": name}}

    def examine(self, wanted: Wanted) -> list[Problem]:
        """What would be wrong, or strange, with an object after a change; nothing is saved.

        Of findings on other objects only those that the change brings are told.
        """
        bodies = self.drafts.bodies()
        body = wanted.body(bodies.get((wanted.kind, wanted.name), {}))
        item, problems = look_at_object(wanted.kind, body, self._host.kinds())
        if item is None:
            return problems
        after = bodies | {(wanted.kind, wanted.name): body}
        before = set(self.check())
        found = self._check(Site.from_json(to_json(after), self._host.kinds())[0])
        return [p for p in found if (p.kind, p.name) == (wanted.kind, wanted.name) or p not in before]

    def undo(self, *, others: bool = False) -> Revision:
        """Take the last change of the draft back; once more takes the one before back.

        Args:
            others: whether another one's change may be taken back.

        Returns:
            What was taken back.

        Raises:
            DraftChanged: the last change is another one's.
            JackfieldError: there is none.
            SiteBusy: somebody else is changing the site.
        """
        with site_lock(self.paths.lock, self._author, "undo"):
            last = undoable(self.drafts.revisions())
            if last is None:
                raise JackfieldError(_("there is nothing to undo"))
            if last.author != self._author and not others:
                raise DraftChanged(_("{change}; --force takes that back").format(change=last))
            self.drafts.save(without(self.drafts.bodies(), last), self._author, f"undo of {last.number}", last.number)
            return last

    def discard(self) -> int:
        """Make the draft what is in force again; the number of its revision.

        Raises:
            NoGeneration: what is in force cannot be read.
            SiteBusy: somebody else is changing the site.
        """
        with site_lock(self.paths.lock, self._author, "discard"):
            current = self.generations.current()
            if current is None:
                raise JackfieldError(_("no generation is in force yet; jackfield import FILE replaces the draft"))
            bodies = bodies_from(self.generations.load(current).site_json)
            return self.drafts.save(bodies, self._author, f"discard, back to generation {current}")

    def replace(self, bodies: Bodies, what: str, *, check: bool = True) -> int:
        """Make other objects the draft, all of them; the number of its revision. `what` is for the history.

        Raises:
            SiteError: the site would be wrong; without `check`, a draft with mistakes is a draft too.
            SiteBusy: somebody else is changing the site.
        """
        with site_lock(self.paths.lock, self._author, what):
            return self._save_checked(bodies, what) if check else self.drafts.save(bodies, self._author, what)

    # -- others ----------------------------------------------------------------------------------------------------

    def others_since(self, revision: int) -> list[Revision]:
        """What others have changed after a revision, newest first."""
        return [r for r in self.drafts.revisions(revision) if r.author != self._author]

    def _base(self) -> int:
        """The revision that somebody knows who brings a file of his own: what he saw last, or what was applied last."""
        seen = self.drafts.seen(self._author)
        return max((row.revision for row in history(self._database, 1)), default=0) if seen is None else seen

    def _reconcile(self, base: int, mine: Bodies, now: Bodies, meanwhile: Meanwhile) -> Bodies:
        """What to save of mine, when the draft was at `base` as I saw it and is `now`."""
        others = self.others_since(base)
        if not others or mine == now or meanwhile is Meanwhile.REPLACE:
            return mine
        before = self.drafts.at(base)
        if before is None:
            raise DraftChanged(_("your file is too old to be merged; --force replaces the draft with it"))
        own, theirs = differing(before, mine), differing(before, now)
        told = "".join(f"\n  {change}" for change in others[:10])
        if meanwhile is Meanwhile.REFUSE:
            raise DraftChanged(
                _(
                    "the draft has been changed since your file was made (revision {base}):{changes}\nNothing has "
                    "changed. --merge keeps both where they touch different fields, --force drops those changes"
                ).format(base=base, changes=told)
            )
        if both := clashes(theirs, own):
            raise DraftChanged(
                _("both sides changed {objects}; nothing has changed. Those of the others:{changes}").format(
                    objects="; ".join(map(str, both[:8])), changes=told
                )
            )
        together = merged(now, own)
        self.refuse_mistakes(together)
        return together

    def _expect(self, kind: str, name: str, expected: int | None) -> None:
        there = self.drafts.versions().get((kind, name), 0)
        if expected is None or expected == there:
            return
        told = [r for r in self.drafts.revisions(expected) if any((e.kind, e.name) == (kind, name) for e in r.edits)]
        raise DraftChanged(
            _("{kind} {name} is at revision {there}, not {expected}: {changes}").format(
                kind=kind, name=name, there=there, expected=expected, changes="; ".join(map(str, told))
            )
        )

    # -- within ----------------------------------------------------------------------------------------------------

    def _save_checked(self, bodies: Bodies, what: str) -> int:
        self.refuse_mistakes(bodies)
        return self.drafts.save(bodies, self._author, what)

    def refuse_mistakes(self, bodies: Bodies, custom: Path | None = None) -> None:
        """Raise SiteError when a site of these objects would be wrong, with the hand-written files of `custom`."""
        site, _left_out = Site.from_json(to_json(bodies), self._host.kinds())
        if wrong := [p for p in self._check(site, custom) if p.refuses and not p.absent]:
            raise SiteError(sentences(wrong))

    def _check(self, site: Site, custom: Path | None = None) -> list[Problem]:
        found = check_site(site, self._host.kinds(), self._destinations(), self._codes(), self.music(custom))
        return found + certificate_problems(site.general)

    def music(self, custom: Path | None = None) -> set[str]:
        """Classes of music on hold: ours, and those written by hand, by default into the folder for that."""
        try:
            text = ((custom or self.paths.custom) / "musiconhold.conf").read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        return {"default"} | parse(text, "musiconhold.conf").names() - {"general"}

    def _destinations(self) -> list[DestinationKind]:
        return [kind for _plugin, kind in self._host.destinations().values()]

    def _codes(self) -> list[str]:
        """Where feature codes lead."""
        return [code.destination for code in self._host.feature_codes()]
