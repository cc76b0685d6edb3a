"""A plugin's migrations, made by a test."""

import sys
import textwrap

import pytest
from jackfield.storage.models import Models

FIRST = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

def upgrade():
    op.create_table("toys_box", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(20)))
    op.create_table("toys", sa.Column("id", sa.Integer(), primary_key=True),
                    sa.Column("box", sa.Integer(), sa.ForeignKey("toys_box.id", ondelete="CASCADE")))
    op.execute("INSERT INTO toys_box VALUES (1, 'red')")
    op.execute("INSERT INTO toys VALUES (1, 1)")
"""


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """A plugin's migrations; `write(name, text)` adds a revision."""
    folder = tmp_path / "site" / "jackfield_toys" / "migrations"
    folder.mkdir(parents=True)
    for each in (folder.parent, folder):
        (each / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    class Toys:
        models = Models("toys", "jackfield_toys.migrations")

        def write(self, name, content):
            (folder / name).write_text(textwrap.dedent(content))

        def remove(self, name):
            (folder / name).unlink()

    found = Toys()
    found.write("r0001_start.py", FIRST)
    yield found
    for name in [name for name in sys.modules if name.startswith("jackfield_toys")]:
        del sys.modules[name]
