"""Price lists by the office: a new version, its prices changed at once, putting it in force.

Everything is one transaction, journalled, judged at HQ (price lists are HQ's) and can be undone:
nothing is deleted, what goes is closed. Which version holds on a day is
:mod:`crmdesk.domain.price_lists`; the arithmetic of a change :mod:`crmdesk.domain.price_change`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.price_change import NO_CHANGE, PriceChange
from crmdesk.domain.price_lists import ListStatus
from crmdesk.i18n import _
from crmdesk.services.company_policy import require_office
from crmdesk.services.workspace import Workspace

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What a new version is called and what is changed in it; ``categories`` limit the change."""

    code: str
    name: str = ""
    note: str = ""
    change: PriceChange = NO_CHANGE
    categories: tuple[int, ...] = ()


def new_version(ws: Workspace, list_id: int, wanted: NewVersion) -> tuple[int, ChangeSet]:
    """A draft that replaces a list: its rules that hold today or later, copied and changed.

    Returns the draft's id. FieldError for a code in use, UserError where a draft waits already.
    """
    require_office(ws)
    code = wanted.code.strip()
    with ws.database.write() as tx:
        connection = tx.connection
        old = price_list_row(connection, list_id)
        _check_code(connection, code)
        waiting = _one(
            connection, "SELECT name FROM price_list WHERE replaces_uid = ? AND status = 'draft'",
            old.uid,
        )  # fmt: skip
        if waiting is not None:
            raise UserError(
                _("A draft replaces this list already."), _("Go on with it, or put it away first.")
            )
        if old.status == ListStatus.DRAFT:
            raise UserError(_("This list is a draft itself."), _("Put it in force first."))
        key = connection.exec_driver_sql(
            "INSERT INTO price_list (uid, code, name, currency, status, replaces_uid, note)"
            " VALUES (?, ?, ?, ?, 'draft', ?, ?) RETURNING id",
            (new_uid(), code, wanted.name.strip() or old.name, old.currency, old.uid,
             wanted.note.strip() or None),
        ).scalar_one()  # fmt: skip
        _copy_rules(connection, list_id, int(key), ws.today())
        _change(connection, int(key), wanted.change, wanted.categories)
    return int(key), ChangeSet.of("price_list", [int(key)], undo=tx.txn)


def change_prices(
    ws: Workspace, list_id: int, change: PriceChange, categories: Sequence[int] = ()
) -> ChangeSet:
    """Change all prices of a draft, or those of some categories (with what lies under them)."""
    require_office(ws)
    with ws.database.write() as tx:
        _draft(tx.connection, list_id)
        if not _change(tx.connection, list_id, change, categories):
            return ChangeSet()
    return ChangeSet.of("price_list", [list_id], undo=tx.txn)


def activate_list(ws: Workspace, list_id: int, start: date) -> ChangeSet:
    """Put a draft in force from a day on; the version before it ends the day before.

    FieldError for a day that has passed, UserError for a draft without any price.
    """
    require_office(ws)
    if start < ws.today():
        raise FieldError("valid_from", _("Prices of days that have passed cannot change."))
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        draft = _draft(tx.connection, list_id)
        priced = _one(
            tx.connection,
            "SELECT 1 FROM price_rule WHERE price_list_id = ? AND price_e4 IS NOT NULL LIMIT 1",
            list_id,
        )
        if priced is None:
            raise UserError(_("This list has no price yet."), _("Add one before it is in force."))
        touched = [list_id]
        run(
            "UPDATE price_list SET status = 'active', valid_from = ? WHERE id = ?",
            (start.isoformat(), list_id),
        )
        old = None if draft.replaces_uid is None else _by_uid(tx.connection, draft.replaces_uid)
        if old is not None:
            if old.valid_from is not None and old.valid_from >= start.isoformat():
                raise FieldError(
                    "valid_from",
                    _("The version before it begins on {date}.").format(date=old.valid_from),
                    _("Choose a later day."),
                )
            run(
                "UPDATE price_list SET status = 'retired', valid_to = ? WHERE id = ?",
                ((start - _ONE_DAY).isoformat(), old.id),
            )
            touched.append(int(old.id))
    return ChangeSet.of("price_list", touched, undo=tx.txn)


