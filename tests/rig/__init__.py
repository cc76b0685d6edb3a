"""The rig: Debian roots, nodes under systemd, telephone sides with real sound. See README.md."""

from .hostsys import RigError, say
from .install import install_jackfield
from .load import Load, LoadResult, PhoneBank, start_load
from .plan import cancel, dtmf, hangup, silence, talk, until_bye, wait
from .run import Run
from .node import Node, wait_for
from .sip import Call, Carrier, Phone

__all__ = [
    "Call", "Carrier", "Load", "LoadResult", "Node", "Phone", "PhoneBank", "RigError", "Run",
    "cancel", "dtmf", "hangup", "install_jackfield", "say", "silence", "start_load", "talk",
    "until_bye", "wait", "wait_for",
]
