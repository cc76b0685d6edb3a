"""Import, plan, apply, rollback, history as one piece; Asterisk and the voices are stand-ins."""

import json
from pathlib import Path

import pytest
from jackfield.config.fragments import Fragment, SoundRequest
from jackfield.config.generations import Generations
from jackfield.config.lock import SiteBusy, site_lock
from jackfield.errors import ApplyFailed, NotConnected, SiteError
from jackfield.plugins import State, Status
from jackfield.prompts.manifest import Manifest
from jackfield.storage.errors import StorageError
from shop import SHOP

BASE = (
    SHOP
    + """
[[prompt]]
name = "hello"
text = { en = "Hello" }
"""
)


def no_files(name):
    raise FileNotFoundError(2, "No such file or directory")


def put(workspace, text=BASE):
    return workspace.import_text(text, no_files)


def test_first_apply(workspace, asterisk, told, paths):
    put(workspace)
    plan = workspace.plan()
    assert plan.base is None
    assert not plan.empty
    assert {str(c) for c in plan.changes} == {
        "added did main", "added extension 201", "added general site", "added prompt hello", "added trunk carrier",
    }  # fmt: skip
    _, applied = workspace.apply("begin")
    assert applied.number == 1
    assert applied.running
    assert told == ["site.reload"]
    assert workspace.plan().empty
    assert workspace.apply("again")[1] is None
    site = json.loads((paths.current / "site.json").read_text())
    assert site["did"] == [{"name": "main", "number": "100", "destination": "extension:201"}]
    manifest = Manifest.load(paths.current / "sounds.json")
    for form in ("ulaw", "alaw", "sln"):
        assert Path(f"{manifest.file('hello', 'en')}.{form}").stat().st_size
        assert (paths.sounds / "moh" / f"piece.{form}").stat().st_size
    (row,) = workspace.history()
    assert (row.number, row.author, row.reason, row.state) == (1, "ann", "begin", "applied")


def test_a_change_is_told_in_words_and_only_it_is_reloaded(workspace, asterisk):
    put(workspace)
    workspace.apply("begin")
    asterisk.log.clear()
    put(workspace, BASE.replace('title = "Ann"', 'title = "Anna"') + '[[extension]]\nname = "202"\n')
    plan = workspace.plan()
    assert [str(c) for c in plan.changes] == ['changed extension 201: title: "Ann" → "Anna"', "added extension 202"]
    assert "pbx_config.so" in plan.reloads.reload  # the plain dialplan has a line for each phone
    workspace.apply("new phone")
    assert "reload res_pjsip.so" in asterisk.log
    assert not [what for what in asterisk.log if "musiconhold" in what or "manager" in what or what.startswith("load ")]


def test_a_change_that_asterisk_does_not_see_reloads_nothing_there(workspace, asterisk, told):
    put(workspace)
    workspace.apply("begin")
    asterisk.log.clear()
    put(workspace, BASE.replace('number = "100"', 'number = "101"'))
    _, applied = workspace.apply("")
    assert applied.reloaded == []
    assert asterisk.log == ["close"]
    assert told == ["site.reload"] * 2


