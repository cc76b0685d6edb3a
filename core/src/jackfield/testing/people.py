"""The people of a simulated call: who calls, and whose phone rings. Their verbs wait for what must happen, or fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from jackfield.testing import applications
from jackfield.testing.asterisk import BUSY, REJECTED, RINGING, UP, Channel, Heard

if TYPE_CHECKING:
    from jackfield.records.models import CallRecord
    from jackfield.testing.simulator import Simulator


class NotSo(AssertionError):
    """What a conversation said did not come about."""


class Conversation:
    """A call as its record will tell it: where it has been, where it goes."""

    def __init__(self, pbx: Simulator, channel: Channel) -> None:
        self._pbx, self._channel = pbx, channel
        self._seen = 0

    @property
    def id(self) -> str:
        """The call's id."""
        return self._channel.id

    @property
    def path(self) -> list[str]:
        """The destinations that it has come to, in order."""
        return self._pbx.path(self.id)

    @property
    def data(self) -> dict[str, str]:
        """What plugins have noted with `set_data`."""
        return self._pbx.data(self.id)

    def goes_to(self, destination: str) -> None:
        """It comes to a destination, now or soon, after those that the test has spoken of."""
        found = self._pbx.until(lambda: destination in self.path[self._seen :])
        if not found:
            raise NotSo(self._pbx.account(f"the call did not go to {destination}; it went to {self.path}"))
        self._seen += self.path[self._seen :].index(destination) + 1


class Caller:
    """Somebody who has dialled."""

    def __init__(self, pbx: Simulator, channel: Channel) -> None:
        self._pbx, self.channel = pbx, channel
        self._next = 0
        self.call = Conversation(pbx, channel)

    def __repr__(self) -> str:
        return f"caller {self.channel.number or 'without a number'}"

    # -- hearing ---------------------------------------------------------------------------------------------------

    @property
    def heard(self) -> list[str]:
        """All prompts that were played so far, in order."""
        with self._pbx.asterisk.moved:
            return [sound.name for sound in self.channel.heard]

    def hears(self, *prompts: str, language: str = "") -> None:
        """These prompts are played, in this order, after those that the test has spoken of. Others may lie between.

        `digits:12` and `number:5` are what `call.play` makes of them.
        """
        for prompt in [name for given in prompts for name in spoken(given)]:
            self._hears(prompt, language)

    def hears_at_once(self, *prompts: str) -> None:
        """As `hears`, but nothing may lie between."""
        for prompt in [name for given in prompts for name in spoken(given)]:
            expected = self._next + 1
            self._hears(prompt, "")
            if self._next != expected:
                raise NotSo(
                    self._pbx.account(f"{self} heard {self.heard[expected - 1 : self._next]} before {prompt!r}")
                )

    def _hears(self, prompt: str, language: str) -> None:
        def find() -> int | None:
            for place, sound in enumerate(self.channel.heard[self._next :], self._next):
                if sound.name == prompt and language in ("", sound.language):
                    return place
            return None

        if not self._pbx.asterisk.until(lambda: find() is not None or self._over()) or find() is None:
            said = [f"{s.name} ({s.language})" for s in self.channel.heard[self._next :]]
            raise NotSo(self._pbx.account(f"{self} did not hear {prompt!r}; since then: {said or 'nothing'}"))
        self._next = (find() or 0) + 1

    def _over(self) -> bool:
        return self.channel.gone and not self.channel.served

    def hears_nothing_more(self) -> None:
        """Nothing is played but what the test has spoken of."""
        self._pbx.settle()
        if more := self.heard[self._next :]:
            raise NotSo(self._pbx.account(f"{self} heard {more} as well"))

    def hears_music(self, cls: str = "") -> None:
        """Music on hold plays."""
        self._expect(lambda: self.channel.music is not None and cls in ("", self.channel.music), "hear music")

    # -- doing -----------------------------------------------------------------------------------------------------

    def presses(self, keys: str) -> None:
        """Presses keys, each when the call has come to rest. Nobody takes a key: it is lost, as with Asterisk."""
        for key in keys:
            self._pbx.settle()
            with self._pbx.asterisk.moved:
                if self.channel.gone:
                    raise NotSo(self._pbx.account(f"{self} cannot press {key}: the call is over"))
                if self.channel.reads_keys:
                    self.channel.keys.append(key)
                self._pbx.asterisk.moved.notify_all()

    def interrupts(self, keys: str) -> None:
        """Has keys ready, that cut the next prompt short which any of them may."""
        with self._pbx.asterisk.moved:
            self.channel.keys.extend(keys)

    def waits(self, seconds: float) -> None:
        """Says and presses nothing for so long."""
        self._pbx.clock.advance(seconds)

    def hangs_up(self) -> None:
        """Hangs up, and the call comes to its end."""
        self._pbx.asterisk.hang_up(self.channel)
        self.is_over()

    # -- being -----------------------------------------------------------------------------------------------------

    def is_answered(self) -> None:
        """The call is answered."""
        self._expect(lambda: self.channel.state == UP, "be answered")

    def is_over(self) -> None:
        """The call has ended, whoever ended it, and is on record."""
        self._expect(lambda: self.channel.gone, "be hung up on")
        if not self._pbx.until(lambda: self._pbx.ended(self.call.id)):
            raise NotSo(self._pbx.account(f"the call of {self} did not come to its end"))

    def is_refused(self, cause: int) -> None:
        """The call has ended unanswered, with a cause of Q.850 (17 busy, 1 no such number …)."""
        self.is_over()
        if self.channel.state == UP or self.channel.cause != cause:
            raise NotSo(self._pbx.account(f"{self} was not refused with {cause} but with {self.channel.cause}"))

    def talks_to(self, phone: Phone) -> None:
        """Talks to somebody."""
        self._expect(
            lambda: self.channel.peer is not None and self.channel.peer.endpoint == phone.name, f"talk to {phone.name}"
        )

    def record(self) -> CallRecord:
        """The record of the call, which is over."""
        self.is_over()
        return self._pbx.record(self.call.id)

    def _expect(self, ready: Callable[[], bool], what: str) -> None:
        if not self._pbx.asterisk.until(ready):
            raise NotSo(self._pbx.account(f"{self} did not {what}"))


