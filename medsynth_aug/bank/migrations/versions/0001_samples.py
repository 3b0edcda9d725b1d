"""The first schema: samples, refusals, anatomies and the outbox of events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "samples",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("lesion", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("virtual", sa.Boolean, nullable=False),
        sa.Column("slot", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("parent", sa.String(64)),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("provenance", sa.JSON, nullable=False),
        sa.Column("timings", sa.JSON, nullable=False),
        sa.Column("box", sa.JSON),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_digest", sa.String(64), nullable=False),
        sa.Column("file_size", sa.Integer, nullable=False),
        sa.Column("acceptance", sa.Text),
        sa.Column("scores", sa.JSON),
    )
    op.create_index("samples_by_lesion", "samples", ["lesion", "purpose"])
    op.create_index("samples_by_source", "samples", ["source"])
    op.create_table(
        "refusals",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("lesion", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("final", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "anatomies",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("map", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sqlite_autoincrement=True,
    )
