"""What every command has: a help, `--json`, a place in the completion. And who did what."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import typer.main
from jackfield.cli.main import app
from jackfield.control import audit
from jackfield.storage.engine import Database

SITE = '[[trunk]]\nname = "carrier"\nhost = "192.0.2.1"\n[[extension]]\nname = "201"\nsecret = "secret-201-abc"\n'


def commands(group=None, words=()):
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


@pytest.mark.parametrize(("words", "command"), [pytest.param(w, c, id=" ".join(w)) for w, c in commands()])
def test_help_and_json(words, command):
    assert command.help, "no docstring"
    assert all(p.help for p in command.params if p.name != "help"), "a parameter without help"
    if words == ("console",):
        return  # it gives the terminal away
    assert "--json" in {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize(("typed", "wanted"), [("jackfield al", "alarms"), ("jackfield alarms h", "history")])
def test_completion(typed, wanted):
    environment = os.environ | {
        "_JACKFIELD_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" ")),
    }  # fmt: skip
    code = "import sys; from jackfield.cli.main import main; sys.argv[0] = 'jackfield'; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert wanted in done.stdout.split()


def trail(box):
    database = Database(f"sqlite:///{box}/test.db")
    return [(r["who"], r["method"], r["object"], r["outcome"]) for r in reversed(audit.read(database))]


def test_objects_and_who_changed_them(migrated, box):
    (box / "site.toml").write_text(SITE)
    assert migrated("import", "site.toml").code == 0
    assert migrated("set", "extension", "201", "title=Ann", "--json").json()["revision"]
    assert migrated("show", "extension", "201", "--json").json()["title"] == "Ann"
    assert "secret-201" not in migrated("show", "extension", "201").out
    assert [row["name"] for row in migrated("show", "extension", "--json").json()] == ["201"]
    everything = {(row["kind"], row["name"]) for row in migrated("show", "--json").json()}
    assert {("trunk", "carrier"), ("extension", "201")} <= everything
    did = ("number=5550100", "destination=extension:201", "fallback=hangup:busy")
    assert migrated("set", "did", "main", *did).code == 0
    refused = migrated("delete", "extension", "201")
    assert (refused.code, "extension 201 is needed by did main (destination)" in refused.err) == (1, True)
    assert migrated("delete", "did", "main").code == 0
    assert migrated("delete", "extension", "201").code == 0
    assert migrated("show", "extension", "201").code == 1
    who = [(m, o, r) for who, m, o, r in trail(box) if who == "ann"]
    assert who == [
        ("migrate", "", "ok"), ("site.import", "site.toml", "ok"), ("site.set", "extension:201", "ok"),
        ("site.get", "extension:201", "ok"), ("site.get", "extension:201", "ok"), ("site.get", "extension", "ok"),
        ("site.get", "", "ok"),
        ("site.set", "did:main", "ok"), ("site.delete", "extension:201", "refused"), ("site.delete", "did:main", "ok"),
        ("site.delete", "extension:201", "ok"), ("site.get", "extension:201", "refused"),
    ]  # fmt: skip
    shown = migrated("audit", "--json", "--limit", "2").json()
    assert [row["outcome"] for row in shown] == ["refused", "ok"]
    assert "site.get" in migrated("audit").out
    assert migrated("audit", "--who", "nobody").out == "Nothing so far.\n"


def test_secrets_do_not_get_into_the_audit_log(migrated, box):
    migrated("set", "extension", "201", "secret=very-secret-123")
    assert trail(box)[-1] == ("ann", "site.set", "extension:201", "ok")
    assert "very-secret" not in migrated("audit", "--json").out


def test_dry_runs_by_the_draft_need_no_daemon(migrated, box):
    (box / "site.toml").write_text(
        SITE.replace('secret = "secret-201-abc"', 'secret = "secret-201-abc"\nmay_call = ["international"]')
        + '[[outbound-route]]\nname = "abroad"\npatterns = ["_00X."]\npermission = "international"\n'
        + 'trunks = ["carrier"]\n'
    )
    assert migrated("import", "site.toml").code == 0
    out = migrated("route", "test", "out", "0044201234", "--from", "201", "--draft")
    assert (out.code, "1. trunk carrier: 0044201234" in out.out) == (0, True), out
    assert migrated("route", "test", "out", "5550100", "--from", "201", "--draft", "--json").code == 1
