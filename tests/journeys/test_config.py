"""Configuration that cannot be broken (T10): killed applies, bad additions of plugins, two admins, talks meanwhile."""

from __future__ import annotations

import json
import random
import time

from journeys.faults import answered
from journeys.pbx import CURRENT, Pbx
from journeys.test_bad_plugins import HEAD, installed
from rig import wait_for

MORE = """
[[extension]]
name = "{0}"
title = "More"
secret = "secret-{0}-abc"
nat = false

[[did]]
name = "more"
number = "55588{0}"
destination = "extension:{0}"
"""
SWITCHING = "/var/lib/jackfield/asterisk/.switching.json"


def draft(pbx: Pbx, text: str, *options: str) -> None:
    pbx.node.write_file("/root/site.toml", text)
    pbx.jackfield("import", "/root/site.toml", *options)


def in_asterisk(pbx: Pbx) -> set[str]:
    """Extensions of ours that Asterisk has as endpoints."""
    lines = pbx.node.asterisk("pjsip show endpoints").splitlines()
    return {line.split()[1].split("/")[0] for line in lines if line.strip().startswith("Endpoint:") and "/" in line}


def test_kill_in_the_middle_of_an_apply(pbx: Pbx, unchanged: int) -> None:
    """kill -9 at random moments: within seconds disk, Asterisk and the daemon agree on the old or the new one."""
    seen, text, rng = set(), pbx.site_text(), random.Random(5)
    for turn in range(6):
        name = str(300 + turn)
        draft(pbx, text + MORE.format(name))
        before = pbx.ask("status")["generation"]
        script = "jackfield apply --reason killed & sleep $1; kill -9 $!; wait"
        delay = rng.uniform(0.6, 2.2) if turn else 0.05
        pbx.node.run(["sh", "-c", script, "sh", f"{delay:.2f}"], check=False)
        wait_for(lambda: not pbx.node.path(SWITCHING).exists(), 10, "the daemon to end the apply", every=0.1)
        current = int(pbx.node.run(["readlink", CURRENT]).stdout.strip().split("/")[-1])
        wait_for(lambda now=current: pbx.ask("status")["generation"] == now, 5, "the daemon to serve it")
        assert (name in in_asterisk(pbx)) is (f"[{name}]" in pbx.node.read_file(f"{CURRENT}/pjsip.conf"))
        seen.add(current == before)
        pbx.jackfield("apply", "--reason", "after the kill")
        assert name in in_asterisk(pbx) and pbx.jackfield("plan", "--json")["empty"]
    assert True in seen, "no apply was killed early"


BAD_ADDITIONS = (
    HEAD
    + """
from jackfield.api import Fragment

class Plugin:
    @hookimpl
    def jackfield_asterisk_config(self, site):
        return [
            Fragment("extensions.conf", "[good-addition]\\nexten => s,1,NoOp(fine)\\n"),
            Fragment("pjsip.conf", "[badguy]\\ntype = endpoint\\nnonsense = 1\\n"),
            Fragment("extensions.conf", "[jf-trunk]\\nexten => _X.,1,Hangup()\\n"),
            Fragment("extensions.conf", "[x]\\n#include /etc/passwd\\n"),
            Fragment("queues.conf", "[evil]\\nstrategy = ringall\\n]\\n[general](+)\\nautofill=no\\n"),
            Fragment("manager.conf", "[root]\\nsecret = root\\nwrite = all\\n"),
            Fragment("../evil.conf", "[x]\\n"),
        ]
"""
)


def test_bad_additions_of_a_plugin_are_left_out(pbx: Pbx, unchanged: int) -> None:
    """What breaks out of its file, takes core's sections, or Asterisk refuses, is out, with alarms; the rest is in."""
    with installed(pbx, {"badadd": BAD_ADDITIONS}):
        done = pbx.jackfield("apply", "--installed", "--reason", "a bad plugin")
        assert "Asterisk refused it" in done.stderr, done.stderr
        assert "[good-addition]" in pbx.node.read_file(f"{CURRENT}/extensions.conf")
        assert "good-addition" in pbx.node.asterisk("dialplan show good-addition")
        written = pbx.node.run(["sh", "-c", f"cat {CURRENT}/*.conf"]).stdout
        for bad in ("badguy", "/etc/passwd", "[evil]", "[root]"):
            assert bad not in written, bad
        assert "jf-trunk" in pbx.node.asterisk("dialplan show jf-trunk") and written.count("[jf-trunk]") == 1
        alarms = json.dumps(pbx.jackfield("alarms", "list", "--json"))
        for file in ("pjsip.conf", "extensions.conf", "queues.conf", "manager.conf"):
            assert f"badadd: its addition to {file} is left out" in alarms, (file, alarms)
        again = pbx.jackfield("plan")
        assert "Nothing to do" in again.stdout or "good-addition" not in again.stdout
        call = pbx.call("5550200", pbx.number())
        pbx.wait_hears(call, "exact")
    pbx.jackfield("apply", "--installed", "--reason", "it is gone")
    assert "badadd" not in json.dumps(pbx.jackfield("alarms", "list", "--json"))


