"""The first schema: what :func:`crmdesk.storage.schema.create_tables` makes in a new file.

Until the first release the entity specification is this revision; the first revision after it
freezes these tables here as they were.
"""

from alembic import op

from crmdesk.storage.search import create_search_tables
from crmdesk.storage.tables import whole_metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table in an empty file; triggers are made by the schema module."""
    connection = op.get_bind()
    whole_metadata().create_all(connection)
    connection.exec_driver_sql("INSERT INTO sync_state (id) VALUES (1)")
    create_search_tables(connection)
