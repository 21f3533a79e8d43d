"""How HQ's tables lie on a distributed PostgreSQL (Citus), and the calls that put them there.

The rule is one (:func:`placement`): rows of accounts by their account, with every key starting
with it; the feed by scope; answers by device; bytes by their digest; the rest, which is small and
which everybody joins with, as reference tables. A row's distribution key never changes: a customer
that moves to another territory stays where it is. Untested on Citus itself, which Debian does not
have; what is tested is that the schema allows every call (``tests/sync/test_distribution.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Table

from crmdesk.domain.errors import EnvironmentProblem, UserError
from crmdesk.hq.database.store import Store
from crmdesk.hq.database.tables import by_account, metadata, table_name
from crmdesk.i18n import _
from crmdesk.storage.entities import ENTITIES

_BY_SCOPE = ("scope_head", "feed", "outbox", "scope_sum")
_BY_DEVICE = ("op_result", "quarantine")
_BY_DIGEST = ("blob", "blob_chunk")


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a table's rows lie: by the hash of ``column``, together with those of table ``beside``.

    Without a column it is a reference table: a copy on every node.
    """

    table: str
    column: str | None = None
    beside: str | None = None

    @property
    def call(self) -> str:
        """The SQL that puts the table there; its names are the metadata's own."""
        if self.column is None:
            return f"SELECT create_reference_table('{self.table}')"
        beside = "none" if self.beside is None else self.beside
        return (
            f"SELECT create_distributed_table('{self.table}', '{self.column}',"
            f" colocate_with => '{beside}')"
        )


def placement(table: Table) -> Placement:
    """Where a table of HQ belongs."""
    name = table.name
    if name in _account_tables():
        return Placement(name, "account_id", None if name == "account" else "account")
    for group, column in ((_BY_SCOPE, "scope"), (_BY_DEVICE, "device_id"), (_BY_DIGEST, "sha256")):
        if name in group:
            return Placement(name, column, None if name == group[0] else group[0])
    return Placement(name)


def _account_tables() -> set[str]:
    found = {"change"}
    for entity in ENTITIES.values():
        if by_account(entity):
            found.add(table_name(entity))
            if entity.lines is not None:
                found.add(entity.lines.name)
    return found


def plan() -> list[Placement]:
    """Every table once, in an order in which each call is possible.

    Reference tables first, because the others refer to them; in each group the one that the
    others lie beside, then whatever is referred to before what refers to it.
    """
    placements = [placement(table) for table in metadata.sorted_tables]
    # sorted_tables has what is referred to first, and sorting keeps that order within a group.
    return sorted(placements, key=lambda p: (p.column is not None, p.column or "", bool(p.beside)))


def distribute(store: Store) -> list[Placement]:
    """Lay out an HQ's tables on Citus; returns what was done. Done already: nothing is done.

    All in one transaction. EnvironmentProblem where the extension is not there.
    """
    with store.transaction() as connection:
        row = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'citus'),"
            " EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')"
        ).fetchone()
        available, installed = (False, False) if row is None else row
        if not installed:
            raise EnvironmentProblem(
                _("This PostgreSQL has no Citus."),
                _("Run CREATE EXTENSION citus in the HQ's database first.")
                if available
                else _("One PostgreSQL serves hundreds of laptops; see docs/hq-operations.md."),
            )
        rows = connection.execute("SELECT logicalrelid::regclass::text FROM pg_dist_partition")
        there = {str(name) for (name,) in rows.fetchall()}
        wanted = [step for step in plan() if step.table not in there]
        if there and wanted:
            raise UserError(
                _("Only some of the tables are distributed: {tables} are not.").format(
                    tables=", ".join(step.table for step in wanted)
                ),
                _("Restore a backup into a fresh database and distribute that."),
            )
        for step in wanted:
            connection.execute(step.call.encode())
        return wanted
