"""Making and upgrading HQ's schema, each in one transaction.

An empty database gets the present tables at once and the newest revision's stamp; an older one is
taken through the Alembic revisions.
"""

from __future__ import annotations

import secrets
import uuid
from typing import cast

from sqlalchemy import Connection, inspect, text

from crmdesk.domain.errors import EnvironmentProblem, NewerFile, UserError
from crmdesk.hq.database.placing import place_extra
from crmdesk.hq.database.store import HqConnection, Store
from crmdesk.hq.database.tables import metadata
from crmdesk.i18n import _
from crmdesk.storage.entities import SCHEMA_VERSION

HEAD_REVISION = "0002"
"""The newest revision; a test holds it against the migrations folder."""

_KNOWN_REVISIONS = ("0001", "0002")


def revision(store: Store) -> str | None:
    """The revision stamped in the database; None for an empty one."""
    with store.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)


def is_known(revision: str) -> bool:
    """Whether this program knows a revision, as its own or as one it can bring up to date."""
    return revision in _KNOWN_REVISIONS


def upgrade(store: Store) -> None:
    """Bring the schema to the newest revision, making it in an empty database.

    Raises NewerFile when the database is from a newer version of the program.
    """
    found = revision(store)
    if found == HEAD_REVISION:
        return
    if found is not None and not is_known(found):
        raise NewerFile(
            _("This HQ database was written by a newer version of crmdesk."),
            _("Install the newer version; nothing was changed."),
        )
    with store.engine.begin() as connection:
        # Two servers may be started at once on a database that is behind.
        connection.execute(text("SELECT pg_advisory_xact_lock(7262437)"))
        if found is None:
            _create(connection)
        else:
            _migrate(connection)
    _first_facts(store)


def _create(connection: Connection) -> None:
    if inspect(connection).has_table("alembic_version"):
        return
    metadata.create_all(connection, checkfirst=False)
    connection.execute(
        text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    )
    connection.execute(
        text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD_REVISION}
    )


def _migrate(connection: Connection) -> None:
    from alembic import command

    from crmdesk.hq.database.migrations import alembic_config

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD_REVISION)
    # The same transaction, on the bare driver connection.
    place_extra(cast(HqConnection, connection.connection.driver_connection))
    # Other columns give other sums.
    connection.execute(text("DELETE FROM scope_sum"))


def _first_facts(store: Store) -> None:
    facts = {
        "epoch": uuid.uuid4().hex,
        "secret": secrets.token_hex(32),
        "schema_version": str(SCHEMA_VERSION),
    }
    with store.transaction() as connection:
        for key, value in facts.items():
            connection.execute(
                "INSERT INTO hq_state (key, value) VALUES (%s, %s) ON CONFLICT (key) DO NOTHING",
                (key, value),
            )
        connection.execute(
            "UPDATE hq_state SET value = %s WHERE key = 'schema_version'", (str(SCHEMA_VERSION),)
        )


def fact(store: Store, key: str) -> str:
    """A fact of this HQ; UserError when the database is not an HQ."""
    with store.transaction() as connection:
        row = connection.execute("SELECT value FROM hq_state WHERE key = %s", (key,)).fetchone()
    if row is None:
        raise UserError(_("This database is not a crmdesk HQ."), _("Run: crmdesk hq init."))
    return str(row[0])


def check(store: Store) -> None:
    """EnvironmentProblem unless the database answers and has the schema of this program."""
    with store.transaction() as connection:
        there = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        row = None
        if there is not None and there[0] is not None:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is None or row[0] != HEAD_REVISION:
        raise EnvironmentProblem(
            _("The HQ database does not have the schema of this version of crmdesk."),
            _("Bring it up to date with: crmdesk hq upgrade."),
            code="schema",
        )


def facts(connection: HqConnection) -> tuple[str, str]:
    """Epoch and signing secret as they are in this transaction."""
    rows = connection.execute(
        "SELECT key, value FROM hq_state WHERE key IN ('epoch', 'secret')"
    ).fetchall()
    found = {str(key): str(value) for key, value in rows}
    return found["epoch"], found["secret"]


def new_epoch(store: Store) -> str:
    """Start a new epoch: to be called after HQ was restored from a backup."""
    epoch = uuid.uuid4().hex
    with store.transaction() as connection:
        connection.execute("UPDATE hq_state SET value = %s WHERE key = 'epoch'", (epoch,))
    return epoch
