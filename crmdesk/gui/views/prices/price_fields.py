"""The forms of single prices: their fields, and what such a price has become since it was shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

from crmdesk.gui.views.prices import typing as read
from crmdesk.gui.views.prices.items import FormField
from crmdesk.i18n import _
from crmdesk.services.queries import price_policy as queries
from crmdesk.services.queries.price_policy import AgreedLine, RuleLine
from crmdesk.services.workspace import Workspace

Line = TypeVar("Line", RuleLine, AgreedLine)


def rule_fields(ws: Workspace, rule: RuleLine | None) -> tuple[FormField, ...]:
    """The form of a price of a list; without one, of a new one."""
    valid_to = None if rule is None else rule.valid_to
    return (
        FormField("product", _("SKU"), "" if rule is None else rule.sku, width=140),
        FormField("minimum_quantity", _("From units"),
                  "1" if rule is None else str(rule.minimum_quantity), width=80),
        FormField("price", _("Price"), "" if rule is None else
                  read.price_text(rule.price_e4), width=90),
        FormField("discount", _("or discount %"), "" if rule is None else
                  read.percent_text(rule.discount_bp), width=90),
        FormField("valid_from", _("From"), "", ws.today().isoformat()),
        FormField("valid_to", _("To"), valid_to.isoformat() if valid_to else ""),
    )  # fmt: skip


def agreed_fields(ws: Workspace, row: AgreedLine | None) -> tuple[FormField, ...]:
    """The form of a price agreed with a customer; without one, of a new one."""
    return (
        FormField("account", _("Customer"), "" if row is None else row.customer,
                  _("code or name"), 180),
        FormField("product", _("SKU"), "" if row is None else row.sku, width=120),
        FormField("price", _("Price"), "" if row is None else
                  read.price_text(row.price_e4), width=90),
        FormField("minimum_quantity", _("From units"),
                  "1" if row is None else str(row.minimum_quantity), width=80),
        FormField("valid_from", _("From"), "", ws.today().isoformat()),
        FormField("valid_to", _("To")),
        FormField("reason", _("Reason"), "" if row is None else row.reason, width=160),
    )  # fmt: skip


def rule_now(ws: Workspace, list_id: int, rule: RuleLine | None) -> RuleLine | None:
    """The price whose form is open as it is now, or the one that has taken its place."""
    if rule is None:
        return None
    same = [
        one for one in queries.rule_lines(ws, list_id)
        if (one.product_id, one.minimum_quantity, one.packaging_id)
        == (rule.product_id, rule.minimum_quantity, rule.packaging_id)
    ]  # fmt: skip
    return _holding(same, rule)


def agreed_now(ws: Workspace, price: AgreedLine | None) -> AgreedLine | None:
    """The same of a price agreed with a customer."""
    if price is None:
        return None
    same = [
        one for one in queries.agreed_lines(ws)
        if (one.account_id, one.product_id, one.minimum_quantity)
        == (price.account_id, price.product_id, price.minimum_quantity)
    ]  # fmt: skip
    return _holding(same, price)


def _holding(same: Sequence[Line], shown: Line) -> Line:
    """What was shown as it is now; where somebody else has put another in its place, that one.

    ``same`` are those of the same goods from the same quantity on that hold today or later.
    """
    there = next((one for one in same if one.id == shown.id), None)
    if there is not None and there.valid_to == shown.valid_to:
        return there
    others = [one for one in same if one.id != shown.id]
    return max(others, key=lambda one: one.valid_from or date.min, default=there or shown)
