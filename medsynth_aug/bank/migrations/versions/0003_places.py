"""Samples name their file; indexes that answer alone for a million samples; consents among the events."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("samples", sa.Column("file", sa.Text))
    op.drop_index("samples_by_lesion", "samples")
    op.create_index("samples_by_lesion", "samples", ["lesion", "digest", "purpose"])
    op.create_index("samples_by_purpose", "samples", ["purpose", "digest"])
    op.create_index("samples_by_parent", "samples", ["parent"])
    with op.batch_alter_table("events", table_kwargs={"sqlite_autoincrement": True}) as events:
        events.alter_column("subject", existing_type=sa.String(64), type_=sa.Text, existing_nullable=False)
