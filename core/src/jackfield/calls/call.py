"""A call and its verbs: what plugin code says to Asterisk about one caller.

All verbs run on the call's own thread and raise `CallerHungUp` when the caller is gone. `wake` is the one method for
other threads. The verbs are in `verbs_*.py`, those that bring callers together are here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jackfield.calls.basis import Resume, Sounds, Wake
from jackfield.calls.dialling import BeforeDial, Dialler, DialResult, FarEnd, Talked
from jackfield.calls.party import Party
from jackfield.calls.state import Facts
from jackfield.calls.verbs_keys import Keys
from jackfield.calls.verbs_record import Recording
from jackfield.config.phones import endpoints
from jackfield.errors import UnsafeValue

if TYPE_CHECKING:
    from jackfield.config.site import Site
    from jackfield.telephony.agi import AgiSession

__all__ = ["Call", "Resume", "Sounds", "Wake"]
_CHANNEL = re.compile(r"[A-Za-z]{1,16}/[A-Za-z0-9._@;+-]{1,120}")


class Call(Keys, Recording):
    """One caller's call, from its arrival to its end."""

    def __init__(
        self,
        session: AgiSession,
        facts: Facts,
        site: Site,
        sounds: Sounds,
        before_dial: BeforeDial,
        talked: Talked,
    ) -> None:
        super().__init__(session, facts, site, sounds)
        self._dialler = Dialler(session, before_dial, talked)

    def phones(self, extension: str) -> list[str]:
        """Targets that ring an extension: each of its phones; of several, those that are registered."""
        names = endpoints(self.site, extension)
        if len(names) > 1:
            names = self.desk.registered(names) or names
        return [f"PJSIP/{name}" for name in names]

    def dial(
        self,
        targets: Sequence[str],
        *,
        seconds: int,
        try_seconds: int | None = None,
        music: str | None = None,
        caller_id: Party | None = None,
        agent: str = "",
        queue: str = "",
    ) -> DialResult:
        """Ring phones, bridge with the first that answers, and return when the talk is over.

        Args:
            targets: as in `PJSIP/201`, or `PJSIP/NUMBER@TRUNK`.
            seconds: how long to ring.
            try_seconds: give up (CHANUNAVAIL) when nothing is heard of ringing or progress for so long.
            music: class of music while it rings, instead of the ringing tone.
            caller_id: what the phone shows instead of the caller.
            agent: who is rung, for the record.
            queue: the queue that the call comes out of, for the record.

        Raises:
            CallerHungUp: the caller left; its `dial` says whether there had been a talk.
            UnsafeValue: a target is none.
        """
        self._music = False
        return self._dialler.dial(
            self,
            targets,
            seconds=seconds,
            try_seconds=try_seconds,
            music=music,
            caller_id=caller_id,
            agent=agent,
            queue=queue,
        )

    def far_end(self) -> FarEnd:
        """How the one channel of the last `dial` with `try_seconds` ended, when it was not answered."""
        return self._dialler.far_end()

    def pick_up(self, channel: str) -> None:
        """Answer, with this phone, what rings at another channel.

        Raises:
            CallerHungUp: done; this phone is a leg of the other call now. Or it is gone.
            CommandFailed: it does not ring any more.
        """
        self._session.run("PickupChan", _channel(channel))

    def join(self, channel: str) -> bool:
        """Talk with a channel that is up, until one of both hangs up; False when there is none."""
        self.flush()
        self.music(False)
        self._session.run("Bridge", _channel(channel), "x")
        return str(self._session.get_full_variable("${BRIDGERESULT}")) == "SUCCESS"

    def confer(self, room: str) -> None:
        """Be in a conference, until one leaves it or is taken out."""
        if not room.isdigit():
            raise UnsafeValue(f"{room[:40]!r} is not the number of a conference")
        self.flush()
        self.music(False)
        self._session.run("ConfBridge", room, "jf-bridge", "jf-user")

    def describe(self) -> Mapping[str, Any]:
        """For `jackfield calls`."""
        return {
            "id": self.id,
            "channel": self.channel,
            "caller": self.caller.number,
            "name": self.caller.name,
            "did": self.did,
            "trunk": self.trunk,
            "extension": self.extension,
            "at": self.at,
            "since": self.started.isoformat(),
        }


def _channel(name: str) -> str:
    if not _CHANNEL.fullmatch(name):
        raise UnsafeValue(f"{name[:80]!r} is not a channel")
    return name
