"""A whole Jackfield in the process of a test: the real daemon over a fake Asterisk, with time that tests move."""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from jackfield.calls.live import Live
from jackfield.config.importer import import_site
from jackfield.config.objects.prompt import Prompt
from jackfield.config.secrets import Secrets
from jackfield.config.site import Site
from jackfield.daemon import AMI_USER, Daemon
from jackfield.errors import JackfieldError
from jackfield.prompts.core_texts import core_sounds
from jackfield.prompts.manifest import Manifest
from jackfield.settings import Settings
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate
from jackfield.telephony import variables
from jackfield.testing.agi import AgiLink
from jackfield.testing.asterisk import PATIENCE, RINGING, Channel, FakeAsterisk
from jackfield.testing.clock import MORNING, SteeredClock
from jackfield.testing.looking import Looking
from jackfield.testing.manager import FakeManager
from jackfield.testing.people import Caller, Phone
from jackfield.testing.sessions import Session, rests

QUIET_CHECKS = 3
"""Times in a row that everything must be at rest before it is believed."""
BASE = """
[[trunk]]
name = "trunk"
host = "192.0.2.1"
"""
"""The site of a test that names none."""


class Given:
    """A plugin that is handed over, as if its distribution were installed."""

    dist = None

    def __init__(self, name: str, plugin: type) -> None:
        self.name, self._plugin = name, plugin

    def load(self) -> type:
        """Its class."""
        return self._plugin


class _Daemon(Daemon):
    """The real one, without the beat of real seconds: nothing stalls while a test thinks."""

    def _beat(self) -> None:
        """Nothing."""


_migrated: list[bytes] = []
"""A database with core's tables, made once a process."""


