"""What people have set for their extensions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "extension_state",
        sa.Column("extension", sa.String(64), nullable=False),
        sa.Column("dnd", sa.Boolean(), nullable=False),
        sa.Column("forward_always", sa.String(40), nullable=True),
        sa.Column("forward_busy", sa.String(40), nullable=True),
        sa.Column("forward_no_answer", sa.String(40), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("extension"),
    )
