"""A call and its verbs: what plugin code says to Asterisk about one caller.

All verbs run on the call's own thread and raise `CallerHungUp` when the caller is gone. `wake` is the one method for
other threads. The verbs are in `verbs_*.py`, those that bring callers together are here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jackfield.calls.basis import Resume, Sounds, Wake
from jackfield.calls.channels import REACH
from jackfield.calls.dialling import Agents, BeforeDial, Dialler, DialResult, FarEnd, Talked
from jackfield.calls.party import Party
from jackfield.calls.state import Facts
from jackfield.calls.verbs_keys import Keys
from jackfield.calls.verbs_record import Recording
from jackfield.config.phones import endpoints
from jackfield.errors import PluginFault, UnsafeValue
from jackfield.features import parking
from jackfield.permissions import Permission
from jackfield.routing.destinations import Goto
from jackfield.telephony import variables

if TYPE_CHECKING:
    from jackfield.config.site import Site
    from jackfield.telephony.agi import AgiSession

__all__ = ["Call", "Resume", "Sounds", "Wake"]
_SPYING = "qES"
"""No beep; over when the talk is."""
_CHANNEL = re.compile(r"[A-Za-z]{1,16}/[A-Za-z0-9*._@;+-]{1,120}")


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
        """Targets that ring an extension: each of its phones; of several, those that are registered.

        With `*` and a number behind it: that number outside, on the extension's account. Who answers must press 1.

        Example:
            >>> call.phones("201")
            ['PJSIP/201']
        """
        if "*" in extension:
            return [f"Local/{extension}{REACH}/n"]
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
        agent: Agents = "",
        queue: str = "",
    ) -> DialResult:
        """Ring phones, bridge with the first that answers, and return when the talk is over.

        Args:
            targets: as in `PJSIP/201`, or `PJSIP/NUMBER@TRUNK`.
            seconds: how long to ring.
            try_seconds: give up (CHANUNAVAIL) when nothing is heard of ringing or progress for so long.
            music: class of music while it rings, instead of the ringing tone.
            caller_id: what the phone shows instead of the caller.
            agent: who is rung, for the record; of several phones, by extension.
            queue: the queue that the call comes out of, for the record.

        Raises:
            CallerHungUp: the caller left; its `dial` says whether there had been a talk.
            UnsafeValue: a target is none.
            PluginFault: a target is a trunk, and the plugin lacks the permission `dial-out`.

        Example:
            >>> call.dial(call.phones("201"), seconds=20).status
            'ANSWER'
        """
        if Permission.DIAL_OUT not in self.permissions and any("@" in target for target in targets):
            raise PluginFault("dialled a trunk without the permission dial-out; declare it in `permissions`")
        self._music = ""
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
        """How the one channel of the last `dial` with `try_seconds` ended, when it was not answered (core's own)."""
        return self._dialler.far_end()

    def pick_up(self, channel: str) -> None:
        """Answer, with this phone, what rings at another channel.

        Raises:
            CallerHungUp: done; this phone is a leg of the other call now. Or it is gone.
            CommandFailed: it does not ring any more.

        Example:
            >>> call.pick_up("PJSIP/202-00000007")
        """
        self._session.run("PickupChan", _channel(channel))

    def join(self, channel: str) -> bool:
        """Talk with a channel that is up, until one of both hangs up; False when there is none.

        Raises:
            CallerHungUp: the caller is gone.
            UnsafeValue: it is not the name of a channel.

        Example:
            >>> call.join("PJSIP/202-00000007")
            True
        """
        self.flush()
        self.music(False)
        self._session.run("Bridge", _channel(channel), "x")
        return str(self._session.get_full_variable("${BRIDGERESULT}")) == "SUCCESS"

    def listen(self, channel: str, mode: str = "listen") -> None:
        """Hear both sides of a channel's talk, until it is over or the caller of this call hangs up.

        Args:
            channel: whose talk.
            mode: `listen`, `whisper` (that channel hears this caller too) or `barge` (both sides do).

        Raises:
            CallerHungUp: the caller is gone.
            UnsafeValue: it is not the name of a channel.

        Example:
            >>> call.listen("PJSIP/202-00000007", "whisper")
        """
        self.flush()
        self.music(False)
        self._session.run("ChanSpy", _channel(channel), _SPYING + {"listen": "", "whisper": "w", "barge": "B"}[mode])

    def confer(self, room: str) -> None:
        """Be in a conference, until one leaves it or is taken out.

        Raises:
            CallerHungUp: the caller is gone.
            UnsafeValue: it is not the number of a conference.

        Example:
            >>> call.confer("8000")
        """
        if not room.isdigit():
            raise UnsafeValue(f"{room[:40]!r} is not the number of a conference")
        self.flush()
        self.music(False)
        if self.site.general.conference_names:
            self.set_variable(variables.SOUNDS, variables.OWN_SOUNDS + self.language)
        self._session.run("ConfBridge", room, "jf-bridge", "jf-user")

    def transfer(self, destination: str, outcome: str = "") -> Goto:
        """Send the caller on to another destination: `return call.transfer("queue:sales")` from the handler.

        As `Goto`, but a destination that leads nowhere is found here, and not by the caller.

        Args:
            destination: `kind:name`, a plugin's or core's (`extension:201`, `outbound:+442079460000`, `hangup:busy`).
            outcome: goes on record for the step that ends.

        Raises:
            UnsafeValue: it is not of that form, no plugin serves it, or the site has no such name.

        Example:
            >>> call.transfer("extension:201", "chosen")
            Goto(destination='extension:201', outcome='chosen')
        """
        if reason := self.desk.unserved(destination, self.site):
            raise UnsafeValue(f"{destination} leads nowhere: {reason}")
        return Goto(destination, outcome)

    def park(self, by: str = "") -> Goto | None:
        """Park the caller in a free slot, with music, until somebody dials it: `return call.park() or …`.

        Args:
            by: the extension that the caller goes back to when nobody comes; the route's fallback without one.

        Returns:
            Where to go (`park:701`), None when all slots are taken, or the site has none.

        Example:
            >>> call.park(by="201")
            Goto(destination='park:701', outcome='parked')
        """
        slot = self.desk.lot.reserve(self.site, by)
        if slot is None:
            return None
        self.set_data(parking.SLOT, slot)
        self.set_data(parking.PARKER, by or None)
        return Goto(f"{parking.SLOT}:{slot}", "parked")

    def describe(self) -> Mapping[str, Any]:
        """For `jackfield calls` (core's own)."""
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
