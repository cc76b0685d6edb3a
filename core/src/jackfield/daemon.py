"""jackfieldd: puts the parts together, answers calls, and stops cleanly."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from jackfield import log as logs
from jackfield import settings as settings_file
from jackfield.alarms.expiry import Expiry
from jackfield.alarms.models import Entry
from jackfield.alarms.service import Alarms
from jackfield.alarms.teller import Teller
from jackfield.alarms.troubles import Troubles
from jackfield.backup import methods as backup_methods
from jackfield.calls.blackbox import BlackBox
from jackfield.calls.broker import Broker
from jackfield.calls.ledger import entry_of
from jackfield.calls.recovery import PATIENCE_SECONDS, Recovery
from jackfield.calls.registry import Registry
from jackfield.calls.resync import Resync
from jackfield.calls.service import CallService
from jackfield.config.keeper import ApplyKeeper
from jackfield.config.secrets import Secrets
from jackfield.control import site_methods
from jackfield.control.api import ControlApi
from jackfield.control.audit import Line
from jackfield.control.core_methods import core_methods
from jackfield.control.machine import MachineLoad
from jackfield.control.site_processes import SiteProcesses
from jackfield.core import Clock, Core
from jackfield.errands import handler as errand_handler
from jackfield.errands.service import Errands
from jackfield.errors import JackfieldError
from jackfield.features.desk import Desk
from jackfield.features.lamps import Lamps
from jackfield.features.parking import ParkingLot
from jackfield.features.states import UserStates
from jackfield.jobs.outbox import Outbox
from jackfield.jobs.own import own_schedules
from jackfield.link import Link
from jackfield.phones import Phones
from jackfield.plugins import PluginHost, Status
from jackfield.plugins.tables import migrate_core
from jackfield.privacy.bindings import Bindings
from jackfield.quality.watch import QualityWatch
from jackfield.records.queries import find_calls
from jackfield.records.writer import RecordWriter
from jackfield.routing import builtin, explain, whose
from jackfield.routing.conditions import Turns
from jackfield.schedules.service import Scheduler
from jackfield.sdnotify import notify
from jackfield.security.bans import Bans
from jackfield.security.fraud import Fraud
from jackfield.security.overload import Gates, Overload
from jackfield.security.store import Store
from jackfield.services import EventBus, SystemClock, TimerThread
from jackfield.serving import Serving
from jackfield.settings import Settings
from jackfield.storage.engine import Database
from jackfield.telephony.ami import AmiClient
from jackfield.telephony.server import AgiServer, listening_socket
from jackfield.telephony.trunks import TrunkStates

log = structlog.get_logger(__name__)
AMI_USER = "jackfield"
BEAT_SECONDS = 1.0
RESTART_SECONDS = 1.0
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
        self.over = threading.Event()
        """Set when the daemon is to end."""
        self.base = settings.paths.state / "asterisk"
        self._secrets = Secrets.load(self.base / "secrets.toml")
        self._takes = settings.paths.spool / "takes"
        self._turns = Turns()
        self.trouble = ""
        self._up = settings.paths.run / "up"
        self.database = Database(settings.database)
        self.timers, self.events = timers or TimerThread(), EventBus()
        self.clock = clock or SystemClock()
        self.site_processes = SiteProcesses(self.timers)
        self.machine_load = MachineLoad(self.events, self.timers, [settings.paths.state, settings.paths.spool])
        self.serving, self.link = Serving(self), Link(self)
        self._put_plugins(plugins)
        self._put_records()
        self._put_calls()
        self._put_asterisk()
        self._put_guards()
        self._put_control()
        self.core = Core(
            self.timers, self.events, self.outbox, self.phones, self.asterisk, self.database,
            lambda: self.calls.site, self.host.settings, self.alarms, clock=self.clock,
            audit=lambda who, what, about: self.control.audit.note(Line(who, -1, what, about, True, True)),
        )  # fmt: skip
        self.keeper = ApplyKeeper(self.base, settings.ami, self._secrets.ami_secret, self.serving.reload_site)

    def _put_plugins(self, plugins: Iterable[EntryPoint] | None) -> None:
        """Plugins, whose troubles are alarms, and the tables of all."""
        self.host = PluginHost(self.settings)
        self.teller = Teller(self.host)
        self.alarms = Alarms(self.database, self.settings.alarms, [self._alarm], self.teller.tell)
        self.troubles = Troubles(self.alarms, self.timers)
        self.host.on_change, self.host.on_fault = self._plugin_changed, self._plugin_fault
        self.host.load(plugins)
        migrate_core(self.database, self.settings)
        self.serving.migrate_plugins()

    def _put_records(self) -> None:
        """What is written: records, jobs, alarms."""
        self.writer = RecordWriter(self.database, on_trouble=self._trouble, on_ok=lambda: self._trouble(""))
        self.outbox = Outbox(self.database, lambda: self.host.jobs().keys(), self.settings.paths.run / "worker.sock")
        self.schedules = Scheduler(
            self.database, self.outbox,
            lambda: [*own_schedules(self._takes, self.settings.backup), *self.host.schedules()],
            lambda: ZoneInfo(self.calls.site.general.zone), self.timers, self.clock,
        )  # fmt: skip
        self.expiry = Expiry(self.alarms, self.timers, self.clock, self._certificate)
        self.teller.connect(self.settings.alarms, self.outbox, self.alarms)
        self.alarms.start()

    def _put_calls(self) -> None:
        """Calls, and what is live of them."""
        self.bindings = Bindings(self.database, self.timers, lambda: self.calls.site)
        self.registry = Registry()
        self.calls = CallService(
            self.host,
            self.writer,
            self.events,
            self.registry,
            self._secrets.agi_token,
            self.clock.now,
            lambda ways: [
                *builtin.kinds(self._turns, self.bindings, ways),
                errand_handler.kind(lambda call, name: self.errand_desk.serve(call, name)),
            ],
        )
        limit = max(self.settings.overload.max_calls, self.settings.agi.max_calls)
        self.calls.blackbox = BlackBox(self.settings.paths.run / "acting", limit + SPARE_CALLS)
        self.host.on_left = self.calls.stalls.plugin_left
        self.trunks = TrunkStates(self.alarms)
        self.trunks.changed = lambda name, state: self.events.publish("trunk", name=name, state=str(state))
        self.quality = QualityWatch(self.alarms)
        self.calls.endings.ended = self.quality.call_ended
        self.calls.outgoing.serve(self.alarms, self.trunks.usable, self.trunks.tried)
        self.recovery = Recovery(self._recovered)
        self.calls.recovery = self.calls.endings.recovery = self.recovery.came
        self.phones = self.registry.listener = Phones(self.calls, self.trunks, self.events, self.recovery)

    def _put_asterisk(self) -> None:
        """The link to Asterisk, and what acts over it."""
        ami = self.settings.ami
        self.ami = AmiClient(
            ami.host,
            ami.port,
            AMI_USER,
            self._secrets.ami_secret,
            on_event=self.link.event,
            on_up=self.link.up,
            on_down=self.link.down,
        )
        self.asterisk = Broker(self.ami)
        self.calls.legs.transfer = self.asterisk.transfer
        self.resync = Resync(self.asterisk, self.registry, self.trunks, self.calls, self.recovery, self.writer)
        self.states = UserStates(self.database)
        self.lamps = Lamps(self.asterisk, self.states)
        lot = ParkingLot(self.lamps.slot)
        self.desk = self.calls.desk = Desk(self.states, self.calls, self.asterisk, lot, self._takes)
        self.registry.conference_left = self.link.look_into
        self.errands = Errands(
            self.asterisk, self.registry, self.site_processes, self.events, self.timers, self.clock,
            lambda: self.calls.site,
        )  # fmt: skip
        self.errand_desk = errand_handler.Handler(self.errands, self.calls, self.clock.now)

    def _put_guards(self) -> None:
        """Against attackers, fraud, and more calls than the box can carry."""
        security = Store(self.database)
        self.bans = Bans(security, self.timers, self.alarms)
        outside = self.calls.outgoing.situation
        self.fraud = Fraud(
            security, self.alarms, lambda: self.calls.site, outside.bar,
            lambda extension: outside.used(frozenset({extension}), "").at_once,
        )  # fmt: skip
        self.events.subscribe("outbound", self.fraud.outbound)
        settings = self.settings
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

    def _put_control(self) -> None:
        """What the command and the console ask."""
        path = self.settings.paths.run / "control.sock"
        methods = [*core_methods(self), *explain.methods(self.calls, self._turns), *whose.methods(self.calls)]
        methods += site_methods.methods(self.site_processes, self.events.publish)
        methods += backup_methods.methods(
            self.settings.paths.state, self.site_processes, self.events.publish, self._begin_anew
        )
        self.control = ControlApi(path, self.settings.control, self.database, self.host, self.events, methods)

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything; calls are answered when this returns."""
        self.states.load()
        self.serving.load_site()
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
        self.machine_load.start()
        self.expiry.start()
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
        self.link.stopping = True
        self.schedules.stop()
        self._up.unlink(missing_ok=True)
        self.control.stop()
        self.site_processes.renew()
        self.agi.stop()
        self.link.open_trunks()
        self.host.call("jackfield_stop")
        self.ami.stop()
        self.bans.stop()
        self.machine_load.stop()
        self.timers.stop()
        self.writer.close(5.0)
        self.calls.blackbox.close()
        self.alarms.stop()
        self.teller.stop()
        self.database.close()
        log.info("daemon.stopped")

    def _beat(self) -> None:
        """Once a second, on the timer thread: tell systemd that we live; look for what has come to a stop."""
        notify("WATCHDOG=1")
        self.calls.stalls.cut(self.agi.sessions(), time.monotonic(), self.settings.agi.stall_seconds)
        self.overload.beat(BEAT_SECONDS)
        self.keeper.look()
        self.host.look()
        self.timers.after(BEAT_SECONDS, self._beat)

    def _certificate(self) -> Path:
        """Of SIP over TLS: the site's, or the machine's own."""
        return Path(self.calls.site.general.tls_certificate or self.base / "tls" / "jackfield.crt")

    def _begin_anew(self) -> None:
        """End soon, when the answer to who asked is out; systemd starts a daemon again at once."""
        self.timers.after(RESTART_SECONDS, self.over.set)

    def _recovered(self) -> None:
        self.host.call("jackfield_recovered")

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
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: daemon.over.set())
    daemon.over.wait()
    daemon.stop()
    return 0
