"""Promotions by the office: made, changed and ended; checked by the code that HQ judges with.

What a promotion may say is :mod:`crmdesk.domain.offers`, and nothing that it calls invalid is
written here. How one reads in plain words is :mod:`crmdesk.services.promotion_words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.ids import new_uid
from crmdesk.domain.offers import InvalidRule, PromotionTerms, read_offer
from crmdesk.domain.price_book import PromotionRow
from crmdesk.i18n import _
from crmdesk.services.company_policy import require_office
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json


@dataclass(frozen=True, slots=True)
class PromotionInput:
    """A promotion as it is typed. Products and categories inside ``rule`` are uids in hex."""

    code: str
    name: str
    kind: str
    valid_from: date
    valid_to: date
    product_id: int | None = None
    category_id: int | None = None
    segment: str | None = None
    discount_bp: int | None = None
    buy_quantity: int | None = None
    free_quantity: int | None = None
    minimum_quantity: int = 1
    rule: Mapping[str, Any] | None = None


def save_promotion(
    ws: Workspace, wanted: PromotionInput, promotion_id: int | None = None
) -> tuple[int, ChangeSet]:
    """Make a promotion, or change one; returns its id. FieldError says what cannot be meant."""
    require_office(ws)
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        check_promotion(tx.connection, wanted, promotion_id)
        cells = _cells(wanted)
        if promotion_id is None:
            key = run(
                f"INSERT INTO promotion (uid, {', '.join(cells)})"  # noqa: S608 - our own columns
                f" VALUES (?, {', '.join('?' * len(cells))}) RETURNING id",
                (new_uid(), *cells.values()),
            ).scalar_one()
        else:
            pairs = ", ".join(f"{name} = ?" for name in cells)
            key = run(
                f"UPDATE promotion SET {pairs} WHERE id = ? RETURNING id",  # noqa: S608
                (*cells.values(), promotion_id),
            ).scalar()
            if key is None:
                raise NotFound(_("This promotion is no longer here."))
    return int(key), ChangeSet.of("promotion", [int(key)], undo=tx.txn)


def end_promotion(ws: Workspace, promotion_id: int, last: date) -> ChangeSet:
    """Let a promotion end; ``last`` is its last day. One that has not begun never does."""
    require_office(ws)
    with ws.database.write() as tx:
        key = tx.connection.exec_driver_sql(
            "UPDATE promotion SET valid_to = ? WHERE id = ? RETURNING id",
            (max(last, ws.today() - timedelta(days=1)).isoformat(), promotion_id),
        ).scalar()
        if key is None:
            raise NotFound(_("This promotion is no longer here."))
    return ChangeSet.of("promotion", [promotion_id], undo=tx.txn)


def check_promotion(
    connection: Connection, wanted: PromotionInput, promotion_id: int | None = None
) -> None:
    """Raise FieldError for the first thing about a promotion that cannot be meant."""
    if not 1 <= len(wanted.code.strip()) <= 40:
        raise FieldError("code", _("A code has 1 to 40 characters."))
    if not wanted.name.strip():
        raise FieldError("name", _("A promotion needs a name: customers read it on the order."))
    taken = connection.exec_driver_sql(
        "SELECT name FROM promotion WHERE code = ? AND id IS NOT ?",
        (wanted.code.strip(), promotion_id),
    ).scalar()
    if taken is not None:
        raise FieldError("code", _("{name} has this code already.").format(name=taken))
    if wanted.valid_to < wanted.valid_from:
        raise FieldError("valid_to", _("It ends before it begins."))
    if wanted.minimum_quantity < 1:
        raise FieldError("minimum_quantity", _("A quantity is at least 1."))
    try:
        read_offer(_terms(connection, wanted), dict(wanted.rule) if wanted.rule else None)
    except InvalidRule as error:
        raise FieldError(error.field, problem_words(error)) from error
    _check_columns(wanted)


def _check_columns(wanted: PromotionInput) -> None:
    """What single-line promotions say stands in columns, which the rule's check does not see."""
    if wanted.kind in ("bundle", "mix"):
        return
    if wanted.product_id is None and wanted.category_id is None:
        raise FieldError("product", _("Choose the product or the category it is about."))
    if wanted.kind == "percent":
        if not wanted.discount_bp or not 0 < wanted.discount_bp <= 10_000:
            raise FieldError("discount_bp", _("A discount is above 0 and at most 100 %."))
    elif not (wanted.buy_quantity and wanted.free_quantity):
        raise FieldError("buy_quantity", _("Say how many are bought and how many are free."))
    elif wanted.buy_quantity < 1 or wanted.free_quantity < 1:
        raise FieldError("buy_quantity", _("A quantity is at least 1."))


def promotion_row(connection: Connection, wanted: PromotionInput) -> PromotionRow:
    """A promotion that is not written, as pricing reads one: for previews and simulations."""
    terms = _terms(connection, wanted)
    return PromotionRow(
        terms.code, terms.name, terms.kind, terms.product, terms.category, wanted.segment,
        terms.discount_bp, terms.buy_quantity, terms.free_quantity, terms.minimum_quantity,
        dict(wanted.rule) if wanted.rule else None, wanted.valid_from, wanted.valid_to,
    )  # fmt: skip


def _terms(connection: Connection, wanted: PromotionInput) -> PromotionTerms:
    def uid(name: str, key: int | None) -> str | None:
        if key is None:
            return None
        found = connection.exec_driver_sql(
            f"SELECT lower(hex(uid)) FROM {name} WHERE id = ?",  # noqa: S608 - our own names
            (key,),
        ).scalar()
        if found is None:
            raise FieldError(name, _("What this is about is no longer here."))
        return str(found)

    percent = wanted.kind == "percent"
    free = wanted.kind == "free"
    return PromotionTerms(
        wanted.code.strip(), wanted.name.strip(), wanted.kind,
        uid("product", wanted.product_id), uid("category", wanted.category_id),
        wanted.discount_bp if percent else None, wanted.buy_quantity if free else None,
        wanted.free_quantity if free else None, wanted.minimum_quantity,
    )  # fmt: skip


def _cells(wanted: PromotionInput) -> dict[str, Any]:
    percent, free = wanted.kind == "percent", wanted.kind == "free"
    return {
        "code": wanted.code.strip(), "name": wanted.name.strip(), "kind": wanted.kind,
        "product_id": wanted.product_id, "category_id": wanted.category_id,
        "segment": wanted.segment or None,
        "discount_bp": wanted.discount_bp if percent else None,
        "buy_quantity": wanted.buy_quantity if free else None,
        "free_quantity": wanted.free_quantity if free else None,
        "minimum_quantity": wanted.minimum_quantity,
        "valid_from": wanted.valid_from.isoformat(), "valid_to": wanted.valid_to.isoformat(),
        "rule": dump_json(dict(wanted.rule)) if wanted.rule else None,
    }  # fmt: skip


def problem_words(error: InvalidRule) -> str:
    """What is wrong with a rule, for the person who typed it."""
    words = {
        "two-products": _("It needs at least two different products."),
        "empty": _("Choose at least one product or category."),
        "same-product": _("The free product is the one that is bought: leave it empty."),
        "one-product": _("Say which product is bought."),
        "price-or-percent": _("Give a price for the set or a percent, one of them."),
        "not-a-percent": _("Only a percent can go on top of other promotions."),
        "out-of-bounds": _("This number is too small or too large."),
        "not-a-number": _("This must be a whole number."),
        "too-many": _("These are too many."),
    }
    return words.get(error.code, _("This rule cannot be understood."))
