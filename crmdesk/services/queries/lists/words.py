"""Stored states of the lists in words: what filters say and cells show."""

from __future__ import annotations

from collections.abc import Mapping

from crmdesk.domain.leads import SOURCES, LeadStatus, lead_word, source_word
from crmdesk.domain.pipeline import DealKind, kind_word
from crmdesk.domain.states import (
    OrderStatus,
    QuoteStatus,
    order_status_word,
    quote_status_word,
)
from crmdesk.i18n import _, pgettext


def account_states() -> Mapping[str, str]:
    """States of a customer."""
    return {
        "prospect": pgettext("customer", "Prospect"), "active": pgettext("customer", "Active"),
        "lapsed": pgettext("customer", "Lapsed"), "lost": pgettext("customer", "Lost"),
    }  # fmt: skip


def classes() -> Mapping[str, str]:
    """Classes by worth."""
    return {"A": "A", "B": "B", "C": "C", "D": "D"}


def place_qualities() -> Mapping[str, str]:
    """How well a customer's place on the map is known."""
    return {
        "pin": _("by its pin"), "address": _("by its address"),
        "postcode": _("by postcode or town only"), "none": _("no place"),
    }  # fmt: skip


def product_states() -> Mapping[str, str]:
    """States of a product."""
    return {"active": pgettext("product", "Active"), "delisted": pgettext("product", "Delisted")}


def visit_modes() -> Mapping[str, str]:
    """How a customer was met."""
    return {
        "person": _("in person"), "call": _("by telephone"), "video": _("by video"),
        "message": _("by message"),
    }  # fmt: skip


def visit_outcomes() -> Mapping[str, str]:
    """How a visit ended."""
    return {
        "order": _("order taken"), "no_order": _("no order"), "closed": _("customer closed"),
        "absent": _("nobody there"), "information": _("information"),
    }  # fmt: skip


def lead_states() -> Mapping[str, str]:
    """States of a lead."""
    return {status.value: lead_word(status) for status in LeadStatus}


def lead_sources() -> Mapping[str, str]:
    """Where leads come from."""
    return {source: source_word(source) for source in SOURCES}


def deal_kinds() -> Mapping[str, str]:
    """Kinds of opportunities."""
    return {kind.value: kind_word(kind) for kind in DealKind}


def yes_no() -> Mapping[str, str]:
    """Whether something is done."""
    return {"yes": _("yes"), "no": _("no")}


def order_states() -> Mapping[str, str]:
    """States of an order."""
    return {state.value: order_status_word(state) for state in OrderStatus}


def quote_states() -> Mapping[str, str]:
    """States of a quote."""
    return {state.value: quote_status_word(state) for state in QuoteStatus}


def ticket_states() -> Mapping[str, str]:
    """States of a ticket."""
    return {
        "open": pgettext("ticket", "open"), "waiting": pgettext("ticket", "waiting"),
        "resolved": pgettext("ticket", "resolved"), "closed": pgettext("ticket", "closed"),
    }  # fmt: skip


def priorities() -> Mapping[str, str]:
    """How urgent a ticket is."""
    return {
        "low": pgettext("priority", "low"), "normal": pgettext("priority", "normal"),
        "high": pgettext("priority", "high"), "urgent": pgettext("priority", "urgent"),
    }  # fmt: skip
