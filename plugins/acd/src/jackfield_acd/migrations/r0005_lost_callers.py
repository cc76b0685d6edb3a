"""Call-backs of callers who were in line when Asterisk died."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Which call-backs nobody asked for."""
    op.add_column("acd_callback", sa.Column("lost", sa.Boolean(), nullable=False, server_default=sa.false()))
