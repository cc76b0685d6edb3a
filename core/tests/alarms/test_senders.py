"""Messages to a real mail server and a real web server: encrypted, signed, refused, away."""

import hashlib
import hmac
import json
import socket
import ssl
from datetime import UTC, datetime

import pytest
from jackfield.alarms.grouping import News
from jackfield.alarms.models import Alarm, Entry, Severity, What
from jackfield.alarms.notice import Notice, compose
from jackfield.alarms.senders import NotSent, post, send_mail
from jackfield.errors import SettingsError
from jackfield.settings import MailSettings, WebhookSettings, load

from core.tests.alarms.servers import Smtp, Web, certificate

AT = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
TO = {"to": ["ann@example.org", "bob@example.org"], "sender": "pbx@example.org"}


def news(what=What.RAISED, text="Carrier 中国 does not answer", severity=Severity.CRITICAL, key="trunk:c", **more):
    return News(Entry(AT, what, Alarm(key, text, severity, "core", {"tries": 3}, AT, AT)), **more)


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    key, cert = certificate(tmp_path_factory.mktemp("tls"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, str(cert)


def mail(server: Smtp, **more) -> MailSettings:
    return MailSettings(**{**TO, "host": "127.0.0.1", "port": server.port, **more})


def test_a_mail(tls):
    server = Smtp()
    send_mail(compose([news()]), mail(server))
    (got,) = server.mails
    assert got["Subject"].endswith("] CRITICAL raised: Carrier 中国 does not answer")
    assert "CRITICAL raised: Carrier 中国 does not answer [trunk:c] (since 2026-11-22T01:02:03Z)" in got.get_content()
    assert (got["From"], got["Auto-Submitted"]) == ("pbx@example.org", "auto-generated")
    assert server.recipients == [["ann@example.org", "bob@example.org"]]
    assert got["Message-ID"].endswith("@example.org>") and got["Date"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_with_log_in(tls, security):
    context, cert = tls
    server = Smtp(context=context, tls=security == "tls", login=("pbx", "secret"))
    good = {"security": security, "user": "pbx", "password": "secret", "ca_file": cert}
    send_mail(compose([news()]), mail(server, **good))
    assert len(server.mails) == 1
    with pytest.raises(NotSent, match="wrong"):
        send_mail(compose([news()]), mail(server, **{**good, "password": "other"}))
    with pytest.raises(NotSent, match="certificate verify failed"):  # not one of the system's
        send_mail(compose([news()]), mail(server, **{**good, "ca_file": ""}))
    assert len(server.mails) == 1


def test_nothing_is_sent_without_the_encryption_asked_for():
    server = Smtp()
    with pytest.raises(NotSent, match="STARTTLS"):
        send_mail(compose([news()]), mail(server, security="starttls"))
    assert server.mails == []


def test_one_recipient_is_refused_the_other_gets_it():
    server = Smtp(refuse="bob")
    send_mail(compose([news()]), mail(server))
    assert server.recipients == [["ann@example.org"]]
    with pytest.raises(NotSent, match="no such user"):
        send_mail(compose([news()]), mail(server, to=["bob@example.org"]))


def test_escalations_go_to_others_too():
    server = Smtp()
    send_mail(compose([news(What.ESCALATED)], escalation=True), mail(server, escalate_to=["boss@example.org"]))
    assert server.recipients == [["ann@example.org", "bob@example.org", "boss@example.org"]]
    assert "not acknowledged by anybody" in server.mails[0]["Subject"]


def test_many_alarms_in_one_mail():
    server = Smtp()
    many = [news(key=f"k{n}", severity=Severity.WARNING, text=f"Trouble {n}") for n in range(250)]
    send_mail(compose(many), mail(server))
    text = server.mails[0].get_content()
    assert "250 alarms, worst WARNING" in server.mails[0]["Subject"]
    assert text.count("WARNING raised") == 200 and "and 50 more" in text


def test_a_server_that_is_away_or_hangs(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        port = hanging.getsockname()[1]
        monkeypatch.setattr("jackfield.alarms.senders.SMTP_SECONDS", 0.3)
        monkeypatch.setattr("jackfield.alarms.senders.HTTP_SECONDS", 0.3)
        with pytest.raises(NotSent, match="timed out"):
            send_mail(compose([news()]), MailSettings(**TO, port=port))
        with pytest.raises(NotSent, match="timed out"):
            post(compose([news()]), WebhookSettings(url=f"http://127.0.0.1:{port}"))
    with pytest.raises(NotSent, match="refused"):
        send_mail(compose([news()]), MailSettings(**TO, port=port))
    with pytest.raises(NotSent, match="refused"):
        post(compose([news()]), WebhookSettings(url=f"http://127.0.0.1:{port}"))


def test_a_webhook_is_signed(tls):
    context, cert = tls
    for server in (Web(), Web(context=context)):
        post(compose([news()]), WebhookSettings(url=server.url, secret="key", ca_file=cert))
        ((path, headers, body),) = server.posts
        stamp, _, given = headers["Jackfield-Signature"].partition(",v1=")
        stamp = stamp.removeprefix("t=")
        assert given == hmac.new(b"key", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        told = json.loads(body)
        assert (path, headers["Content-Type"]) == ("/hook?a=1", "application/json")
        assert told["items"][0]["key"] == "trunk:c" and told["items"][0]["detail"] == {"tries": 3}
        assert told["id"] == headers["Jackfield-Delivery"]


@pytest.mark.parametrize("status", [301, 404, 500])
def test_a_webhook_that_does_not_say_yes(status):
    server = Web(status)
    with pytest.raises(NotSent, match=str(status)):
        post(compose([news()]), WebhookSettings(url=server.url))
    assert len(server.posts) == 1, "redirects are not followed"
    assert "Jackfield-Signature" not in server.posts[0][1]


def test_through_json_and_back():
    made = compose([news(), news(passed=True, what=What.CLEARED)], escalation=True)
    assert Notice.from_json(json.loads(json.dumps(made.to_json()))) == made
    assert "came and went" in made.text()


@pytest.mark.parametrize(
    ("lines", "key"),
    [('to = ["a"]', "alarms.mail.to.0"), ('to = ["a@b\\r\\nBcc: c@d"]', "alarms.mail.to.0"),
     ("port = 0", "alarms.mail.port"),
     ('user = "a"', "alarms.mail: .*encryption"), ('security = "ssl"', "alarms.mail.security"),
     ('sender = "x y@z"', "alarms.mail.sender")],
)  # fmt: skip
def test_settings_are_checked(tmp_path, lines, key):
    path = tmp_path / "jackfield.toml"
    path.write_text(f"[alarms.mail]\n{lines}\n")
    with pytest.raises(SettingsError, match=key):
        load(path, {})
    path.write_text('[alarms.webhook]\nurl = "ftp://x"\n')
    with pytest.raises(SettingsError, match=r"alarms\.webhook\.url"):
        load(path, {})
