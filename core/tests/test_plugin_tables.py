"""Plugins' tables are brought up to date each for itself: what one does wrong is not the others' trouble."""

import sys

import pytest
from jackfield.plugins.host import PluginHost
from jackfield.plugins.tables import backups_of, migrate_plugins
from jackfield.settings import Settings
from jackfield.storage import limit
from jackfield.storage.models import Models
from jackfield.storage.testing import tables

START = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

def upgrade():
    op.create_table("%s", sa.Column("id", sa.Integer(), primary_key=True))
    %s
"""
BODIES = {"good": "", "hangs": "import time; time.sleep(60)", "reaches": "op.drop_table('alarm')"}


class Point:
    dist = None

    def __init__(self, name, owner):
        class Plugin:
            def jackfield_models(self):
                return Models(owner, f"jackfield_{name}.migrations")

        self.name, self.load = name, lambda: Plugin


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setattr(limit, "GRACE_SECONDS", 0.2)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    for name in (*BODIES, "poses"):
        folder = tmp_path / "site" / f"jackfield_{name}" / "migrations"
        folder.mkdir(parents=True)
        for each in (folder, folder.parent):
            (each / "__init__.py").touch()
        (folder / "r0001_start.py").write_text(START % (f"{name}_thing", BODIES.get(name, "")))
    settings = {"paths": {"state": tmp_path}, "isolation": {"migration_seconds": 2}, "backups": 2}
    made = PluginHost(Settings.model_validate(settings))
    made.load([*(Point(name, name) for name in BODIES), Point("poses", "good")])
    yield made
    for name in [name for name in sys.modules if name.startswith(tuple(f"jackfield_{n}" for n in (*BODIES, "poses")))]:
        del sys.modules[name]


def test_each_for_itself(host, database, tmp_path):
    settings = host._settings
    done, failed = migrate_plugins(host, database, settings)
    assert done == ["good: nothing → 0001"]
    assert failed.keys() == {"hangs", "reaches", "poses"}
    assert "did not come to an end within 2 s" in failed["hangs"]
    assert "changing alarm" in failed["reaches"] or "not authorized" in failed["reaches"]
    assert "declared for 'good'" in failed["poses"]
    now = tables(database)
    assert "good_thing" in now
    assert not {"hangs_thing", "reaches_thing", "poses_thing"} & now
    assert "alarm" in now
    assert any("its migration" in what for what in host.strays.look(grace=0)["hangs"])
    if database.file is not None:
        kept = backups_of(database, settings)
        assert kept.folder == tmp_path / "backups"
        assert {backup.owner for backup in kept.found()} == {"good", "hangs", "reaches"}