def test_talks_notice_nothing_of_applies(pbx: Pbx, unchanged: int) -> None:
    """Trunks, phones, queues and music change under a talk and a waiting caller: no gap, and the records are right."""
    pbx.staff("201")
    ann, seen, talker, waiter = pbx.phone("201"), len(pbx.phone("201").calls), pbx.number(), pbx.number()
    talk, rung = answered(pbx, "5550500", talker, ann)
    waiting = pbx.call("5550500", waiter)
    pbx.wait_waiting("basic", [waiter])
    pbx.node.wait_for(lambda: talk.heard.hears(ann.tone), 10, "the talk")
    text = pbx.site_text()
    carrier = 'name = "carrier"\n'
    queue = '[[queue]]\nname = "basic"\n'
    assert text.count(carrier) == 1 and text.count(queue) == 1
    steps = [
        text + MORE.format("301"),
        text.replace(carrier, carrier + 'codecs = ["alaw", "ulaw"]\n'),
        text.replace('title = "Ann"\nsecret', 'title = "Anna"\nsecret'),
        text.replace(queue, queue + 'max_length = 50\noverflow = "prompt:too-many"\n'),
        text + '[[trunk]]\nname = "brand-new"\nhost = "198.51.100.9"\n',
    ]
    for number, step in enumerate(steps):
        draft(pbx, step)
        pbx.jackfield("apply", "--reason", f"step {number}")
    pbx.node.asterisk("moh reload")
    time.sleep(0.5)
    spans = talk.heard.between(rung.dialog.answered_at + 0.3, talk.heard.end - 0.5).heard_tone(ann.tone, gap=0.2)
    assert len(spans) == 1, f"the talk was disturbed: {spans}"
    assert pbx.waiting("basic") == [waiter]
    talk.hang_up()
    ann.wait_call(seen + 2).wait_answered()
    waiting.hang_up()
    assert [pbx.record(n)["result"] for n in (talker, waiter)] == ["answered", "answered"]


def test_two_admins(pbx: Pbx, unchanged: int) -> None:
    """The second is told who changed what; a merge keeps both; the history says who applied."""

    def as_(who: str, *words: str) -> tuple[int, str]:
        done = pbx.node.run(["env", f"SUDO_USER={who}", "jackfield", *words], check=False)
        return done.returncode, done.stdout + done.stderr

    _code, exported = as_("bob", "export")
    as_("ann", "set", "extension", "202", "ring_seconds=7")
    pbx.node.write_file("/root/bob.toml", exported.replace('title = "Journeys"', 'title = "By Bob"'))
    code, told = as_("bob", "import", "/root/bob.toml")
    assert code == 1 and "ann changed extension 202 (ring_seconds) at" in told, told
    code, told = as_("bob", "apply")
    assert code == 1 and "since you have seen it" in told, told
    assert as_("bob", "import", "--merge", "/root/bob.toml")[0] == 0
    code, told = as_("bob", "plan")
    assert "phone 202 rings for 7 s instead of 5 s" in told and "By Bob" in told, told
    code, told = as_("bob", "apply", "--reason", "both of us")
    assert code == 0, told
    newest = pbx.jackfield("history", "--json")[0]
    assert (newest["author"], newest["reason"], newest["state"]) == ("bob", "both of us", "applied")
    code, told = as_("ann", "undo")
    assert code == 1 and "bob changed" in told, told
    assert as_("bob", "undo")[0] == 0
    told = pbx.jackfield("diff", str(unchanged)).stdout
    assert "phone 202 rings for 7 s instead of 5 s" in told
