"""One SKU of one customer in detail: its packs, what is kept of it, the last count, what was said.

Owns reading it in one consistent read. Words are the place's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from crmdesk.services.queries.agreements import Agreed, SaidRow, agreed_with, said_of
from crmdesk.services.queries.reorder import PackOption, PairKey, pack_options
from crmdesk.storage.tables import table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_listed, _task, _visit = table("account_product"), table("visit_task"), table("visit")


@dataclass(frozen=True, slots=True)
class CountRow:
    """The last count on the shelf, in base units."""

    day: date
    base_quantity: int


@dataclass(frozen=True, slots=True)
class SkuDetail:
    """See the module; quantities in base units, packs the smallest first."""

    key: PairKey
    listed: bool
    par_level: int | None
    usual_packaging_id: int | None
    packs: tuple[PackOption, ...]
    counted: CountRow | None
    said: tuple[SaidRow, ...]
    agreed: Agreed


def sku_detail(ws: Workspace, key: PairKey) -> SkuDetail:
    """The detail of a pair; one that was never kept is listed, without level and packaging."""
    account_id, product_id = key
    c = _listed.c
    with ws.database.read() as connection:
        kept = connection.execute(
            select(c.listed, c.par_level, c.usual_packaging_id).where(
                c.account_id == account_id, c.product_id == product_id
            )
        ).first()
        counted = _last_count(connection, key)
        said = said_of(connection, [account_id], product_id).get(account_id, [])
    return SkuDetail(
        key,
        kept is None or bool(kept.listed),
        None if kept is None else kept.par_level,
        None if kept is None else kept.usual_packaging_id,
        pack_options(ws, [product_id]).get(product_id, ()),
        counted,
        tuple(said),
        agreed_with(ws, [account_id])[account_id],
    )


def _last_count(connection: Connection, key: PairKey) -> CountRow | None:
    c = _task.c
    row = connection.execute(
        select(_visit.c.date, c.counted)
        .select_from(_visit.join(_task, c.visit_id == _visit.c.id))
        .where(_visit.c.account_id == key[0], c.product_id == key[1], c.counted.is_not(None))
        .order_by(_visit.c.date.desc(), c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else CountRow(row.date, int(row.counted))
