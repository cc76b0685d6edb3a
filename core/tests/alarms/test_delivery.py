"""From an alarm to a message: through the outbox, or directly when the worker's way is closed."""

import threading
import time

import pytest
from jackfield.alarms import senders
from jackfield.alarms.delivery import Delivery
from jackfield.alarms.notice import compose
from jackfield.alarms.remote import JOBS_STUCK
from jackfield.alarms.service import Alarms, Severity
from jackfield.alarms.teller import Teller
from jackfield.jobs import rows
from jackfield.jobs.outbox import Outbox, job_counts
from jackfield.jobs.run import Runner
from jackfield.plugins import PluginHost, Status
from jackfield.settings import Settings
from jackfield.storage.errors import StorageError

from core.tests.alarms.servers import Smtp, Web


@pytest.fixture
def mail(tmp_path, monkeypatch, database):
    """A mail server, and settings that name it."""
    server = Smtp()
    path = tmp_path / "jackfield.toml"
    path.write_text(
        f'database = "sqlite:///{tmp_path}/test.db"\n[alarms]\ngroup_seconds = 0.1\n'
        f'[alarms.mail]\nto = ["ann@example.org"]\nport = {server.port}\n'
    )
    monkeypatch.setenv("JACKFIELD_SETTINGS", str(path))
    return server


class Sms:
    """A plugin that tells people in its own way, and hangs when it hears of an alarm called `hang`."""

    def __init__(self):
        self.heard, self.release = [], threading.Event()

    def jackfield_alarm(self, alarm, what):
        if alarm.key == "hang":
            self.release.wait(30)
        self.heard.append((alarm.key, what))


@pytest.fixture
def sms():
    made = Sms()
    yield made
    made.release.set()


@pytest.fixture
def rig(mail, sms, database, tmp_path):
    settings = senders.load()
    host = PluginHost(settings)
    host.put(Status("sms", instance=sms))
    teller = Teller(host)
    alarms = Alarms(database, settings.alarms, tell=teller.tell)
    outbox = Outbox(database, lambda: host.jobs().keys(), tmp_path / "worker.sock")
    teller.connect(settings.alarms, outbox, alarms)
    alarms.start()
    yield alarms
    alarms.stop()
    teller.stop()


def waited(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def work(database):
    """What the worker does with a job."""
    (job,) = rows.take_due(database, 10)
    Runner(str(database.engine.url), PluginHost(Settings()).jobs(), "test").run(job)


def test_through_the_outbox(rig, mail, database):
    rig.raise_("a", "Something")
    waited(lambda: job_counts(database)["waiting"])
    assert mail.mails == []
    work(database)
    assert job_counts(database)["done"] == 1
    assert mail.mails[0]["Subject"].endswith("WARNING raised: Something")


def test_plugins_are_told(rig, sms):
    rig.raise_("a", "Something")
    waited(lambda: sms.heard)
    rig.clear("a")
    waited(lambda: len(sms.heard) == 2)
    assert sms.heard == [("a", "raised"), ("a", "cleared")]


def test_a_plugin_that_hangs_holds_up_no_mail(rig, sms, database):
    rig.raise_("hang", "Something")
    rig.flush()
    for n in range(2):
        waited(lambda n=n: job_counts(database)["waiting"] == n + 1)
        rig.raise_(f"other{n}", "Else", severity=Severity.CRITICAL)
    waited(lambda: job_counts(database)["waiting"] == 3)
    assert sms.heard == []


def test_the_job_is_tried_again_when_the_server_refuses(rig, mail, database):
    mail.refuse = "ann"
    rig.raise_("a", "Something")
    waited(lambda: job_counts(database)["waiting"])
    work(database)
    assert job_counts(database)["waiting"] == 1 and mail.mails == [] and mail.connections == 1


def test_directly_while_jobs_are_stuck(rig, mail, database):
    rig.raise_(JOBS_STUCK, "Redis is away", severity=Severity.CRITICAL)
    waited(lambda: mail.mails)
    assert "Redis is away" in mail.mails[0]["Subject"]
    assert not any(job_counts(database).values())


def test_directly_while_the_outbox_cannot_be_written():
    sent, tries = [], []

    def submit(name, payload):
        raise StorageError("disk full")

    def send(channel, notice):
        tries.append(channel)
        if len(tries) < 3:
            raise senders.NotSent("away")
        sent.append(notice)

    delivery = Delivery(["m"], submit, send, lambda: True, pauses=[0.01] * 5)
    delivery.deliver(_notice())
    assert delivery.flush(10)
    assert len(sent) == 1 and len(tries) == 3
    delivery.close(1)


def test_a_channel_that_hangs_does_not_delay_the_other():
    release, sent = threading.Event(), []

    def send(channel, notice):
        if channel == "slow":
            release.wait(30)
        sent.append(channel)

    delivery = Delivery(["slow", "quick"], lambda *a: None, send, lambda: False)
    delivery.deliver(_notice())
    waited(lambda: sent == ["quick"])
    release.set()
    delivery.close(5)


def test_told_once_over_a_restart(rig, mail, database):
    """What was told is not told again by the next daemon; what was not, is."""
    rig.raise_("a", "Something")
    waited(lambda: job_counts(database)["waiting"])
    rig.flush()
    told = []
    after = Alarms(database, senders.load().alarms, tell=told.extend)
    after.start()
    after.raise_("a", "Still")
    after.raise_("b", "New")
    waited(lambda: told)
    after.stop()
    assert [n.entry.alarm.key for n in told] == ["b"]


def test_webhook_and_mail(tmp_path):
    web = Web()
    settings = Settings(alarms={"webhook": {"url": web.url}, "mail": {"to": ["a@b.c"]}})
    assert senders.channels(settings.alarms) == [senders.MAIL, senders.WEBHOOK]
    assert senders.channels(Settings().alarms) == []
    senders.send(senders.WEBHOOK, _notice(), settings.alarms)
    assert len(web.posts) == 1


def _notice():
    from core.tests.alarms.test_senders import news

    return compose([news()])
