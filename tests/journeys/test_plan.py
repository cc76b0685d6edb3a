"""Configuration as plan, apply and roll back (T10), while calls go on."""

from __future__ import annotations

import pytest
from journeys.faults import answered
from journeys.pbx import CURRENT, Pbx, path_of
from rig import RigError

EXACT = 'name = "exact"\nnumber = "5550200"\ndestination = "prompt:exact"'
NEW = """
[[extension]]
name = "206"
title = "New"
secret = "secret-206-abc"
nat = false

[[prompt]]
name = "brand-new"
text = { en = "This prompt is brand new." }

[[did]]
name = "brand-new"
number = "5558790"
destination = "extension:206"
"""


def changed(text: str) -> str:
    """The site with another route for 5550200, and with more."""
    assert text.count(EXACT) == 1
    return text.replace(EXACT, EXACT.replace("prompt:exact", "prompt:brand-new")) + NEW


def test_apply_and_roll_back_under_calls(pbx: Pbx, unchanged: int) -> None:
    """The plan says in words what changes; new calls go the new way; calls in progress notice nothing; and back."""
    pbx.staff("201")
    ann, seen, talker, waiter = pbx.phone("201"), len(pbx.phone("201").calls), pbx.number(), pbx.number()
    talk, rung = answered(pbx, "5550500", talker, ann)
    waiting = pbx.call("5550500", waiter)
    pbx.wait_waiting("basic", [waiter])
    pbx.node.wait_for(lambda: talk.heard.hears(ann.tone), 10, "the talk")

    pbx.node.write_file("/root/site.toml", changed(pbx.site_text()))
    pbx.jackfield("import", "/root/site.toml")
    before = pbx.call("5550200", pbx.number())
    pbx.wait_hears(before, "exact")
    words = pbx.jackfield("plan").stdout
    assert "calls to 5550200 go to prompt:brand-new instead of prompt:exact" in words
    assert "calls to 5558790 go to extension:206" in words and "phone 206 (New) is new" in words
    assert "+ extension 206" in words and "+ prompt brand-new" in words
    assert "secret-206-abc" not in words, "the plan shows a password"
    pbx.jackfield("apply", "--reason", "new route")
    after = pbx.call("5550200", pbx.number())
    pbx.wait_hears(after, "brand-new")
    phone = pbx.phone("206")
    call = pbx.call("5558790", pbx.number())
    pbx.node.wait_for(lambda: call.heard.hears(phone.tone), 10, "the new phone's tone")
    call.hang_up()
    assert pbx.jackfield("plan", "--json")["empty"], "there is still something to apply"

    pbx.jackfield("rollback", str(unchanged))
    again = pbx.call("5550200", pbx.number())
    pbx.wait_hears(again, "exact")
    assert pbx.call("5558790", pbx.number()).wait_ended(10).final_code == 404
    with pytest.raises(RigError):
        phone.register()
    history = {row["number"]: row for row in pbx.jackfield("history", "--json")}
    assert history[unchanged]["state"] == "applied"
    assert (history[max(history)]["state"], history[max(history)]["reason"]) == ("superseded", "new route")

    spans = talk.heard.between(rung.dialog.answered_at + 0.3, talk.heard.end - 0.5).heard_tone(ann.tone, gap=0.2)
    assert len(spans) == 1, f"the talk was disturbed by apply or rollback: {spans}"
    assert pbx.waiting("basic") == [waiter]
    waited = waiting.heard.between(waiting.dialog.answered_at + 1.0, waiting.heard.end - 0.5)
    assert not waited.silence_longer_than(2.0), "the music of the waiting caller stopped"
    talk.hang_up()
    served = ann.wait_call(seen + 2)
    served.wait_answered()
    assert served.dialog.caller_number == waiter
    waiting.hang_up()
    assert [pbx.record(n)["result"] for n in (talker, waiter)] == ["answered", "answered"]


