"""Which call a channel belongs to, once bridges bring channels of several calls together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol


class Member(Protocol):
    """A channel in a bridge."""

    @property
    def id(self) -> str:
        """Its unique id."""

    @property
    def call(self) -> str:
        """The call it belongs to so far."""


def settle(members: Sequence[Member], led: Collection[str]) -> dict[str, str]:
    """Channels of a bridge that change to another call: `{channel: call}`.

    A call lives where a channel runs its dialplan. A channel whose call has no such channel any more (its caller was
    transferred away, or picked up another call) goes to the one call in the bridge that has; if none has, all go to
    the oldest. Several calls that have one each only talk to each other (a conference): nothing moves.

    Args:
        members: the channels in one bridge.
        led: calls of which some channel, anywhere, runs the dialplan.
    """
    calls = {m.call for m in members}
    homes = {call for call in calls if call in led}
    if len(calls) < 2 or len(homes) > 1:
        return {}
    home = homes.pop() if homes else min(calls, key=age)
    return {m.id: home for m in members if m.call != home}


def age(call: str) -> tuple[float, int, str]:
    """Sorts Asterisk's unique ids (`[system-]seconds.number`) by age."""
    seconds, _, number = call.rpartition("-")[2].partition(".")
    return (float(seconds) if seconds.isdigit() else 0.0, int(number) if number.isdigit() else 0, call)
