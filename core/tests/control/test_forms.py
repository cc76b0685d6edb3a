"""What lists and forms of the console stand on: kinds described, a form's content looked at, changes together."""

from __future__ import annotations

import base64
import json

import pytest
from jackfield.errors import CommandFailed


def fields_of(client, kind, language="en"):
    asked = {"method": "site.kinds", "params": {}, "language": language}
    kinds = {k["kind"]: k for k in client.raw(json.dumps(asked).encode())["result"]}
    return kinds[kind]["title"], kinds[kind]["schema"]["properties"]


def test_a_kind_tells_what_its_fields_hold(site):
    title, fields = fields_of(site, "did")
    assert title == "Inbound routes"
    assert fields["destination"]["destination"] is True
    assert {"refers": "trunk"}.items() <= fields["trunk"]["anyOf"][0].items()
    _, phone = fields_of(site, "extension")
    assert phone["secret"]["anyOf"][0]["writeOnly"] is True
    assert "pattern" in phone["name"]


def test_titles_and_help_in_chinese(site):
    title, fields = fields_of(site, "trunk", "zh")
    english = fields_of(site, "trunk")[1]
    assert title == "中继"
    assert fields["host"]["description"] != english["host"]["description"]


def test_objects_with_their_fields_and_no_secret(site):
    site.ask("site.set", kind="extension", name="201", fields={"title": "Ann", "secret": "very-secret-1"})
    (found,) = site.ask("site.objects", kind="extension")
    assert (found["name"], found["fields"]["title"]) == ("201", "Ann")
    assert "very-secret-1" not in str(found)
    assert site.ask("site.secrets", kind="extension", name="201") == {"secret": "very-secret-1"}
    assert site.ask("site.objects", kind="trunk") == []


def test_what_is_wrong_is_told_with_its_field_and_nothing_is_saved(site):
    bad = site.ask("site.examine", kind="trunk", name="carrier", fields={"host": "a b", "max_calls": -1})["problems"]
    assert [p["path"] for p in bad] == [["host"], ["max_calls"]]
    assert all(p["refuses"] for p in bad)
    wrong = site.ask("site.examine", kind="did", name="main", fields={"number": "1", "destination": "extension:9"})
    assert [(p["path"], p["refuses"]) for p in wrong["problems"]] == [(["destination"], True)]
    assert site.ask("site.examine", kind="extension", name="9", fields={})["problems"][0]["path"] == ["name"]
    assert site.ask("site.list") == []


def test_only_what_a_change_brings_is_told_of_others(site):
    """Taking away a menu's number is told at the other object; its old warnings are not told again."""
    site.ask("site.set", kind="extension", name="201", fields={"secret": "very-secret-1"})
    site.ask("site.set", kind="prompt", name="unused", fields={"text": {"en": "Hello"}})
    found = site.ask("site.examine", kind="extension", name="202", fields={})["problems"]
    assert found == []
    assert "nothing leads to it" in str(site.ask("site.check")["findings"])


def test_several_changes_are_one_revision(site):
    made = site.ask(
        "site.change",
        what="first numbers",
        changes=[
            {"kind": "did", "name": "main", "fields": {"number": "5550100", "destination": "extension:201"}},
            {"kind": "extension", "name": "201", "fields": {"title": "Ann"}, "expected": 0},
        ],
    )
    (revision,) = site.ask("site.revisions")
    assert (revision["number"], revision["what"]) == (made["revision"], "first numbers")
    with pytest.raises(CommandFailed, match="no extension '201'"):
        gone = {"kind": "extension", "name": "201", "fields": None}
        more = {"kind": "trunk", "name": "c", "fields": {"host": "h"}}
        site.ask("site.change", what="x", changes=[gone, more])
    assert [o["name"] for o in site.ask("site.list")] == ["main", "201"], "all, or none"
    gone = [{"kind": "did", "name": "main", "fields": None}, {"kind": "extension", "name": "201", "fields": None}]
    site.ask("site.change", what="empty", changes=gone)
    assert site.ask("site.list") == []
    site.ask("site.undo")
    assert len(site.ask("site.list")) == 2


def test_where_calls_can_be_sent(site):
    site.ask("site.set", kind="extension", name="201", fields={"title": "Ann"})
    found = site.ask("site.places")
    kinds = {p["kind"]: p for p in found["destinations"]}
    assert kinds["extension"]["names"] == ["201"]
    assert "busy" in kinds["hangup"]["names"] and "sorry" in kinds["prompt"]["names"]
    assert "default" in found["music"]


def test_a_sound_that_is_none_is_refused(site):
    with pytest.raises(CommandFailed, match="neither a wav nor a flac"):
        site.ask("site.sound", data=base64.b64encode(b"hello").decode())
    with pytest.raises(CommandFailed, match="base64"):
        site.ask("site.sound", data="%%%")


def test_mistakes_in_chinese(site):
    asked = {"method": "site.examine", "language": "zh",
             "params": {"kind": "trunk", "name": "c", "fields": {"host": 5}}}  # fmt: skip
    (problem,) = site.raw(json.dumps(asked).encode())["result"]["problems"]
    assert any("一" <= c <= "鿿" for c in problem["text"])
    assert "wrong type" in site.ask("site.examine", kind="trunk", name="c", fields={"host": 5})["problems"][0]["text"]
