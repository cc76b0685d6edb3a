"""Two admins at one draft: the second is told what changed, by whom and when, and can go on; and undo."""

import pytest
from jackfield.config.draft import Edit, bodies_from, clashes, differing, merged
from jackfield.config.editing import DraftChanged, Meanwhile
from jackfield.config.workspace import Workspace
from jackfield.errors import JackfieldError, SiteError

BASE = """
[general]
title = "Shop"
[[trunk]]
name = "carrier"
host = "10.0.0.1"
[[extension]]
name = "201"
title = "Ann"
secret = "secret-of-201"
[[did]]
name = "main"
number = "100"
destination = "extension:201"
"""


@pytest.fixture
def admins(settings, host, database, paths, library, asterisk):
    """ann and bob, each with a workspace of his own on the same site."""

    def make(author):
        return Workspace(
            settings, host, database, author=author, paths=paths, library=library, connect=asterisk.connect,
            tell_daemon=lambda: None,
        )  # fmt: skip

    return make("ann"), make("bob")


def put(workspace, text, meanwhile=Meanwhile.REFUSE):
    return workspace.import_text(text, lambda name: b"", meanwhile)


def test_the_second_import_is_told_what_changed_under_it(admins):
    ann, bob = admins
    put(ann, BASE)
    file = bob.export_text()
    put(ann, BASE.replace('title = "Ann"', 'title = "Anna"') + '[[extension]]\nname = "202"\n')
    before = ann.export_text()
    with pytest.raises(DraftChanged) as refused:
        put(bob, file.replace('number = "100"', 'number = "101"'))
    told = str(refused.value)
    assert "ann changed extension 201 (title), extension 202 (new) at 2" in told
    assert "--merge" in told
    assert ann.export_text() == before


def test_changes_of_different_fields_are_merged(admins):
    ann, bob = admins
    put(ann, BASE)
    file = bob.export_text()
    put(ann, BASE.replace('title = "Ann"', 'title = "Anna"'))
    put(
        bob,
        file.replace('title = "Ann"', 'title = "Ann"\nring_seconds = 10').replace('"100"', '"101"'),
        Meanwhile.MERGE,
    )
    found = bob.drafts.bodies()
    assert (found["extension", "201"]["title"], found["extension", "201"]["ring_seconds"]) == ("Anna", 10)
    assert found["did", "main"]["number"] == "101"


def test_the_same_field_is_not_merged_but_may_be_replaced(admins):
    ann, bob = admins
    put(ann, BASE)
    file = bob.export_text()
    put(ann, BASE.replace('title = "Ann"', 'title = "Anna"'))
    mine = file.replace('title = "Ann"', 'title = "Annette"')
    with pytest.raises(DraftChanged, match=r"both sides changed extension 201 \(title\)"):
        put(bob, mine, Meanwhile.MERGE)
    put(bob, mine, Meanwhile.REPLACE)
    assert bob.drafts.bodies()["extension", "201"]["title"] == "Annette"


def test_a_merge_must_be_a_good_site(admins):
    ann, bob = admins
    put(ann, BASE)
    file = bob.export_text()
    put(ann, BASE + '[[did]]\nname = "b"\nnumber = "200"\ndestination = "extension:201"\n')
    mine = file + '[[did]]\nname = "c"\nnumber = "200"\ndestination = "extension:201"\n'
    before = ann.drafts.bodies()
    with pytest.raises(SiteError, match="200 has a route already"):
        put(bob, mine, Meanwhile.MERGE)
    assert ann.drafts.bodies() == before


def test_a_file_of_ones_own_is_held_against_what_one_has_seen(admins):
    ann, bob = admins
    put(bob, BASE)
    put(bob, BASE.replace("Shop", "Store"))  # nobody else was at it
    with pytest.raises(DraftChanged, match="bob changed"):
        put(ann, BASE)  # ann has never seen it, and nothing was applied
    ann.plan()
    put(ann, BASE)


def test_apply_of_what_one_has_not_seen(admins):
    ann, bob = admins
    put(ann, BASE)
    ann.apply("one")
    bob.plan()
    put(ann, BASE.replace("Shop", "Store"))
    with pytest.raises(DraftChanged, match=r"since you have seen it:\n  ann changed general site \(title\)"):
        bob.apply("two")
    assert bob.generations.current() == 1
    bob.plan()
    assert bob.apply("two")[1].number == 2
    put(ann, BASE)
    assert bob.apply("three", force=True)[1].number == 3
    assert [(r.author, r.reason) for r in bob.history()] == [("bob", "three"), ("bob", "two"), ("ann", "one")]


