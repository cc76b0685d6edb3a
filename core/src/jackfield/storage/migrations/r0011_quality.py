"""Quality of each leg."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns."""
    with op.batch_alter_table("leg") as table:
        table.add_column(sa.Column("codec", sa.String(16), nullable=False, server_default=""))
        for name in ("loss_in", "loss_out", "jitter_in", "jitter_out", "round_trip", "mos"):
            table.add_column(sa.Column(name, sa.Float(), nullable=True))
