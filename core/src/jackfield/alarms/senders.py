"""Sends messages about alarms: by e-mail and to a webhook. Slow; called in the worker, or on a lane of the daemon."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog

from jackfield.alarms.notice import Notice
from jackfield.errors import JackfieldError, Recovery
from jackfield.jobs.job import Job
from jackfield.settings import AlarmSettings, MailSettings, WebhookSettings, load

if TYPE_CHECKING:
    import ssl

    from jackfield.storage.engine import Database

SMTP_SECONDS, HTTP_SECONDS = 20.0, 10.0
MAIL, WEBHOOK = "core.alarm-mail", "core.alarm-webhook"
RETRIES = 8
log = structlog.get_logger(__name__)


class NotSent(JackfieldError):
    """The other side did not take the message; try again later."""

    recovery = Recovery.RETRY


def channels(settings: AlarmSettings) -> list[str]:
    """Names of the jobs that tell people, as the settings want it."""
    wanted = {MAIL: bool(settings.mail.to), WEBHOOK: bool(settings.webhook.url)}
    return [name for name, there in wanted.items() if there]


def send(channel: str, notice: Notice, settings: AlarmSettings) -> None:
    """Send now.

    Raises:
        NotSent: it was not taken.
    """
    if channel == MAIL:
        send_mail(notice, settings.mail)
    else:
        post(notice, settings.webhook)


def send_mail(notice: Notice, settings: MailSettings) -> None:
    """Send an e-mail (RFC 5321), encrypted as the settings say.

    Raises:
        NotSent: the server is away, does not encrypt, or refused the log-in, the sender or every recipient.
    """
    import smtplib  # the daemon seldom needs it

    to = [*settings.to, *(settings.escalate_to if notice.escalation else ())]
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = notice.subject(), settings.sender, ", ".join(dict.fromkeys(to))
    made["Date"], made["Message-ID"] = formatdate(), f"<{notice.id}@{settings.sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers
    made.set_content(notice.text())
    try:
        with _smtp(settings) as smtp:
            refused = smtp.send_message(made)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise NotSent(f"{settings.host}:{settings.port} did not take the mail: {error}") from error
    for address, why in refused.items():
        log.error("alarms.recipient_refused", address=address, why=str(why))


def _smtp(settings: MailSettings) -> Any:
    import smtplib

    if settings.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=SMTP_SECONDS, context=_context(settings.ca_file)
        )
    else:
        smtp = smtplib.SMTP(settings.host, settings.port, timeout=SMTP_SECONDS)
    try:
        if settings.security == "starttls":
            smtp.starttls(context=_context(settings.ca_file))
        if settings.user:
            smtp.login(settings.user, settings.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _context(ca_file: str) -> ssl.SSLContext:
    import ssl

    return ssl.create_default_context(cafile=ca_file or None)


def signature(secret: str, stamp: int, body: bytes) -> str:
    """What a receiver computes to know that a message is ours, and new: HMAC-SHA256 of `STAMP.BODY`."""
    return hmac.new(secret.encode(), str(stamp).encode() + b"." + body, hashlib.sha256).hexdigest()


def post(notice: Notice, settings: WebhookSettings) -> None:
    """POST the message as JSON. Redirects are not followed.

    Raises:
        NotSent: nobody is there, or the answer is not 2xx.
    """
    body = json.dumps(notice.to_json() | {"subject": notice.subject(), "text": notice.text()}).encode()
    stamp = int(time.time())
    headers = {"Content-Type": "application/json", "User-Agent": "jackfield", "Jackfield-Delivery": notice.id}
    if settings.secret:
        headers["Jackfield-Signature"] = f"t={stamp},v1={signature(settings.secret, stamp, body)}"
    url = urlsplit(settings.url)
    try:
        connection = _http(settings)
        try:
            connection.request("POST", (url.path or "/") + (f"?{url.query}" if url.query else ""), body, headers)
            status = connection.getresponse().status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotSent(f"{url.scheme}://{url.hostname} did not take the message: {error}") from error
    if not 200 <= status < 300:
        raise NotSent(f"{url.scheme}://{url.hostname} answered {status}")


def _http(settings: WebhookSettings) -> http.client.HTTPConnection:
    url = urlsplit(settings.url)
    if url.scheme == "https":
        return http.client.HTTPSConnection(
            url.hostname or "", url.port, timeout=HTTP_SECONDS, context=_context(settings.ca_file)
        )
    return http.client.HTTPConnection(url.hostname or "", url.port, timeout=HTTP_SECONDS)


def jobs() -> list[Job]:
    """Core's jobs that send alarms. Secrets are read where they are needed; the outbox holds none."""

    def job(channel: str) -> Job:
        def run(_database: Database, payload: Mapping[str, Any]) -> None:
            settings = load().alarms
            if channel in channels(settings):
                send(channel, Notice.from_json(dict(payload)), settings)

        return Job(channel, run, retries=RETRIES, timeout=60)

    return [job(MAIL), job(WEBHOOK)]
