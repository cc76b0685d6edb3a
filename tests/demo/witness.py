"""Makes accounts of what was seen and heard on the wire, and measures recordings."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable

from rig import Call, Phone
from rig.audio import Sound, read_recording

from .accounts import Account, Offer, Recording
from .compare import LEAK
from .plan import CALLS, Planned
from .shop import AGENTS, RECORDINGS, Shop
from .tones import tone_seconds

KEY_SECONDS = 0.1  # how long dtmf() holds a key
MUSIC_SECONDS = 1.5


class Witness:
    """Looks at the captures of a finished run."""

    def __init__(self, shop: Shop, calls: dict[str, Call]) -> None:
        """calls: the carrier's, by caller's number."""
        self._shop, self._calls = shop, calls
        self._epoch = time.time() - time.monotonic()

    def accounts(self) -> list[tuple[Planned, Account]]:
        """One account for each call, in the order of the plan."""
        return [(planned, self._account(planned, self._calls[planned.number])) for planned in CALLS]

    def _account(self, planned: Planned, call: Call) -> Account:
        dialog, heard = call.dialog, call.heard
        keys = call.keys_sent
        offers = tuple(sorted(self._offers(planned.number, call.tone), key=lambda offer: offer.rang_at))
        tones = tone_seconds(heard, self._shop.tones.values())
        queued = keys[-1][0] + KEY_SECONDS if keys else dialog.invite_at or 0.0
        return Account(
            number=planned.number,
            name=planned.name,
            did=dialog.called_number,
            code=dialog.final_code or 0,
            started_at=self._wall(dialog.invite_at) or 0.0,
            ended_at=self._wall(dialog.ended_at) or 0.0,
            by="caller" if dialog.ended_by == "us" else "pbx",
            tone=call.tone,
            keys="".join(key for _, key in keys),
            last_key_at=self._wall(queued) if keys else None,
            offers=offers,
            heard_agents={agent: tones[tone] for agent, tone in self._shop.tones.items() if tones[tone] >= LEAK},
            prompts=tuple(self._prompts(planned, heard)),
            music=planned.waits and self._music(heard, queued, offers, dialog.ended_at or 0.0),
        )

    def _wall(self, at: float | None) -> float | None:
        return at + self._epoch if at is not None else None

    def _offers(self, number: str, tone: int) -> Iterable[Offer]:
        for agent, phone in self._shop.phones.items():
            for call in _from(phone, number):
                dialog = call.dialog
                answered = dialog.answered_at
                yield Offer(
                    agent,
                    AGENTS[agent],
                    rang_at=self._wall(dialog.invite_at) or 0.0,
                    ended_at=self._wall(dialog.ended_at or dialog.cancel_at) or 0.0,
                    answered_at=self._wall(answered),
                    heard_caller=tone_seconds(call.heard, [tone])[tone] if answered is not None else 0.0,
                )

    def _prompts(self, planned: Planned, heard: Sound) -> Iterable[tuple[str, str]]:
        for name in planned.hears:
            for language in ("en", "zh"):
                if self._shop.heard(heard, name, language):
                    yield language, name

    def _music(self, heard: Sound, queued: float, offers: tuple[Offer, ...], ended: float) -> bool:
        """Whether what was heard just before an agent's phone rang is in one of the pieces of music."""
        until = offers[0].rang_at - self._epoch if offers else ended
        part = heard.between(max(queued, until - MUSIC_SECONDS - 0.2), until - 0.2)
        if part.seconds < MUSIC_SECONDS - 0.1:
            return False
        return any(Sound([(0.0, piece)]).find(part.samples) for piece in self._shop.music())

    def recordings(self) -> list[Recording]:
        """All recordings, measured: in their rows, and in their files."""
        tones = {record["id"]: self._tones(record["caller_number"]) for record in self._shop.records()}
        return [self._recording(row, tones.get(row["call_id"], set())) for row in self._shop.recording_rows()]

    def _tones(self, number: str) -> set[int]:
        call = self._calls.get(number)
        return {*self._shop.tones.values(), *([call.tone] if call else [])}

    def _recording(self, row: dict[str, object], tones: set[int]) -> Recording:
        known = Recording(str(row["call_id"]), str(row["path"]), str(row["state"]), float(str(row["seconds"])))
        if known.state != "ready":
            return known
        data = self._shop.node.read_bytes(f"{RECORDINGS}/{known.path}")
        channels = read_recording(data, self._shop.run.root())
        left, right = channels[0], channels[-1]
        return Recording(
            known.call_id,
            known.path,
            known.state,
            known.row_seconds,
            intact=hashlib.sha256(data).hexdigest() == row["sha256"],
            form={b"fLaC": "flac", b"OggS": "ogg", b"RIFF": "wav"}.get(data[:4], "unknown"),
            channels=len(channels),
            seconds=left.seconds,
            left=tone_seconds(left, tones),
            right=tone_seconds(right, tones),
        )


def _from(phone: Phone, number: str) -> list[Call]:
    return [call for call in phone.calls if call.dialog.caller_number == number]
