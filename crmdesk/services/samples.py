"""Samples: what was given to a customer to try, without a price and without an invoice.

Owns rows of ``sample``.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.packaging import to_base
from crmdesk.i18n import _
from crmdesk.services.withdrawing import before_hq_has_it, forget, is_only_here
from crmdesk.services.workspace import Workspace

MOST_GIVEN = 1_000
"""Packs: more than this is no sample."""


@dataclass(frozen=True, slots=True)
class Giving:
    """So many packs of a product given to try; ``packaging_id`` None is the base unit."""

    product_id: int
    packaging_id: int | None = None
    packs: int = 1
    note: str = ""
    visit_id: int | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A sample that was written down: its local id and what was touched."""

    sample_id: int
    changes: ChangeSet


def give_sample(ws: Workspace, account_id: int, what: Giving) -> Given:
    """Write down a sample. Raises FieldError for a quantity that is none, NotFound."""
    _check_packs(what.packs)
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        factor = 1
        if what.packaging_id is not None:
            found = run(
                "SELECT factor FROM packaging WHERE id = ? AND product_id = ?",
                (what.packaging_id, what.product_id),
            ).scalar()
            if found is None:
                raise FieldError("packaging", _("This product is not sold in that pack."))
            factor = int(found)
        here = run(
            "SELECT (SELECT 1 FROM account WHERE id = ?), (SELECT 1 FROM product WHERE id = ?)",
            (account_id, what.product_id),
        ).one()
        if None in tuple(here):
            raise NotFound(_("This customer or product is no longer here."))
        row = run(
            "INSERT INTO sample (uid, account_id, user_id, visit_uid, product_id, packaging_id,"
            " quantity, base_quantity, date, note) VALUES (?, ?, ?,"
            " (SELECT uid FROM visit WHERE id = ?), ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                new_uid(), account_id, ws.user.id, what.visit_id, what.product_id,
                what.packaging_id, what.packs, to_base(what.packs, factor),
                ws.today().isoformat(), what.note.strip() or None,
            ),
        )  # fmt: skip
        sample_id = int(row.scalar_one())
    return Given(sample_id, ChangeSet.of("sample", [sample_id]))


def _check_packs(packs: int) -> None:
    if not 0 < packs <= MOST_GIVEN:
        raise FieldError(
            "quantity", _("A sample is between 1 and {most} packs.").format(most=f"{MOST_GIVEN:,}")
        )


def count_sample(ws: Workspace, sample_id: int, packs: int) -> ChangeSet:
    """Say how many packs of a sample were given, while HQ has not seen it.

    It is written down anew in its place. Raises FieldError for a quantity that is none, UserError
    once HQ has it.
    """
    _check_packs(packs)
    with before_hq_has_it(ws) as tx:
        run = tx.connection.exec_driver_sql
        row = run("SELECT * FROM sample WHERE id = ?", (sample_id,)).mappings().first()
        if row is None:
            raise NotFound(_("This sample is no longer here."))
        if not is_only_here(tx.connection, row["uid"], row["rev"]):
            raise UserError(_("HQ has this sample already."), _("It stays in the history."))
        factor = 1
        if row["packaging_id"] is not None:
            found = run("SELECT factor FROM packaging WHERE id = ?", (row["packaging_id"],))
            factor = int(found.scalar() or 1)
        forget(tx.connection, "sample", row["uid"])
        cells = {**row, "quantity": packs, "base_quantity": to_base(packs, factor)}
        run(
            f"INSERT INTO sample ({', '.join(cells)})"  # noqa: S608 - own column names
            f" VALUES ({', '.join('?' * len(cells))})",
            tuple(cells.values()),
        )
    return ChangeSet.of("sample", [sample_id])


def take_back_sample(ws: Workspace, sample_id: int) -> ChangeSet:
    """Take back a sample that HQ has not seen yet. UserError says when it has."""
    with before_hq_has_it(ws) as tx:
        row = tx.connection.exec_driver_sql(
            "SELECT uid, rev FROM sample WHERE id = ?", (sample_id,)
        ).first()
        if row is None:
            raise NotFound(_("This sample is no longer here."))
        if not is_only_here(tx.connection, row[0], row[1]):
            raise UserError(_("HQ has this sample already."), _("It stays in the history."))
        forget(tx.connection, "sample", row[0])
    return ChangeSet.of("sample", [sample_id])
