"""What the rig reads from the host, and its lists."""

from __future__ import annotations

from pathlib import Path

import pytest
from rig import hostsys, root
from rig.aptrepo import own_key, write_repository
from rig.hostsys import RigError, debian_mirror, output
from rig.sipp import fill


def test_mirror_from_deb822_and_one_line_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostsys, "_os_release", lambda: {"VERSION_CODENAME": "bookworm"})
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "a.sources").write_text(
        "Types: deb\nURIs: http://off.invalid/d\nSuites: bookworm\nComponents: main\nEnabled: no\n\n"
        "Types: deb\n# a remark\nURIs: http://one.invalid/d\nSuites: bookworm bookworm-updates\n"
        "Components: main\n"
    )
    assert debian_mirror(tmp_path) == "http://one.invalid/d"
    (parts / "a.sources").unlink()
    (tmp_path / "sources.list").write_text(
        "deb-src http://no.invalid/d bookworm main\n"
        "deb [signed-by=/x] http://other.invalid/d stable main\n"
        "deb [arch=amd64] http://two.invalid/d bookworm main contrib # why\n"
    )
    assert debian_mirror(tmp_path) == "http://two.invalid/d"
    (tmp_path / "sources.list").write_text("")
    with pytest.raises(RigError, match="does not know a mirror"):
        debian_mirror(tmp_path)


def test_a_root_is_known_by_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    before = root.root_key("run")
    assert before != root.root_key("run-pg")
    assert set(root.package_list("run")) < set(root.package_list("run-pg"))
    monkeypatch.setattr(root, "RECIPE", root.RECIPE + 1)
    assert root.root_key("run") != before
    with pytest.raises(RigError, match="No root variant"):
        root.package_list("nonsense")


def test_old_roots_go_and_held_or_recent_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACKFIELD_CACHE", str(tmp_path))
    for key in ("run-a", "run-b", "run-c"):
        (tmp_path / "roots" / key).mkdir(parents=True)
        (tmp_path / "roots" / f"{key}.lock").touch()
    assert root.collect_old_roots() == []
    with (tmp_path / "roots/run-b.lock").open() as held:
        root.fcntl.flock(held, root.fcntl.LOCK_SH)
        assert root.collect_old_roots(keep="run-c", older_than=-1) == ["run-a"]
    assert sorted(p.name for p in (tmp_path / "roots").glob("run-?")) == ["run-b", "run-c"]


def test_a_new_version_replaces_the_old_in_the_repository(tmp_path: Path) -> None:
    debs = [make_deb(tmp_path, "rig-a", v) for v in ("1.0", "2.0")]
    key = own_key(tmp_path / "key")
    for deb in debs:
        write_repository(tmp_path / "repo", [deb], key)
    text = (tmp_path / "repo/Packages").read_text()
    assert text.count("Package: rig-a") == 1
    assert "Version: 2.0" in text
    assert f"Size: {debs[1].stat().st_size}" in text


def make_deb(folder: Path, name: str, version: str, depends: str = "") -> Path:
    tree = folder / f"{name}-{version}"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Rig <rig@localhost>\n"
        + (f"Depends: {depends}\n" if depends else "")
        + "Description: for the rig's tests\n"
    )
    output(["dpkg-deb", "--build", "--root-owner-group", str(tree), str(folder)])
    return folder / f"{name}_{version}_all.deb"


def test_a_scenario_with_a_value_missing_is_refused() -> None:
    with pytest.raises(RigError, match="wants @USER@"):
        fill("register", {"UID": 1, "EXPIRES": 1, "CONTACT_PORT": 1, "PASSWORD": "x"})