def put_away(ws: Workspace, list_id: int) -> ChangeSet:
    """Close a draft without ever putting it in force."""
    require_office(ws)
    with ws.database.write() as tx:
        _draft(tx.connection, list_id)
        tx.connection.exec_driver_sql(
            "UPDATE price_list SET status = 'retired', valid_to = ?, replaces_uid = NULL"
            " WHERE id = ?",
            (ws.today().isoformat(), list_id),
        )
    return ChangeSet.of("price_list", [list_id], undo=tx.txn)


# ---------------------------------------------------------------------------------- rows


def _one(connection: Connection, query: str, *values: object) -> Any:
    return connection.exec_driver_sql(query, values).scalar()


def price_list_row(connection: Connection, list_id: int) -> Any:
    """A stored price list; NotFound when it is no longer here."""
    row = connection.exec_driver_sql("SELECT * FROM price_list WHERE id = ?", (list_id,)).first()
    if row is None:
        raise NotFound(_("This price list is no longer here."), _("Choose another one."))
    return row


def _by_uid(connection: Connection, uid: bytes) -> Any:
    return connection.exec_driver_sql("SELECT * FROM price_list WHERE uid = ?", (uid,)).first()


def _draft(connection: Connection, list_id: int) -> Any:
    row = price_list_row(connection, list_id)
    if row.status != ListStatus.DRAFT:
        raise UserError(
            _("This list is not a draft any more."), _("Make a new version of it first.")
        )
    return row


def _check_code(connection: Connection, code: str) -> None:
    if not 1 <= len(code) <= 40:
        raise FieldError("code", _("A code has 1 to 40 characters."))
    taken = _one(connection, "SELECT name FROM price_list WHERE code = ?", code)
    if taken is not None:
        raise FieldError(
            "code", _("{name} has this code already.").format(name=taken), _("Choose another one.")
        )


def _copy_rules(connection: Connection, source: int, target: int, today: date) -> None:
    """Rules that hold today or later, without the days they began on: the list has its own."""
    rows = connection.exec_driver_sql(
        "SELECT product_id, packaging_id, minimum_quantity, price_e4, discount_bp,"
        " CASE WHEN valid_from > ? THEN valid_from END, valid_to FROM price_rule"
        " WHERE price_list_id = ? AND (valid_to IS NULL OR valid_to >= ?)"
        " ORDER BY product_id, minimum_quantity, valid_from",
        (today.isoformat(), source, today.isoformat()),
    ).all()
    if not rows:
        return
    connection.exec_driver_sql(
        "INSERT INTO price_rule (uid, price_list_id, product_id, packaging_id, minimum_quantity,"
        " price_e4, discount_bp, valid_from, valid_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(new_uid(), target, *row) for row in rows],
    )


def _change(
    connection: Connection, list_id: int, change: PriceChange, categories: Collection[int]
) -> int:
    """Change the prices of a list's rules; returns how many moved."""
    if change.is_nothing:
        return 0
    wanted = categories_below(connection, categories)
    rows = connection.exec_driver_sql(
        "SELECT r.id, r.price_e4, p.category_id FROM price_rule r JOIN product p"
        " ON p.id = r.product_id WHERE r.price_list_id = ? AND r.price_e4 IS NOT NULL",
        (list_id,),
    ).all()
    moved = [
        (after, key)
        for key, before, category in rows
        if (not categories or category in wanted) and (after := change.of(before)) != before
    ]
    for after, key in moved:
        connection.exec_driver_sql("UPDATE price_rule SET price_e4 = ? WHERE id = ?", (after, key))
    return len(moved)


def categories_below(connection: Connection, categories: Collection[int]) -> frozenset[int]:
    """Some categories with everything under them in the tree."""
    parents = connection.exec_driver_sql("SELECT id, parent_id FROM category").all()
    found = set(categories)
    grown = True
    while grown:
        more = {key for key, parent in parents if parent in found} - found
        found |= more
        grown = bool(more)
    return frozenset(found)
