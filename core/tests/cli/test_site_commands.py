"""import, check, plan, apply, rollback, history, export: what people see, and exit codes."""

import stat

import pytest

SITE = '[general]\ntitle = "Shop"\n[[extension]]\nname = "201"\n[[prompt]]\nname = "hi"\ntext = { en = "Hi" }\n'
USED = '[[did]]\nname = "d"\nnumber = "1"\ndestination = "prompt:hi"\n'


@pytest.fixture
def shop(migrated, box):
    (box / "shop.toml").write_text(SITE)
    assert migrated("import", "shop.toml").code == 0
    return migrated


def test_the_whole_road(shop, box):
    plan = shop("plan")
    assert (plan.code, "+ extension 201" in plan.out) == (0, True)
    assert "Sounds to make: " in plan.out
    applied = shop("apply", "--reason", "begin")
    assert applied.code == 0
    assert applied.out.endswith("Generation 1 is in force.\n")
    assert "Asterisk is not reached" in applied.err
    assert shop("plan").out == "Nothing to do: generation 1 is what the draft says.\n"
    (box / "shop.toml").write_text(SITE.replace("Shop", "Store"))
    shop("import", "shop.toml")
    assert '    title: "Shop" → "Store"' in shop("plan").out
    assert shop("apply").code == 0
    assert shop("rollback").out == "Generation 1 is in force.\n"
    rows = shop("history", "--json").json()
    assert [(r["number"], r["author"], r["state"], r["reason"]) for r in rows] == [
        (2, "ann", "superseded", ""),
        (1, "ann", "applied", "begin"),
    ]
    assert "superseded" in shop("history").out
    assert shop("rollback", "7").code == 1
    assert shop("rollback", "0").code == 2


def test_json_of_plan_and_apply(shop):
    plan = shop("plan", "--json").json()
    assert plan["base"] is None
    assert {
        "action": "added",
        "kind": "extension",
        "name": "201",
        "fields": [],
        "effects": ["phone 201 is new"],
    } in plan["changes"]
    applied = shop("apply", "--json").json()
    assert applied["applied"]["number"] == 1
    assert applied["applied"]["running"] is False
    assert shop("apply", "--json").json()["applied"] is None


def test_plan_shows_files_without_secrets(shop):
    out = shop("plan", "--files").out
    assert "+[201]" in out
    assert "+password = ****" in out
    secret = shop("export").out.split('secret = "')[1].split('"')[0]
    assert secret not in out


def test_mistakes_are_all_told_and_nothing_changes(shop, box):
    before = shop("export").out
    (box / "bad.toml").write_text('[general]\nzone = "x"\n[[extention]]\n[[did]]\nname = "d"\n')
    done = shop("import", "bad.toml")
    assert done.code == 1
    assert done.out == ""
    lines = done.err.splitlines()
    assert lines[0] == "There are 4 mistakes; nothing has changed:"
    assert [line.split(",")[0].split(":")[0] for line in lines[1:]] == ["  line 2", "  line 3", "  line 4", "  line 4"]
    assert "Traceback" not in done.err
    assert shop("import", "bad.toml", "--json").json()["problems"] == [line.strip() for line in lines[1:]]
    assert shop("export").out == before


def test_files_that_cannot_be_read(shop, box):
    (box / "latin.toml").write_bytes(b'[general]\ntitle = "caf\xe9"\n')
    assert "line 2: the file is not UTF-8" in shop("import", "latin.toml").err
    assert "none.toml cannot be read: No such file" in shop("import", "none.toml").err
    assert shop("import", str(box)).code == 1
    (box / "big.toml").write_bytes(b"#" * (9 * 1024 * 1024))
    assert "larger than 8 MB" in shop("import", "big.toml").err
    assert shop("import").code == 2


def test_sounds_beside_the_file(shop, box):
    text = SITE.replace('text = { en = "Hi" }', 'file = { en = "sounds/hi.wav" }')
    (box / "shop.toml").write_text(text)
    done = shop("import", "shop.toml")
    assert "line 7, prompt hi, file.en: 'sounds/hi.wav' cannot be read: No such file or directory" in done.err
    (box / "sounds").mkdir()
    (box / "sounds" / "hi.wav").write_bytes(b"RIFF1234WAVEsound")
    assert shop("import", "shop.toml").code == 0
    assert len(list((box / "state" / "prompts-src").iterdir())) == 1
    assert shop("apply").code == 0


def test_export_to_a_file_is_private_and_comes_back(shop, box):
    done = shop("export", "out.toml")
    assert done.code == 0
    assert stat.S_IMODE((box / "out.toml").stat().st_mode) == 0o600
    assert (box / "out.toml").read_text() == shop("export").out
    assert shop("import", "out.toml").code == 0
    assert shop("export", "no/such/folder").code == 1


def test_check(shop, box):
    done = shop("check")
    assert (done.code, done.out) == (0, "No mistakes.\n")
    assert done.err == "warning: prompt hi: nothing leads to it; name it where calls should use it, or remove it\n"
    (box / "shop.toml").write_text(SITE + USED)
    shop("import", "shop.toml")
    assert shop("check", "--json").json() == {"problems": [], "left_out": [], "warnings": []}


def test_without_migration(jackfield):
    done = jackfield("plan")
    assert done.code == 1
    assert done.err == "jackfield: the database is not up to date; run: jackfield migrate\n"
    assert jackfield("migrate").out.startswith("core: nothing → ")
    assert jackfield("migrate").out == "The database is up to date.\n"


def test_a_full_disk_is_told_in_a_sentence(shop, monkeypatch):
    import errno

    from jackfield.config import generations

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "/var/lib/x")

    monkeypatch.setattr(generations, "write_file", full)
    done = shop("apply")
    assert (done.code, done.err) == (1, "jackfield: /var/lib/x: No space left on device; nothing has changed\n")
    assert shop("history").out == "No generation yet. Next: jackfield import FILE\n"


def test_wrong_settings(jackfield, box):
    (box / "jackfield.toml").write_text("[agi]\nport = 'x'\n")
    for command in ("plan", "status"):
        done = jackfield(command)
        assert done.code == 1
        assert "agi.port" in done.err
        assert "Traceback" not in done.err


COMMANDS = ["import", "export", "check", "plan", "apply", "rollback", "history", "status", "calls", "agents", "queues",
            "records", "migrate", "plugins list"]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help(jackfield, command):
    done = jackfield(*command.split(), "--help")
    assert done.code == 0
    assert "Usage:" in done.out


def test_usage(jackfield):
    assert jackfield("nonsense").code == 2
    assert jackfield("plan", "--nonsense").code == 2
    assert jackfield("--help").code == 0


def test_diff_undo_and_revisions(shop, box):
    shop("apply")
    assert shop("set", "extension", "201", "ring_seconds=7", "title=Ann").code == 0
    assert "phone 201 rings for 7 s instead of 30 s" in shop("diff").out
    shop("apply", "--reason", "louder")
    assert "phone 201 rings for 7 s instead of 30 s" in shop("diff", "1").out
    assert "phone 201 rings for 30 s instead of 7 s" in shop("diff", "2", "1").out
    assert shop("diff", "2").out == "There is no difference.\n"
    assert "extension 201" in shop("revisions").out
    assert "ring_seconds = 7" in shop("show", "extension", "201").out
    assert "****" in shop("show", "extension", "201").out
    assert "Taken back: ann changed extension 201 (ring_seconds, title)" in shop("undo").out
    assert shop("discard").code == 0
    assert shop("plan").out.startswith("Nothing to do")
