"""Watches the quality of trunks and phones, and raises an alarm when it is bad for a while."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from jackfield.calls.channels import endpoint_of
from jackfield.config.objects.extension import extension_of
from jackfield.i18n import sentences
from jackfield.quality.own import Own, own
from jackfield.quality.trend import BAD_MOS, Trend, Turn
from jackfield.records.models import CallRecord

if TYPE_CHECKING:
    from jackfield.alarms.service import Alarms


S_ = sentences("jackfield")


class QualityWatch:
    """A trend for each trunk and phone. Methods may be called from any thread."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._lock = threading.Lock()
        self._subjects: dict[str, str] = {}
        self._trends: dict[str, Trend] = {}

    def serve(self, trunks: Iterable[str], extensions: Iterable[str]) -> None:
        """Watch these, and forget trunks and phones that are no more."""
        subjects = {name: f"trunk:{name}" for name in trunks} | {name: f"extension:{name}" for name in extensions}
        with self._lock:
            self._subjects = subjects
            old = self._trends.keys() - subjects.values()
            for gone in old:
                del self._trends[gone]
        for gone in old:
            self._alarms.clear(f"quality:{gone}", S_("it is not on the site any more"))

    def call_ended(self, record: CallRecord) -> None:
        """Take in the legs of a call; each counts for its own network only."""
        for leg in record.legs:
            endpoint = endpoint_of(leg.channel)
            subject = self._subjects.get(endpoint) or self._subjects.get(extension_of(endpoint))
            sound = own(leg, (other for other in record.legs if other is not leg))
            if subject is not None and sound is not None:
                self._leg_ended(subject, sound)

    def _leg_ended(self, subject: str, sound: Own) -> None:
        with self._lock:
            trend = self._trends.setdefault(subject, Trend())
            turn, share, legs = trend.add(sound.mos), trend.share, trend.legs
        if turn is Turn.BAD:
            kind, _, name = subject.partition(":")
            text = S_(
                "{kind} {name}: {share} of the last {legs} calls sound bad (MOS below {mos}); the last lost {loss} % "
                "of its packets. Look at the network between it and this machine",
                kind=kind, name=name, share=f"{share:.0%}", legs=legs, mos=BAD_MOS, loss=f"{sound.loss:g}",
            )  # fmt: skip
            self._alarms.raise_(f"quality:{subject}", text, share=round(share, 2), mos=sound.mos)
        elif turn is Turn.GOOD:
            self._alarms.clear(f"quality:{subject}", S_("calls sound well again"))
