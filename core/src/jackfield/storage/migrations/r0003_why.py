"""Why a call went where it went first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column."""
    with op.batch_alter_table("call") as table:
        table.add_column(sa.Column("why", sa.String(400), nullable=False, server_default=""))
