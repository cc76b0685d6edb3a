"""The signed apt repository: apt takes it as it is, and refuses whatever was done to it on its way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rig.aptrepo import KEY_FILE, PREFERENCES_FILE, SOURCES_FILE, own_key, sources, write_repository
from rig.hostsys import RigError
from rig.node import APT_OFFLINE, Node
from test_rig.test_hostsys import make_deb

pytestmark = pytest.mark.packages
PORT = 8014
URL = f"http://127.0.0.1:{PORT}/"
SERVED = "/srv/www"
DEB = "jackfield_0.1.0_all.deb"


@dataclass
class Served:
    """A repository that a web server on the node serves."""

    node: Node
    folder: Path

    def publish(self) -> None:
        """Put the folder where the web server has it, and forget what apt knew of it."""
        self.node.run(["sh", "-c", f"rm -rf {SERVED}/* /var/lib/apt/lists/* /var/cache/apt/archives/*.deb"])
        for file in self.folder.iterdir():
            self.node.copy_in(file, f"{SERVED}/{file.name}")

    def apt(self, *words: str) -> str:
        """What apt-get says; raises RigError with it when it fails."""
        return self.node.run(["apt-get", *APT_OFFLINE, "-o", "Acquire::Retries=0", *words], timeout=300).stdout


@pytest.fixture
def served(bare: Node, debs: list[Path], tmp_path: Path) -> Iterator[Served]:
    folder = tmp_path / "repo"
    write_repository(folder, debs, own_key(), URL)
    bare.copy_in(folder / SOURCES_FILE, f"/etc/apt/sources.list.d/{SOURCES_FILE}")
    bare.copy_in(folder / PREFERENCES_FILE, f"/etc/apt/preferences.d/{PREFERENCES_FILE}")
    bare.run(["mkdir", "-p", SERVED])
    with bare.popen(["python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", SERVED, str(PORT)]) as web:
        bare.wait_for(lambda: f":{PORT}" in bare.run(["ss", "-ltn"]).stdout, 10, "the web server")
        repository = Served(bare, folder)
        repository.publish()
        yield repository
        bare.run(["fuser", "--kill", f"{PORT}/tcp"])
        web.communicate(timeout=10)


def test_one_word_installs_it_with_its_plugins(served: Served) -> None:
    served.apt("update")
    planned = served.apt("install", "--simulate", "jackfield")
    for name in ("jackfield", "jackfield-admintui", *(f"jackfield-plugin-{p}" for p in ("acd", "ivr", "recording"))):
        assert f"\nInst {name} " in planned
    served.apt("install", "--download-only", "-y", "jackfield")


def test_a_package_that_was_changed_is_refused(served: Served) -> None:
    data = bytearray((served.folder / DEB).read_bytes())
    data[-100] ^= 1
    (served.folder / DEB).write_bytes(data)
    served.publish()
    served.apt("update")
    with pytest.raises(RigError, match="Hash Sum mismatch"):
        served.apt("install", "--download-only", "-y", "jackfield")


def test_an_index_that_was_changed_is_refused(served: Served) -> None:
    index = served.folder / "Packages"
    index.write_text(index.read_text().replace("Depends: ", "Depends: ed, ", 1))
    served.publish()
    with pytest.raises(RigError, match=r"Hash Sum mismatch|unexpected size"):
        served.apt("update")


def test_a_release_without_signature_or_with_a_forged_one_is_refused(served: Served, tmp_path: Path) -> None:
    signed = served.folder / "InRelease"
    signed.write_text(signed.read_text().replace("Label: Jackfield", "Label: Jackfie1d"))
    served.publish()
    with pytest.raises(RigError, match=r"(?i)sqv|not signed|signature|invalid|bad"):
        served.apt("update")
    for name in ("InRelease", "Release.gpg"):
        (served.folder / name).unlink()
    served.publish()
    with pytest.raises(RigError, match="is not signed"):
        served.apt("update")
    write_repository(served.folder, [], own_key(tmp_path / "other"), URL)  # whole, and signed by somebody else
    served.publish()
    with pytest.raises(RigError, match=r"(?i)missing key|not signed|no_pubkey"):
        served.apt("update")


def test_it_can_replace_no_package_of_the_system(served: Served, tmp_path: Path) -> None:
    write_repository(served.folder, [make_deb(tmp_path, "bash", "99")], own_key(), URL)
    served.publish()
    served.apt("update")
    assert "Candidate: 99" not in served.node.run(["apt-cache", *APT_OFFLINE[:2], "policy", "bash"]).stdout
    assert "Candidate: 0.1.0" in served.node.run(["apt-cache", *APT_OFFLINE[:2], "policy", "jackfield"]).stdout


def test_the_source_names_one_key_and_one_place(tmp_path: Path) -> None:
    public = own_key(tmp_path / "key").public()
    text = sources("https://packages.example.org/jackfield", public)
    assert text.startswith(
        "Types: deb\nURIs: https://packages.example.org/jackfield/\nSuites: ./\nSigned-By:\n -----BEGIN"
    )
    assert not [line for line in text.splitlines()[4:] if not line.startswith(" ") or not line.strip()]
    for bad in ("example.org", "https://a b/", "https://a/\nTrusted: yes", "ftp://a/"):
        with pytest.raises(RigError, match="where a repository can be"):
            sources(bad, public)


def test_the_secret_key_is_nowhere_in_the_repository(tmp_path: Path, debs: list[Path]) -> None:
    write_repository(tmp_path / "repo", debs[:1], own_key(tmp_path / "key"))
    names = {path.name for path in (tmp_path / "repo").iterdir() if path.suffix != ".deb"}
    assert names == {"Packages", "Release", "InRelease", "Release.gpg", KEY_FILE, SOURCES_FILE, PREFERENCES_FILE}
    assert not [p for p in (tmp_path / "repo").iterdir() if b"PRIVATE" in p.read_bytes()]
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