def test_single_fields_and_the_version_of_an_object(admins):
    ann, bob = admins
    put(ann, BASE)
    seen = bob.drafts.versions()["did", "main"]
    ann.set_fields("did", "main", {"number": "777"})
    with pytest.raises(DraftChanged, match=rf"did main is at revision 2, not {seen}: ann changed did main \(number\)"):
        bob.set_fields("did", "main", {"fallback": "hangup:busy"}, seen)
    bob.set_fields("did", "main", {"fallback": "hangup:busy"}, 2)
    assert bob.drafts.bodies()["did", "main"] == {
        "name": "main", "number": "777", "destination": "extension:201", "fallback": "hangup:busy",
    }  # fmt: skip
    bob.set_fields("did", "main", {"fallback": None})
    assert "fallback" not in bob.drafts.bodies()["did", "main"]


def test_a_new_object_gets_its_secret_and_wrong_ones_are_refused(admins):
    ann, _ = admins
    put(ann, BASE)
    ann.set_fields("extension", "202", {"title": "Bob"}, 0)
    assert len(ann.drafts.bodies()["extension", "202"]["secret"]) > 20
    with pytest.raises(DraftChanged):
        ann.set_fields("extension", "202", {"title": "Bob"}, 0)
    before = ann.drafts.bodies()
    for kind, name, fields, wrong in (
        ("extension", "202", {"ring_seconds": "long"}, "ring_seconds"),
        ("extension", "202", {"tittle": "x"}, "tittle"),
        ("did", "main", {"destination": "extension:999"}, "no extension '999'"),
        ("moon", "x", {}, "kind 'moon'"),
        ("did", "bad name", {"number": "5", "destination": "hangup:busy"}, "name"),
    ):
        with pytest.raises(SiteError, match=wrong):
            ann.set_fields(kind, name, fields)
    with pytest.raises(SiteError, match="no extension '201'"):
        ann.remove("extension", "201")
    with pytest.raises(SiteError, match="there is no"):
        ann.remove("extension", "999")
    assert ann.drafts.bodies() == before
    ann.remove("extension", "202")
    assert ("extension", "202") not in ann.drafts.bodies()


def test_undo_goes_back_step_by_step(admins):
    ann, bob = admins
    states = []
    for text in (BASE, BASE.replace("Shop", "Two"), BASE.replace("Shop", "Three")):
        states.append(ann.drafts.bodies())
        put(ann, text)
    for before in reversed(states):
        ann.undo()
        assert ann.drafts.bodies() == before
    with pytest.raises(JackfieldError, match="nothing to undo"):
        ann.undo()
    put(ann, BASE)
    with pytest.raises(DraftChanged, match="ann changed"):
        bob.undo()
    assert bob.undo(others=True).author == "ann"
    assert ann.drafts.bodies() == {}


def test_discard(admins):
    ann, _ = admins
    with pytest.raises(JackfieldError, match="no generation"):
        ann.discard()
    put(ann, BASE)
    ann.apply("")
    put(ann, BASE.replace("Shop", "Other"))
    ann.discard()
    assert ann.plan().empty
    ann.undo()
    assert [str(c) for c in ann.plan().changes] == ['changed general site: title: "Shop" → "Other"']


def test_a_revision_of_long_ago(admins):
    ann, _ = admins
    put(ann, BASE)
    old = ann.drafts.bodies()
    for number in range(5):
        ann.set_fields("general", "site", {"title": f"T{number}"})
    assert ann.drafts.at(1) == old
    assert ann.drafts.at(0) == {}
    assert ann.drafts.revision() == 6


def test_difference_of_generations(admins):
    ann, _ = admins
    put(ann, BASE)
    ann.apply("")
    put(ann, BASE + '[[extension]]\nname = "202"\nsecret = "secret-of-202"\n')
    ann.apply("")
    there, back = ann.difference(1), ann.difference(2, 1)
    assert [str(c) for c in there.changes] == ["added extension 202"]
    assert [str(c) for c in back.changes] == ["removed extension 202"]
    assert "+[202]" in there.diffs["pjsip.conf"]
    assert "secret-of-202" not in str(there.diffs) + str(back.diffs)


def test_merging_rules():
    base = bodies_from('{"did": [{"name": "a", "number": "1", "x": 1}, {"name": "b", "number": "2"}]}')
    theirs = bodies_from('{"did": [{"name": "a", "number": "9", "x": 1}], "menu": [{"name": "m"}]}')
    mine = bodies_from('{"did": [{"name": "a", "number": "1"}, {"name": "b", "number": "3"}]}')
    both = clashes(differing(base, theirs), differing(base, mine))
    assert [str(edit) for edit in both] == ["did b (removed)"]
    mine["did", "b"] = base["did", "b"]
    assert clashes(differing(base, theirs), differing(base, mine)) == []
    assert merged(theirs, differing(base, mine)) == bodies_from(
        '{"did": [{"name": "a", "number": "9"}], "menu": [{"name": "m"}]}'
    )
    assert clashes([Edit("did", "n", None, {"v": 1})], [Edit("did", "n", None, {"v": 1})]) == []
    assert len(clashes([Edit("did", "n", None, {"v": 1})], [Edit("did", "n", None, {"v": 2})])) == 1
