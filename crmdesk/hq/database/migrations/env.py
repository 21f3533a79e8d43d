"""Alembic environment: runs revisions on the connection handed over by the schema module."""

from alembic import context

from crmdesk.hq.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