class Simulator(Looking):
    """A Jackfield with plugins, a site, and people who telephone. Use it in a `with` block, or `close()` it."""

    def __init__(
        self,
        plugins: Mapping[str, type],
        *,
        site: str = "",
        now: datetime = MORNING,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Starts it.

        Args:
            plugins: name → class, as the entry points would say.
            site: the site in TOML, as `jackfield import` takes it; a trunk `trunk` is always there.
            now: the time at which it begins.
            settings: as in jackfield.toml, as in `{"plugins": {"hello": {"greeting": "Hi"}}}`.

        Raises:
            SiteError: the site is wrong.
            JackfieldError: a plugin does not load.
        """
        self.clock = SteeredClock(now)
        self.folder = Path(tempfile.mkdtemp(prefix="jackfield-sim-"))
        self.asterisk = FakeAsterisk(self.clock, self.folder / "sounds")
        self._dialling: set[str] = set()
        """Calls that ring or talk with somebody over a restart: they come back when that is over."""
        self.asterisk.originated = self._originated
        self._plugins = [cast(EntryPoint, Given(name, plugin)) for name, plugin in plugins.items()]
        self._given = dict(settings or {})
        self._lives: dict[str, Live] = {}
        self._phones: dict[str, Phone] = {}
        self._links: dict[str, AgiLink] = {}
        self.on_command: Callable[[Channel, str], None] = lambda channel, line: None
        """Told each AGI command before Asterisk carries it out, on its channel's thread."""
        self.daemon: Daemon
        try:
            self._prepare()
            self._boot(site)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # -- life ------------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """What installing would: folders, secrets, tables, Asterisk's manager."""
        base = self.folder / "asterisk"
        base.mkdir()
        secrets = Secrets.load(base / "secrets.toml")
        self._token = secrets.agi_token
        self.manager = FakeManager(self.asterisk, AMI_USER, secrets.ami_secret)
        if not _migrated:
            with contextlib.closing(Database(f"sqlite:///{self.folder}/new.db")) as database:
                migrate(database, [CORE])
            _migrated.append((self.folder / "new.db").read_bytes())
        (self.folder / "jackfield.db").write_bytes(_migrated[0])

    def _settings(self) -> Settings:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        return Settings.model_validate(
            {
                "database": f"sqlite:///{self.folder}/jackfield.db",
                "paths": {"state": self.folder, "run": self.folder, "spool": self.folder},
                **self._given,
                "agi": {"port": self.port},
                "ami": {"port": self.manager.port},
            }
        )

    def _boot(self, site: str | None) -> None:
        daemon = _Daemon(self._settings(), timers=self.clock, clock=self.clock, plugins=self._plugins)
        self.daemon = daemon
        for status in daemon.host.statuses.values():
            if status.instance is None:
                raise JackfieldError(f"plugin {status.name} is not loaded ({status.state}): {status.reason}")
        daemon.agi.session = type("Session", (Session,), {"clock": self.clock})
        if site is not None:
            self._write_site(site, 1)
        for endpoint in self._endpoints():
            self.asterisk.line(endpoint)
        daemon.start()
        if not self.until(lambda: daemon.registry.known):
            raise JackfieldError("the daemon did not get through to the fake Asterisk; see the log above")
        self.clock.settle = self.settle

    def close(self) -> None:
        """End it: calls, daemon, files."""
        self.asterisk.close()
        for channel in list(self.asterisk.channels.values()):
            self.asterisk.hang_up(channel)
        if hasattr(self, "daemon"):
            self.until(lambda: not self.daemon.agi.sessions())
            self.daemon.stop()
        if hasattr(self, "manager"):
            self.manager.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def apply(self, site: str) -> None:
        """Have another site served, as `jackfield apply` does.

        Raises:
            SiteError: it is wrong.
        """
        self._write_site(site, self.daemon.calls.site.number + 1)
        for endpoint in self._endpoints():
            self.asterisk.line(endpoint)
        self.daemon.serving.reload_site()

    def _write_site(self, text: str, number: int) -> None:
        host = self.daemon.host
        kinds = [kind for _, kind in host.destinations().values()]
        entries = [code.destination for code in host.feature_codes()]
        site = import_site(text if "[[trunk]]" in text else BASE + text, host.kinds(), kinds, entries=entries)
        folder = self.folder / "asterisk" / "generations" / str(number)
        folder.mkdir(parents=True)
        (folder / "site.json").write_text(site.to_json(), encoding="utf-8")
        (folder / "sounds.json").write_text(self._sounds(site).to_json(), encoding="utf-8")
        link = self.folder / "asterisk" / "current"
        link.unlink(missing_ok=True)
        link.symlink_to(f"generations/{number}")

    def _sounds(self, site: Site) -> Manifest:
        """All prompts that there would be: core's, the plugins', the site's."""
        table: dict[str, dict[str, str]] = {}
        texts = {name: list(languages) for name, languages in core_sounds().items()}
        for plugin, requests in self.daemon.host.call("jackfield_sounds", site=site):
            for request in requests:
                if request.name in texts:
                    raise JackfieldError(f"prompt {request.name} of {plugin} is there already; give it another name")
                texts[request.name] = list(request.text)
        texts |= {prompt.name: [*prompt.text, *prompt.file] for prompt in site.all("prompt", Prompt)}
        for name, languages in texts.items():
            for language in languages:
                table.setdefault(language, {})[name] = f"jf/{name}"
                self.asterisk.files.add((name, language))
        return Manifest(self.asterisk.sounds, site.general.language, table)

    def _endpoints(self) -> Iterable[str]:
        folder = self.folder / "asterisk" / "current"
        if not folder.exists():
            return []
        site, _ = Site.from_json((folder / "site.json").read_text(), self.daemon.host.kinds())
        return [*site.names("extension"), *site.names("device"), *site.names("trunk")]

    def restart(self) -> None:
        """The daemon is killed and started anew, while all calls are up: each comes back to it, as after `kill -9`."""
        for live in self.daemon.calls.calls():
            if live.call is not None:
                live.call.taken = True  # a daemon that is killed writes no last words
        for session in self.daemon.agi.sessions():
            session.cut()
        self.until(lambda: not self.daemon.agi.sessions())
        self.daemon.agi.stop()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            pass
        self.daemon.stop()
        self.clock.stop()
        calls = [c for c in self.asterisk.channels.values() if c.context and c.state != RINGING]
        dialling = [c for c in calls if c.served and c.pending is not None and c.commands[-1].startswith("EXEC Dial")]
        self._dialling = {channel.id for channel in dialling}
        self._boot(None)
        for channel in calls:
            if channel not in dialling:
                self._come_back(channel)

    def _come_back(self, channel: Channel) -> None:
        known = channel.variables
        arguments = [known.get(n, "") for n in (variables.AT, variables.STATE, variables.DIAL_STATUS)]
        arguments += [known.get(n, "") for n in (variables.TRUNK, variables.EXTENSION, variables.CALL)]
        self._connect(channel, "resume", [self._token, *arguments, "", ""])

    # -- people ----------------------------------------------------------------------------------------------------

    def caller(
        self, number: str = "5551000", *, dials: str = "", name: str = "", trunk: str = "trunk", **headers: str
    ) -> Caller:
        """Somebody calls over a trunk: at once, by the first DID of the site unless `dials` says which.

        Args:
            number: the caller's, as the carrier sends it.
            dials: the number called.
            name: the caller's name.
            trunk: which trunk it comes over.
            headers: SIP headers of the INVITE, as in `Diversion="…"`.
        """
        dids = self.daemon.calls.site.names("did")
        called = dials or (self._first_number(dids[0]) if dids else "5550100")
        channel = self.asterisk.open(trunk, number=number, caller_name=name, exten=called, context="jf-trunk")
        channel.variables |= {variables.TRUNK: trunk} | {f"header:{k.lower()}": v for k, v in headers.items()}
        self._connect(channel, "trunk", [self._token, trunk])
        return Caller(self, channel)

    def _first_number(self, did: str) -> str:
        found = self.daemon.calls.site.find("did", did)
        return str(getattr(found, "number", "")).partition("-")[0]

    def from_phone(self, extension: str, number: str) -> Caller:
        """Somebody dials at a phone."""
        channel = self.asterisk.open(extension, number=extension, exten=number, context="jf-phone")
        channel.variables[variables.EXTENSION] = extension
        self._connect(channel, "phone", [self._token, extension])
        return Caller(self, channel)

    def phone(self, extension: str) -> Phone:
        """The phone of an extension, or whoever takes calls at a trunk's far end."""
        return self._phones.setdefault(extension, Phone(self, extension))

    def _originated(self, channel: Channel) -> None:
        """A phone has answered that the daemon had called."""
        self._connect(channel, "phone", [self._token, channel.variables.get(variables.EXTENSION, "")])

    def _connect(self, channel: Channel, script: str, arguments: Sequence[str]) -> None:
        link = self._links[channel.id] = AgiLink(self.asterisk, channel, self._dialplan)
        link.on_command = lambda line: self.on_command(channel, line)
        link.start(self.port, script, arguments)

    def _dialplan(self, channel: Channel) -> None:
        """What the dialplan does when the daemon's script is over. A call that has lost its daemon waits with music."""
        status = channel.variables.get(variables.STATUS, "")
        if channel.id in self._dialling and not channel.gone:
            self._dialling.discard(channel.id)
            self._come_back(channel)
            return
        if status == "done":
            self.asterisk.hang_up(channel, int(channel.variables.get(variables.CAUSE) or 16))
        elif status == "refused":
            self.asterisk.hang_up(channel, 42)
        elif not channel.gone:
            with self.asterisk.moved:
                channel.music = channel.variables.get(variables.MUSIC) or "default"

    # -- waiting ---------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Wait until nothing moves: every call waits for a person, another thread, or time.

        Raises:
            AssertionError: something goes on and on.
        """
        deadline, quiet = time.monotonic() + PATIENCE, 0
        while quiet < QUIET_CHECKS:
            quiet = quiet + 1 if self._quiet() else 0
            if time.monotonic() > deadline:
                raise AssertionError(self.account(f"no rest within {PATIENCE:g} s"))
            time.sleep(0.001)

    def _quiet(self) -> bool:
        with contextlib.suppress(JackfieldError):
            self.daemon.ami.action("Ping")  # what the manager told before has been heard when this is answered
        sessions = {s.env.get("agi_uniqueid", ""): s for s in self.daemon.agi.sessions()}
        with self.asterisk.moved:
            served = [c for c in self.asterisk.channels.values() if c.served]
            if any(c.pending is not None and c.pending() for c in served):
                return False
            if any(c.pending is None and not rests(sessions.get(c.id)) for c in served):
                return False
            return set(sessions) == {c.id for c in served} - self._dialling

    def until(self, ready: Callable[[], Any]) -> bool:
        """Wait until something of the daemon is so; False after the patience of a test."""
        began = time.monotonic()
        while not ready():
            if time.monotonic() - began > self.asterisk.patience:
                return False
            with self.asterisk.moved:
                self.asterisk.moved.wait(0.002)
        return True
