"""Making and upgrading the local schema; refusing a file from a newer version.

A new file gets the present schema at once and the newest revision's stamp. An older one is
backed up and taken through the Alembic revisions in one transaction, its triggers made anew.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect

from crmdesk.domain.errors import CorruptFile, NewerFile
from crmdesk.i18n import _
from crmdesk.storage.capture import create_triggers, drop_triggers
from crmdesk.storage.engine import Database
from crmdesk.storage.indexes import create_list_indexes, drop_list_indexes
from crmdesk.storage.search_index import create_search_tables, renew
from crmdesk.storage.tables import whole_metadata
from crmdesk.storage.upgrading import after_upgrade

HEAD_REVISION = "0002"
"""The newest Alembic revision; a test holds it against the migrations folder."""

_KNOWN_REVISIONS = ("0001", "0002")


def create(database: Database, *, triggers: bool = True) -> None:
    """Make all tables, triggers and search tables in a new, empty file.

    Without ``triggers`` it is fit for a bulk load only, which makes them at its end.
    """
    with database.maintenance() as connection:
        create_tables(connection)
        if triggers:
            create_triggers(connection)
        connection.exec_driver_sql(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
        )
        connection.exec_driver_sql(
            "INSERT INTO alembic_version (version_num) VALUES (?)", (HEAD_REVISION,)
        )


def create_tables(connection: Connection) -> None:
    """Tables, the one row of sync_state and search tables."""
    whole_metadata().create_all(connection, checkfirst=False)
    connection.exec_driver_sql("INSERT INTO sync_state (id) VALUES (1)")
    create_search_tables(connection)
    create_list_indexes(connection)


def revision(connection: Connection) -> str | None:
    """The revision stamped in the file; None for an empty file."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def ensure(database: Database) -> None:
    """Bring the file to the present schema; raises NewerFile when it is from the future.

    A file without a schema is never filled here: it was a profile once, so it is damaged.
    """
    with database.read() as connection:
        found = revision(connection)
    if found == HEAD_REVISION:
        return
    if found is None:
        raise CorruptFile(
            _("{file} is empty: its content has been lost.").format(file=database.path.name),
            _("Nothing was changed. Restore the newest backup: crmdesk restore FILE."),
        )
    if found not in _KNOWN_REVISIONS:
        raise NewerFile(
            _("This profile was written by a newer version of crmdesk."),
            _("Install the newer version; nothing was changed."),
        )
    _upgrade(database, found)


def _upgrade(database: Database, found: str) -> None:
    from alembic import command

    from crmdesk.storage.backup import backup_before_upgrade
    from crmdesk.storage.migrations import alembic_config

    backup_before_upgrade(database)
    with database.exclusive() as driver:
        driver.execute("PRAGMA foreign_keys = OFF")
    try:
        with database.maintenance() as connection:
            drop_triggers(connection)
            drop_list_indexes(connection)
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, HEAD_REVISION)
            create_triggers(connection)
            # What is put in place is no change of anybody's, but summaries and search follow it.
            connection.exec_driver_sql("UPDATE sync_state SET applying = 1")
            after_upgrade(connection, int(found))
            renew(connection)
            create_list_indexes(connection)
            connection.exec_driver_sql("UPDATE sync_state SET applying = 0")
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if broken is not None:
                raise KeyError(f"the upgrade left a row of {broken[0]} without its parent")
    finally:
        with database.exclusive() as driver:
            driver.execute("PRAGMA foreign_keys = ON")
