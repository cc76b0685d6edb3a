"""After each log-in at Asterisk's manager: its word for what is live, and what became of the calls on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from jackfield.calls.broker import Broker
from jackfield.calls.endnote import EndNote
from jackfield.calls.party import clean_number, party
from jackfield.calls.recovery import Recovery
from jackfield.calls.registry import Registry
from jackfield.calls.service import CallService
from jackfield.calls.state import Facts
from jackfield.errors import JackfieldError, NotConnected
from jackfield.records.writer import RecordWriter
from jackfield.telephony import variables
from jackfield.telephony.events import Message
from jackfield.telephony.trunks import TrunkStates

log = structlog.get_logger(__name__)
_COMING_BACK = {"AGI", "Wait", "Answer", "StartMusicOnHold"}
"""What a call that has lost its daemon runs until the next one takes it; others talk, ring or wait in a plain queue."""


class Resync:
    """Asks Asterisk, and tells registry, trunks, calls and recovery. Not for AMI's reader thread: it waits."""

    def __init__(
        self,
        asterisk: Broker,
        registry: Registry,
        trunks: TrunkStates,
        calls: CallService,
        recovery: Recovery,
        writer: RecordWriter,
    ) -> None:
        self._asterisk, self._registry, self._trunks = asterisk, registry, trunks
        self._calls, self._recovery, self._writer = calls, recovery, writer

    def everything(self) -> bool:
        """Channels, contacts, trunks and calls; False when Asterisk was lost again."""
        self._registry.hold()
        try:
            status, contacts = self._asterisk.channels(), self._asterisk.contacts()
            served = self._served()
            self._registry.resync(status, contacts)
        except JackfieldError as error:
            self._registry.lost()
            log.warning("ami.resync_failed", error=str(error))
            return False
        self.trunks()
        open_calls = {record.id: record for record in self._writer.open_calls()}
        expected = {}
        for message in status:
            known = {k: v for k, v in message.variables().items() if v != "(null)"}
            if known.get(variables.AT) and known.get(variables.STATUS) != "done":
                facts = _facts(message, known)
                self._calls.adoption.adopt(facts, open_calls.get(facts.id), known[variables.AT])
                if message.get("Application") in _COMING_BACK:
                    expected[facts.id] = known[variables.AT]
        alive = {channel.call for channel in self._registry.channels()}
        self._calls.adoption.adopt_talks(open_calls, alive)
        self._calls.endings.end_gone()
        self._close_ended(open_calls, alive | served)
        self._recovery.expect(expected)
        return True

    def trunks(self) -> None:
        """States of trunks: contacts and registrations."""
        mark, names = self._trunks.mark(), [trunk.name for trunk in self._trunks.all()]
        try:
            self._trunks.resync(mark, self._asterisk.contact_states(names), self._asterisk.registrations())
        except NotConnected as error:
            log.warning("trunks.resync_failed", error=str(error))

    def _served(self) -> set[str]:
        """Calls that are ours; the ends of those that are over wait until it is known what is live."""
        return {live.facts.id for live in self._calls.calls()}

    def _close_ended(self, open_calls: dict[str, Any], ours: set[str]) -> None:
        """End the records of calls that ended while nobody looked."""
        ours = ours | self._served()
        noted = self._asterisk.take_ended()
        for identity, record in open_calls.items():
            if identity in ours or self._calls.endings.is_over(identity):
                continue
            note = noted.get(identity) or EndNote(datetime.now(UTC))
            self._calls.endings.close(record, note.ended, note.talk)


def _facts(message: Message, known: dict[str, str]) -> Facts:
    """What Asterisk's list of channels tells of a call."""
    trunk, extension = known.get(variables.TRUNK), known.get(variables.EXTENSION)
    seconds = message.get("Seconds", "")
    return Facts(
        id=known.get(variables.CALL) or message["Uniqueid"],
        channel=message["Channel"],
        direction="internal" if extension else "inbound",
        caller=party(known.get(variables.CALLER) or message.get("CallerIDNum", ""), message.get("CallerIDName", "")),
        did=clean_number(message.get("Exten", "")),
        trunk=trunk,
        extension=extension,
        started=datetime.now(UTC) - timedelta(seconds=int(seconds) if seconds.isdigit() else 0),
    )
