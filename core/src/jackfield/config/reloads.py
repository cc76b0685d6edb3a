"""What a running Asterisk must do to take over changed files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")

_MODULES: dict[str, tuple[str, ...]] = {
    "acl.conf": ("acl",),
    "cdr.conf": ("cdr",),
    "cel.conf": ("cel",),
    "confbridge.conf": ("app_confbridge.so",),
    "extensions.conf": ("pbx_config.so",),
    "features.conf": ("features",),
    "http.conf": ("http",),
    "indications.conf": ("indications",),
    "logger.conf": ("logger",),
    "manager.conf": ("manager",),
    "musiconhold.conf": ("res_musiconhold.so",),
    "pjsip.conf": (
        "res_pjsip.so",
        "res_pjsip_authenticator_digest.so",
        "res_pjsip_endpoint_identifier_ip.so",
        "res_pjsip_outbound_registration.so",
    ),
    "queuerules.conf": ("app_queue.so",),
    "queues.conf": ("app_queue.so",),
    "rtp.conf": ("res_rtp_asterisk.so",),
    "udptl.conf": ("udptl",),
}
_ORDER = ("res_musiconhold.so", "app_queue.so", "pbx_config.so")
"""Reloaded first, so that what a call from a new trunk runs into is there before the trunk."""
_TRANSPORT = re.compile(r"(?m)^type\s*=\s*transport\s*$")


@dataclass(slots=True)
class Reloads:
    """What to do, in order: load, then reload. `restart` says for what a restart is needed, in words."""

    files: list[str] = field(default_factory=list)
    load: list[str] = field(default_factory=list)
    reload: list[str] = field(default_factory=list)
    restart: list[str] = field(default_factory=list)


def reloads(old: Mapping[str, str], new: Mapping[str, str]) -> Reloads:
    """What it takes to get from one generation's files to another's; from none, Asterisk has to start anyway."""
    out = Reloads(files=sorted(n for n in {*old, *new} if old.get(n) != new.get(n)))
    before, after = wanted_modules(old), wanted_modules(new)
    out.load = [m for m in after if m not in before]
    if gone := [m for m in before if m not in after]:
        out.restart.append(_("to unload {gone}").format(gone=", ".join(gone)))
    wanted: list[str] = []
    for file in out.files:
        if file == "modules.conf":
            continue
        module = file.removesuffix(".conf") + ".so"
        if file in _MODULES:
            wanted += _MODULES[file]
        elif module in after:
            wanted.append(module)
        else:
            out.restart.append(_("for {file}").format(file=file))
    if _transports(old) != _transports(new):
        out.restart.append(_("to listen on another address or port"))
    if not old:
        out.restart.clear()
    fresh = [m for m in dict.fromkeys(wanted) if m not in out.load]
    out.reload = [m for m in _ORDER if m in fresh] + [m for m in fresh if m not in _ORDER]
    return out


def wanted_modules(files: Mapping[str, str]) -> list[str]:
    """Modules that a generation loads, in order."""
    lines = (line.partition("=") for line in files.get("modules.conf", "").splitlines())
    return [value.strip() for key, _, value in lines if key.strip() == "load"]


def _transports(files: Mapping[str, str]) -> list[str]:
    """Text of the sections that say where we listen; the rest of a large file is not looked at closely."""
    sections = re.split(r"(?m)^(?=\[)", _ours(files, "pjsip.conf"))
    return [section.strip() for section in sections if _TRANSPORT.search(section)]


def _ours(files: Mapping[str, str], name: str) -> str:
    """A file without the line that includes hand-written additions."""
    return "\n".join(line for line in files.get(name, "").split("\n") if not line.startswith("#"))
