"""The one import for authors of plugins. What is here keeps its meaning within an API version (`API`)."""

from __future__ import annotations

from jackfield.alarms.models import Alarm, Severity
from jackfield.calls.call import Call, Resume, Wake
from jackfield.calls.dialling import DialResult
from jackfield.calls.party import Party
from jackfield.calls.verbs_keys import Answer
from jackfield.calls.verbs_record import Recorded
from jackfield.calls.verbs_speech import Spoken
from jackfield.config.fragments import Fragment, SoundRequest
from jackfield.config.kinds import Destination, Kind, Name, SiteObject
from jackfield.config.site import Site
from jackfield.control.method import Caller, Method, Role
from jackfield.core import Alarms, Asterisk, Clock, Core, Events, Jobs, Phones, Storage, Timer, Timers
from jackfield.deprecation import deprecated
from jackfield.describe import describe_settings
from jackfield.errors import CallerHungUp, CommandFailed, JackfieldError, NotConnected, PluginFault, UnsafeValue
from jackfield.hookspecs import hookimpl
from jackfield.jobs.job import Job
from jackfield.jobs.progress import report_progress
from jackfield.permissions import Permission
from jackfield.plugins import API
from jackfield.prompts.speaking import Digits, Money
from jackfield.records.models import CallRecord
from jackfield.reports.report import Column, Report
from jackfield.routing.destinations import DestinationKind, End, Goto, Next, Result
from jackfield.routing.internal import FeatureCode
from jackfield.schedules.schedule import Schedule
from jackfield.storage.models import Models
from jackfield.surfaces import Screen, WebRoute

__all__ = [
    "API",
    "Alarm",
    "Alarms",
    "Answer",
    "Asterisk",
    "Call",
    "CallRecord",
    "Caller",
    "CallerHungUp",
    "Clock",
    "Column",
    "CommandFailed",
    "Core",
    "Destination",
    "DestinationKind",
    "DialResult",
    "Digits",
    "End",
    "Events",
    "FeatureCode",
    "Fragment",
    "Goto",
    "JackfieldError",
    "Job",
    "Jobs",
    "Kind",
    "Method",
    "Models",
    "Money",
    "Name",
    "Next",
    "NotConnected",
    "Party",
    "Permission",
    "Phones",
    "PluginFault",
    "Recorded",
    "Report",
    "Result",
    "Resume",
    "Role",
    "Schedule",
    "Screen",
    "Severity",
    "Site",
    "SiteObject",
    "SoundRequest",
    "Spoken",
    "Storage",
    "Timer",
    "Timers",
    "UnsafeValue",
    "Wake",
    "WebRoute",
    "deprecated",
    "describe_settings",
    "hookimpl",
    "report_progress",
]
