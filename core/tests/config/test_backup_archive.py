"""The archive of a back-up: comes back as it went in, and nothing that is damaged or made up is believed."""

import gzip
import hashlib
import io
import json
import tarfile
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jackfield.backup import archive
from jackfield.backup.manifest import FORMAT, BackupError, Manifest, allowed

AT = datetime(2026, 11, 22, 3, 20, tzinfo=UTC)
FILES = {"draft.json": b"{}", "prompts/hello.wav": b"RIFF" * 3000, "custom/more.conf": b""}


def facts(files):
    entries = [{"name": n, "size": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in sorted(files.items())]
    return {
        "product": "jackfield", "format": FORMAT, "version": "1", "made_at": AT.isoformat(), "host": "box",
        "title": "Acme", "author": "ann", "generation": 3, "database": "sqlite", "revisions": {"core": "0013"},
        "recordings": False, "files": entries,
    }  # fmt: skip


def written(folder, files=FILES):
    sources = {}
    for number, (name, data) in enumerate(files.items()):
        sources[name] = folder / f"source{number}"
        sources[name].write_bytes(data)
    target = folder / "a.tar.gz"
    archive.write(target, Manifest.model_validate(facts(files)), sources, lambda *told: None)
    return target


def forged(folder, members, manifest=None):
    """An archive as somebody else might make one: `members` are (TarInfo, bytes)."""
    target = folder / "forged.tar.gz"
    head = json.dumps(manifest or facts(FILES)).encode()
    with tarfile.open(target, "w:gz", format=tarfile.GNU_FORMAT) as tar:
        first = tarfile.TarInfo("manifest.json")
        first.size = len(head)
        tar.addfile(first, io.BytesIO(head))
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return target


def members(files=FILES):
    return [(tarfile.TarInfo(name), data) for name, data in sorted(files.items())]


def test_what_went_in_comes_out(tmp_path):
    target, out = written(tmp_path), tmp_path / "out"
    out.mkdir()
    manifest = archive.read(target, archive.into(out))
    assert {e.name: (out / e.name).read_bytes() for e in manifest.files} == FILES
    assert archive.peek(target) == manifest
    assert target.stat().st_mode & 0o777 == 0o600
    assert (out / "prompts/hello.wav").stat().st_mode & 0o777 == 0o600


def test_a_forged_one_of_the_right_shape_is_one(tmp_path):
    assert archive.read(forged(tmp_path, members())).title == "Acme"


@given(where=st.integers(0, 10_000_000), bit=st.integers(0, 7))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bit_that_flips_is_noticed(tmp_path, where, bit):
    """But where it changes nothing: in the header of gzip, and where another run of zeros is copied than was meant."""
    target, came = written(tmp_path), {}
    data = bytearray(target.read_bytes())
    where = 10 + where % (len(data) - 10)
    data[where] ^= 1 << bit
    target.write_bytes(data)
    with suppress(BackupError):
        archive.read(target, lambda entry, parts: came.update({entry.name: b"".join(parts)}))
        assert came == FILES


@given(end=st.integers(0, 10_000_000))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_that_is_cut_off_is_refused(tmp_path, end):
    target = written(tmp_path)
    data = target.read_bytes()
    target.write_bytes(data[: end % len(data)])
    with pytest.raises(BackupError):
        archive.read(target)


@given(data=st.binary(max_size=3000), packed=st.booleans())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_none_is_refused(tmp_path, data, packed):
    target = tmp_path / "x.tar.gz"
    target.write_bytes(gzip.compress(data) if packed else data)
    for read in (archive.read, archive.peek):
        with pytest.raises(BackupError):
            read(target)


@given(name=st.text(max_size=40))
def test_names_never_lead_out(name):
    if allowed(name):
        assert not name.startswith("/") and ".." not in name.split("/") and "\\" not in name and "\0" not in name
        assert name.split("/")[0] in ("database.db", "database.dump", "site.json", "draft.json", "jackfield.toml",
                                      "prompts", "custom", "tls", "recordings")  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "prompts/../../x", "custom/./x", "secrets.toml", "prompts", "a/b", "prompts//x",
     "custom/" + "d/" * 9 + "x", "prompts/x\n", "prompts/" + "x" * 300],
)  # fmt: skip
def test_a_manifest_with_a_strange_name_is_refused(tmp_path, name):
    files = FILES | {name: b"evil"}
    with pytest.raises(BackupError):
        archive.read(forged(tmp_path, members(files), facts(files)))


def test_links_and_devices_are_refused(tmp_path):
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
        link = tarfile.TarInfo("custom/more.conf")
        link.type, link.linkname = kind, "/etc/shadow"
        rest = [(info, data) for info, data in members() if info.name != "custom/more.conf"]
        with pytest.raises(BackupError):
            archive.read(forged(tmp_path, [(link, b""), *rest]), archive.into(tmp_path / "out"))
    assert not (tmp_path / "out/custom/more.conf").exists()


def test_more_less_or_other_than_announced_is_refused(tmp_path):
    extra = tarfile.TarInfo("custom/extra.conf")
    wrong = [members()[1], members()[0], members()[2]]
    other = members(FILES | {"draft.json": b"{ "})
    twice = facts(FILES)
    twice["files"].append(twice["files"][0])
    for given_members, manifest in (
        ([*members(), (extra, b"more")], None), (members()[:-1], None), (wrong, None), (other, None),
        ([*members(), members()[0]], twice),
    ):  # fmt: skip
        with pytest.raises(BackupError):
            archive.read(forged(tmp_path, given_members, manifest))


def test_a_small_archive_never_unpacks_to_a_flood(tmp_path):
    """A file that is announced as small, and a header that is not: reading ends long before the flood does."""
    flood = tarfile.TarInfo("custom/more.conf")
    with pytest.raises(BackupError):
        archive.read(forged(tmp_path, [(flood, b"\0" * 80_000_000), *members()[1:]]))
    long = tarfile.TarInfo("custom/" + "x" * 20_000_000)
    with pytest.raises(BackupError, match="more is in it"):
        archive.read(forged(tmp_path, [(long, b""), *members()]))


def test_a_newer_one_says_so(tmp_path):
    newer = facts(FILES) | {"format": FORMAT + 1, "new_field": 1}
    with pytest.raises(BackupError, match="newer Jackfield"):
        archive.read(forged(tmp_path, members(), newer))


def test_a_file_that_changes_meanwhile_is_noticed_and_leaves_nothing(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"before")
    manifest = Manifest.model_validate(facts({"draft.json": b"before"}))
    for later in (b"after!", b"short", b"much longer"):
        source.write_bytes(later)
        if later == b"much longer":  # only its beginning is taken, which differs
            assert hashlib.sha256(later[:6]).hexdigest() != manifest.files[0].sha256
        with pytest.raises(BackupError, match="changed while"):
            archive.write(tmp_path / "a.tar.gz", manifest, {"draft.json": source}, lambda *told: None)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
