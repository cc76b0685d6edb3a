"""Bindings of middle numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table."""

    def text(name: str, length: int) -> sa.Column[str]:
        return sa.Column(name, sa.String(length), nullable=False)

    def time(name: str, nullable: bool = False) -> sa.Column[object]:
        return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)

    live = sa.text("ended_at IS NULL")
    op.create_table(
        "privacy_binding",
        sa.Column("id", sa.Integer(), nullable=False),
        text("pool", 64),
        text("x", 40),
        text("a", 40),
        text("b", 40),
        sa.Column("record", sa.Boolean(), nullable=False),
        text("author", 64),
        time("created_at"),
        time("expires_at"),
        time("ended_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for side in ("a", "b"):
        name = f"ix_privacy_binding_{side}"
        op.create_index(name, "privacy_binding", ["x", side], unique=True, sqlite_where=live, postgresql_where=live)
