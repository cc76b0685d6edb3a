"""Everything that changes a site, in one place: for the CLI and other programs of the admin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from jackfield.config.apply import Applied, AsteriskControl, activate
from jackfield.config.asterisk_control import AmiControl
from jackfield.config.certificates import certificate_problems, ensure_certificate
from jackfield.config.check import check_site
from jackfield.config.exporter import export_site
from jackfield.config.fragments import Fragment, SoundRequest
from jackfield.config.generations import Generation, Generations
from jackfield.config.importer import import_site
from jackfield.config.lock import site_lock
from jackfield.config.models import GenerationRow, State
from jackfield.config.paths import Paths
from jackfield.config.plan import Plan, compare
from jackfield.config.problems import Problem, sentences
from jackfield.config.render import AMI_USER, Options, render
from jackfield.config.secrets import Secrets, fill_secrets
from jackfield.config.site import Site
from jackfield.config.store import history, load_draft, note_generation, note_state, save_draft
from jackfield.config.uploads import Uploads
from jackfield.control.client import request
from jackfield.errors import ApplyFailed, JackfieldError, SiteError
from jackfield.plugins import PluginHost
from jackfield.prompts.library import Library, Progress
from jackfield.prompts.manifest import Manifest
from jackfield.routing.destinations import DestinationKind
from jackfield.settings import Settings
from jackfield.storage.engine import Database

T = TypeVar("T", Fragment, SoundRequest)
ReadFile = Callable[[str], bytes]


class Workspace:
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
        tell_daemon: Callable[[], None] | None = None,
    ) -> None:
        """`host` has loaded its plugins. `connect` and `tell_daemon` reach Asterisk and the daemon."""
        self._settings, self._host, self._database, self._author = settings, host, database, author
        state = settings.paths.state
        self.paths = paths or Paths(state / "asterisk", state / "sounds", state / "prompts-src")
        self.generations = Generations(self.paths)
        self._library = library or Library(self.paths)
        self._connect = connect or self._connect_ami
        self._tell_daemon = tell_daemon or (lambda: request("site.reload", path=settings.paths.run / "control.sock"))

    # -- the draft -------------------------------------------------------------------------------------------------

    def draft(self) -> tuple[Site, list[str]]:
        """The draft, and a sentence for each object that had to be left out."""
        return load_draft(self._database, self._host.kinds())

    def in_force(self) -> Site | None:
        """The site of the generation in force; None before the first."""
        current = self.generations.current()
        if current is None:
            return None
        return Site.from_json(self.generations.load(current).site_json, self._host.kinds(), current)[0]

    def import_text(self, text: str, read_file: ReadFile) -> Site:
        """Replace the draft with a site file's; all of it, or on any mistake nothing.

        Args:
            text: the TOML text.
            read_file: gives the bytes of a sound that the text names; raises OSError.

        Raises:
            SiteError: with every mistake and its line.
            SiteBusy: somebody else is changing the site.
        """
        with site_lock(self.paths.lock, self._author, "import"):
            uploads = Uploads(self._library, self.paths.sources, read_file)
            kinds = self._host.kinds()
            site = import_site(text, kinds, self._destinations(), uploads.problem)
            site = fill_secrets(uploads.kept(site), self.draft()[0], kinds)
            save_draft(self._database, site)
        return site

    def export_text(self) -> str:
        """The draft as TOML, secrets included."""
        return export_site(self.draft()[0])

    def check(self) -> list[Problem]:
        """What is wrong with the draft."""
        return self._check(self.draft()[0])

    def _check(self, site: Site) -> list[Problem]:
        found = check_site(site, self._host.kinds(), self._destinations())
        return found + certificate_problems(site.general)

    # -- plan, apply, rollback -------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """What `apply` would do.

        Raises:
            SiteError: the draft has mistakes.
            UnsafeValue, SoundError, SettingsError: it cannot be rendered.
        """
        return self._plan(*self.draft())

    def _plan(self, site: Site, warnings: list[str]) -> Plan:
        problems = self._check(site)
        if wrong := [p for p in problems if not p.absent and not p.warning]:
            raise SiteError(sentences(wrong))
        warnings += [str(p) if p.warning else f"{p}; such calls go to their fallback" for p in problems]
        sounds = self._library.plan(site, self._contributions("jackfield_sounds", SoundRequest, site, warnings))
        secrets = Secrets.load(self.paths.secrets)
        fragments = self._contributions("jackfield_asterisk_config", Fragment, site, warnings)
        if not self._library.music():
            warnings.append("callers who wait hear silence; install asterisk-moh-opsound-wav, then apply again")
        rendered = render(site, self._options(secrets, sounds.manifest, site), fragments)
        before, trouble = self._in_force()
        return compare(
            site, rendered.files, sounds, len(self._library.missing(sounds)), before, self._host.kinds(),
            [secrets.ami_secret, secrets.agi_token], warnings + sounds.alarms + rendered.alarms + trouble,
        )  # fmt: skip

    def apply(self, reason: str, progress: Progress | None = None) -> tuple[Plan, Applied | None]:
        """Make and put in force what `plan` says; None when there is nothing to do.

        Raises:
            ApplyFailed: Asterisk refused it; the generation before is in force again.
            SiteError, SoundError, UnsafeValue, OSError: nothing has changed.
            SiteBusy: somebody else is changing the site.
        """
        with site_lock(self.paths.lock, self._author, "apply"):
            plan = self.plan()
            return plan, None if plan.empty else self._put_in_force(plan, plan.site.to_json(), reason, progress)

    def refresh(self, reason: str, progress: Progress | None = None) -> tuple[Plan, Applied | None]:
        """Write the site in force anew, for the plugins and the version that are installed now; the draft stays out.

        Objects of plugins that are gone stay in the generation and are back with their plugin. Without a generation
        it is as `apply`. Raises as `apply`, and `NoGeneration`.
        """
        current = self.generations.current()
        if current is None:
            return self.apply(reason, progress)
        with site_lock(self.paths.lock, self._author, "refresh"):
            before = self.generations.load(current)
            plan = self._plan(*Site.from_json(before.site_json, self._host.kinds()))
            if not plan.reloads.files and not plan.new_sounds:
                return plan, None
            return plan, self._put_in_force(plan, before.site_json, reason, progress)

    def _put_in_force(self, plan: Plan, site_json: str, reason: str, progress: Progress | None) -> Applied:
        ensure_certificate(self.paths)
        self._library.make(plan.sounds, progress)
        self._library.make_music()
        number = self.generations.next_number(max([0, *(row.number for row in history(self._database, 1))]))
        sounds_json = plan.sounds.manifest.to_json()
        self.generations.write(number, plan.files, site_json, sounds_json, self._author, reason)
        note_generation(self._database, number, self._author, reason)
        applied = self._activate(number)
        self._tidy()
        return applied

    def rollback(self, number: int | None = None) -> Applied:
        """Put an earlier generation in force again; by default the last one that was. The draft stays as it is.

        Raises:
            ApplyFailed: Asterisk refused it, or there is none to go back to.
            NoGeneration: there is none of that number.
            SiteBusy: somebody else is changing the site.
        """
        with site_lock(self.paths.lock, self._author, "rollback"):
            chosen = self._earlier() if number is None else number
            if chosen == self.generations.current():
                raise ApplyFailed(f"generation {chosen} is in force already")
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

    # -- within ----------------------------------------------------------------------------------------------------

    def _activate(self, number: int) -> Applied:
        try:
            applied = activate(number, self.generations, self._connect, self._tell_daemon)
        except ApplyFailed:
            note_state(self._database, number, State.FAILED)
            raise
        note_state(self._database, number, State.APPLIED)
        return applied

    def _earlier(self) -> int:
        there, current = set(self.generations.numbers()), self.generations.current()
        for row in self.history():
            if row.state == State.SUPERSEDED and row.number in there and (current is None or row.number < current):
                return row.number
        raise ApplyFailed("there is no earlier generation to go back to; `jackfield history` lists them")

    def _in_force(self) -> tuple[Generation | None, list[str]]:
        number = self.generations.current()
        if number is None:
            return None, []
        try:
            return self.generations.load(number), []
        except JackfieldError as error:
            return None, [f"{error}; everything is written anew"]

    def _tidy(self) -> None:
        """Remove old generations, and sounds that none of those left names."""
        self.generations.prune()
        manifests = []
        for number in self.generations.numbers():
            try:
                manifests.append(Manifest.from_json(self.generations.load(number).sounds_json))
            except JackfieldError:
                return  # what a damaged generation needs is not known, so everything stays
        self._library.prune(manifests)

    def _contributions(self, hook: str, wanted: type[T], site: Site, warnings: list[str]) -> list[tuple[str, T]]:
        """What plugins add to a site; what one gets wrong is left out, with a warning."""
        before = {name: len(status.faults) for name, status in self._host.statuses.items()}
        found: list[tuple[str, T]] = []
        for plugin, answer in self._host.call(hook, site=site):
            try:
                items = list(answer)
            except Exception as error:
                self._host.fault(plugin, f"{hook}: {type(error).__name__}: {error}")
                continue
            found += [(plugin, item) for item in items if isinstance(item, wanted)]
            if strange := [item for item in items if not isinstance(item, wanted)]:
                self._host.fault(plugin, f"{hook} gave {type(strange[0]).__name__}, not {wanted.__name__}")
        warnings += [
            f"plugin {name} failed in {hook}, so what it adds is left out; report this to its maker"
            for name, status in self._host.statuses.items()
            if len(status.faults) > before[name]
        ]
        return found

    def _destinations(self) -> list[DestinationKind]:
        return [kind for _, kind in self._host.destinations().values()]

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
                "busy_file": manifest.file("all-busy", site.general.language),
            },
            tuple(self._library.music()),
        )

    def _connect_ami(self) -> AsteriskControl:
        secrets = Secrets.load(self.paths.secrets)
        return AmiControl.connect(self._settings.ami.host, self._settings.ami.port, AMI_USER, secrets.ami_secret)


def read_beside(folder: Path) -> ReadFile:
    """A reader of files named relative to a folder."""
    return lambda name: (folder / name).read_bytes()
