"""The certificate of SIP over TLS: made once, and those of the site's own checked before anything is applied."""

import ssl
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from jackfield.config.certificates import certificate_problems, ensure_certificate
from jackfield.config.objects.general import General
from jackfield.config.paths import Paths
from jackfield.errors import ApplyFailed


@pytest.fixture
def made(tmp_path: Path) -> Paths:
    paths = Paths(tmp_path / "asterisk")
    ensure_certificate(paths)
    return paths


def problems(**fields: object) -> list[str]:
    return [f"{p.path[0]}: {p.text}" for p in certificate_problems(General(name="site", **fields))]


def test_a_certificate_is_made_once(made: Paths) -> None:
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.certificate, made.key)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (made.certificate, made.key)] == [0o640, 0o640]
    before = made.certificate.read_bytes()
    ensure_certificate(made)
    assert made.certificate.read_bytes() == before
    assert sorted(p.name for p in made.key.parent.iterdir()) == ["jackfield.crt", "jackfield.key"]


def test_without_openssl_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    paths = Paths(tmp_path / "asterisk")
    with pytest.raises(ApplyFailed, match="openssl made no certificate"):
        ensure_certificate(paths)
    assert list(paths.key.parent.iterdir()) == []


def test_the_sites_own_pair(made: Paths, tmp_path: Path) -> None:
    for path in (made.certificate, made.key):
        path.chmod(0o644)
    own = {"tls_certificate": str(made.certificate), "tls_key": str(made.key)}
    assert problems() == []
    assert problems(**own, tls_ca=str(made.certificate)) == []
    other = replace(made, base=tmp_path / "other")
    ensure_certificate(other)
    other.key.chmod(0o644)
    (found,) = problems(tls_certificate=str(made.certificate), tls_key=str(other.key))
    assert found.startswith("tls_certificate:") and "name a pair that belongs together" in found


def test_files_that_are_none(made: Paths, tmp_path: Path) -> None:
    made.certificate.chmod(0o644)
    (tmp_path / "text").write_text("hello")
    absent, folder = str(tmp_path / "absent.crt"), str(tmp_path)
    found = problems(tls_certificate=absent, tls_key=folder, tls_ca=str(tmp_path / "text"))
    assert [text.partition(":")[0] for text in found] == ["tls_certificate", "tls_key", "tls_ca"]
    assert "cannot be read" in found[0] and "Is a directory" in found[1] and "holds no PEM certificates" in found[2]


def test_one_alone_and_odd_paths() -> None:
    for fields in ({"tls_key": "/etc/k.pem"}, {"tls_ca": "etc/ca.pem"}, {"tls_ca": "/etc/../x"}, {"tls_ca": "/a;b"}):
        with pytest.raises(ValueError, match=r"belong together|not a path"):
            General(name="site", **fields)
