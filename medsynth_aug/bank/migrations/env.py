"""Alembic's entry: migrates on the connection that the bank hands over; there is no alembic.ini."""

from alembic import context

from medsynth_aug.bank.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
