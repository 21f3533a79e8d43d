"""Alembic environment: runs revisions on the connection handed over by the schema module."""

from alembic import context

from crmdesk.storage.tables import whole_metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=whole_metadata(),
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
