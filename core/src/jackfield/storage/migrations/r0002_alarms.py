"""Alarms that are up, and their history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""

    def text(name: str, length: int) -> sa.Column[str]:
        return sa.Column(name, sa.String(length), nullable=False)

    def time(name: str, nullable: bool = False) -> sa.Column[object]:
        return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)

    op.create_table(
        "alarm",
        text("key", 120),
        text("text", 500),
        text("severity", 16),
        text("source", 64),
        sa.Column("detail", sa.Text(), nullable=False),
        time("raised_at"),
        time("last_at"),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("flapping", sa.Boolean(), nullable=False),
        text("acknowledged_by", 64),
        time("acknowledged_at", nullable=True),
        text("note", 500),
        time("escalated_at", nullable=True),
        time("told_at", nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "alarm_history",
        sa.Column("id", sa.Integer(), nullable=False),
        time("at"),
        text("what", 16),
        text("key", 120),
        text("text", 500),
        text("severity", 16),
        text("source", 64),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        text("who", 64),
        text("note", 500),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_alarm_history_at", "alarm_history", ["at"])
    op.create_index("ix_alarm_history_key", "alarm_history", ["key", "at"])
