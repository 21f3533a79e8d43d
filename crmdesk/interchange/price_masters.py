"""Imported costs and promotions: by SKU and day, by code; promotions are checked as HQ checks them.

Lists inside a cell are parted by semicolons: ``parts`` of a bundle as ``SKU × 2; SKU``, ``skus``
and ``categories`` of a mix and match as codes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.ids import new_uid
from crmdesk.domain.offers import KINDS, InvalidRule, PromotionTerms, read_offer
from crmdesk.i18n import _
from crmdesk.interchange import cells

Taker = Callable[[dict[str, str]], str]
_PART = re.compile(r"(.+?)(?:\s*[×*]\s*(\d{1,9}))?")


def costs(connection: Connection, _currency: str, today: date, _country: str) -> Taker:
    """A version of a product's cost per row; of the same day the last row counts."""
    run = connection.exec_driver_sql

    def take(row: dict[str, str]) -> str:
        product = _product(connection, row.get("sku", ""))[0]
        cost = cells.read_price_e4(row.get("cost", ""))
        start = cells.read_date(row["valid_from"]) if row.get("valid_from") else today
        found = run(
            "SELECT id, cost_e4 FROM cost_version WHERE product_id = ? AND valid_from = ?",
            (product, start.isoformat()),
        ).first()
        if found is None:
            run(
                "INSERT INTO cost_version (uid, product_id, cost_e4, valid_from)"
                " VALUES (?, ?, ?, ?)",
                (new_uid(), product, cost, start.isoformat()),
            )
            return "created"
        if found[1] == cost:
            return "skipped"
        run("UPDATE cost_version SET cost_e4 = ? WHERE id = ?", (cost, found[0]))
        return "updated"

    return take


def promotions(connection: Connection, _currency: str, _today: date, _country: str) -> Taker:
    """A promotion per row, by its code."""

    def take(row: dict[str, str]) -> str:
        if not row.get("code") or not row.get("name"):
            raise ValueError(_("a promotion needs a code and a name"))
        values = _promotion(connection, row)
        names = list(values)
        found = connection.exec_driver_sql(
            f"SELECT {', '.join(['id', *names])} FROM promotion WHERE code = ?",  # noqa: S608
            (row["code"],),
        ).first()
        if found is None:
            connection.exec_driver_sql(
                f"INSERT INTO promotion (uid, code, {', '.join(names)})"  # noqa: S608
                f" VALUES (?, ?, {', '.join('?' * len(names))})",
                (new_uid(), row["code"], *values.values()),
            )
            return "created"
        if list(found[1:]) == list(values.values()):
            return "skipped"
        pairs = ", ".join(f"{name} = ?" for name in names)
        connection.exec_driver_sql(
            f"UPDATE promotion SET {pairs} WHERE id = ?",  # noqa: S608
            (*values.values(), found[0]),
        )
        return "updated"

    return take


def _promotion(connection: Connection, row: dict[str, str]) -> dict[str, Any]:
    kind = row.get("kind", "percent").strip().casefold() or "percent"
    if kind not in KINDS:
        raise ValueError(
            _("there is no promotion of the kind {kind}; kinds are {kinds}").format(
                kind=kind, kinds=", ".join(KINDS)
            )
        )
    product = _product(connection, row["sku"]) if row.get("sku") else (None, None)
    category = _category(connection, row["category"]) if row.get("category") else (None, None)
    discount = _discount(row)
    rule = _rule(connection, row, kind, discount)
    own = discount if kind == "percent" else None
    buy, free, minimum = (_whole(row, n) for n in ("buy_quantity", "free_quantity", "minimum"))
    start, end = (
        cells.read_date(row.get("valid_from", "")),
        cells.read_date(row.get("valid_to", "")),
    )
    if end < start:
        raise ValueError(_("it ends before it begins"))
    if kind in ("percent", "free") and product[0] is None and category[0] is None:
        raise ValueError(_("the promotion names neither a SKU nor a category"))
    if (kind == "percent" and not own) or (kind == "free" and not (buy and free)):
        raise ValueError(_("the promotion gives nothing"))
    terms = PromotionTerms(
        row["code"], row["name"], kind, product[1], category[1], own, buy, free, minimum or 1
    )
    try:
        read_offer(terms, rule)
    except InvalidRule as error:
        raise ValueError(
            _("the promotion {code} cannot be understood: {field}").format(
                code=row["code"], field=error.field
            )
        ) from error
    return {
        "name": row["name"], "kind": kind, "product_id": product[0], "category_id": category[0],
        "segment": row.get("segment") or None, "discount_bp": own, "buy_quantity": buy,
        "free_quantity": free, "minimum_quantity": minimum or 1,
        "valid_from": start.isoformat(), "valid_to": end.isoformat(),
        "rule": None if rule is None else json.dumps(rule, separators=(",", ":")),
    }  # fmt: skip


def _rule(
    connection: Connection, row: dict[str, str], kind: str, discount: int | None
) -> dict[str, Any] | None:
    rule: dict[str, Any] = {}
    if kind == "bundle":
        rule["parts"] = [_part(connection, text) for text in _texts(row, "parts")]
    elif kind == "mix":
        rule["quantity"] = _whole(row, "quantity")
        rule["products"] = [_product(connection, sku)[1] for sku in _texts(row, "skus")]
        rule["categories"] = [_category(connection, c)[1] for c in _texts(row, "categories")]
    elif row.get("free_sku"):
        rule["free_product"] = _product(connection, row["free_sku"])[1]
    elif row.get("stacks", "").casefold() in ("1", "yes", "true", "x"):
        rule["stacks"] = True
    if kind in ("bundle", "mix"):
        if row.get("set_price"):
            rule["price_e4"] = cells.read_price_e4(row["set_price"])
        elif discount is not None:
            rule["discount_bp"] = discount
    if row.get("limit"):
        rule["limit"] = _whole(row, "limit")
    return rule or None


def _part(connection: Connection, text: str) -> dict[str, Any]:
    match = _PART.fullmatch(text)
    sku, count = (match[1], match[2]) if match else (text, None)
    return {"product": _product(connection, sku)[1], "quantity": int(count or 1)}


def _texts(row: dict[str, str], name: str) -> list[str]:
    return [text.strip() for text in row.get(name, "").split(";") if text.strip()]


def _whole(row: dict[str, str], name: str) -> int | None:
    if not row.get(name):
        return None
    number = cells.read_quantity(row[name])
    if number < 1:
        raise ValueError(_("the quantity is below one"))
    return number


def _discount(row: dict[str, str]) -> int | None:
    if row.get("discount_bp"):
        share = cells.read_quantity(row["discount_bp"])
    elif row.get("discount"):
        share = cells.read_price_e4(row["discount"].rstrip("% ")) // 100
    else:
        return None
    if not 0 < share <= 10_000:
        raise ValueError(_("the discount is not possible"))
    return share


def _product(connection: Connection, sku: str) -> tuple[int, str]:
    found = connection.exec_driver_sql(
        "SELECT id, lower(hex(uid)) FROM product WHERE sku = ?", (sku,)
    ).first()
    if found is None:
        raise ValueError(_("the SKU {sku} is not known").format(sku=sku))
    return int(found[0]), str(found[1])


def _category(connection: Connection, code: str) -> tuple[int, str]:
    found = connection.exec_driver_sql(
        "SELECT id, lower(hex(uid)) FROM category WHERE code = ? OR name = ?"
        " ORDER BY code = ? DESC LIMIT 1",
        (code, code, code),
    ).first()
    if found is None:
        raise ValueError(_("the category {code} is not known").format(code=code))
    return int(found[0]), str(found[1])