class Phone:
    """A phone (or, of a trunk, whoever takes the calls there)."""

    def __init__(self, pbx: Simulator, name: str) -> None:
        self._pbx, self.name = pbx, name
        self._line = pbx.asterisk.line(name)
        self._seen = 0
        self.leg: Channel | None = None
        """The channel that rang last."""

    def __repr__(self) -> str:
        return f"phone {self.name}"

    def rings(self) -> None:
        """It rings, now or soon; for each `rings` a call of its own."""
        offered = self._line.offered
        if not self._pbx.asterisk.until(lambda: len(offered) > self._seen):
            raise NotSo(self._pbx.account(f"{self} does not ring"))
        self.leg = offered[self._seen]
        self._seen += 1
        if not self._pbx.asterisk.until(lambda: offered[self._seen - 1].state in (RINGING, UP) or self._leg().gone):
            raise NotSo(self._pbx.account(f"{self} does not ring"))

    def does_not_ring(self) -> None:
        """No call has come that the test has not spoken of."""
        self._pbx.settle()
        if len(self._line.offered) > self._seen:
            raise NotSo(self._pbx.account(f"{self} rings"))

    @property
    def dialled(self) -> str:
        """The number that was called, at a trunk."""
        return self._leg().variables["dialled"]

    @property
    def shows(self) -> str:
        """The caller's number on its display."""
        return self._leg().variables["shown"]

    def answers(self) -> None:
        """Takes the call that rings."""
        leg = self._leg()
        if leg.gone:
            raise NotSo(self._pbx.account(f"{self} rings no longer"))
        self._pbx.asterisk.answer(leg)
        self._pbx.asterisk.until(lambda: leg.peer is not None or leg.gone or leg.served)

    def refuses(self) -> None:
        """Is busy."""
        self._end("BUSY", BUSY)

    def fails(self) -> None:
        """Refuses as a network does."""
        self._end(applications.CONGESTION, REJECTED)

    def _end(self, status: str, cause: int) -> None:
        leg = self._leg()
        with self._pbx.asterisk.moved:
            leg.status = status
        self._pbx.asterisk.hang_up(leg, cause)

    def stops_ringing(self) -> None:
        """The call that rang is gone."""
        leg = self._leg()
        if not self._pbx.asterisk.until(lambda: leg.gone):
            raise NotSo(self._pbx.account(f"{self} rings on"))

    def hangs_up(self) -> None:
        """Ends the talk."""
        self._pbx.asterisk.hang_up(self._leg())

    def registers(self) -> None:
        """Is switched on (as each phone is at the beginning)."""
        self._pbx.asterisk.register(self.name, True)

    def goes_away(self) -> None:
        """Is switched off."""
        self._pbx.asterisk.register(self.name, False)

    def dials(self, number: str) -> Caller:
        """Calls a number or a feature code."""
        return self._pbx.from_phone(self.name, number)

    def _leg(self) -> Channel:
        if self.leg is None:
            raise NotSo(f"{self} has not rung yet; say rings() first")
        return self.leg


def spoken(name: str) -> list[str]:
    """The prompts that a name given to `call.play` stands for."""
    kind, colon, text = name.partition(":")
    if colon and kind == "number" and text.isdigit() and int(text) < 100:
        return [f"number-{int(text)}"]
    if colon and kind in ("digits", "number"):
        return [f"digit-{c}" for c in text if c.isdigit()]
    return [name]


__all__ = ["Caller", "Conversation", "Heard", "NotSo", "Phone"]
