"""Imported master data: accounts, products, contacts and prices, matched by code and updated.

A row whose key is unknown is created, one that changes something updates, one that says what
is there already is skipped; a contact that is there by name gains what it lacked (merged).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.barcodes import tidy_code, to_gtin14, written_forms
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _
from crmdesk.interchange import cells, price_masters
from crmdesk.interchange import columns as fields
from crmdesk.interchange.ledger import Ledger
from crmdesk.interchange.writing import unguarded

_PULSE = 500

Taker = Callable[[dict[str, str]], str]
"""Takes a row by field and says what became of it: created, updated, merged or skipped."""


@dataclass(frozen=True, slots=True)
class Master:
    """A kind of master data: its columns and how rows are written."""

    synonyms: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]
    writer: Callable[[Connection, str, date, str], Taker]


def write_rows(
    rows: Iterator[tuple[int, list[str]]],
    places: Mapping[str, int],
    take: Taker,
    ledger: Ledger,
    pulse: Callable[[int], None],
) -> None:
    """Write rows, counting each; ``pulse`` hears the count every few hundred rows."""
    for line, row in rows:
        ledger.rows += 1
        try:
            values = {
                name: cells.read_text(unguarded(row[place]), 2000) if place < len(row) else ""
                for name, place in places.items()
            }
            outcome = take(values)
            setattr(ledger, outcome, getattr(ledger, outcome) + 1)
        except ValueError as error:
            ledger.reject(line, str(error), row)
        if not ledger.rows % _PULSE:
            pulse(ledger.rows)


def _upsert(
    connection: Connection, table: str, key: str, values: dict[str, Any], extra: dict[str, Any]
) -> str:
    """Insert or update by a code column; names of tables and columns are ours."""
    names = [name for name in values if name != key and values[name] not in (None, "")]
    found = connection.exec_driver_sql(
        f"SELECT {', '.join(['id', *names])} FROM {table} WHERE {key} = ?",  # noqa: S608
        (values[key],),
    ).first()
    if found is None:
        cells_in = {"uid": new_uid(), key: values[key], **{n: values[n] for n in names}, **extra}
        marks = ", ".join("?" * len(cells_in))
        connection.exec_driver_sql(
            f"INSERT INTO {table} ({', '.join(cells_in)}) VALUES ({marks})",  # noqa: S608
            tuple(cells_in.values()),
        )
        return "created"
    changed = [n for n, old in zip(names, found[1:], strict=True) if old != values[n]]
    if not changed:
        return "skipped"
    pairs = ", ".join(f"{name} = ?" for name in changed)
    connection.exec_driver_sql(
        f"UPDATE {table} SET {pairs} WHERE id = ?",  # noqa: S608
        (*(values[name] for name in changed), found[0]),
    )
    return "updated"


def _accounts(connection: Connection, _currency: str, today: date, _country: str) -> Taker:
    territory = connection.exec_driver_sql("SELECT id FROM territory ORDER BY id LIMIT 1").scalar()

    def take(row: dict[str, str]) -> str:
        if not row.get("code") or not row.get("name"):
            raise ValueError(_("a customer needs a code and a name"))
        values: dict[str, Any] = dict(row)
        for name, limit in (("latitude", 90), ("longitude", 180)):
            if row.get(name):
                degrees = float(cells.read_number(row[name]))
                if abs(degrees) > limit:
                    raise ValueError(_("this place is not on the map"))
                values[name] = degrees
        extra = {"territory_id": territory, "acquired_on": today.isoformat()}
        return _upsert(connection, "account", "code", values, extra)

    return take


def _products(connection: Connection, _currency: str, _today: date, _country: str) -> Taker:
    def take(row: dict[str, str]) -> str:
        if not row.get("sku") or not row.get("name"):
            raise ValueError(_("a product needs a SKU and a name"))
        if row.get("status") and row["status"] not in ("active", "delisted"):
            raise ValueError(_("there is no such status"))
        unit, base_unit, size = _base_unit(connection, row)
        values = {**row, "base_unit": base_unit}
        outcome = _upsert(connection, "product", "sku", values, {"price_per": size})
        if outcome == "created":
            connection.exec_driver_sql(
                "INSERT INTO packaging (uid, product_id, unit, factor)"
                " SELECT ?, id, ?, ? FROM product WHERE sku = ?",
                (new_uid(), unit, size, row["sku"]),
            )
        return outcome

    return take


def _base_unit(connection: Connection, row: dict[str, str]) -> tuple[str, str, int]:
    """The first pack of a product, its base unit, and how many of that the pack holds.

    Goods by weight or volume are kept in grams or millilitres, priced and packed by the kilogram or
    litre. A product keeps its base unit: what was sold of it is counted in that.
    """
    told = cells.read_unit(row.get("base_unit", ""))
    base_unit = cells.WEIGHTS.get(told, (told, 1))[0]
    before = connection.exec_driver_sql(
        "SELECT base_unit FROM product WHERE sku = ?", (row["sku"],)
    ).scalar()
    if before is not None and base_unit and base_unit != str(before).upper():
        raise ValueError(
            _("the base unit of {sku} is {before} and cannot become {unit}").format(
                sku=row["sku"], before=before, unit=base_unit
            )
        )
    if before is not None:
        base_unit = str(before)
    if base_unit.upper() in ("G", "ML"):
        return ("KG" if base_unit.upper() == "G" else "L"), base_unit, cells.LARGE
    return "EA", base_unit, 1


def _contacts(connection: Connection, _currency: str, _today: date, country: str) -> Taker:
    run = connection.exec_driver_sql

    def take(row: dict[str, str]) -> str:
        account = run("SELECT id FROM account WHERE code = ?", (row.get("account"),)).scalar()
        if account is None:
            raise ValueError(_("the customer {code} is not known").format(code=row.get("account")))
        if not row.get("name"):
            raise ValueError(_("a contact needs a name"))
        points = _points(row, country)
        contact = run(
            "SELECT id FROM contact WHERE account_id = ? AND name = ?", (account, row["name"])
        ).scalar()
        outcome = "skipped"
        if contact is None:
            contact = run(
                "INSERT INTO contact (uid, account_id, name, job) VALUES (?, ?, ?, ?) RETURNING id",
                (new_uid(), account, row["name"], row.get("job") or None),
            ).scalar_one()
            outcome = "created"
        for kind, value in points:
            known = run(
                "SELECT 1 FROM contact_point WHERE contact_id = ? AND value = ?", (contact, value)
            ).first()
            if known is None:
                run(
                    "INSERT INTO contact_point (uid, account_id, contact_id, kind, value)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (new_uid(), account, contact, kind, value),
                )
                outcome = "merged" if outcome == "skipped" else outcome
        return outcome

    return take


def _points(row: dict[str, str], country: str) -> list[tuple[str, str]]:
    points = []
    if row.get("phone"):
        import phonenumbers

        try:
            number = phonenumbers.parse(row["phone"], country)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_possible_number(number):
            raise ValueError(_("“{text}” is not a telephone number").format(text=row["phone"][:40]))
        points.append(
            ("phone", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
        )
    if row.get("email"):
        if "@" not in row["email"]:
            raise ValueError(_("“{text}” is not an e-mail address").format(text=row["email"][:60]))
        points.append(("email", row["email"]))
    return points


def _barcode(connection: Connection, text: str, product: int, unit: str) -> str:
    """A packaging's barcode, checked; ValueError when it is misread or another packaging's."""
    code = tidy_code(text)
    if code is None:
        raise ValueError(_("the barcode {code} has a wrong check digit").format(code=text))
    whole = to_gtin14(code)
    forms = (code, *(written_forms(whole) if whole else ()))
    other = connection.exec_driver_sql(
        "SELECT p.sku FROM packaging k JOIN product p ON p.id = k.product_id"
        " WHERE k.gtin IN (SELECT value FROM json_each(?)) AND (p.id <> ? OR k.unit <> ?) LIMIT 1",
        (json.dumps(forms), product, unit),
    ).scalar()
    if other is not None:
        raise ValueError(
            _("the barcode {code} is on a pack of {sku} already").format(code=code, sku=other)
        )
    return code


def _packagings(connection: Connection, _currency: str, _today: date, _country: str) -> Taker:
    run = connection.exec_driver_sql

    def take(row: dict[str, str]) -> str:
        product = run("SELECT id FROM product WHERE sku = ?", (row.get("sku"),)).scalar()
        if product is None:
            raise ValueError(_("the SKU {sku} is not known").format(sku=row.get("sku")))
        numbers = {
            name: cells.read_quantity(row[name])
            for name in ("factor", "minimum", "multiple")
            if row.get(name)
        }
        if any(value < 1 for value in numbers.values()) or "factor" not in numbers:
            raise ValueError(_("a pack is smaller than one"))
        unit = cells.read_unit(row.get("unit", ""))
        values: dict[str, object] = {**numbers}
        del values["factor"]
        if row.get("gtin"):
            values["gtin"] = _barcode(connection, row["gtin"], int(product), unit)
        if row.get("sellable"):
            values["sellable"] = int(row["sellable"] not in ("0", "no", "false"))
        names = list(values)
        found = run(
            f"SELECT {', '.join(['id', *names])} FROM packaging"  # noqa: S608 - own column names
            " WHERE product_id = ? AND unit = ? AND factor = ?",
            (product, unit, numbers["factor"]),
        ).first()
        if found is None:
            given = {"uid": new_uid(), "product_id": product, "unit": unit, **numbers, **values}
            run(
                f"INSERT INTO packaging ({', '.join(given)})"  # noqa: S608
                f" VALUES ({', '.join('?' * len(given))})",
                tuple(given.values()),
            )
            return "created"
        if list(found[1:]) == list(values.values()):
            return "skipped"
        pairs = ", ".join(f"{name} = ?" for name in names)
        run(f"UPDATE packaging SET {pairs} WHERE id = ?", (*values.values(), found[0]))  # noqa: S608
        return "updated"

    return take


def _prices(connection: Connection, _currency: str, today: date, _country: str) -> Taker:
    run = connection.exec_driver_sql
    first_list = run("SELECT id FROM price_list ORDER BY is_default DESC, id LIMIT 1").scalar()

    def take(row: dict[str, str]) -> str:
        product = run("SELECT id FROM product WHERE sku = ?", (row.get("sku"),)).scalar()
        if product is None:
            raise ValueError(_("the SKU {sku} is not known").format(sku=row.get("sku")))
        listed = first_list
        if row.get("price_list"):
            listed = run(
                "SELECT id FROM price_list WHERE code = ? OR name = ?",
                (row["price_list"], row["price_list"]),
            ).scalar()
        if listed is None:
            raise ValueError(
                _("the price list {name} is not known").format(name=row.get("price_list", ""))
            )
        begin = cells.read_date(row["valid_from"]) if row.get("valid_from") else today
        end = cells.read_date(row["valid_to"]).isoformat() if row.get("valid_to") else None
        minimum = cells.read_quantity(row["minimum_quantity"]) if row.get("minimum_quantity") else 1
        column, value = _price_or_discount(row)
        # Without a first day the rule of the list that has none is meant, if there is one.
        found = run(
            f"SELECT id, {column}, valid_to FROM price_rule WHERE price_list_id = ?"  # noqa: S608
            f" AND product_id = ? AND minimum_quantity = ? AND (valid_from = ?"
            f" OR (? AND valid_from IS NULL)) AND {column} IS NOT NULL ORDER BY valid_from, uid",
            (listed, product, minimum, begin.isoformat(), not row.get("valid_from")),
        ).first()
        if found is None:
            run(
                "INSERT INTO price_rule (uid, price_list_id, product_id, minimum_quantity,"  # noqa: S608
                f" {column}, valid_from, valid_to) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (new_uid(), listed, product, minimum, value, begin.isoformat(), end),
            )
            return "created"
        if (found[1], found[2]) == (value, end):
            return "skipped"
        run(
            f"UPDATE price_rule SET {column} = ?, valid_to = ? WHERE id = ?",  # noqa: S608
            (value, end, found[0]),
        )
        return "updated"

    return take


def _price_or_discount(row: dict[str, str]) -> tuple[str, int]:
    """The column of a price rule that a row sets, and its value."""
    if row.get("price") or not row.get("discount_bp"):
        return "price_e4", cells.read_price_e4(row.get("price", ""))
    discount = cells.read_quantity(row["discount_bp"])
    if not 0 < discount <= 10_000:
        raise ValueError(_("the discount is not possible"))
    return "discount_bp", discount


KINDS: dict[str, Master] = {
    "accounts": Master(fields.ACCOUNTS, fields.ACCOUNTS_NEEDED, _accounts),
    "contacts": Master(fields.CONTACTS, fields.CONTACTS_NEEDED, _contacts),
    "products": Master(fields.PRODUCTS, fields.PRODUCTS_NEEDED, _products),
    "packagings": Master(fields.PACKAGINGS, fields.PACKAGINGS_NEEDED, _packagings),
    "prices": Master(fields.PRICES, fields.PRICES_NEEDED, _prices),
    "costs": Master(fields.COSTS, fields.COSTS_NEEDED, price_masters.costs),
    "promotions": Master(fields.PROMOTIONS, fields.PROMOTIONS_NEEDED, price_masters.promotions),
}
