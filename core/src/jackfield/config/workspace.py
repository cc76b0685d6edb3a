"""Everything that changes a site, in one place: for the CLI and other programs of the admin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from jackfield.config.apply import Applied, AsteriskControl, NotTaken, activate, resume
from jackfield.config.asterisk_control import AmiControl
from jackfield.config.certificates import ensure_certificate
from jackfield.config.contributions import collect, fresh, weed
from jackfield.config.draft import bodies_of
from jackfield.config.editing import DraftChanged, Editing, Meanwhile, ReadFile
from jackfield.config.fragments import Fragment, SoundRequest
from jackfield.config.generations import Generation
from jackfield.config.leftout import Contribution, LeftOut, digest, sift
from jackfield.config.lock import site_lock
from jackfield.config.models import GenerationRow, State
from jackfield.config.paths import Paths
from jackfield.config.plan import Plan, compare
from jackfield.config.problems import sentences
from jackfield.config.render import AMI_USER, Options, render
from jackfield.config.secrets import Secrets
from jackfield.config.site import Site
from jackfield.config.store import history, note_generation, note_state
from jackfield.control.client import request
from jackfield.errors import ApplyFailed, JackfieldError, SiteError
from jackfield.i18n import gettext_for
from jackfield.plugins import PluginHost
from jackfield.prompts.library import Library, Progress
from jackfield.prompts.manifest import Manifest
from jackfield.prompts.tools import SoundError
from jackfield.prompts.trials import Trial, Trials
from jackfield.settings import Settings
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError

__all__ = ["Meanwhile", "ReadFile", "Workspace", "read_beside"]
_ = gettext_for("jackfield")
log = structlog.get_logger(__name__)


class Workspace(Editing):
    """A site's draft, plans and generations. Methods that change something hold the site's lock meanwhile."""

    def __init__(
        self,
        settings: Settings,
        host: PluginHost,
        database: Database,
        *,
        author: str,
        paths: Paths | None = None,
        library: Library | None = None,
        connect: Callable[[], AsteriskControl] | None = None,
        tell_daemon: Callable[[], object] | None = None,
    ) -> None:
        """`host` has loaded its plugins. `connect` and `tell_daemon` reach Asterisk and the daemon."""
        state = settings.paths.state
        paths = paths or Paths(state / "asterisk", state / "sounds", state / "prompts-src")
        super().__init__(host, database, author, paths, library or Library(paths))
        self._settings = settings
        self._connect = connect or self._connect_ami
        self._tell_daemon = tell_daemon or (lambda: request("site.reload", path=settings.paths.run / "control.sock"))

    # -- plan, apply, rollback -------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """What `apply` would do.

        Raises:
            SiteError: the draft has mistakes.
            UnsafeValue, SoundError, SettingsError: it cannot be rendered.
        """
        plan = self._plan(*self.draft())
        self.drafts.see(self._author)
        return plan

    def _plan(self, site: Site, warnings: list[str], retry: bool = False) -> Plan:
        problems = self._check(site)
        if wrong := [p for p in problems if p.refuses and not p.absent]:
            raise SiteError(sentences(wrong))
        warnings += [
            _("{problem}; such calls go to their fallback").format(problem=p) if p.absent else str(p) for p in problems
        ]
        sounds = self._library.plan(site, collect(self._host, "jackfield_sounds", SoundRequest, site, warnings))
        secrets = Secrets.load(self.paths.secrets)
        fragments = collect(self._host, "jackfield_asterisk_config", Fragment, site, warnings)
        if not self._library.music():
            warnings.append(_("callers who wait hear silence; install asterisk-moh-opsound-wav, then apply again"))
        before, trouble = self._in_force()
        kept, refused = sift(fragments, before.meta.left_out if before and not retry else [])
        rendered = render(site, self._options(secrets, sounds.manifest, site), kept)
        left_out = rendered.left_out + refused
        return compare(
            site, rendered.files, sounds, len(self._library.missing(sounds)), before, self._host.kinds(),
            [secrets.ami_secret, secrets.agi_token], warnings + sounds.alarms + list(map(str, left_out)) + trouble,
            kept, left_out,
        )  # fmt: skip

    def apply(
        self, reason: str, progress: Progress | None = None, *, force: bool = False
    ) -> tuple[Plan, Applied | None]:
        """Make and put in force what `plan` says; None when there is nothing to do.

        Args:
            reason: for the history.
            progress: told of each sound that is made.
            force: apply even what others have put into the draft since the author has looked at it.

        Raises:
            DraftChanged: others have changed the draft since; nothing has changed.
            ApplyFailed: Asterisk refused it; the generation before is in force again.
            SiteError, SoundError, UnsafeValue, OSError: nothing has changed.
            SiteBusy: somebody else is changing the site.
        """
        with site_lock(self.paths.lock, self._author, "apply"):
            resumed = self._resume()
            seen = self.drafts.seen(self._author)
            if not force and seen is not None and (others := self.others_since(seen)):
                raise DraftChanged(
                    _(
                        "the draft has been changed since you have seen it:{changes}\nNothing has changed. Look at it "
                        "with `jackfield plan`, then apply again"
                    ).format(changes="".join(f"\n  {change}" for change in others[:10]))
                )
            site, warnings = self.draft()
            plan = self._plan(site, resumed + warnings)
            self.drafts.see(self._author)
            return plan, None if plan.empty else self._put_in_force(plan, plan.site.to_json(), reason, progress)

    def refresh(self, reason: str, progress: Progress | None = None) -> tuple[Plan, Applied | None]:
        """Write the site in force anew, for the plugins and the version that are installed now; the draft stays out.

        Objects of plugins that are gone stay in the generation and are back with their plugin. Additions of plugins
        that Asterisk has refused are tried again. Without a generation it is as `apply`. Raises as `apply`, and
        `NoGeneration`.
        """
        if self.generations.current() is None:
            return self.apply(reason, progress)
        with site_lock(self.paths.lock, self._author, "refresh"):
            resumed = self._resume()
            before = self.generations.load(self.generations.current() or 0)
            site, warnings = Site.from_json(before.site_json, self._host.kinds())
            plan = self._plan(site, resumed + warnings, retry=True)
            if not plan.reloads.files and not plan.new_sounds:
                return plan, None
            return plan, self._put_in_force(plan, before.site_json, reason, progress)

    def rollback(self, number: int | None = None) -> Applied:
        """Put an earlier generation in force again; by default the one that was last. The draft stays as it is.

        Raises:
            ApplyFailed: Asterisk refused it, or there is none to go back to.
            NoGeneration: there is none of that number.
            SiteBusy: somebody else is changing the site.
        """
        with site_lock(self.paths.lock, self._author, "rollback"):
            self._resume()
            chosen = self._earlier() if number is None else number
            if chosen == self.generations.current():
                raise ApplyFailed(_("generation {number} is in force already").format(number=chosen))
            return self._activate(chosen)

    def history(self) -> list[GenerationRow]:
        """Generations, newest first. The link on disk is the truth: a row that a crash left behind is put right."""
        current = self.generations.current()
        rows = history(self._database)
        for row in rows:
            if row.number == current:
                row.state = State.APPLIED
            elif row.state == State.APPLIED:
                row.state = State.SUPERSEDED
        return rows

    def difference(self, old: int, new: int | None = None) -> Plan:
        """What leads from one generation to another (by default the one in force).

        Raises:
            NoGeneration: there is none of such a number.
        """
        current = self.generations.current()
        if new is None and current is None:
            raise ApplyFailed(_("no generation is in force yet; jackfield import FILE replaces the draft"))
        after = self.generations.load(current or 0 if new is None else new)
        kinds = self._host.kinds()
        site, warnings = Site.from_json(after.site_json, kinds)
        sounds = self._library.plan(Site({}))
        secrets = Secrets.load(self.paths.secrets)
        return compare(
            site, after.files, sounds, 0, self.generations.load(old), kinds, [secrets.ami_secret, secrets.agi_token],
            warnings,
        )  # fmt: skip

    def trial_sounds(self, prompt: str, language: str, text: str, file: str) -> list[str]:
        """Sounds that a phone can play now, as Asterisk names them: a draft's prompt, a text, or a kept file.

        Raises:
            SiteError: there is no such prompt, or it cannot be made.
        """
        site, warnings = self.draft()
        requests = collect(self._host, "jackfield_sounds", SoundRequest, site, warnings)
        try:
            return Trials(self._library).make(site, requests, Trial(prompt, language, text, file))
        except SoundError as error:
            raise SiteError([str(error)]) from None

    # -- within ----------------------------------------------------------------------------------------------------

    def _put_in_force(self, plan: Plan, site_json: str, reason: str, progress: Progress | None) -> Applied:
        ensure_certificate(self.paths)
        self._library.make(plan.sounds, progress)
        self._library.publish(plan.sounds)
        self._library.make_music()
        try:
            applied = self._make(plan, site_json, reason)
        except NotTaken as refusal:
            applied = self._without_the_refused(plan, site_json, reason, refusal)
        self._tidy()
        return applied

    def _make(self, plan: Plan, site_json: str, reason: str) -> Applied:
        """Write a generation and put it in force."""
        number = self.generations.next_number(max([0, *(row.number for row in history(self._database, 1))]))
        sounds_json = plan.sounds.manifest.to_json()
        self.generations.write(number, plan.files, site_json, sounds_json, self._author, reason, plan.left_out)
        revision = self.drafts.revision() if bodies_of(plan.site) == self.drafts.bodies() else 0
        note_generation(self._database, number, self._author, reason, revision)
        return self._activate(number)

    def _without_the_refused(self, plan: Plan, site_json: str, reason: str, refusal: NotTaken) -> Applied:
        """Asterisk has refused a plan: when the reason is an addition of a plugin, put the rest in force."""
        suspects = fresh(plan.fragments, self._files_in_force())
        if not suspects:
            raise refusal
        applied: list[Applied] = []
        secrets = Secrets.load(self.paths.secrets)
        options = self._options(secrets, plan.sounds.manifest, plan.site)
        why = _("Asterisk refused it ({why}); `jackfield apply --installed` tries it again").format(
            why=str(refusal).partition(";")[0]
        )

        def attempt(some: Sequence[Contribution]) -> None:
            out = [one for one in suspects if one not in some]
            rendered = render(plan.site, options, [one for one in plan.fragments if one not in out])
            refused = [LeftOut(plugin, f.file, why, digest(plugin, f)) for plugin, f in out]
            known = [one for one in plan.left_out if one.digest]
            trial = replace(plan, files=rendered.files, left_out=rendered.left_out + known + refused)
            applied.append(self._make(trial, site_json, reason))

        for plugin, fragment in weed(suspects, attempt, refusal):
            sentence = str(LeftOut(plugin, fragment.file, why))
            log.error("addition.refused", plugin=plugin, file=fragment.file, why=str(refusal))
            applied[-1].notes.append(sentence)
        return applied[-1]

    def _files_in_force(self) -> dict[str, str]:
        """Asterisk's files in force; none when there are none, or they are damaged."""
        before, _trouble = self._in_force()
        return before.files if before else {}

    def _activate(self, number: int) -> Applied:
        try:
            applied = activate(number, self.generations, self._connect, self._tell_daemon)
        except ApplyFailed:
            self._note(number, State.FAILED)
            raise
        if trouble := self._note(number, State.APPLIED):
            applied.notes.append(trouble)
        return applied

    def _note(self, number: int, state: State) -> str:
        """Put a generation's state on record; what is in force counts more, so trouble is only told."""
        try:
            note_state(self._database, number, state)
        except StorageError as error:
            return str(error)
        return ""

    def _resume(self) -> list[str]:
        """Bring an apply to its end whose process was killed."""
        done = resume(self.generations, self._connect, self._tell_daemon)
        return [done] if done else []

    def _earlier(self) -> int:
        current = self.generations.current()
        once = {row.number for row in self.history() if row.state == State.SUPERSEDED}
        for number in reversed(self.generations.by_last_use()):
            if number in once and (current is None or number < current):
                return number
        raise ApplyFailed(_("there is no earlier generation to go back to; `jackfield history` lists them"))

    def _in_force(self) -> tuple[Generation | None, list[str]]:
        number = self.generations.current()
        if number is None:
            return None, []
        try:
            return self.generations.load(number), []
        except JackfieldError as error:
            return None, [_("{error}; everything is written anew").format(error=error)]

    def _tidy(self) -> None:
        """Remove old generations, and sounds that none of those left names. Trouble there is nobody's."""
        try:
            self.generations.prune()
            manifests = [
                Manifest.from_json(self.generations.load(number).sounds_json) for number in self.generations.numbers()
            ]
            self._library.prune(manifests)
        except (JackfieldError, OSError) as error:
            # What a damaged generation needs is not known, so everything stays.
            log.warning("generations.not_tidied", error=str(error))

    def _options(self, secrets: Secrets, manifest: Manifest, site: Site) -> Options:
        settings = self._settings
        return Options(
            self.paths,
            secrets.ami_secret,
            settings.ami.port,
            settings.agi.host,
            settings.agi.port,
            {
                "agi_token": secrets.agi_token,
                "guard_seconds": settings.agi.guard_seconds,
                "rescue_seconds": settings.agi.rescue_seconds,
                "up_file": settings.paths.run / "up",
                "sorry_file": manifest.file("sorry", site.general.language),
                "said": manifest.said(),
                "busy_file": manifest.file("all-busy", site.general.language),
                "joined_file": manifest.file("feature-conference-has-joined", site.general.language),
                "left_file": manifest.file("feature-conference-has-left", site.general.language),
                "transfer_file": manifest.file("feature-transfer", site.general.language),
                "no_transfer_file": manifest.file("feature-no-transfer", site.general.language),
            },
            tuple(self._library.music()),
        )

    def _connect_ami(self) -> AsteriskControl:
        secrets = Secrets.load(self.paths.secrets)
        return AmiControl.connect(self._settings.ami.host, self._settings.ami.port, AMI_USER, secrets.ami_secret)


def read_beside(folder: Path) -> ReadFile:
    """A reader of files named relative to a folder."""
    return lambda name: (folder / name).read_bytes()