def test_secrets_are_never_shown(workspace):
    put(workspace)
    workspace.apply("")
    put(workspace, BASE.replace("carrier-secret", "another-secret"))
    plan = workspace.plan()
    shown = json.dumps(plan.to_dict()) + repr(plan.changes)
    assert "carrier-secret" not in shown
    assert "another-secret" not in shown
    assert [str(c) for c in plan.changes] == ["changed trunk carrier: secret: **** → another"]
    (diff,) = plan.diffs.values()
    changed = [line for line in diff.splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")]
    named = ("outbound_auth = carrier-", "[carrier-")
    assert all(line[1:].startswith(named) for line in changed), "by a new name it is tried at once"
    put(workspace, BASE.replace('title = "Ann"', 'secret = "fresh-phone-secret"'))
    shown = json.dumps(workspace.plan().to_dict())
    assert "fresh-phone-secret" not in shown
    token = (workspace.paths.secrets).read_text().split('"')[3]
    assert token
    assert token not in shown


def test_nothing_of_a_file_with_a_mistake_is_taken(workspace):
    put(workspace)
    before = workspace.export_text()
    with pytest.raises(SiteError):
        put(workspace, BASE + '[[did]]\nname = "x"\nnumber = "5"\ndestination = "extension:999"\n')
    assert workspace.export_text() == before


def test_a_failing_database_leaves_the_draft(workspace, monkeypatch):
    put(workspace)
    before = workspace.export_text()
    from sqlalchemy.exc import OperationalError
    from sqlmodel import Session

    def fails(self):
        raise OperationalError("COMMIT", {}, Exception("disk full"))

    with monkeypatch.context() as broken:
        broken.setattr(Session, "commit", fails)
        with pytest.raises(StorageError, match="disk full"):
            put(workspace, BASE.replace("Shop", "Other"))
    assert workspace.export_text() == before


@pytest.mark.parametrize("what", ["reload res_pjsip.so", "reload pbx_config.so"])
def test_asterisk_refuses_and_the_old_one_is_back(workspace, asterisk, told, what):
    put(workspace)
    workspace.apply("good")
    put(workspace, BASE + '[[extension]]\nname = "202"\n')
    asterisk.log.clear()
    first = [True]
    asterisk.refuse = lambda step: step == what and first and bool(first.pop())
    with pytest.raises(ApplyFailed, match=rf"refused {what}; generation 1 is in force again"):
        workspace.apply("bad")
    assert workspace.generations.current() == 1
    assert asterisk.log.count(what) == 2  # tried, and taken back
    assert told == ["site.reload"]  # the daemon never heard of the bad one
    assert [(r.number, r.state) for r in workspace.history()] == [(2, "failed"), (1, "applied")]
    assert [str(c) for c in workspace.plan().changes] == ["added extension 202"]  # the draft stays


@pytest.mark.parametrize("hidden", ["202", "jf-phone"])
def test_what_is_not_there_after_the_reload_takes_it_back(workspace, asterisk, hidden):
    put(workspace)
    workspace.apply("good")
    put(workspace, BASE + '[[extension]]\nname = "202"\n')
    asterisk.hidden = {hidden}
    with pytest.raises(ApplyFailed, match=rf"no .*{hidden}.* after its reload; generation 1 is in force again"):
        workspace.apply("bad")
    assert workspace.generations.current() == 1


def test_without_asterisk_it_is_on_disk(workspace, asterisk):
    put(workspace)
    asterisk.running = False
    _, applied = workspace.apply("")
    assert not applied.running
    assert "takes generation 1 over when it starts" in applied.notes[0]
    assert workspace.generations.current() == 1


def test_without_the_daemon_it_is_told(workspace, monkeypatch):
    put(workspace)

    def away():
        raise NotConnected("jackfieldd does not answer")

    monkeypatch.setattr(workspace, "_tell_daemon", away)
    _, applied = workspace.apply("")
    assert "jackfieldd does not serve generation 1 yet" in applied.notes[0]
    assert workspace.generations.current() == 1


def test_rollback(workspace, told):
    put(workspace)
    workspace.apply("one")
    put(workspace, BASE.replace("Shop", "Two"))
    workspace.apply("two")
    put(workspace, BASE.replace("Shop", "Three"))
    workspace.apply("three")
    assert workspace.rollback().number == 2
    assert workspace.rollback().number == 1
    with pytest.raises(ApplyFailed, match="no earlier"):
        workspace.rollback()
    with pytest.raises(ApplyFailed, match="in force already"):
        workspace.rollback(1)
    assert workspace.rollback(3).number == 3
    assert [(r.number, r.state) for r in workspace.history()] == [(3, "applied"), (2, "superseded"), (1, "superseded")]
    assert len(told) == 6


def test_after_an_apply_one_can_always_go_back_to_what_was_in_force(workspace):
    workspace.generations = Generations(workspace.paths, keep=2)
    for number in (100, 101, 102):
        put(workspace, BASE.replace('number = "100"', f'number = "{number}"'))
        workspace.apply("")
    workspace.rollback(1)
    put(workspace, BASE.replace('number = "100"', 'number = "104"'))
    assert workspace.apply("")[1].number == 4
    assert workspace.difference(1).changes
    assert workspace.rollback().number == 1


def test_a_failed_generation_is_skipped_when_going_back(workspace, asterisk):
    put(workspace)
    workspace.apply("one")
    put(workspace, BASE + '[[extension]]\nname = "202"\n')
    asterisk.hidden = {"202"}
    with pytest.raises(ApplyFailed):
        workspace.apply("bad")
    asterisk.hidden = set()
    put(workspace, BASE.replace("Shop", "Three"))
    assert workspace.apply("three")[1].number == 3
    assert workspace.rollback().number == 1


def test_the_second_admin_is_refused(workspace, paths):
    put(workspace)
    with site_lock(paths.lock, "bob", "apply"):
        for change in (lambda: put(workspace), lambda: workspace.apply(""), workspace.rollback):
            with pytest.raises(SiteBusy, match="apply by bob"):
                change()


def test_a_generation_damaged_by_hand_is_replaced(workspace, paths):
    put(workspace)
    workspace.apply("")
    (paths.current / "pjsip.conf").write_text("")
    plan, applied = workspace.apply("")
    assert applied.number == 2
    assert "everything is written anew" in plan.warnings[-1]
    assert workspace.plan().empty


def test_a_sound_that_a_call_plays_is_never_overwritten(workspace, paths):
    put(workspace)
    workspace.apply("")
    before = Manifest.load(paths.current / "sounds.json").file("hello", "en")
    put(workspace, BASE.replace('"Hello"', '"Good day"'))
    workspace.apply("")
    after = Manifest.load(paths.current / "sounds.json").file("hello", "en")
    assert after != before
    assert Path(f"{before}.ulaw").read_bytes() != Path(f"{after}.ulaw").read_bytes()


def test_uploads_are_kept_and_come_back(workspace, paths, tmp_path):
    text = BASE.replace('text = { en = "Hello" }', 'file = { en = "greet.wav" }')
    workspace.import_text(text, lambda name: b"RIFF1234WAVE" if name == "greet.wav" else b"junk")
    exported = workspace.export_text()
    site = put(workspace, exported)  # the file of the first import is not needed any more
    assert workspace.export_text() == exported
    assert site.objects()
    workspace.apply("")
    assert Manifest.load(paths.current / "sounds.json").file("hello", "en")
    with pytest.raises(SiteError, match=r"line \d+, prompt hello, file\.en: 'greet\.wav' cannot be read: No such file"):
        put(workspace, text)
    with pytest.raises(SiteError, match=r"'other\.wav' is neither a wav"):
        workspace.import_text(text.replace("greet", "other"), lambda name: b"junk")


# -- plugins -----------------------------------------------------------------------------------------------------------


def plug(host, name, instance):
    host.put(Status(name, instance=instance, state=State.ENABLED))


class Good:
    def jackfield_asterisk_config(self, site):
        return [Fragment("queues.conf", "[sales]\nstrategy = ringall"), Fragment("modules.conf", "app_queue.so")]

    def jackfield_sounds(self, site):
        yield SoundRequest("good-word", {"en": "Good", "zh": "好"})


class Raises:
    def jackfield_asterisk_config(self, site):
        raise RuntimeError("oh")

    def jackfield_sounds(self, site):
        yield SoundRequest("half", {"en": "Half"})
        raise RuntimeError("oh")


class Wrong:
    def jackfield_asterisk_config(self, site):
        return ["not a fragment", Fragment("extensions.conf", "[jf-trunk]\nexten => s,1,NoOp()")]

    def jackfield_sounds(self, site):
        return [SoundRequest("../evil", {"en": "x"}), SoundRequest("klingon", {"tlh": "x"})]


def test_one_bad_plugin_does_not_keep_the_rest_from_applying(workspace, host, paths, asterisk):
    plug(host, "good", Good())
    plug(host, "raises", Raises())
    plug(host, "wrong", Wrong())
    put(workspace)
    plan, applied = workspace.apply("")
    assert applied.number == 1
    text = "\n".join(plan.warnings)
    assert "plugin raises failed in jackfield_asterisk_config" in text
    assert "plugin raises failed in jackfield_sounds" in text
    assert "plugin wrong failed in jackfield_asterisk_config" in text
    assert "wrong: its addition to extensions.conf is left out" in text
    assert "wrong: prompt '../evil' is left out" in text
    assert "no voice for tlh" in text
    assert "[sales]" in (paths.current / "queues.conf").read_text()
    assert Manifest.load(paths.current / "sounds.json").file("good-word", "zh")


def test_a_new_plugin_is_loaded_without_a_restart_and_a_gone_one_needs_none_of_it(workspace, host, asterisk):
    put(workspace)
    workspace.apply("")
    plug(host, "good", Good())
    _, applied = workspace.apply("plugin")
    assert applied.loaded == ["app_queue.so"]
    assert "reload app_queue.so" not in asterisk.log  # it has read its file while being loaded
    host.refuse("good", "gone")
    _, applied = workspace.apply("without")
    assert [note for note in applied.notes if "restarted to unload app_queue.so" in note]


def test_a_destination_whose_plugin_is_gone_is_a_warning(workspace, host, database):
    put(workspace)
    from jackfield.config.models import SiteObjectRow

    with database.session() as session:
        body = {"name": "q", "number": "7", "destination": "queue:sales"}
        session.add(SiteObjectRow(kind="did", name="q", body=json.dumps(body)))
        session.add(SiteObjectRow(kind="queue", name="sales", body='{"name": "sales"}'))
        session.commit()
    plan, applied = workspace.apply("")
    assert applied.number == 1
    assert any("destinations of kind 'queue'" in w and "fallback" in w for w in plan.warnings)
    assert any(w.startswith("queue: no installed plugin") for w in plan.warnings)


class Several:
    """Additions of which Asterisk refuses those that it is told to."""

    def jackfield_asterisk_config(self, site):
        return [Fragment("queues.conf", f"[{name}]\nstrategy = ringall") for name in ("q1", "q2", "q3", "q4", "q5")]


@pytest.mark.parametrize("bad", [{"q1"}, {"q3"}, {"q5"}, {"q2", "q4"}, {"q1", "q2", "q3", "q4", "q5"}, set()])
def test_what_asterisk_refuses_of_a_plugin_is_found_and_left_out(workspace, host, asterisk, paths, bad):
    put(workspace)
    workspace.apply("without")
    plug(host, "several", Several())
    asterisk.hidden = set(bad)
    _, applied = workspace.apply("with")
    text = (paths.current / "queues.conf").read_text() if (paths.current / "queues.conf").exists() else ""
    for name in ("q1", "q2", "q3", "q4", "q5"):
        assert (f"[{name}]" in text) is (name not in bad), name
    assert len(
        [n for n in applied.notes if "its addition to queues.conf is left out: Asterisk refused it" in n]
    ) == len(bad)
    meta = workspace.generations.load(applied.number).meta
    assert len({one.digest for one in meta.left_out}) == len(bad)
    plan = workspace.plan()
    assert plan.empty
    assert sum("Asterisk refused it" in w for w in plan.warnings) == min(len(bad), 1)
    asterisk.hidden = set()
    _, again = workspace.refresh("tried again")
    assert (again is None) is (not bad)
    assert all(f"[{name}]" in (paths.current / "queues.conf").read_text() for name in bad)


def test_when_the_rest_is_refused_as_well_nothing_changes(workspace, host, asterisk):
    put(workspace)
    workspace.apply("good")
    plug(host, "several", Several())
    put(workspace, BASE + '[[extension]]\nname = "202"\n')
    asterisk.hidden = {"202"}
    with pytest.raises(ApplyFailed, match="no endpoint 202"):
        workspace.apply("bad")
    assert workspace.generations.current() == 1
