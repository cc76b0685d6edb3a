"""Back-ups of a box: what is in them, which are kept, and that a restore brings the box back, whole or not at all."""

import errno
import json
from datetime import UTC, datetime, timedelta

import pytest
from jackfield.backup import archive, make, restore
from jackfield.backup.actions import BackupActions
from jackfield.backup.database import Restoring, copy_to, revisions
from jackfield.backup.job import schedules
from jackfield.backup.manifest import BackupError
from jackfield.backup.store import Scope, Store, Why
from jackfield.config.lock import SiteBusy, site_lock
from jackfield.control.audit import Line, read, write
from jackfield.errors import SiteError
from jackfield.jobs import outbox
from jackfield.jobs.outbox import Outbox
from jackfield.settings import BackupSettings
from jackfield.storage import migrate
from jackfield.storage.engine import Database
from shop import SHOP
from sqlalchemy import text

PROMPT = '[[prompt]]\nname = "hello"\ntext = { en = "Hello" }\n'


def quiet(*told):
    """No progress."""


@pytest.fixture
def box(workspace, paths, tmp_path, monkeypatch):
    """A site in force, a sound, hand-written files, a certificate, settings."""
    settings = tmp_path / "jackfield.toml"
    settings.write_text('log_level = "info"\n')
    monkeypatch.setenv("JACKFIELD_SETTINGS", str(settings))
    workspace.import_text(SHOP + PROMPT, None)
    workspace.apply("begin")
    paths.sources.mkdir(exist_ok=True)
    (paths.sources / "abc.wav").write_bytes(b"RIFF" * 100)
    paths.custom.mkdir(exist_ok=True)
    (paths.custom / "musiconhold.conf").write_text("[mine]\n")
    (paths.custom / "link.conf").symlink_to("/etc/passwd")
    return workspace


@pytest.fixture
def maker(box, database, settings):
    return make.Maker(box, database, settings)


@pytest.fixture
def restorer(box, host, database, settings):
    return restore.Restorer(box, host, database, settings)


def made(maker, why=Why.HAND):
    return maker.make(why, "ann", recordings=False, progress=quiet)


def test_what_is_in_one(maker, tmp_path, paths):
    name = made(maker)
    manifest = maker.store.read(name)
    names = {entry.name for entry in manifest.files}
    assert names >= {"database.db", "site.json", "draft.json", "prompts/abc.wav", "custom/musiconhold.conf",
                     "jackfield.toml", "tls/jackfield.crt", "tls/jackfield.key"}  # fmt: skip
    assert "custom/link.conf" not in names and not any("secret" in each for each in names)
    assert (manifest.generation, manifest.title, manifest.author) == (1, "Example Ltd", "ann") or manifest.title
    assert manifest.revisions["core"] == migrate.newest(migrate.CORE)
    assert maker.store.path(name).stat().st_mode & 0o777 == 0o600
    assert not list(maker.store.folder.glob(".*")), "nothing is left of the making"


def test_recordings_only_where_asked_for(maker, tmp_path):
    (tmp_path / "recordings/2026").mkdir(parents=True)
    (tmp_path / "recordings/2026/1.flac").write_bytes(b"fLaC")
    assert not maker.store.peek(made(maker)).has("recordings/2026/1.flac")
    whole = maker.make(Why.HAND, "ann", recordings=True, progress=quiet)
    assert maker.store.peek(whole).has("recordings/2026/1.flac")


def test_the_site_comes_back_as_a_new_generation(maker, restorer, box, paths, told):
    name = made(maker)
    box.set_fields("extension", "201", {"title": "Changed"})
    box.remove("prompt", "hello")
    box.apply("worse")
    (paths.sources / "abc.wav").unlink()
    (paths.custom / "musiconhold.conf").write_text("[broken\n")
    (paths.custom / "new.conf").write_text("x\n")
    found = restorer.restore(name, Scope.SITE, "ann", quiet)
    assert found.generation == box.generations.current() == 3
    site = json.loads((paths.current / "site.json").read_text())
    assert site["prompt"] and "Changed" not in str(site)
    assert (paths.sources / "abc.wav").read_bytes() == b"RIFF" * 100
    assert (paths.custom / "musiconhold.conf").read_text() == "[mine]\n"
    assert not (paths.custom / "new.conf").exists() and (paths.custom / "link.conf").is_symlink()
    assert any("hand-written" in note for note in found.notes)
    assert box.plan().empty, "the draft is what is in force, as it was then"
    kept = {row.name: row.why for row in maker.store.found()}
    assert kept == {name: Why.HAND, found.before: Why.BEFORE}
    again = restorer.restore(found.before, Scope.SITE, "ann", quiet)
    assert "Changed" in (paths.current / "site.json").read_text() and again.generation == 4
    assert (paths.custom / "new.conf").exists()


