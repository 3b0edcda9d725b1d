"""Virtual patients: who they are, and which samples are their images."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "patients",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("record", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "patient_images",
        sa.Column("sample", sa.String(64), primary_key=True),
        sa.Column("patient", sa.String(32), nullable=False),
        sa.Column("visit", sa.Integer, nullable=False),
    )
    op.create_index("patient_images_by_patient", "patient_images", ["patient", "visit"])
