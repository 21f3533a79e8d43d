"""Promotions without Qt: the table, and the editor that says in plain words what is typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.gui.views.prices import typing as read
from crmdesk.gui.views.prices.desk import PricesDesk
from crmdesk.gui.views.prices.items import Form, FormField, Table
from crmdesk.gui.views.prices.lists import category_keys
from crmdesk.i18n import _, ngettext
from crmdesk.services import promotions
from crmdesk.services.promotions import PromotionInput
from crmdesk.services.queries import price_policy as queries
from crmdesk.services.queries.price_policy import PromotionLine


def kind_words() -> dict[str, str]:
    """The kinds of promotions."""
    return {
        "percent": _("Percent off"),
        "free": _("Buy some, get some free"),
        "bundle": _("Bundle"),
        "mix": _("Mix and match"),
    }


def said(value: int | None) -> str:
    """A number as it is typed."""
    return "" if value is None else str(value)


class PromotionsPart:
    """See the module."""

    kinds = ("promotion", "product", "category")

    def __init__(self, desk: PricesDesk) -> None:
        self._desk = desk
        self.rows: dict[int, PromotionLine] = {}

    def read(self) -> None:
        """Read all promotions."""
        ws = self._desk.ws
        self._desk.runner.read(lambda: queries.promotion_lines(ws), self._on_read, owner=self._desk)

    def _on_read(self, rows: list[PromotionLine]) -> None:
        self.rows = {row.id: row for row in rows}
        running = sum(row.state == "running" for row in rows)
        planned = sum(row.state == "planned" for row in rows)
        words = ngettext("{count} running", "{count} running", running).format(count=running)
        more = ngettext("{count} to come", "{count} to come", planned).format(count=planned)
        self._desk.view.show_heading(f"{words} · {more}")
        empty = (_("No promotion yet"), _("N makes one: a percent, free goods, a set, a mix."))
        self._desk.view.show_table(Table("promotions", self.rows, empty))

    def edit(self, promotion_id: int | None = None, kind: str = "") -> None:
        """Ask for a promotion; without one, for a new one."""
        row = self.rows.get(promotion_id or 0)
        desk = self._desk
        form = Form(
            _("New promotion") if row is None else row.name,
            self._fields(row, kind or (row.kind if row else "percent")), _("Save promotion"),
            _("Lists are parted by semicolons: SKU × 2; SKU"),
        )  # fmt: skip

        def submit(typed: Mapping[str, str]) -> tuple[ChangeSet, str]:
            wanted = self._wanted(typed)
            changes = promotions.save_promotion(desk.ws, wanted, promotion_id)[1]
            return changes, _("{name} saved").format(name=wanted.name)

        def now() -> Sequence[FormField]:
            rows = {one.id: one for one in queries.promotion_lines(desk.ws)}
            found = rows.get(promotion_id or 0, row)
            return self._fields(found, kind or (found.kind if found else "percent"))

        def preview(typed: Mapping[str, str]) -> str:
            wanted = self._wanted(typed)
            return queries.promotion_preview(desk.ws, wanted, promotion_id)

        desk.ask(form, submit, preview, now)

    def end(self, promotion_id: int | None) -> None:
        """End a promotion: yesterday was its last day."""
        row, ws = self.rows.get(promotion_id or 0), self._desk.ws
        if row is not None:
            last = ws.today() - timedelta(days=1)
            self._desk.write(
                lambda: promotions.end_promotion(ws, row.id, last),
                _("{name} ended").format(name=row.name),
            )

    def try_out(self, promotion_id: int | None) -> None:
        """Try a promotion on last year's lines."""
        if promotion_id in self.rows:
            self._desk.try_out("promotion", promotion_id)

    def _fields(self, row: PromotionLine | None, kind: str) -> tuple[FormField, ...]:
        rule: Mapping[str, Any] = (row.rule if row else None) or {}
        names = queries.uid_names(self._desk.ws)
        today = self._desk.ws.today()
        what = ""
        if row is not None:
            what = queries.subject_text(self._desk.ws, row.product_id, row.category_id)
        parts = "; ".join(
            f"{names.get(part['product'], '?')} × {part['quantity']}"
            for part in rule.get("parts", ())
        )
        members = "; ".join(
            names.get(uid, "?") for uid in (*rule.get("products", ()), *rule.get("categories", ()))
        )
        percent = rule.get("discount_bp") if kind in ("bundle", "mix") else (
            row.discount_bp if row else None
        )  # fmt: skip
        gift = rule.get("free_product")
        return (
            FormField("kind", _("Kind"), kind, width=210, choices=tuple(kind_words().items())),
            FormField("code", _("Code"), row.code if row else "", width=90),
            FormField("name", _("Name"), row.name if row else "", width=150),
            FormField("what", _("SKU or category"), what, width=170),
            FormField("discount_bp", _("Percent off"), read.percent_text(percent), width=80),
            FormField("minimum_quantity", _("From units"),
                      said(row.minimum_quantity if row else 1), width=80),
            FormField("buy_quantity", _("Buy"), said(row.buy_quantity if row else None), width=60),
            FormField("free_quantity", _("Free"), said(row.free_quantity if row else None),
                      width=60),
            FormField("free_product", _("Free SKU"), names.get(gift, "") if gift else "",
                      _("the same"), 110),
            FormField("parts", _("Goods of the set"), parts or members, "SKU × 2; SKU", 220),
            FormField("quantity", _("Any units"), said(rule.get("quantity")), width=80),
            FormField("price_e4", _("Price of the set"), read.price_text(rule.get("price_e4")),
                      width=110),
            FormField("limit", _("Times at most"), said(rule.get("limit")), width=90),
            FormField("stacks", _("On top of others"), "yes" if rule.get("stacks") else "no",
                      width=120, choices=(("no", _("no")), ("yes", _("yes")))),
            FormField("segment", _("Only segment"), row.segment if row else "", _("all"), 100),
            FormField("valid_from", _("From"), (row.valid_from if row else today).isoformat()),
            FormField("valid_to", _("To"), row.valid_to.isoformat() if row else ""),
        )  # fmt: skip

    def _wanted(self, typed: Mapping[str, str]) -> PromotionInput:
        kind = read.text_of(typed, "kind")
        product, category = self._subject(typed) if kind in ("percent", "free") else (None, None)
        return PromotionInput(
            read.text_of(typed, "code"), read.text_of(typed, "name"), kind,
            read.needed_day(typed, "valid_from"), read.needed_day(typed, "valid_to"),
            product, category, read.text_of(typed, "segment") or None,
            read.percent_of(typed, "discount_bp"), read.whole_of(typed, "buy_quantity"),
            read.whole_of(typed, "free_quantity"), read.whole_of(typed, "minimum_quantity", 1) or 1,
            self._rule(kind, typed),
        )  # fmt: skip

    def _subject(self, typed: Mapping[str, str]) -> tuple[int | None, int | None]:
        text = read.text_of(typed, "what")
        if not text:
            return None, None
        category = self._category(text)
        if category is not None:
            return None, category
        return self._product(text, "what")[0], None

    def _rule(self, kind: str, typed: Mapping[str, str]) -> dict[str, Any] | None:
        rule: dict[str, Any] = {}
        goods = [text.strip() for text in typed.get("parts", "").split(";") if text.strip()]
        if kind == "bundle":
            rule["parts"] = [self._goods_part(text) for text in goods]
        elif kind == "mix":
            rule["quantity"] = read.whole_of(typed, "quantity")
            for text in goods:
                category = self._category(text)
                if category is not None:
                    uid = queries.uid_of(self._desk.ws, "category", category)
                    rule.setdefault("categories", []).append(uid)
                else:
                    rule.setdefault("products", []).append(self._product(text, "parts")[1])
        elif kind == "free" and read.text_of(typed, "free_product"):
            text = read.text_of(typed, "free_product")
            rule["free_product"] = self._product(text, "free_product")[1]
        elif kind == "percent" and read.text_of(typed, "stacks") == "yes":
            rule["stacks"] = True
        if kind in ("bundle", "mix"):
            price, percent = read.price_of(typed, "price_e4"), read.percent_of(typed, "discount_bp")
            if price is not None:
                rule["price_e4"] = price
            if percent is not None:
                rule["discount_bp"] = percent
        limit = read.whole_of(typed, "limit")
        if limit is not None and (kind in ("bundle", "mix") or rule):
            rule["limit"] = limit
        return rule or None

    def _goods_part(self, text: str) -> dict[str, Any]:
        sku, cross, count = text.replace("*", "×").rpartition("×")
        if not cross:
            sku, count = text, "1"
        number = read.whole_of({"parts": count}, "parts", 1)
        return {"product": self._product(sku.strip(), "parts")[1], "quantity": number}

    def _product(self, text: str, field: str) -> tuple[int, str]:
        found = queries.product_by_text(self._desk.ws, text)
        if found is None:
            raise FieldError(field, _("No product has the SKU {sku}.").format(sku=text))
        return found[0], found[1]

    def _category(self, text: str) -> int | None:
        try:
            found = category_keys(self._desk, {"categories": text})
        except FieldError:
            return None
        return found[0] if found else None