def test_hand_written_music_that_the_site_names_comes_back_with_it(maker, restorer, box, paths):
    box.set_fields("parking", "lounge", {"first": "701", "last": "709", "music": "mine"})
    box.apply("music")
    name = made(maker)
    (paths.custom / "musiconhold.conf").unlink()
    assert restorer.restore(name, Scope.SITE, "ann", quiet).generation == box.generations.current()
    assert box.music() == {"default", "mine"}


def test_a_draft_that_was_not_applied_is_a_draft_again(maker, restorer, box):
    box.set_fields("extension", "201", {"title": "Planned"})
    name = made(maker)
    box.discard()
    box.remove("prompt", "hello")
    box.apply("worse")
    restorer.restore(name, Scope.SITE, "ann", quiet)
    assert [str(change) for change in box.plan().changes] == ['changed extension 201: title: "Ann" → "Planned"']


def count(database, table):
    with database.engine.connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()


def test_everything_comes_back_while_others_have_the_database_open(maker, restorer, database, tmp_path):
    queue = Outbox(database, lambda: ["toy"], tmp_path / "none.sock")
    with database.engine.begin() as connection:
        queue.put(connection, "toy", {})
    write(database, [Line("ann", 1, "old")])
    name = made(maker)
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM outbox"))
        queue.put(connection, "toy", {"later": 1})
        queue.put(connection, "toy", {"later": 2})
    write(database, [Line("eve", 2, "deleted.everything", at=datetime.now(UTC) + timedelta(seconds=1))])
    with database.engine.connect() as reader:
        before = reader.execute(text("SELECT count(*) FROM outbox")).scalar()
        restorer.restore(name, Scope.ALL, "ann", quiet)
        assert before == 2
    (job,) = outbox.list_jobs(database)
    assert (job["state"], json.loads(job["payload"])) == ("dead", {}), "no work is done twice by itself"
    assert [line["who"] for line in read(database)][:2] == ["eve", "ann"], "nobody loses what he did off the log"
    assert revisions(database)["core"] == migrate.newest(migrate.CORE)


def test_a_database_of_postgresql_comes_back(postgres, host, tmp_path):
    database = Database(postgres.fresh())
    migrate.migrate(database, [migrate.CORE])
    write(database, [Line("ann", 1, "old")])
    copy = tmp_path / "database.dump"
    copy_to(database, copy)
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE outbox"))
        connection.execute(text("DELETE FROM audit"))
    write(database, [Line("eve", 2, "deleted.everything", at=datetime.now(UTC) + timedelta(seconds=1))])
    Restoring(database, host, copy).run(datetime.now(UTC))
    assert [line["who"] for line in read(database)] == ["eve", "ann"] and outbox.list_jobs(database) == []
    copy.write_bytes(b"PGDMP damaged")
    with pytest.raises(BackupError, match="pg_restore"):
        Restoring(database, host, copy).run(datetime.now(UTC))
    assert [line["who"] for line in read(database)] == ["eve", "ann"]
    database.close()


def test_a_newer_database_is_refused(maker, restorer, database, box):
    name = made(maker)
    path = maker.store.path(name)
    with maker.store.staging() as folder:
        manifest = archive.read(path, archive.into(folder))
        sources = {entry.name: folder / entry.name for entry in manifest.files}
        newer = manifest.model_copy(update={"revisions": {"core": "9999"}})
        archive.write(path, newer, sources, quiet)
    for scope in Scope:
        with pytest.raises(BackupError, match="newer Jackfield"):
            restorer.restore(name, scope, "ann", quiet)
    assert box.generations.current() == 1


def test_a_damaged_one_changes_nothing(maker, restorer, box, database):
    name = made(maker)
    box.set_fields("extension", "201", {"title": "Now"})
    box.apply("now")
    path = maker.store.path(name)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    for scope in Scope:
        with pytest.raises(BackupError):
            restorer.restore(name, scope, "ann", quiet)
    assert box.generations.current() == 2 and [row.name for row in maker.store.found()] == [name]
    assert not list(maker.store.folder.glob(".*"))


