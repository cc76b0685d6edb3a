"""Places the planned calls, and has the agents' phones do what the plan says for each caller."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from rig import Call, Phone
from rig.dialog import Dialog, SipMessage
from rig.hostsys import say

from .plan import AT_ONCE, CALLS, WAVES, Planned, Ring
from .shop import Shop

PATIENCE = 120.0  # seconds that a call may take


class Desk:
    """The agents' hands: what a phone does depends on who calls and how often it has rung for that caller."""

    def __init__(self, shop: Shop) -> None:
        """Listens to the phones' packets."""
        self._scheduler = shop.run.scheduler
        self._phones: Sequence[Phone] = list(shop.phones.values())
        self._rings: dict[str, list[Ring]] = {call.number: list(call.rings) for call in CALLS}
        self._doing: dict[str, Ring] = {}
        self._phones[0].capture.listeners.append(self._hear)

    def _hear(self, dialog: Dialog, message: SipMessage) -> None:
        """Runs on the capture's thread, for every SIP message of the phones."""
        if message.method != "INVITE" and message.method != "ACK":
            return
        if message.code == 180 and message.outgoing and dialog.call_id not in self._doing:
            self._rang(dialog)
        ring = self._doing.get(dialog.call_id)
        if message.method == "ACK" and not message.outgoing and dialog.answered_at and ring and ring.talk is not None:
            self._scheduler.after(ring.talk, self._call(dialog.call_id)[1].hang_up)

    def _rang(self, dialog: Dialog) -> None:
        left = self._rings.get(dialog.caller_number)
        ring = left.pop(0) if left else Ring(answer_after=None)
        self._doing[dialog.call_id] = ring
        phone, call = self._call(dialog.call_id)
        if ring.refuse:
            self._scheduler.after(0.3, lambda: phone.refuse(486, call))
        elif ring.answer_after is not None:
            self._scheduler.after(ring.answer_after, lambda: phone.answer(call))

    def _call(self, call_id: str) -> tuple[Phone, Call]:
        return next((p, c) for p in self._phones for c in p.calls if c.call_id == call_id)


class Callers:
    """The carrier's side: up to `AT_ONCE` calls at once."""

    def __init__(self, shop: Shop) -> None:
        """Nothing is placed before `work`."""
        self._shop = shop
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._done = 0
        self._begun = time.monotonic()
        self._tones = {call.number: tone for call, tone in zip(CALLS, _cycle(shop.caller_tones), strict=False)}
        self.calls: dict[str, Call] = {}

    def work(self) -> dict[str, Call]:
        """Places all calls; returns them by caller's number when all are over."""
        for number, wave in enumerate(WAVES, 1):
            say(f"calls: part {number} of {len(WAVES)}, {len(wave)} calls")
            self._wave(wave)
            self._shop.wait_ready()
        return self.calls

    def _wave(self, wave: Sequence[Planned]) -> None:
        begun, watchers = time.monotonic(), []
        for planned in sorted(wave, key=lambda one: one.at):
            time.sleep(max(0.0, begun + planned.at - time.monotonic()))
            self._free.acquire()
            call = self._shop.carrier.call(
                planned.did,
                from_number=planned.number,
                from_name=planned.name,
                plan=planned.does,
                tone=self._tones[planned.number],
            )
            self.calls[planned.number] = call
            watchers.append(threading.Thread(target=self._watch, args=(planned, call), daemon=True))
            watchers[-1].start()
        for watcher in watchers:
            watcher.join()

    def _watch(self, planned: Planned, call: Call) -> None:
        try:
            ended = call.wait_ended(PATIENCE)
            how = "" if ended.final_code == 200 else f"refused with {ended.final_code}, "
            length = (ended.ended_at or 0.0) - (ended.invite_at or 0.0)
        except TimeoutError:
            how, length = "does not end, ", PATIENCE
            call.hang_up()
        finally:
            self._free.release()
        self._done += 1
        say(
            f"{time.monotonic() - self._begun:5.1f} s  {self._done:2} of {len(CALLS)} over: {planned.what} "
            f"({planned.number} to {planned.did}), {how}{length:.1f} s"
        )


def _cycle(tones: Sequence[int]) -> Sequence[int]:
    return [tones[i % len(tones)] for i in range(len(CALLS))]
