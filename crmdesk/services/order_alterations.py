"""Altering an order that HQ has: other lines or another delivery day, priced by the same code.

The order keeps its number and its state. What it was, what it became, who did it and why stands in
an ``order_alteration`` of the same transaction; without one the order's lines are not to be
changed (:mod:`crmdesk.storage.capture`), and HQ judges both together. Prices are worked out on a
copy of the order that exists inside the transaction only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.order_changes import ALTER, Seen, check_office_step
from crmdesk.domain.states import OrderStatus
from crmdesk.i18n import _
from crmdesk.services.document_lines import MAX_PACKS, ORDER_LINES, LineInput
from crmdesk.services.office_orders import (
    check_office,
    check_reason,
    credit_decision,
    record_step,
    seen_of,
)
from crmdesk.services.prices import terms_of
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json

_TOTALS = ("net_minor", "discount_minor", "tax_minor", "total_minor", "cost_minor")
_LINE = (
    "product_id, packaging_id, unit, quantity, factor, base_quantity, list_price_e4, discount_bp,"
    " net_price_e4, price_reason, net_minor, tax_bp, tax_minor, cost_minor, suggested_quantity,"
    " override_reason"
)

_KEPT = (
    "product", "sku", "name", "unit", "quantity", "factor", "base_quantity", "net_price_e4",
    "net_minor",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Alteration:
    """What an order is to become. ``lines`` are all of its lines; None leaves them as they are.

    ``delivery_date`` None leaves the day. ``reason`` is what the rep reads. ``seen`` is the order
    that the person began with. ``beyond_credit`` is why an accepted order grows beyond a hard
    credit limit.
    """

    lines: tuple[LineInput, ...] | None = None
    delivery_date: date | None = None
    reason: str = ""
    seen: Seen | None = None
    beyond_credit: str = ""


@dataclass(frozen=True, slots=True)
class AlteredTotals:
    """Totals of an order before and after an alteration, in minor units."""

    net_before_minor: int
    total_before_minor: int
    net_minor: int
    total_minor: int
    margin_minor: int


class _Previewed(Exception):
    """Leaves the transaction without a trace."""

    def __init__(self, totals: AlteredTotals) -> None:
        super().__init__()
        self.totals = totals


def alter_order(ws: Workspace, order_id: int, wanted: Alteration) -> ChangeSet:
    """Alter a submitted or accepted order.

    FieldError without a reason or lines, UserError for a rep, when nothing changes or a product
    has no price, IllegalTransition once the order is on its way, or (code ``credit``) where an
    accepted order would grow beyond a hard credit limit and nobody says why.
    """
    check_office(ws)
    reason = wanted.reason.strip()
    if not reason:
        raise FieldError("reason", _("Say why: the rep reads it."))
    check_reason(reason)
    check_reason(wanted.beyond_credit)
    with ws.database.write() as tx:
        seen = seen_of(tx.connection, order_id)
        check_office_step(ALTER, wanted.seen or seen, seen)
        before = _document(tx.connection, order_id, seen)
        copy = _worked_out(tx.connection, order_id, wanted)
        day = before["delivery_date"]
        if wanted.delivery_date is not None:
            day = wanted.delivery_date.isoformat()
        tx.connection.exec_driver_sql(
            "UPDATE sales_order SET delivery_date = ? WHERE id = ?", (day, copy)
        )
        after = _document(tx.connection, copy, seen_of(tx.connection, copy))
        after["status"] = seen.status
        if after["mark"] == seen.mark:
            raise UserError(_("Nothing has been altered."), _("Change a quantity or the day."))
        said = None
        if seen.status == OrderStatus.ACCEPTED and after["total_minor"] > before["total_minor"]:
            said = credit_decision(
                tx, ws, order_id, wanted.beyond_credit.strip(), total_minor=after["total_minor"]
            )
        account_id = record_step(tx, order_id, ALTER, seen, said)
        tx.connection.exec_driver_sql(
            "INSERT INTO order_alteration (uid, account_id, order_id, user_id, at, reason, before,"
            ' "after") VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
            (
                new_uid(), account_id, order_id, ws.user.id, format_instant(ws.now()), reason,
                dump_json(before), dump_json(after),
            ),
        )  # fmt: skip
        _write_over(tx.connection, order_id, copy, day)
        _drop(tx.connection, copy)
    return ChangeSet({"order": frozenset({order_id}), "account": frozenset({account_id})})


def preview_alteration(ws: Workspace, order_id: int, lines: Sequence[LineInput]) -> AlteredTotals:
    """What an order would cost with other lines; nothing is written."""
    try:
        with ws.database.write() as tx:
            before = _totals(tx.connection, order_id)
            copy = _worked_out(tx.connection, order_id, Alteration(tuple(lines)))
            after = _totals(tx.connection, copy)
            raise _Previewed(
                AlteredTotals(
                    before["net_minor"], before["total_minor"], after["net_minor"],
                    after["total_minor"], after["net_minor"] - after["cost_minor"],
                )
            )  # fmt: skip
    except _Previewed as found:
        return found.totals


def _worked_out(connection: Connection, order_id: int, wanted: Alteration) -> int:
    """The order as it is to be, as a draft inside this transaction; its id."""
    run = connection.exec_driver_sql
    names = "account_id, order_date, delivery_date, currency, " + ", ".join(_TOTALS)
    insert = (
        f"INSERT INTO sales_order (uid, number, status, {names})"  # noqa: S608 - our own names
        f" SELECT ?, '~' || number, 'draft', {names} FROM sales_order WHERE id = ? RETURNING id"
    )
    copy = int(run(insert, (new_uid(), order_id)).scalar_one())
    _copy_lines(connection, order_id, copy)
    if wanted.lines is None:
        return copy
    lines = [line for line in wanted.lines if line.packs > 0]
    if not lines:
        raise FieldError(
            "quantity", _("Nothing would be left of the order."), _("Reject it instead.")
        )
    kept = {line.product_id for line in lines}
    for row in ORDER_LINES.read(connection, copy):
        if row.product_id not in kept:
            ORDER_LINES.put(connection, copy, LineInput(row.product_id, None, 0))
    for line in lines:
        if line.packs > MAX_PACKS:
            raise FieldError(
                "quantity",
                _("A quantity is between 0 and {most}.").format(most=f"{MAX_PACKS:,}"),
            )
        ORDER_LINES.put(connection, copy, line)
    account_id, day = run(
        "SELECT account_id, order_date FROM sales_order WHERE id = ?", (copy,)
    ).one()
    ORDER_LINES.reprice(
        connection, copy, terms_of(connection, int(account_id), date.fromisoformat(day))
    )
    unpriced = ORDER_LINES.unpriced(connection, copy)
    if unpriced is not None:
        raise UserError(
            _("{product} has no price, so the order cannot be altered to it.").format(
                product=unpriced
            ),
            _("Take it off, or have its price added: crmdesk import prices FILE."),
            code="no-price",
        )
    return copy


def _copy_lines(connection: Connection, source: int, target: int) -> None:
    connection.exec_driver_sql(
        f"INSERT INTO order_line (parent_id, position, {_LINE}) SELECT ?, position, {_LINE}"  # noqa: S608
        " FROM order_line WHERE parent_id = ? ORDER BY position",
        (target, source),
    )


def _write_over(connection: Connection, order_id: int, copy: int, day: str | None) -> None:
    run = connection.exec_driver_sql
    run("DELETE FROM order_line WHERE parent_id = ?", (order_id,))
    _copy_lines(connection, copy, order_id)
    sets = ", ".join(f"{name} = c.{name}" for name in _TOTALS)
    run(
        f"UPDATE sales_order SET {sets}, delivery_date = ? FROM sales_order c"  # noqa: S608
        " WHERE c.id = ? AND sales_order.id = ?",
        (day, copy, order_id),
    )


def _drop(connection: Connection, copy: int) -> None:
    connection.exec_driver_sql("DELETE FROM order_line WHERE parent_id = ?", (copy,))
    connection.exec_driver_sql("DELETE FROM sales_order WHERE id = ?", (copy,))


def _document(connection: Connection, order_id: int, seen: Seen) -> dict[str, Any]:
    """An order as an alteration keeps it: what was seen, the day, totals and lines."""
    run = connection.exec_driver_sql
    day = run("SELECT delivery_date FROM sales_order WHERE id = ?", (order_id,)).scalar()
    lines = run(
        "SELECT lower(hex(p.uid)), p.sku, p.name, l.unit, l.quantity, l.factor, l.base_quantity,"
        " l.net_price_e4, l.net_minor FROM order_line l JOIN product p ON p.id = l.product_id"
        " WHERE l.parent_id = ? ORDER BY l.position",
        (order_id,),
    )
    return {
        **seen.document(), "delivery_date": day, **_totals(connection, order_id),
        "lines": [dict(zip(_KEPT, row, strict=True)) for row in lines],
    }  # fmt: skip


def _totals(connection: Connection, order_id: int) -> dict[str, int]:
    row = connection.exec_driver_sql(
        f"SELECT {', '.join(_TOTALS)} FROM sales_order WHERE id = ?",  # noqa: S608
        (order_id,),
    ).one()
    return {name: int(value) for name, value in zip(_TOTALS, row, strict=True)}
