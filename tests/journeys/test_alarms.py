"""Alarms: trouble is on the list within seconds, and off it when it has gone."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeys.faults import settings
from journeys.pbx import Pbx

SERVERS = Path(__file__).parents[2] / "core/tests/alarms/servers.py"
MAIL = """
import sys, time
sys.path.insert(0, "/root")
from servers import Smtp
server = Smtp()
print(server.port, flush=True)
told = 0
while True:
    time.sleep(0.05)
    for mail in server.mails[told:]:
        told += 1
        print(" ".join(mail.get_content().split()), flush=True)
"""


@contextlib.contextmanager
def mail_server(pbx: Pbx) -> Iterator[tuple[int, queue.Queue[str]]]:
    """A mail server on the node: its port, and the texts of the mails as they come."""
    pbx.node.write_file("/root/servers.py", SERVERS.read_text(encoding="utf-8"))
    process = pbx.node.popen(["python3", "-c", MAIL])
    assert process.stdout
    port, texts = int(process.stdout.readline()), queue.Queue[str]()
    threading.Thread(target=lambda: [texts.put(x.decode().strip()) for x in process.stdout], daemon=True).start()
    try:
        yield port, texts
    finally:
        process.kill()
        process.wait()


def wait_mail(texts: queue.Queue[str], *wanted: str, timeout: float) -> None:
    """Waits until all of these were told; other alarms of the box may be in the mails as well."""
    left, deadline = set(wanted), time.monotonic() + timeout
    while left:
        text = texts.get(timeout=max(0.1, deadline - time.monotonic()))
        left = {each for each in left if each not in text}


def alarm(pbx: Pbx, key: str) -> dict[str, Any] | None:
    """The alarm, if it is up."""
    return next((a for a in pbx.ask("alarms") if a["key"] == key), None)


def news(pbx: Pbx, key: str) -> list[str]:
    """What happened to an alarm, oldest first."""
    return [entry["what"] for entry in reversed(pbx.ask("alarms.history", key=key, limit=10_000))]


def test_asterisk_is_lost_and_comes_back(pbx: Pbx) -> None:
    """Raised while Asterisk is away, acknowledged by the administrator, cleared by itself."""
    with settings(pbx, "[alarms]\nflap_seconds = 1\n"):  # journeys before this one may have had it flap
        pbx.node.wait_for(lambda: not alarm(pbx, "asterisk-away"), 15, "the alarm of before to clear")
        before = len(news(pbx, "asterisk-away"))
        lose_asterisk(pbx)
        pbx.node.wait_for(lambda: len(news(pbx, "asterisk-away")) == before + 3, 10, "the history")
        assert news(pbx, "asterisk-away")[before:] == ["raised", "acknowledged", "cleared"]


def lose_asterisk(pbx: Pbx) -> None:
    """Until its alarm is up and acknowledged; then it comes back."""
    pbx.node.systemctl("stop", "asterisk")
    try:
        pbx.node.wait_for(lambda: alarm(pbx, "asterisk-away"), 10, "the alarm")
        done = pbx.jackfield("alarms", "ack", "asterisk-away", "--note", "on it", "--json")
        assert (done["acknowledged_by"], done["note"], done["severity"]) == ("root", "on it", "critical")
        assert any(a["key"] == "asterisk-away" for a in pbx.jackfield("alarms", "list", "--json"))
    finally:
        pbx.node.systemctl("start", "asterisk")
    pbx.wait_ready()
    pbx.node.wait_for(lambda: not alarm(pbx, "asterisk-away"), 10, "the alarm to clear")


def test_people_are_told_by_mail_even_without_redis(pbx: Pbx) -> None:
    """By the worker; and, while Redis is away and no job runs, by the daemon itself, of just that."""
    with mail_server(pbx) as (port, texts):
        told = f'[alarms]\ngroup_seconds = 0.5\n[alarms.mail]\nto = ["ops@example.org"]\nport = {port}\n'
        with settings(pbx, told):
            pbx.jackfield("alarms", "test")
            wait_mail(texts, "WARNING came and went: This is a test of the alarms", timeout=20)
            pbx.node.systemctl("stop", "redis-server")
            try:
                pbx.jackfield("alarms", "test")  # its mail waits on the outbox; that it waits is told at once
                wait_mail(texts, "WARNING raised: Jobs wait and none is lost", timeout=20)
            finally:
                pbx.node.systemctl("start", "redis-server")
            wait_mail(texts, "came and went: This is a test", "WARNING clear: Jobs are run again", timeout=60)
