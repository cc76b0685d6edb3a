"""The one import for authors of plugins. What is here keeps its meaning within an API version (`API`)."""

from __future__ import annotations

from jackfield.alarms.models import Alarm, Severity
from jackfield.calls.call import Call, Resume, Wake
from jackfield.calls.dialling import DialResult
from jackfield.calls.party import Party
from jackfield.config.fragments import Fragment, SoundRequest
from jackfield.config.kinds import Destination, Kind, Name, SiteObject
from jackfield.config.site import Site
from jackfield.control.method import Caller, Method, Role
from jackfield.core import Core
from jackfield.errors import CallerHungUp, CommandFailed, JackfieldError, UnsafeValue
from jackfield.hookspecs import hookimpl
from jackfield.jobs.job import Job
from jackfield.plugins import API
from jackfield.records.models import CallRecord
from jackfield.routing.destinations import DestinationKind, End, Goto, Next, Result
from jackfield.routing.internal import FeatureCode
from jackfield.storage.models import Models

__all__ = [
    "API",
    "Alarm",
    "Call",
    "CallRecord",
    "Caller",
    "CallerHungUp",
    "CommandFailed",
    "Core",
    "Destination",
    "DestinationKind",
    "DialResult",
    "End",
    "FeatureCode",
    "Fragment",
    "Goto",
    "JackfieldError",
    "Job",
    "Kind",
    "Method",
    "Models",
    "Name",
    "Next",
    "Party",
    "Result",
    "Resume",
    "Role",
    "Severity",
    "Site",
    "SiteObject",
    "SoundRequest",
    "UnsafeValue",
    "Wake",
    "hookimpl",
]