def test_what_asterisk_refuses_leaves_all_as_it_was(maker, restorer, box, asterisk, paths):
    name = made(maker)
    box.set_fields("extension", "201", {"title": "Now"})
    box.apply("now")
    (paths.custom / "musiconhold.conf").write_text("[now]\n")
    refused = []
    asterisk.refuse = lambda what: not refused and refused.append(what) is None
    with pytest.raises(BackupError, match="is in the back-up"):
        restorer.restore(name, Scope.SITE, "ann", quiet)
    assert refused
    assert "Now" in (paths.current / "site.json").read_text() and box.plan().empty
    assert (paths.custom / "musiconhold.conf").read_text() == "[now]\n"


def test_a_site_with_mistakes_changes_nothing(maker, restorer, box, monkeypatch):
    name = made(maker)
    monkeypatch.setattr(box, "refuse_mistakes", lambda *given: (_ for _ in ()).throw(SiteError(["wrong"])))
    with pytest.raises(SiteError):
        restorer.restore(name, Scope.ALL, "ann", quiet)
    assert [row.why for row in maker.store.found()] == [Why.HAND]


def test_a_full_disk_changes_nothing(maker, restorer, box, monkeypatch):
    name = made(maker)

    def full(*told):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        maker.make(Why.HAND, "ann", recordings=False, progress=full)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 10})())
    for work in (lambda: made(maker), lambda: restorer.restore(name, Scope.ALL, "ann", quiet)):
        with pytest.raises(BackupError, match="make room"):
            work()
    assert [row.name for row in maker.store.found()] == [name]
    assert not list(maker.store.folder.glob(".*"))


def test_while_somebody_changes_the_site_none_is_made(maker, paths):
    with site_lock(paths.lock, "bob", "apply"), pytest.raises(SiteBusy):
        made(maker)
    assert maker.store.found() == []


def test_the_newest_daily_ones_are_kept_and_those_made_by_hand_stay(box, database, settings):
    maker = make.Maker(box, database, settings.model_copy(update={"backup": BackupSettings(keep=2)}))
    for day in range(1, 5):
        for why in (Why.DAILY, Why.HAND):
            (maker.store.folder).mkdir(exist_ok=True)
            (maker.store.folder / f"2026010{day}T032000Z-{why}.tar.gz").write_bytes(b"x")
    newest = made(maker, Why.DAILY)
    kept = [row.name for row in maker.store.found()]
    assert [name for name in kept if "daily" in name] == [newest, "20260104T032000Z-daily"]
    assert len([name for name in kept if "hand" in name]) == 4


def test_names_from_outside_lead_nowhere(tmp_path):
    store = Store(tmp_path)
    store.folder.mkdir()
    (store.folder / "20260101T000000Z-hand.tar.gz").symlink_to("/etc/passwd")
    for name in ("../../etc/passwd", "20260101T000000Z-hand", "x", "", "20260101T000000Z-hand.tar.gz\0"):
        with pytest.raises(BackupError, match="backup list"):
            store.path(name)
    assert store.found() == []


def test_two_in_one_second_have_two_names(tmp_path):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    store = Store(tmp_path)
    name, path = store.new(Why.HAND, at)
    path.touch()
    assert (name, store.new(Why.HAND, at)[0]) == ("20260101T000000Z-hand", "20260101T000000Z-hand-2")


def test_daily_or_never(settings):
    (one,) = schedules(BackupSettings(at="23:07"))
    assert one.at == "7 23 * * *" and schedules(BackupSettings(daily=False)) == []


def test_the_actions_speak_plain_json(box, host, database, settings):
    seen = []
    actions = BackupActions(box, host, database, settings, "ann", lambda *told: seen.append(told))
    created = actions.run("backup_create", {"recordings": False})
    assert json.loads(json.dumps(created)) == created and seen[-1][0] == seen[-1][1]
    assert actions.run("backup_verify", {"name": created["name"]}) == created
    restored = actions.run("backup_restore", {"name": created["name"], "scope": "site"})
    assert restored["scope"] == "site" and restored["generation"] == 1, "nothing had changed, so nothing is applied"


def test_a_database_that_is_not_one_changes_nothing(maker, database, host, tmp_path):
    copy = tmp_path / "database.db"
    copy_to(database, copy)
    data = bytearray(copy.read_bytes())
    data[4096:12288] = b"x" * 8192
    copy.write_bytes(data)
    write(database, [Line("ann", 1, "here")])
    with pytest.raises(BackupError):
        Restoring(database, host, copy).run(datetime.now(UTC))
    assert [line["who"] for line in read(database)] == ["ann"]


def test_replaced_settings_are_only_told(maker, restorer):
    assert restorer.restore(made(maker), Scope.SITE, "ann", quiet).notes[-1].endswith("as they are here")
