"""The company's rules as a form: what is allowed and usual in selling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.policy import BelowCost, Policy
from crmdesk.domain.states import Role
from crmdesk.gui.views.prices import typing as read
from crmdesk.gui.views.prices.desk import PricesDesk
from crmdesk.gui.views.prices.items import Form, FormField
from crmdesk.i18n import _
from crmdesk.services.company_policy import change_company_policy
from crmdesk.services.queries.policy import company_policy

_DAYS = (
    "quote_valid_days", "quote_follow_up_days", "return_days", "stale_stock_hours", "plan_weeks",
    "travel_slack_percent",
)  # fmt: skip


def ask_rules(desk: PricesDesk) -> None:
    """Ask for the company's rules, beginning with those in force."""

    def submit(typed: Mapping[str, str]) -> tuple[ChangeSet, str]:
        changes = _changes(typed, company_policy(desk.ws))
        return change_company_policy(desk.ws, changes), _("Company rules changed")

    def now() -> Sequence[FormField]:
        return _form(company_policy(desk.ws)).fields

    desk.ask(_form(company_policy(desk.ws)), submit, now=now)


def _form(policy: Policy) -> Form:
    choices = ((BelowCost.WARN.value, _("warn")), (BelowCost.BLOCK.value, _("do not allow")))
    days = {
        "quote_valid_days": _("Quote valid, days"),
        "quote_follow_up_days": _("Follow up after, days"),
        "return_days": _("Return within, days"),
        "stale_stock_hours": _("Stock old after, hours"),
        "plan_weeks": _("Plan committed for, weeks"),
        "travel_slack_percent": _("Slack on drives, %"),
    }
    roles = {
        Role.REP: _("Rep, largest discount in %"),
        Role.OFFICE: _("Office, largest discount in %"),
        Role.MANAGER: _("Manager, largest discount in %"),
        Role.ADMIN: _("Admin, largest discount in %"),
    }
    return Form(
        _("Company rules"),
        (
            FormField("below_cost", _("Below cost"), policy.below_cost.value, choices=choices),
            *(FormField(key, label, str(getattr(policy, key)), width=80)
              for key, label in days.items()),
            *(FormField(f"most.{role}", label, read.percent_text(policy.most_discount_of(role)),
                        width=80) for role, label in roles.items()),
        ),
        _("Save the rules"),
        _("They hold for everybody after the next sync."),
    )  # fmt: skip


def _changes(typed: Mapping[str, str], before: Policy) -> dict[str, Any]:
    """The rules that were typed otherwise than they are."""
    shown = {one.key: one.text for one in _form(before).fields}
    changes: dict[str, Any] = {}
    if typed["below_cost"] != shown["below_cost"]:
        changes["below_cost"] = read.text_of(typed, "below_cost")
    for key in _DAYS:
        text = read.text_of(typed, key)
        if text != shown[key]:
            changes[key] = int(text) if text.isdecimal() and len(text) < 9 else text or None
    shares = {
        role.value: read.percent_of(typed, key)
        for role in Role
        if typed[key := f"most.{role}"] != shown[key]
    }
    shares = {role: share for role, share in shares.items() if share is not None}
    return {**changes, "most_discount_bp": shares} if shares else changes
