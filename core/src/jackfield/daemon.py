"""jackfieldd: puts the parts together, answers calls, and stops cleanly."""

from __future__ import annotations

import argparse
import gc
import importlib
import signal
import sys
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from jackfield import log as logs
from jackfield import settings as settings_file
from jackfield.alarms.models import Entry
from jackfield.alarms.service import Alarms
from jackfield.alarms.teller import Teller
from jackfield.alarms.troubles import Troubles
from jackfield.calls.broker import Broker
from jackfield.calls.ledger import entry_of
from jackfield.calls.recovery import PATIENCE_SECONDS, Recovery
from jackfield.calls.registry import Channel, Registry
from jackfield.calls.resync import Resync
from jackfield.calls.service import CallService
from jackfield.config.keeper import ApplyKeeper
from jackfield.config.leftout import left_out_of
from jackfield.config.objects.extension import Extension, extension_of
from jackfield.config.objects.trunk import Trunk
from jackfield.config.phones import endpoints
from jackfield.config.secrets import Secrets
from jackfield.config.site import Site
from jackfield.control import site_methods
from jackfield.control.api import ControlApi
from jackfield.control.core_methods import core_methods
from jackfield.control.site_processes import SiteProcesses
from jackfield.core import Clock, Core
from jackfield.errors import JackfieldError
from jackfield.features import conference
from jackfield.features.desk import Desk
from jackfield.features.lamps import Lamps
from jackfield.features.parking import ParkingLot
from jackfield.features.states import UserStates
from jackfield.jobs.outbox import Outbox
from jackfield.jobs.own import own_schedules
from jackfield.plugins import PluginHost, Status
from jackfield.privacy.bindings import Bindings
from jackfield.prompts.manifest import Manifest
from jackfield.quality.watch import QualityWatch
from jackfield.records.queries import find_calls
from jackfield.records.writer import RecordWriter
from jackfield.routing import builtin, explain
from jackfield.routing.conditions import Turns
from jackfield.schedules.service import Scheduler
from jackfield.sdnotify import notify
from jackfield.security.bans import Bans
from jackfield.security.fraud import Fraud
from jackfield.security.overload import Gates, Overload
from jackfield.security.store import Store
from jackfield.services import EventBus, SystemClock, TimerThread
from jackfield.settings import Settings
from jackfield.storage import migrate
from jackfield.storage.engine import Database
from jackfield.telephony.ami import AmiClient
from jackfield.telephony.events import Message
from jackfield.telephony.server import AgiServer, listening_socket
from jackfield.telephony.trunks import TRUNK_EVENTS, TrunkStates

log = structlog.get_logger(__name__)
AMI_USER = "jackfield"
BEAT_SECONDS = 1.0
SPARE_CALLS = 32
"""Threads beyond the limit of calls: for refusals, and for emergency calls, which no limit stops."""


