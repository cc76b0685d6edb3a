"""What the texts of alarms are made of, for people who read another language."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the columns; alarms of before stay in English."""
    for name in ("alarm", "alarm_history"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("words", sa.Text(), nullable=False, server_default=""))
