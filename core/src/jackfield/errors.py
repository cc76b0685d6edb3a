"""Exceptions, each of which says what its catcher should do to recover."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jackfield.calls.dialling import DialResult
    from jackfield.calls.verbs_record import Recorded


class Recovery(StrEnum):
    """What the code that catches an error should do."""

    RETRY = "retry"
    GIVE_UP_CALL = "give up this call"
    GIVE_UP_PLUGIN = "give up this plugin"
    REFUSE_INPUT = "refuse this input"
    STOP = "stop"


class JackfieldError(Exception):
    """Base of all errors of ours."""

    recovery: Recovery = Recovery.STOP


class CallerHungUp(JackfieldError):
    """The caller's channel is gone; handlers let it pass.

    After a `dial`, `dial` says what had become of it; after a `record`, `recorded` what was said until then.
    """

    recovery = Recovery.GIVE_UP_CALL
    dial: DialResult | None = None
    recorded: Recorded | None = None


class PeerLost(JackfieldError):
    """The connection to Asterisk ended without a hang-up having been seen."""

    recovery = Recovery.GIVE_UP_CALL


class ProtocolError(JackfieldError):
    """An AGI or AMI peer sent what the protocol does not allow."""

    recovery = Recovery.GIVE_UP_CALL


class CommandFailed(JackfieldError):
    """Asterisk refused or failed a command; the channel is still there."""

    recovery = Recovery.GIVE_UP_CALL


class UnsafeValue(JackfieldError):
    """A value that must not enter AGI, AMI or the dialplan."""

    recovery = Recovery.REFUSE_INPUT


class NotConnected(JackfieldError):
    """AMI is away; it reconnects by itself."""

    recovery = Recovery.RETRY


class PluginFault(JackfieldError):
    """A plugin broke the rules (load, hook or handler)."""

    recovery = Recovery.GIVE_UP_PLUGIN


class SettingsError(JackfieldError):
    """The settings file or environment is wrong; the message names the key."""

    recovery = Recovery.STOP


class SiteError(JackfieldError):
    """The site is wrong. `problems` holds every finding, not just the first."""

    recovery = Recovery.REFUSE_INPUT

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ApplyFailed(JackfieldError):
    """A generation was refused by Asterisk; the one before is in force again."""

    recovery = Recovery.REFUSE_INPUT
