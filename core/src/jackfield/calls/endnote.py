"""How calls ended that no daemon saw."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_CHANNEL = re.compile(r"[A-Za-z]{1,16}/[A-Za-z0-9*._@;+-]{1,120}")


@dataclass(frozen=True, slots=True)
class UnseenTalk:
    """A talk that was over before the next daemon came, as the dialplan noted it; `channel` is who was talked to."""

    channel: str
    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class EndNote:
    """The dialplan's note, as it hangs up (`h` in extensions.conf)."""

    ended: datetime
    talk: UnseenTalk | None = None

    @classmethod
    def read(cls, text: str) -> EndNote | None:
        """`ENDED,DIALSTATUS,CHANNEL,UP,DIALLED,TALK_ENDED`; None when it is no note.

        ENDED and TALK_ENDED are POSIX seconds. UP and DIALLED are milliseconds since the caller was answered and since
        the last Dial began: the talk is no longer than either. TALK_ENDED: the caller was still held after.
        """
        at, status, channel, up, dialled, over = [*text.split(","), *[""] * 6][:6]
        try:
            ended = datetime.fromtimestamp(float(at), UTC)
            talk_ended = datetime.fromtimestamp(float(over), UTC) if over else ended
        except (ValueError, OverflowError, OSError):
            return None
        if status != "ANSWER" or not _CHANNEL.fullmatch(channel):
            return cls(ended)
        lasted = min((int(ms) for ms in (up, dialled) if ms.isascii() and ms.isdigit()), default=0)
        return cls(ended, UnseenTalk(channel, talk_ended - timedelta(milliseconds=lasted), talk_ended))
