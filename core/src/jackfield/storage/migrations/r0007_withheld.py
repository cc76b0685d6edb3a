"""Calls whose caller is withheld, and who sent a call on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("call", sa.Column("withheld", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("call", sa.Column("diversion", sa.String(80), nullable=False, server_default=""))
