"""Progress of jobs, and when each schedule ran last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns and the table."""
    with op.batch_alter_table("outbox") as table:
        table.add_column(sa.Column("percent", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("note", sa.String(200), nullable=False, server_default=""))
    op.create_table(
        "schedule",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
