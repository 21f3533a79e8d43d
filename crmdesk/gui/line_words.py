"""Kinds of rows behind figures in words: documents, modes, rates, sums.

Owns the short word that stands for a row of a figure. No Qt here.
"""

from __future__ import annotations

from collections.abc import Callable

from crmdesk.domain import pipeline
from crmdesk.i18n import _, pgettext


def kind_word(kind: str, code: str = "") -> str:
    """The word of a row's kind; ``code`` says which of the kind. Unknown ones are themselves."""
    groups: dict[str, Callable[[], str]] = {
        "mode": lambda: mode_word(code),
        "outcome": lambda: outcome_word(code),
        "rate": lambda: _rate(code),
        "step": lambda: _step(code),
        "count": lambda: _count(code),
        "terms": lambda: _terms(code),
        "event": lambda: event_kind_word(code),
        "file": lambda: file_kind_word(code),
        "score": code.upper,
        "stage": lambda: stage_word(code),
        "ticket": lambda: (
            _("Ticket, waiting for the customer") if code == "waiting" else _("Ticket")
        ),
    }
    make = groups.get(kind)
    return make() if make is not None else _plain(kind)


def _plain(kind: str) -> str:
    return {
        "sale": _("Sale"),
        "return": _("Return"),
        "owner": _("Owner"),
        "cover": _("Stands in until"),
        "invoice": _("Invoice"),
        "payment": _("Payment"),
        "said": _("Message"),
        "answer": _("Survey"),
        "objective": _("Objective"),
        "counted": _("Shelf count"),
        "photo": _("Photo"),
        "order": _("Order"),
        "due_on": _("Due"),
        "done_on": _("Done"),
        "invoiced": _("Invoiced"),
        "open": _("Still open"),
        "promise": _("Promise"),
        "ahead": _("Paid ahead, not booked yet"),
        "leg": _("Driving"),
        "sum": _("Total"),
        "limit": _("Credit limit"),
        "free": _("Still free"),
        "prior": _("The twelve months before"),
        "minutes": _("Minutes in all"),
        "driving": _("Driving in all"),
        "drops": _("Deliveries"),
        "capital": _("Cost of capital, a year"),
        "unknown_cost": _("Lines whose cost is not known count as nothing"),
        "net": _("Net sales"),
        "margin": _("Gross margin"),
        "share": _("Gross margin's share"),
        "retention": _("Retention, a year"),
        "discount_rate": _("Discount rate, a year"),
        "multiple": _("What one year's margin is worth"),
        "visit_cost": _("Cost of a usual visit"),
    }.get(kind, kind)


def _rate(code: str) -> str:
    return {
        "minute": _("Cost of a minute"),
        "kilometre": _("Cost of a kilometre"),
        "order": _("Cost of an order"),
        "line": _("Cost of an order line"),
        "drop": _("Cost of a delivery"),
        "ticket": _("Cost of a ticket"),
        "return": _("Cost of a return"),
    }.get(code, code)


def _count(code: str) -> str:
    return {
        "order": _("Orders"),
        "line": _("Order lines"),
        "ticket": _("Tickets"),
        "return": _("Returns"),
    }.get(code, code)


def _step(code: str) -> str:
    return {
        "revenue": _("Revenue at list price"),
        "discounts": _("Discounts"),
        "cost_of_goods": _("Cost of goods"),
        "visits": _("Cost of visits"),
        "delivery": _("Cost of delivery"),
        "orders": _("Cost of orders"),
        "tickets": _("Cost of tickets"),
        "returns": _("Cost of returns"),
        "debt": _("Cost of debt"),
    }.get(code, code)


def _terms(code: str) -> str:
    return {
        "days": _("Time to pay"),
        "list": _("Price list"),
        "mode": _("Credit check"),
        "limit": _("Credit limit"),
        "minimum": _("Least order"),
    }.get(code, code)


def credit_mode_word(mode: str) -> str:
    """What happens above the credit limit."""
    return {
        "none": pgettext("credit", "none"),
        "soft": _("warns"),
        "hard": _("blocks the order"),
    }.get(mode, mode)


def event_kind_word(kind: str) -> str:
    """A kind of the timeline's events, many of them."""
    return {
        "visit": _("Visits and calls"),
        "order": _("Orders"),
        "sale": _("Sales"),
        "quote": _("Quotes"),
        "return": _("Returns"),
        "sample": _("Samples"),
        "ticket": _("Tickets"),
        "score": _("Satisfaction"),
        "invoice": _("Open invoices"),
        "payment": _("Payments"),
        "collection": _("Collections"),
        "note": _("Notes"),
        "promise": _("Promises and tasks"),
        "handover": _("Handovers"),
        "touch": _("Campaigns"),
        "alteration": _("Alterations of orders"),
        "follow_up": _("Follow-ups of quotes"),
        "stage": _("Steps of opportunities"),
        "deal": _("Opportunities begun"),
        "file": _("Photos and files"),
        "change": _("Changes of data"),
    }.get(kind, kind)


def file_kind_word(kind: str) -> str:
    """What kind of file an attachment is."""
    return {
        "photo": _("Photo"),
        "file": _("File"),
        "receipt": _("Receipt"),
        "signature": _("Signature"),
        "voice": _("Voice note"),
    }.get(kind, kind)


def mode_word(mode: str) -> str:
    """How somebody was met, as a noun."""
    return {
        "person": _("Visit"),
        "call": _("Call"),
        "video": _("Video call"),
        "message": _("Message"),
    }.get(mode, _("Visit"))


def outcome_word(outcome: str) -> str:
    """What came of a visit; empty for an outcome that has no word."""
    return {
        "order": _("order taken"),
        "no_order": _("no order"),
        "closed": _("customer closed"),
        "absent": _("nobody there"),
        "information": _("information"),
    }.get(outcome, "")


def stage_word(stage: str) -> str:
    """A stage of an opportunity; one that this program does not know is its own word."""
    known = {str(one): one for one in pipeline.Stage}
    return pipeline.stage_word(known[stage]) if stage in known else stage


def event_title(kind: str, title: str) -> str:
    """What an event was, with its number or name."""
    word = {
        "visit": lambda: mode_word(title),
        "sale": lambda: _("Sale {number}").format(number=title).strip(),
        "return": lambda: _("Return {number}").format(number=title).strip(),
        "invoice": lambda: _("Invoice {number}").format(number=title),
        "payment": lambda: _("Payment {number}").format(number=title).strip(),
        "ticket": lambda: _("Ticket {number}").format(number=title),
        "note": lambda: _("Note"),
        "promise": lambda: _("Promise"),
        "task": lambda: _("Task"),
        "score": lambda: _("Satisfaction"),
        "handover": lambda: _("Handover"),
        "touch": lambda: _("Campaign"),
        "stage": lambda: _("Opportunity: {name}").format(name=title),
    }.get(kind)
    return title if word is None else word()
