"""Call records, the outbox, the site and its generations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _time(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, length: int, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def upgrade() -> None:
    """Make the tables."""
    _calls()
    _steps_and_legs()
    _outbox()
    _site()


def _calls() -> None:
    still_open = sa.text("ended_at IS NULL")
    op.create_table(
        "call",
        _text("id", 150),
        _text("direction", 16),
        _text("trunk", 64),
        _text("did", 80),
        _text("caller_number", 80),
        _text("caller_name", 80),
        _text("extension", 80),
        _text("language", 16),
        _time("started_at"),
        _time("answered_at", nullable=True),
        _time("ended_at", nullable=True),
        _text("destination", 100),
        _text("queue", 64),
        _text("agent", 64),
        sa.Column("wait_seconds", sa.Float(), nullable=False),
        sa.Column("talk_seconds", sa.Float(), nullable=False),
        _text("result", 16, nullable=True),
        sa.Column("cause", sa.Integer(), nullable=True),
        sa.Column("interrupted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_call_started_at", "call", ["started_at"])
    op.create_index("ix_call_caller_number", "call", ["caller_number", "started_at"])
    op.create_index("ix_call_queue", "call", ["queue", "started_at"])
    op.create_index("ix_call_agent", "call", ["agent", "started_at"])
    op.create_index("ix_call_open", "call", ["id"], sqlite_where=still_open, postgresql_where=still_open)


def _steps_and_legs() -> None:
    op.create_table(
        "call_step",
        _text("call_id", 150),
        sa.Column("seq", sa.Integer(), nullable=False),
        _text("destination", 100),
        _time("entered_at"),
        _time("left_at", nullable=True),
        _text("outcome", 64),
        sa.PrimaryKeyConstraint("call_id", "seq"),
    )
    op.create_table(
        "leg",
        _text("id", 150),
        _text("call_id", 150),
        _text("channel", 120),
        _text("role", 16),
        _text("number", 80),
        _text("agent", 64),
        _time("started_at"),
        _time("answered_at", nullable=True),
        _time("ended_at", nullable=True),
        sa.Column("cause", sa.Integer(), nullable=True),
        _text("status", 16),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_leg_call_id", "leg", ["call_id"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        _text("name", 64),
        sa.Column("payload", sa.Text(), nullable=False),
        _time("created_at"),
        _time("due_at"),
        _text("state", 8),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _text("worker", 64),
        sa.Column("error", sa.Text(), nullable=False),
        _time("done_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_outbox_state", "outbox", ["state", "due_at"])


def _site() -> None:
    op.create_table(
        "site_object",
        _text("kind", 32),
        _text("name", 64),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name"),
    )
    op.create_table(
        "generation",
        sa.Column("number", sa.Integer(), nullable=False),
        _time("created_at"),
        _text("author", 64),
        _text("reason", 500),
        _text("state", 16),
        sa.PrimaryKeyConstraint("number"),
    )
