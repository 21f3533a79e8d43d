"""First schema: everything the entity specification says.

Until the first release this revision follows the specification; from then on it is frozen and
changes come as revisions of their own.
"""

from alembic import op

from crmdesk.hq.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    metadata.create_all(op.get_bind(), checkfirst=False)


def downgrade() -> None:
    metadata.drop_all(op.get_bind())
