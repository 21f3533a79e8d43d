"""The first schema, of 0.1.0: where upgrades begin.

An empty database is made whole by :func:`crmdesk.hq.database.schema.upgrade` and stamped with the
newest revision, so nothing is ever built from here. The golden databases hold what it was.
"""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Nothing: no HQ is older than this."""
