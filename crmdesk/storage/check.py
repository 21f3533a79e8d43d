"""Verifying a profile: file, foreign keys, triggers, journal, summaries, search, attachments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

from crmdesk.domain.errors import CorruptFile
from crmdesk.i18n import _
from crmdesk.storage import rescoring, summaries, transfers
from crmdesk.storage.attachments import AttachmentFiles, is_digest
from crmdesk.storage.capture import trigger_ddl
from crmdesk.storage.engine import Database
from crmdesk.storage.entities import ENTITIES, entity
from crmdesk.storage.marking import SEARCHED
from crmdesk.storage.profile import get_fact

_ANY_SEARCH = "SELECT 1 FROM search_index WHERE search_index MATCH 'a'"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be: where, and in words."""

    area: str
    sentence: str


def check(database: Database, folder: Path) -> list[Finding]:
    """All findings; an empty list means that everything is in order. Changes nothing."""
    findings: list[Finding] = []
    with database.read() as connection:
        for look in (_file, _foreign_keys, _triggers, _journal, _search):
            findings += look(connection)
        findings += _attachments(AttachmentFiles(database, folder), connection)
    findings += _search_content(database)
    findings += _summaries(database)
    return findings


def _file(connection: Connection) -> Iterator[Finding]:
    # A connection that has searched before keeps the index's structure in mind, and SQLite's check
    # believes it, whatever other connections have merged since; a search looks again.
    # That the index is damaged is said further down, by its own check.
    with suppress(CorruptFile):
        connection.exec_driver_sql(_ANY_SEARCH).first()
    for (answer,) in connection.exec_driver_sql("PRAGMA integrity_check(20)"):
        if answer != "ok":
            yield Finding("file", str(answer))
    for (answer,) in connection.exec_driver_sql("PRAGMA cipher_integrity_check"):
        yield Finding("file", str(answer))


def _foreign_keys(connection: Connection) -> Iterator[Finding]:
    for table, row, parent, _number in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield Finding(
            "references",
            _("Row {row} of {table} refers to a missing row of {parent}.").format(
                row=row, table=table, parent=parent
            ),
        )


def _triggers(connection: Connection) -> Iterator[Finding]:
    rows = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    ).all()
    present = {row[0]: row[1] for row in rows}
    for statement in trigger_ddl():
        name = statement.split()[2]
        if present.get(name) != statement:
            yield Finding("capture", _("The trigger {name} is missing or old.").format(name=name))
    applying = connection.exec_driver_sql("SELECT applying FROM sync_state").scalar()
    if applying != 0:
        yield Finding("capture", _("Capture was left switched off."))


def _journal(connection: Connection) -> Iterator[Finding]:
    run = connection.exec_driver_sql
    unfinished = run(
        "SELECT count(*) FROM journal WHERE op IN ('I', 'U', 'L', 'C') AND fields IS NULL"
    ).scalar_one()
    if unfinished:
        yield Finding(
            "journal", _("{count} journal entries have no content.").format(count=unfinished)
        )
    highest = run("SELECT coalesce(max(seq), 0) FROM journal").scalar_one()
    issued = run("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").scalar() or 0
    if highest > issued:
        yield Finding("journal", _("The journal's numbering is behind its entries."))
    unknown = run("SELECT DISTINCT entity FROM journal").scalars().all()
    for name in unknown:
        if name not in ENTITIES:
            yield Finding(
                "journal", _("The journal names an unknown kind: {name}.").format(name=name)
            )


def _search(connection: Connection) -> Iterator[Finding]:
    indexed = connection.exec_driver_sql("SELECT count(*) FROM search_index").scalar_one()
    tables = (entity(name).table or name for name in SEARCHED)
    rows = sum(
        connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables
    )
    if indexed != rows:
        yield Finding(
            "search",
            _("The search index holds {indexed} entries of {rows}.").format(
                indexed=indexed, rows=rows
            ),
        )


def _search_content(database: Database) -> Iterator[Finding]:
    """FTS5's own check of its index; it is written as an insert, so it is rolled back."""
    try:
        with database.trial() as connection:
            connection.exec_driver_sql(
                "INSERT INTO search_index (search_index) VALUES ('integrity-check')"
            )
    except CorruptFile:
        yield Finding("search", _("The search index is damaged."))


def _attachments(files: AttachmentFiles, connection: Connection) -> Iterator[Finding]:
    """Files that are missing, damaged or cut; a laptop of an HQ need not hold what others took."""
    alone = get_fact(connection, "hq.url") is None
    only_here = set(transfers.only_here(connection))
    rows = connection.exec_driver_sql("SELECT name, sha256, size FROM attachment").all()
    for name, digest, size in rows:
        # Before it becomes part of a path: a digest from elsewhere must not lead anywhere else.
        if not is_digest(str(digest)):
            yield Finding(
                "attachments", _("The digest of the attachment {name} is none.").format(name=name)
            )
        elif not files.holds(digest):
            if alone or digest in only_here:
                yield Finding(
                    "attachments",
                    _("The file of the attachment {name} is missing.").format(name=name),
                )
        elif not files.whole(digest, size):
            yield Finding(
                "attachments", _("The file of the attachment {name} is damaged.").format(name=name)
            )


def _summaries(database: Database) -> Iterator[Finding]:
    """Compare the summaries with a rebuild that is then rolled back."""
    with database.read() as connection:
        made: date | None = summaries.as_of(connection)
    if made is None:
        return
    names = ("summary_month", "summary_pair", "summary_account")
    with database.trial() as connection:
        # A walk to a new day or model that was cut off goes on at the next start.
        rescoring.finish(connection)
        before = {name: _rows(connection, name) for name in names}
        summaries.rebuild(connection, made, refit=False)
        after = {name: _rows(connection, name) for name in names}
    for name in names:
        differing = len(before[name] ^ after[name])
        if differing:
            yield Finding(
                "summaries",
                _("{count} rows of {table} differ from a rebuild.").format(
                    count=differing, table=name
                ),
            )


def _rows(connection: Connection, name: str) -> set[tuple[object, ...]]:
    return {tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")}
