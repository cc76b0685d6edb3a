"""The site in force and the plugins at work, and taking up others while calls go on."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import structlog

from jackfield.config.leftout import left_out_of
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site
from jackfield.jobs.outbox import renew_workers
from jackfield.plugins.tables import migrate_plugins
from jackfield.prompts.manifest import Manifest

if TYPE_CHECKING:
    from jackfield.daemon import Daemon

log = structlog.get_logger(__name__)


class Serving:
    """Has the daemon's parts serve a generation, and its plugins."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.left_out: list[str] = []
        """What of the site in force is not served, in sentences."""

    def load_site(self) -> None:
        """Serve the generation in force; an unreadable one is reported and the site before stays."""
        daemon = self._daemon
        folder = daemon.base / "current"
        try:
            text = (folder / "site.json").read_text(encoding="utf-8")
            number = int(folder.readlink().name)
        except (OSError, ValueError):
            log.warning("site.none", folder=str(folder), hint="jackfield import FILE; jackfield apply")
            return
        site, self.left_out = Site.from_json(text, daemon.host.kinds(), number)
        for sentence in self.left_out:
            log.error("site.left_out", what=sentence)
        daemon.teller.language = site.general.language
        daemon.troubles.site(self.left_out)
        daemon.trunks.serve(site.all("trunk", Trunk), site.general.tls_ca)
        daemon.troubles.fragments(left_out_of(folder))
        daemon.calls.serve_site(site, Manifest.load(folder / "sounds.json"))
        daemon.quality.serve(site.names("trunk"), site.names("extension"))
        daemon.schedules.look()
        daemon.expiry.look()
        daemon.bans.site_changed(site)
        log.info("site.served", generation=number)

    def reload_site(self) -> dict[str, Any]:
        """Serve the generation that is in force now."""
        daemon = self._daemon
        self.load_site()
        daemon.resync.trunks()
        daemon.host.call("jackfield_site_changed", site=daemon.calls.site)
        return {"generation": daemon.calls.site.number, "left_out": self.left_out}

    def reload_plugins(self) -> list[dict[str, Any]]:
        """Take up plugins that were installed, let go of those that were removed; the worker does the same."""
        daemon = self._daemon
        importlib.invalidate_caches()
        new = daemon.host.load()
        daemon.site_processes.renew()
        self.migrate_plugins()
        self.load_site()
        daemon.host.start(daemon.core, new)
        for name in new if daemon.recovery.finished else ():
            daemon.host.call("jackfield_recovered", only=name)
        daemon.host.call("jackfield_site_changed", site=daemon.calls.site)
        renew_workers(daemon.settings.paths.run / "worker.sock")
        return [each.describe() for each in daemon.host.statuses.values()]

    def migrate_plugins(self) -> None:
        """A plugin whose tables cannot be brought up to date is refused; the others serve."""
        daemon = self._daemon
        _, failed = migrate_plugins(daemon.host, daemon.database, daemon.settings)
        for name, why in failed.items():
            daemon.host.refuse(name, why)
