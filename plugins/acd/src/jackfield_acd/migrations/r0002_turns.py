"""Calls taken since the log-in, whose turn it was, and why callers were served as they were."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """What strategies must know after a restart, and what people ask afterwards."""
    op.add_column("acd_agent_state", sa.Column("taken", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "acd_story",
        sa.Column("call", sa.String(150), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queue", sa.String(64), nullable=False),
        sa.Column("decisions", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("call", "entered_at"),
    )
    op.create_index("ix_acd_story_entered_at", "acd_story", ["entered_at"])
    op.create_table(
        "acd_queue_state",
        sa.Column("queue", sa.String(64), nullable=False),
        sa.Column("last_agent", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("queue"),
    )
