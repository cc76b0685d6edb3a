"""Trunks that an outbound call tried."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Each with what became of it."""
    with op.batch_alter_table("call") as table:
        table.add_column(sa.Column("trunks_tried", sa.String(250), nullable=False, server_default=""))
