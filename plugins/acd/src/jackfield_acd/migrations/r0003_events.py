"""What happened in queues and to agents, for reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """One row an event (`jackfield_acd.eventlog`)."""
    op.create_table(
        "acd_event",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("call", sa.String(150), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_acd_event_event", "acd_event", ["event", "at"])
    op.create_index("ix_acd_event_call", "acd_event", ["call", "step"])
    op.create_index("ix_acd_event_at", "acd_event", ["at"])
