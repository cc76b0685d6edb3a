"""What can be refused."""

from __future__ import annotations

from jackfield.errors import JackfieldError, Recovery


class NoSuchQueue(JackfieldError):
    """The queue is not (or no more) on the applied site; the call goes to its fallback."""

    recovery = Recovery.GIVE_UP_CALL


class NoSuchAgent(JackfieldError):
    """The agent is not on the applied site."""

    recovery = Recovery.REFUSE_INPUT


class NotLoggedIn(JackfieldError):
    """The agent must log in first."""

    recovery = Recovery.REFUSE_INPUT
