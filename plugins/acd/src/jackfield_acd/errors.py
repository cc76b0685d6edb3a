"""What can be refused."""

from __future__ import annotations

from jackfield.errors import JackfieldError, Recovery


class NoSuchQueue(JackfieldError):
    """The queue is not (or no more) on the applied site; the call goes to its fallback."""

    recovery = Recovery.GIVE_UP_CALL


class NoSuchAgent(JackfieldError):
    """The agent is not on the applied site."""

    recovery = Recovery.REFUSE_INPUT


class NoSuchCallback(JackfieldError):
    """There is no such call-back, or it can no longer be changed."""

    recovery = Recovery.REFUSE_INPUT


class NotWaiting(JackfieldError):
    """The caller is in no queue, or not waiting there any more."""

    recovery = Recovery.REFUSE_INPUT


class UnknownReason(JackfieldError):
    """The site has no such reason to pause."""

    recovery = Recovery.REFUSE_INPUT


class NoWrapUp(JackfieldError):
    """There is no wrap-up to extend, or it cannot be extended further."""

    recovery = Recovery.REFUSE_INPUT


class NotTalking(JackfieldError):
    """The agent has no talk out of a queue."""

    recovery = Recovery.REFUSE_INPUT


class MayNotSupervise(JackfieldError):
    """Whoever asks is no supervisor of this agent."""

    recovery = Recovery.REFUSE_INPUT


class NotLoggedIn(JackfieldError):
    """The agent must log in first."""

    recovery = Recovery.REFUSE_INPUT
