"""Alembic environment: runs revisions on the connection handed over by the schema module."""

from alembic import context

from crmdesk.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
