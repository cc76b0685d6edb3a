"""What can be done with the site, as functions of plain JSON: the control API calls them by name."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from jackfield.config import forms
from jackfield.config.apply import Applied
from jackfield.config.plan import Plan, masked
from jackfield.config.problems import sentences
from jackfield.config.references import dependents
from jackfield.config.trial import inbound_by, outbound_by
from jackfield.config.wanted import Wanted
from jackfield.config.workspace import Meanwhile, Workspace
from jackfield.errors import SiteError
from jackfield.i18n import gettext_for
from jackfield.plugins import PluginHost
from jackfield.prompts.library import Progress
from jackfield.routing import builtin

_ = gettext_for("jackfield")

Params = Mapping[str, Any]


class Actions:
    """The actions on one workspace. Errors are those of `Workspace`."""

    def __init__(self, workspace: Workspace, host: PluginHost, progress: Progress | None = None) -> None:
        """`progress` is told of each sound that is made."""
        self._workspace, self._host, self._progress = workspace, host, progress

    def run(self, name: str, params: Params) -> Any:
        """Do it; the answer is plain JSON."""
        return ACTIONS[name](self, **params)

    # -- objects ---------------------------------------------------------------------------------------------------

    def kinds(self) -> list[dict[str, Any]]:
        """The kinds of objects, each with the JSON schema of its fields."""
        return forms.describe_kinds(self._host.kinds().values())

    def list_(self, kind: str) -> list[dict[str, Any]]:
        """Objects of the draft, and the revision that changed each last."""
        versions = self._workspace.drafts.versions()
        return [{"kind": k, "name": n, "revision": r} for (k, n), r in sorted(versions.items()) if kind in ("", k)]

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """An object of the draft: fields that are set, secrets masked; its revision; what refers to it."""
        drafts = self._workspace.drafts
        body = drafts.bodies().get((kind, name))
        if body is None:
            raise SiteError([_("there is no {kind} {name}").format(kind=kind, name=repr(name))])
        known = self._host.kinds().get(kind)
        return {
            "kind": kind,
            "name": name,
            "fields": masked(body, known.model if known else None),
            "revision": drafts.versions()[kind, name],
            "used_by": dependents(self._workspace.draft()[0], kind, name),
        }

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """A kind's objects with their fields, secrets masked."""
        drafts = self._workspace.drafts
        return forms.objects(drafts.bodies(), drafts.versions(), self._host.kinds(), kind)

    def secrets(self, kind: str, name: str) -> dict[str, str]:
        """An object's secrets by field."""
        return forms.secrets_of(self._workspace.draft()[0], kind, name)

    def places(self) -> dict[str, Any]:
        """Where calls can be sent, and the music that there is."""
        site, kinds = self._workspace.draft()[0], [kind for _plugin, kind in self._host.destinations().values()]
        known = {each.kind: each for each in [*builtin.kinds(), *kinds]}
        return {"destinations": forms.places(site, known.values()), "music": sorted(self._workspace.music())}

    def examine(self, kind: str, name: str, fields: Params) -> dict[str, Any]:
        """What would be wrong with an object after a change."""
        return {"problems": forms.told(self._workspace.examine(Wanted(kind, name, fields)))}

    def change(self, changes: list[Params], what: str) -> dict[str, Any]:
        """Several changes as one revision."""
        wanted = [Wanted(c["kind"], c["name"], c["fields"], c.get("expected")) for c in changes]
        return {"revision": self._workspace.change(wanted, what)}

    def keep_sound(self, data: str) -> dict[str, Any]:
        """Keep a sound file for a prompt; the name by which its `file` names it."""
        try:
            return {"file": self._workspace.keep_sound(base64.b64decode(data, validate=True))}
        except binascii.Error:
            raise SiteError([_("the sound is not base64")]) from None

    def trial_sounds(self, prompt: str, language: str, text: str, file: str) -> dict[str, Any]:
        """The sounds of a prompt of the draft, of a text or of a kept file, made if need be: for a phone to play."""
        return {"files": self._workspace.trial_sounds(prompt, language, text, file)}

    def keep_prompt(self, prompt: str, language: str, data: str) -> dict[str, Any]:
        """Make a recording what a prompt of the draft says in a language; its text in that language goes."""
        kept, drafts = self.keep_sound(data)["file"], self._workspace.drafts
        body, revision = drafts.bodies().get(("prompt", prompt), {}), drafts.versions().get(("prompt", prompt), 0)
        text = {tongue: words for tongue, words in body.get("text", {}).items() if tongue != language}
        fields = {"text": text, "file": body.get("file", {}) | {language: kept}}
        what = _("prompt {name} recorded at a phone").format(name=prompt)
        return {"revision": self._workspace.change([Wanted("prompt", prompt, fields, revision)], what)}

    def set_(self, kind: str, name: str, fields: Params, expected: int | None) -> dict[str, Any]:
        """Change the named fields of an object, or make it; the other fields stay."""
        return {"revision": self._workspace.set_fields(kind, name, fields, expected)}

    def delete(self, kind: str, name: str, expected: int | None) -> dict[str, Any]:
        """Take an object out of the draft."""
        return {"revision": self._workspace.remove(kind, name, expected)}

    # -- the draft -------------------------------------------------------------------------------------------------

    def import_(self, text: str, files: Mapping[str, str], meanwhile: str) -> dict[str, Any]:
        """Replace the draft with a site file's."""

        def read(name: str) -> bytes:
            try:
                return base64.b64decode(files[name], validate=True)
            except KeyError:
                raise OSError(0, "not sent with the site") from None
            except binascii.Error:
                raise OSError(0, "not base64") from None

        site = self._workspace.import_text(text, read, Meanwhile(meanwhile))
        return {"objects": {kind: len(site.names(kind)) for kind in site.kinds()}}

    def export(self) -> dict[str, Any]:
        """The draft as a site file, secrets included."""
        return {"text": self._workspace.export_text()}

    def check(self) -> dict[str, Any]:
        """What is wrong with the draft."""
        found = self._workspace.check()
        left_out = self._workspace.draft()[1]
        return {"problems": sentences(found), "left_out": left_out, "findings": forms.told(found)}

    def revisions(self, limit: int) -> list[dict[str, Any]]:
        """Changes of the draft, newest first."""
        return [
            {
                "number": r.number,
                "time": r.created_at.isoformat(),
                "author": r.author,
                "what": r.what,
                "objects": [str(edit) for edit in r.edits],
            }
            for r in self._workspace.revisions(limit)
        ]

    def undo(self, others: bool) -> dict[str, Any]:
        """Take the last change of the draft back."""
        undone = self._workspace.undo(others=others)
        return {"undone": undone.number, "what": str(undone)}

    def discard(self) -> dict[str, Any]:
        """Make the draft what is in force."""
        return {"revision": self._workspace.discard()}

    # -- generations -----------------------------------------------------------------------------------------------

    def plan(self) -> dict[str, Any]:
        """What apply would do."""
        return _plan(self._workspace.plan())

    def apply(self, reason: str, force: bool, installed: bool) -> dict[str, Any]:
        """Put the draft in force; or `installed`, the site in force for what is installed now."""
        if installed:
            plan, applied = self._workspace.refresh(reason, self._progress)
        else:
            plan, applied = self._workspace.apply(reason, self._progress, force=force)
        return {"plan": _plan(plan), "applied": _applied(applied)}

    def rollback(self, number: int | None) -> dict[str, Any]:
        """Put an earlier generation in force again."""
        return {"applied": _applied(self._workspace.rollback(number))}

    def diff(self, old: int, new: int | None) -> dict[str, Any]:
        """What leads from one generation to another."""
        return _plan(self._workspace.difference(old, new))

    def history(self) -> list[dict[str, Any]]:
        """Generations, newest first."""
        there = set(self._workspace.generations.numbers())
        return [
            {
                "number": row.number,
                "time": row.created_at.isoformat(),
                "author": row.author,
                "state": row.state,
                "on_disk": row.number in there,
                "reason": row.reason,
            }
            for row in self._workspace.history()
        ]

    # -- dry runs --------------------------------------------------------------------------------------------------

    def test_in(self, did: str, trunk: str | None, number: str, at: str | None) -> dict[str, Any]:
        """Which inbound route of the draft a call would take."""
        return inbound_by(self._workspace.draft()[0], did=did, trunk=trunk, caller=number, at=at)

    def test_out(self, number: str, extension: str | None, at: str | None) -> dict[str, Any]:
        """How a number would go out by the draft."""
        return outbound_by(self._workspace.draft()[0], number, extension, at)


ACTIONS: dict[str, Callable[..., Any]] = {
    "kinds": Actions.kinds,
    "list": Actions.list_,
    "get": Actions.get,
    "objects": Actions.objects,
    "secrets": Actions.secrets,
    "places": Actions.places,
    "examine": Actions.examine,
    "change": Actions.change,
    "keep_sound": Actions.keep_sound,
    "trial_sounds": Actions.trial_sounds,
    "keep_prompt": Actions.keep_prompt,
    "set": Actions.set_,
    "delete": Actions.delete,
    "import": Actions.import_,
    "export": Actions.export,
    "check": Actions.check,
    "revisions": Actions.revisions,
    "undo": Actions.undo,
    "discard": Actions.discard,
    "plan": Actions.plan,
    "apply": Actions.apply,
    "rollback": Actions.rollback,
    "diff": Actions.diff,
    "history": Actions.history,
    "test_in": Actions.test_in,
    "test_out": Actions.test_out,
}


def _plan(plan: Plan) -> dict[str, Any]:
    return plan.to_dict() | {"empty": plan.empty}


def _applied(applied: Applied | None) -> dict[str, Any] | None:
    return asdict(applied) if applied is not None else None
