"""Reviews: who reads what, every verdict and revocation, the policy, and what was asked for anew."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reviewers",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("senior", sa.Boolean, nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "assignments",
        sa.Column("sample", sa.String(64), primary_key=True),
        sa.Column("reviewer", sa.String(36), primary_key=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "verdicts",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("sample", sa.String(64), nullable=False),
        sa.Column("file_digest", sa.String(64), nullable=False),
        sa.Column("reviewer", sa.String(36), nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("plausibility", sa.Integer),
        sa.Column("seconds", sa.Float),
        sa.Column("adjudicates", sa.Boolean, nullable=False),
        sa.Column("supersedes", sa.String(36)),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("verdicts_by_sample", "verdicts", ["sample"])
    op.create_index("verdicts_by_reviewer", "verdicts", ["reviewer", "sample"])
    op.create_table(
        "revocations",
        sa.Column("verdict", sa.String(36), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "review_policies",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("policy", sa.JSON, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "regenerations",
        sa.Column("parent", sa.String(64), primary_key=True),
        sa.Column("verdicts", sa.JSON, nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("child", sa.String(64)),
        sa.Column("request", sa.JSON),
        sa.Column("given_up", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("samples_by_acceptance", "samples", ["acceptance", "digest"])
