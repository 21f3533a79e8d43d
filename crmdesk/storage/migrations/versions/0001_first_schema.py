"""The first schema, of 0.1.0: where upgrades begin.

New files are made whole by :func:`crmdesk.storage.schema.create_tables` and stamped with the
newest revision, so nothing is ever built from here. The golden databases hold what it was.
"""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Nothing: no file is older than this."""