def test_a_queue_is_taken_away_under_its_callers(pbx: Pbx, unchanged: int) -> None:
    """Who waits in a queue that the new site has no more goes to the fallback; a talk out of it goes on."""
    pbx.staff("201")
    ann, seen = pbx.phone("201"), len(pbx.phone("201").calls)
    talker, waiter = pbx.number(), pbx.number()
    talk = pbx.call("5550510", talker)
    ann.wait_call(seen + 1).wait_answered()
    waiting = pbx.call("5550510", waiter)
    pbx.wait_waiting("survey", [waiter])
    blocks = pbx.site_text().split("\n\n")
    kept = [b for b in blocks if not b.startswith(('[[queue]]\nname = "survey"', '[[did]]\nname = "survey"'))]
    assert len(kept) == len(blocks) - 2
    pbx.apply_text("\n\n".join(kept), "no survey")
    pbx.wait_hears(waiting, "sorry")
    waiting.wait_ended(15)
    record = pbx.record(waiter)
    assert path_of(record) == [("queue:survey", "no such queue"), ("prompt:sorry", "")]
    now = talk.heard.end
    pbx.node.wait_for(lambda: talk.heard.between(now, talk.heard.end).hears(ann.tone, 1.0), 10, "the talk to go on")
    talk.hang_up()
    assert pbx.record(talker)["result"] == "answered"
    pbx.wait_agent("1001", "ready")


def test_a_broken_site_changes_nothing(pbx: Pbx, unchanged: int) -> None:
    """Every mistake with its line and reason, exit code 1, and all is as it was: draft, generation, calls."""
    text = pbx.site_text()
    mistakes = [
        ('destination = "queue:recorded"', 'destination = "queue:nowhere"', "nowhere"),
        ("no_answer_pause = 2", 'no_answer_pause = "two"', "no_answer_pause"),
        ('repeat_key = "9"', 'repeat_key = "99"', "repeat_key"),
        ('extension = "204"', 'extension = "299"', "299"),
        ('number = "5550503"', 'nummer = "5550503"', "nummer"),
    ]
    lines = []
    for old, new, _ in mistakes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    for _, new, word in mistakes:
        lines.append((text[: text.index(new)].count("\n") + 1, word))
    files = pbx.node.run(["sh", "-c", f"cd {CURRENT}/ && sha256sum *"]).stdout
    pbx.node.write_file("/root/broken.toml", text)
    refused = pbx.jackfield("import", "/root/broken.toml", check=False)
    assert refused.returncode == 1
    told = refused.stderr.splitlines()
    for line, word in lines:
        assert any(f"line {line}," in said and word in said for said in told), (line, word, refused.stderr)
    assert "nothing has changed" in refused.stderr

    pbx.node.write_file("/root/broken.toml", '[[did]\nname = "x"\n')
    syntax = pbx.jackfield("import", "/root/broken.toml", check=False)
    assert syntax.returncode == 1 and "line 1" in syntax.stderr
    assert pbx.jackfield("plan", "--json")["empty"], "the draft is another one"
    assert pbx.ask("status")["generation"] == unchanged
    assert pbx.node.run(["sh", "-c", f"cd {CURRENT}/ && sha256sum *"]).stdout == files
    call = pbx.call("5550200", pbx.number())
    pbx.wait_hears(call, "exact")


def test_export_and_import_are_the_same_site(pbx: Pbx, unchanged: int) -> None:
    """What `export` writes can be imported again, and then there is nothing to apply."""
    text = pbx.jackfield("export").stdout
    assert 'secret = "secret-201-abc"' in text, "an export without the secrets is no copy of the site"
    pbx.node.write_file("/root/export.toml", text)
    done = pbx.jackfield("import", "/root/export.toml", check=False)
    assert done.returncode == 0, done.stderr
    assert pbx.jackfield("plan", "--json")["empty"]
    assert pbx.ask("status")["generation"] == unchanged