class Daemon:
    """All parts of jackfieldd."""

    def __init__(
        self,
        settings: Settings,
        *,
        timers: TimerThread | None = None,
        clock: Clock | None = None,
        plugins: Iterable[EntryPoint] | None = None,
    ) -> None:
        """Nothing runs yet.

        Args:
            settings: of the box.
            timers: by default a thread of their own.
            clock: by default the machine's.
            plugins: by default those that are installed.
        """
        self.settings = settings
        self.started = time.monotonic()
        state = settings.paths.state
        self.base = state / "asterisk"
        secrets = Secrets.load(self.base / "secrets.toml")
        self.database = Database(settings.database)
        self.timers, self.events = timers or TimerThread(), EventBus()
        self.clock = clock or SystemClock()
        self.host = PluginHost(settings)
        self.teller = Teller(self.host)
        self.alarms = Alarms(self.database, settings.alarms, [self._alarm], self.teller.tell)
        self.troubles = Troubles(self.alarms, self.timers)
        self.host.on_change, self.host.on_fault = self._plugin_changed, self._plugin_fault
        self.host.load(plugins)
        migrate.migrate(self.database, [migrate.CORE])
        self._migrate_plugins()
        self.writer = RecordWriter(self.database, on_trouble=self._trouble, on_ok=lambda: self._trouble(""))
        self.outbox = Outbox(self.database, lambda: self.host.jobs().keys(), settings.paths.run / "worker.sock")
        takes = settings.paths.spool / "takes"
        self.schedules = Scheduler(
            self.database, self.outbox, lambda: [*own_schedules(takes), *self.host.schedules()],
            lambda: ZoneInfo(self.calls.site.general.zone), self.timers, self.clock,
        )  # fmt: skip
        self.teller.connect(settings.alarms, self.outbox, self.alarms)
        self.alarms.start()
        turns = Turns()
        self.bindings = Bindings(self.database, self.timers, lambda: self.calls.site)
        self.calls = CallService(
            self.host,
            self.writer,
            self.events,
            secrets.agi_token,
            self.clock.now,
            lambda ways: builtin.kinds(turns, self.bindings, ways),
        )
        self.host.on_left = self.calls.plugin_left
        self.registry = Registry(self)
        self.trunks = TrunkStates(self.alarms)
        self.quality = QualityWatch(self.alarms)
        self.calls.registry, self.calls.ended = self.registry, self.quality.call_ended
        self.calls.outgoing.serve(self.alarms, self.trunks.usable, self.trunks.tried)
        self.recovery = Recovery(self._recovered)
        self.calls.recovery = self.recovery.came
        self.ami = AmiClient(
            settings.ami.host,
            settings.ami.port,
            AMI_USER,
            secrets.ami_secret,
            on_event=self._ami_event,
            on_up=self._ami_up,
            on_down=self._ami_down,
        )
        self.asterisk = Broker(self.ami)
        self.calls.transfer = self.asterisk.transfer
        self.resync = Resync(self.asterisk, self.registry, self.trunks, self.calls, self.recovery, self.writer)
        security = Store(self.database)
        self.bans = Bans(security, self.timers, self.alarms)
        outside = self.calls.outgoing.situation
        self.fraud = Fraud(
            security, self.alarms, lambda: self.calls.site, outside.bar,
            lambda extension: outside.used(frozenset({extension}), "").at_once,
        )  # fmt: skip
        self.events.subscribe("outbound", self.fraud.outbound)
        self.states = UserStates(self.database)
        self.lamps = Lamps(self.asterisk, self.states)
        self.desk = self.calls.desk = Desk(self.states, self.calls, self.asterisk, ParkingLot(self.lamps.slot), takes)
        self.registry.conference_left = self._look_into
        limit = settings.overload.max_calls or settings.agi.max_calls
        self.gates = Gates(self.asterisk.shut_trunk, self.timers)
        self.overload = Overload(
            settings.overload, limit, self.gates, self.timers, self.alarms, self.calls.count,
            lambda: self.calls.site.names("trunk"),
        )  # fmt: skip
        self.calls.admit = self.overload.admit
        self.calls.dialling = lambda endpoint: self.gates.dialled(endpoint.rpartition("@")[2])
        self.agi = AgiServer(
            listening_socket(settings.agi.host, settings.agi.port),
            self.calls.serve,
            self.calls.refused,
            max(limit, settings.agi.max_calls) + SPARE_CALLS,
        )
        path = settings.paths.run / "control.sock"
        methods = [*core_methods(self), *explain.methods(self.calls, turns)]
        self.site_processes = SiteProcesses(self.timers)
        methods += site_methods.methods(self.site_processes, self.events.publish)
        self.control = ControlApi(path, settings.control, self.database, self.host, self.events, methods)
        self.core = Core(
            self.timers,
            self.events,
            self.outbox,
            self,
            self.asterisk,
            self.database,
            lambda: self.calls.site,
            self.host.settings,
            self.alarms,
            clock=self.clock,
        )
        self.keeper = ApplyKeeper(self.base, settings.ami, secrets.ami_secret, self.reload_site)
        self.left_out: list[str] = []
        self.trouble = ""
        self._stopping = False
        self._up = settings.paths.run / "up"

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything; calls are answered when this returns."""
        self.states.load()
        self.load_site()
        self._restore_outbound()
        self.bindings.load()
        self.host.start(self.core)
        self.bans.start()
        self.fraud.start()
        self.ami.start()
        self.timers.after(PATIENCE_SECONDS, self.recovery.give_up)
        self.agi.start()
        self.control.start()
        self.schedules.start()
        self.troubles.started(self.ami.up.is_set, self.host.statuses.values())
        self._up.touch()
        self._beat()
        notify("READY=1")
        log.info("daemon.ready", seconds=round(time.monotonic() - self.started, 3), plugins=sorted(self.host.statuses))

    def _restore_outbound(self) -> None:
        """Calls outside of the last hour count for limits after a restart too."""
        since = datetime.now(UTC) - timedelta(hours=1)
        try:
            recent = find_calls(self.database, since=since, direction="outbound", limit=100_000)
            running = [record for record in self.writer.open_calls() if record.direction == "outbound"]
        except JackfieldError as error:
            log.warning("outbound.unknown_past", error=str(error))
            return
        self.calls.outgoing.situation.ledger.restore(entry_of(record) for record in [*recent, *running])

    def stop(self) -> None:
        """Stop. Calls in progress go to Asterisk's rescue and come back to the next daemon."""
        notify("STOPPING=1")
        self._stopping = True
        self.schedules.stop()
        self._up.unlink(missing_ok=True)
        self.control.stop()
        self.site_processes.renew()
        self.agi.stop()
        self._open_trunks()
        self.host.call("jackfield_stop")
        self.ami.stop()
        self.bans.stop()
        self.timers.stop()
        self.writer.close(5.0)
        self.alarms.stop()
        self.teller.stop()
        self.database.close()
        log.info("daemon.stopped")

    def _beat(self) -> None:
        """Once a second, on the timer thread: tell systemd that we live; look for what has come to a stop."""
        notify("WATCHDOG=1")
        self.calls.cut_stalled(self.agi.sessions(), time.monotonic(), self.settings.agi.stall_seconds)
        self.overload.beat(BEAT_SECONDS)
        self.keeper.look()
        self.host.look()
        self.timers.after(BEAT_SECONDS, self._beat)

    def _trouble(self, message: str) -> None:
        self.trouble = message
        self.troubles.records(message)

    def _alarm(self, entry: Entry) -> None:
        """On the alarms' thread."""
        self.events.publish("alarm", what=str(entry.what), **entry.alarm.as_json())

    def _plugin_changed(self, status: Status) -> None:
        self.troubles.plugin(status)
        self.events.publish("plugin", plugin=status.name, state=str(status.state), reason=status.reason)

    def _plugin_fault(self, status: Status, what: str) -> None:
        self.troubles.plugin_fault(status.name, what, lambda: max(status.faults, default=None))

    def _migrate_plugins(self) -> None:
        """A plugin whose tables cannot be brought up to date is refused; the others serve."""
        for name, models in self.host.call("jackfield_models"):
            try:
                migrate.migrate(self.database, [models])
            except JackfieldError as error:
                self.host.refuse(name, str(error))

    # -- the site --------------------------------------------------------------------------------------------------

    def load_site(self) -> None:
        """Serve the generation in force; an unreadable one is reported and the site before stays."""
        folder = self.base / "current"
        try:
            text = (folder / "site.json").read_text(encoding="utf-8")
            number = int(folder.readlink().name)
        except (OSError, ValueError):
            log.warning("site.none", folder=str(folder), hint="jackfield import FILE; jackfield apply")
            return
        site, self.left_out = Site.from_json(text, self.host.kinds(), number)
        for sentence in self.left_out:
            log.error("site.left_out", what=sentence)
        self.troubles.site(self.left_out)
        self.trunks.serve(site.all("trunk", Trunk))
        self.troubles.fragments(left_out_of(folder))
        self.calls.serve_site(site, Manifest.load(folder / "sounds.json"))
        self.quality.serve(site.names("trunk"), site.names("extension"))
        self.schedules.look()
        self.bans.site_changed(site)
        log.info("site.served", generation=number)

    def reload_site(self) -> dict[str, Any]:
        """Serve the generation that is in force now."""
        self.load_site()
        self.resync.trunks()
        self.host.call("jackfield_site_changed", site=self.calls.site)
        return {"generation": self.calls.site.number, "left_out": self.left_out}

    def reload_plugins(self) -> list[dict[str, Any]]:
        """Take up plugins that were installed, let go of those that were removed."""
        importlib.invalidate_caches()
        new = self.host.load()
        self.site_processes.renew()
        self._migrate_plugins()
        self.load_site()
        self.host.start(self.core, new)
        for name in new if self.recovery.finished else ():
            self.host.call("jackfield_recovered", only=name)
        self.host.call("jackfield_site_changed", site=self.calls.site)
        return [each.describe() for each in self.host.statuses.values()]

    # -- Asterisk --------------------------------------------------------------------------------------------------

    def _ami_down(self) -> None:
        self.registry.lost()
        self.trunks.lost()
        if not self._stopping:
            self.troubles.asterisk_lost()

    def _ami_event(self, name: str, message: Message) -> None:
        """On AMI's reader thread."""
        self.registry.event(name, message)
        self.bans.event(name, message)
        if name in TRUNK_EVENTS:
            self.trunks.event(name, message)

    def _open_trunks(self) -> None:
        """No daemon leaves a trunk shut behind it."""
        try:
            self.gates.open_all(self.calls.site.names("trunk"))
        except JackfieldError as error:
            log.warning("overload.gates", error=str(error))

    def _ami_up(self) -> None:
        """After each log-in, on a thread of its own."""
        self._open_trunks()
        self.troubles.asterisk_there()
        if self.resync.everything():
            self.lamps.refresh()
            self._look_into("")

    def _recovered(self) -> None:
        self.host.call("jackfield_recovered")

    # -- registry's listener, and Phones for plugins ---------------------------------------------------------------

    def channel_dialled(self, channel: Channel) -> None:
        """A channel is being called."""
        self.calls.channel_dialled(channel)

    def channel_answered(self, channel: Channel) -> None:
        """A dialled channel has answered."""
        self.trunks.tried(channel.endpoint)
        self.calls.channel_answered(channel)

    def channel_ended(self, channel: Channel) -> None:
        """A channel is gone."""
        self.calls.channel_ended(channel)

    def channel_moved(self, channel: Channel, before: Channel) -> None:
        """A channel goes on in another call."""
        self.calls.channel_moved(channel, before)

    def channels_merged(self, message: Message) -> None:
        """An attended transfer."""
        self.calls.channels_merged(message)

    def phone_changed(self, endpoint: str, busy: bool) -> None:
        """A phone became busy or free."""
        self._phone_event(extension_of(endpoint))

    def phone_reachable(self, endpoint: str, reachable: bool) -> None:
        """A phone came or went."""
        self._phone_event(extension_of(endpoint))

    def _phone_event(self, extension: str) -> None:
        if self.calls.site.get("extension", extension, Extension) is not None:
            self.events.publish(
                "phone", extension=extension, busy=self.busy(extension), reachable=self.reachable(extension)
            )

    def busy(self, extension: str) -> bool:
        """Whether one of the extension's phones has a channel now."""
        return any(self.registry.busy(endpoint) for endpoint in endpoints(self.calls.site, extension))

    def reachable(self, extension: str) -> bool:
        """Whether one of the extension's phones is registered; True when nobody knows."""
        return any(self.registry.reachable(endpoint) for endpoint in endpoints(self.calls.site, extension))

    def _look_into(self, room: str) -> None:
        threading.Thread(
            target=conference.close_if_alone, args=(self.desk, room), name="conference", daemon=True
        ).start()

    def waiting_calls(self) -> dict[str, str]:
        """Calls that will come back after a restart."""
        return self.recovery.waiting()


def main(arguments: list[str] | None = None) -> int:
    """Run jackfieldd until SIGTERM."""
    parser = argparse.ArgumentParser(prog="jackfieldd", description="Answers Jackfield's calls.")
    parser.add_argument("--settings", type=Path, help="settings file (default: /etc/jackfield/jackfield.toml)")
    chosen = parser.parse_args(arguments)
    try:
        settings = settings_file.load(chosen.settings)
        logs.set_up(settings.log_level)
        daemon = Daemon(settings)
        daemon.start()
        # What is loaded lives as long as the process: the collector need not look at it with every call.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000)
    except (JackfieldError, OSError) as error:
        print(f"jackfieldd cannot start: {error}", file=sys.stderr)
        return 1
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    over.wait()
    daemon.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
