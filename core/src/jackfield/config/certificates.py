"""The certificate of SIP over TLS: the site's own, or one that the machine makes and signs for itself."""

from __future__ import annotations

import grp
import os
import socket
import ssl
import stat
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from jackfield.config.files import FILE_MODE, make_folder
from jackfield.config.objects.general import General
from jackfield.config.paths import Paths
from jackfield.config.problems import Problem
from jackfield.errors import ApplyFailed
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")

DAYS = 3650
ASTERISK = "asterisk"


def certificate_problems(general: General) -> list[Problem]:
    """What is wrong with the certificate files that the site names: every file is there, readable, and fits."""
    problems = []
    for field in ("tls_certificate", "tls_key", "tls_ca"):
        path = getattr(general, field)
        if path is not None and (text := _unreadable(Path(path))):
            problems.append(Problem(text, "general", general.name, (field,)))
    if problems or general.tls_certificate is None:
        return problems + _authorities(general)
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(general.tls_certificate, general.tls_key, lambda: "")
    except (OSError, ssl.SSLError, ValueError) as error:
        text = _(
            "{certificate} and {key} are not a PEM certificate and its key without a password ({reason}); name a pair "
            "that belongs together"
        ).format(certificate=general.tls_certificate, key=general.tls_key, reason=_reason(error))
        problems.append(Problem(text, "general", general.name, ("tls_certificate",)))
    return problems + _authorities(general)


def _authorities(general: General) -> list[Problem]:
    if general.tls_ca is None or _unreadable(Path(general.tls_ca)):
        return []
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(general.tls_ca)
    except (OSError, ssl.SSLError) as error:
        text = _("{file} holds no PEM certificates ({reason}); name a file with the authorities'").format(
            file=general.tls_ca, reason=_reason(error)
        )
        return [Problem(text, "general", general.name, ("tls_ca",))]
    return []


def _reason(error: Exception) -> str:
    return getattr(error, "reason", None) or str(error) or type(error).__name__


def _unreadable(path: Path) -> str:
    """Why we or Asterisk cannot read a file, and what to do; '' when both can."""
    try:
        with path.open("rb") as file:
            known = os.fstat(file.fileno())
    except OSError as error:
        return _("{path} cannot be read: {reason}; have it readable by the group {group}, and only by it").format(
            path=path, reason=error.strerror, group=ASTERISK
        )
    if not stat.S_ISREG(known.st_mode):
        return _("{path} is not a file; name a PEM file").format(path=path)
    try:
        group = grp.getgrnam(ASTERISK).gr_gid
    except KeyError:  # no Asterisk on this machine
        return ""
    if known.st_mode & stat.S_IROTH or (known.st_gid == group and known.st_mode & stat.S_IRGRP):
        return ""
    return _("{path} is not readable for Asterisk; chgrp {group} {path}; chmod 640 {path}").format(
        path=path, group=ASTERISK
    )


def ensure_certificate(paths: Paths) -> None:
    """Make the machine's own certificate and key, unless they are there.

    Raises:
        ApplyFailed: openssl is not there, or failed.
    """
    if paths.certificate.exists() and paths.key.exists():
        return
    make_folder(paths.certificate.parent)
    name = socket.gethostname() or "jackfield"
    new_key, new = (p.with_name(f".{p.name}.{os.getpid()}.new") for p in (paths.key, paths.certificate))
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc",
               "-days", str(DAYS), "-subj", f"/CN={name[:64]}", "-addext", f"subjectAltName=DNS:{name}",
               "-keyout", str(new_key), "-out", str(new)]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise ApplyFailed(
                _("openssl made no certificate: {error}; nothing has changed").format(error=done.stderr.strip()[-300:])
            )
        for made, wanted in ((new_key, paths.key), (new, paths.certificate)):
            made.chmod(FILE_MODE)
            made.replace(wanted)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ApplyFailed(_("openssl made no certificate: {error}; nothing has changed").format(error=error)) from error
    finally:
        for left in (new_key, new):
            left.unlink(missing_ok=True)


def validity(paths: Sequence[Path]) -> list[dict[str, str]]:
    """Certificates, and until when each is valid (UTC); what openssl cannot read is left out."""
    found = []
    for path in paths:
        command = ["openssl", "x509", "-noout", "-enddate", "-in", str(path)]
        try:
            told = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
            seconds = ssl.cert_time_to_seconds(told.strip().partition("=")[2])
        except (OSError, ValueError, subprocess.SubprocessError):
            continue
        found.append({"path": str(path), "until": datetime.fromtimestamp(seconds, UTC).isoformat()})
    return found
