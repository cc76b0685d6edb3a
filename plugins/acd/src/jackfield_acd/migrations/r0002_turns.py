"""Calls taken since the log-in, and whose turn it was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """What the strategies fewest-calls and round-robin must know after a restart."""
    op.add_column("acd_agent_state", sa.Column("taken", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "acd_queue_state",
        sa.Column("queue", sa.String(64), nullable=False),
        sa.Column("last_agent", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("queue"),
    )
