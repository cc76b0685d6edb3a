"""The rig: Debian roots, nodes under systemd, telephone sides with real sound. See README.md."""

from .call import Call
from .hostsys import RigError, say
from .install import install_jackfield, install_offered
from .load import Load, LoadResult, PhoneBank, start_load
from .node import Node, wait_for
from .plan import cancel, dtmf, hangup, silence, talk, until_bye, wait
from .run import Run
from .sip import Carrier, Phone

__all__ = [
    "Call",
    "Carrier",
    "Load",
    "LoadResult",
    "Node",
    "Phone",
    "PhoneBank",
    "RigError",
    "Run",
    "cancel",
    "dtmf",
    "hangup",
    "install_jackfield",
    "install_offered",
    "say",
    "silence",
    "start_load",
    "talk",
    "until_bye",
    "wait",
    "wait_for",
]
