"""What was last agreed with customers: the last contact's word, an open promise, what is planned.

Owns reading it for many customers at once. How it is said is left to the places.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from crmdesk.services.queries.customers import parse_day
from crmdesk.storage.tables import table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_visit, _promise, _planned = table("visit"), table("promise"), table("planned_visit")
_override, _product = table("reorder_override"), table("product")
_other = table("product").alias("other")


@dataclass(frozen=True, slots=True)
class SaidRow:
    """What a person said against a suggestion; ``kind`` as stored, quantity in base units."""

    product_id: int
    product: str
    kind: str
    reason: str
    base_quantity: int | None
    substitute: str
    until: date | None
    made_on: date | None


@dataclass(frozen=True, slots=True)
class Agreed:
    """The last contact (``mode`` and its note), the next open promise, the last word on a SKU,
    and the next contact planned; None or empty where there is none."""

    contact_on: date | None = None
    contact_mode: str = ""
    contact_note: str = ""
    promise: str = ""
    promise_on: date | None = None
    said: SaidRow | None = None
    planned_on: date | None = None
    planned_mode: str = ""


def agreed_with(ws: Workspace, account_ids: Collection[int]) -> dict[int, Agreed]:
    """What was last agreed with each of these customers."""
    with ws.database.read() as connection:
        contacts = _last_contacts(connection, account_ids)
        promises = _next_promises(connection, account_ids)
        said = {key: rows[0] for key, rows in said_of(connection, account_ids).items()}
        planned = _next_planned(connection, account_ids, ws.today())
    found = {}
    for key in account_ids:
        contact = contacts.get(key, (None, "", ""))
        promise, planned_on = promises.get(key, ("", None)), planned.get(key, (None, ""))
        found[key] = Agreed(
            contact[0], contact[1], contact[2], promise[0], promise[1], said.get(key),
            planned_on[0], planned_on[1],
        )  # fmt: skip
    return found


def said_of(
    connection: Connection, account_ids: Collection[int], product_id: int | None = None
) -> dict[int, list[SaidRow]]:
    """What was said of the customers' SKUs (or of one), the newest first."""
    c = _override.c
    query = (
        select(
            c.account_id, c.product_id, _product.c.name, c.kind, c.reason, c.base_quantity,
            _other.c.name.label("substitute"), c.until, c.made_on,
        )
        .select_from(
            _override.join(_product, _product.c.id == c.product_id).outerjoin(
                _other, _other.c.id == c.substitute_id
            )
        )
        .where(c.account_id.in_(account_ids))
        .order_by(c.made_on.desc(), c.id.desc())
    )  # fmt: skip
    if product_id is not None:
        query = query.where(c.product_id == product_id)
    found: dict[int, list[SaidRow]] = {}
    for account, product, name, kind, reason, units, other, until, made in connection.execute(
        query
    ):
        row = SaidRow(product, name, kind, reason, units, other or "", _day(until), _day(made))
        found.setdefault(account, []).append(row)
    return found


def _last_contacts(
    connection: Connection, account_ids: Collection[int]
) -> dict[int, tuple[date | None, str, str]]:
    c = _visit.c
    place = func.row_number().over(partition_by=c.account_id, order_by=(c.date.desc(), c.id.desc()))
    ranked = (
        select(c.account_id, c.date, c.mode, c.note, place.label("place"))
        .where(c.account_id.in_(account_ids), c.ended_at.is_not(None))
        .subquery()
    )
    rows = connection.execute(select(ranked).where(ranked.c.place == 1))
    return {row.account_id: (_day(row.date), row.mode, row.note or "") for row in rows}


def _next_promises(
    connection: Connection, account_ids: Collection[int]
) -> dict[int, tuple[str, date | None]]:
    c = _promise.c
    query = (
        select(c.account_id, c.text, c.due_on)
        .where(c.account_id.in_(account_ids), c.done_at.is_(None))
        .order_by(c.due_on.desc(), c.id.desc())
    )
    return {account: (text, _day(due)) for account, text, due in connection.execute(query)}


def _next_planned(
    connection: Connection, account_ids: Collection[int], today: date
) -> dict[int, tuple[date | None, str]]:
    c = _planned.c
    query = (
        select(c.account_id, c.date, c.mode)
        .where(c.account_id.in_(account_ids), c.date >= today, c.status.in_(("planned", "started")))
        .order_by(c.date.desc(), c.sequence.desc())
    )
    return {account: (_day(day), mode) for account, day, mode in connection.execute(query)}


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else parse_day(None if value is None else str(value))
