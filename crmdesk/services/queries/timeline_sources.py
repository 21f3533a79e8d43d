"""Where the events of a customer's history come from: one source per kind, as a query each.

Owns what counts as an event and to which filter it belongs. Counting, reading by month and
searching is :mod:`crmdesk.services.queries.customer_timeline`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, Text, func, select

from crmdesk.storage.tables import table


class EventGroup(StrEnum):
    """The filters above the timeline."""

    ALL = "all"
    VISITS = "visits"
    ORDERS = "orders"
    SERVICE = "service"
    MONEY = "money"
    NOTES = "notes"
    FILES = "files"
    CHANGES = "changes"
    PRICES = "prices"


_visit, _order, _sale = table("visit"), table("order"), table("sale")
_quote, _invoice, _payment = table("quote"), table("invoice"), table("payment")
_collection, _return, _ticket = table("collection"), table("return_request"), table("ticket")
_score, _note, _promise = table("survey_score"), table("note"), table("promise")
_reason = table("outcome_reason")
_sample, _product = table("sample"), table("product")
_handover, _user = table("handover"), table("user")
_attachment, _touch, _campaign = table("attachment"), table("touch"), table("campaign")
_alteration, _follow_up = table("order_alteration"), table("quote_follow_up")
_step, _deal = table("stage_change"), table("opportunity")


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of events: its filter, day, customer, and the query that reads it."""

    kind: str
    group: EventGroup
    day: ColumnElement[Any]
    account: ColumnElement[Any]
    query: Select[Any]
    where: ColumnElement[bool] | None = None


def _lines(name: str, parent: Any) -> Any:
    lines = table(name)
    return (
        select(func.count()).where(lines.c.parent_id == parent.c.id).correlate(parent)
    ).scalar_subquery()


def _minutes(start: Any, end: Any) -> Any:
    return func.round((func.julianday(end) - func.julianday(start)) * 1440)


def _instant_day(instant: Any) -> ColumnElement[Any]:
    return func.local_day(instant, type_=Text())


def _columns(row_id: Any, day: Any, **named: Any) -> Select[Any]:
    return select(row_id.label("id"), day.label("day"), *(c.label(n) for n, c in named.items()))


SOURCES: tuple[Source, ...] = (
    Source(
        "visit", EventGroup.VISITS, _visit.c.date, _visit.c.account_id,
        _columns(
            _visit.c.id, _visit.c.date, title=_visit.c.mode, text=_visit.c.note,
            status=_visit.c.outcome, number=_minutes(_visit.c.started_at, _visit.c.ended_at),
            reason=_reason.c.name,
        ).select_from(_visit.outerjoin(_reason, _reason.c.id == _visit.c.reason_id)),
    ),
    Source(
        "order", EventGroup.ORDERS, _order.c.order_date, _order.c.account_id,
        _columns(
            _order.c.id, _order.c.order_date, title=_order.c.number, status=_order.c.status,
            text=_order.c.note, amount_minor=_order.c.net_minor,
            margin_minor=_order.c.net_minor - _order.c.cost_minor,
            number=_lines("order_line", _order),
        ),
    ),
    Source(
        "sale", EventGroup.ORDERS, _sale.c.date, _sale.c.account_id,
        _columns(
            _sale.c.id, _sale.c.date, title=_sale.c.document, status=_sale.c.kind,
            amount_minor=_sale.c.net_minor, margin_minor=_sale.c.net_minor - _sale.c.cost_minor,
            number=_sale.c.line_count,
        ),
        _sale.c.order_uid.is_(None),
    ),
    Source(
        "quote", EventGroup.ORDERS, _quote.c.quote_date, _quote.c.account_id,
        _columns(
            _quote.c.id, _quote.c.quote_date, title=_quote.c.number, text=_quote.c.title,
            status=_quote.c.status, amount_minor=_quote.c.net_minor, due_on=_quote.c.valid_until,
        ),
    ),
    Source(
        "return", EventGroup.ORDERS, _return.c.date, _return.c.account_id,
        _columns(
            _return.c.id, _return.c.date, title=_return.c.number, text=_return.c.note,
            amount_minor=-func.abs(_return.c.net_minor), number=_lines("return_line", _return),
        ),
    ),
    Source(
        "sample", EventGroup.ORDERS, _sample.c.date, _sample.c.account_id,
        _columns(
            _sample.c.id, _sample.c.date, title=_product.c.name, number=_sample.c.quantity
        ).select_from(_sample.join(_product, _product.c.id == _sample.c.product_id)),
    ),
    Source(
        "ticket", EventGroup.SERVICE, _ticket.c.date, _ticket.c.account_id,
        _columns(
            _ticket.c.id, _ticket.c.date, title=_ticket.c.number, text=_ticket.c.subject,
            status=_ticket.c.status, amount_minor=_ticket.c.credit_minor,
        ),
    ),
    Source(
        "score", EventGroup.SERVICE, _score.c.date, _score.c.account_id,
        _columns(
            _score.c.id, _score.c.date, title=_score.c.kind, text=_score.c.comment,
            number=_score.c.score,
        ),
    ),
    Source(
        "invoice", EventGroup.MONEY, _invoice.c.date, _invoice.c.account_id,
        _columns(
            _invoice.c.id, _invoice.c.date, title=_invoice.c.number, status=_invoice.c.status,
            amount_minor=_invoice.c.open_minor, due_on=_invoice.c.due_on,
        ),
        _invoice.c.open_minor != 0,
    ),
    Source(
        "payment", EventGroup.MONEY, _payment.c.date, _payment.c.account_id,
        _columns(
            _payment.c.id, _payment.c.date, title=_invoice.c.number, text=_payment.c.method,
            amount_minor=_payment.c.amount_minor,
            number=func.julianday(_payment.c.date) - func.julianday(_invoice.c.due_on),
        ).select_from(_payment.outerjoin(_invoice, _invoice.c.id == _payment.c.invoice_id)),
    ),
    Source(
        "collection", EventGroup.MONEY, _collection.c.date, _collection.c.account_id,
        _columns(
            _collection.c.id, _collection.c.date, title=_collection.c.method,
            text=_collection.c.number,
            amount_minor=_collection.c.amount_minor,
        ),
    ),
    Source(
        "note", EventGroup.NOTES, _note.c.date, _note.c.account_id,
        _columns(_note.c.id, _note.c.date, title=_note.c.text),
    ),
    Source(
        "promise", EventGroup.NOTES, _promise.c.made_on, _promise.c.account_id,
        _columns(
            _promise.c.id, _promise.c.made_on, title=_promise.c.text, status=_promise.c.kind,
            due_on=_promise.c.due_on, text=_promise.c.done_at,
        ),
        _promise.c.made_on.is_not(None),
    ),
    Source(
        "handover", EventGroup.NOTES, _instant_day(_handover.c.at),
        _handover.c.account_id,
        _columns(
            _handover.c.id, func.local_day(_handover.c.at, type_=Date()), title=_handover.c.text,
            text=_user.c.name, status=_handover.c.kind, number=_handover.c.seen_at.is_not(None),
        ).select_from(_handover.outerjoin(_user, _user.c.id == _handover.c.user_id)),
    ),
    Source(
        "touch", EventGroup.NOTES, _touch.c.date, _touch.c.account_id,
        _columns(
            _touch.c.id, _touch.c.date, title=_campaign.c.name, status=_touch.c.kind
        ).select_from(_touch.join(_campaign, _campaign.c.id == _touch.c.campaign_id)),
    ),
    Source(
        "alteration", EventGroup.ORDERS, _instant_day(_alteration.c.at), _alteration.c.account_id,
        _columns(
            _alteration.c.order_id, func.local_day(_alteration.c.at, type_=Date()),
            title=_order.c.number, text=_alteration.c.reason, status=_user.c.name,
        ).select_from(
            _alteration.join(_order, _order.c.id == _alteration.c.order_id).outerjoin(
                _user, _user.c.id == _alteration.c.user_id
            )
        ),
    ),
    Source(
        "follow_up", EventGroup.ORDERS, _follow_up.c.date, _follow_up.c.account_id,
        _columns(
            _follow_up.c.quote_id, _follow_up.c.date, title=_quote.c.number,
            text=_follow_up.c.note, status=_follow_up.c.result, due_on=_follow_up.c.next_on,
        ).select_from(_follow_up.join(_quote, _quote.c.id == _follow_up.c.quote_id)),
    ),
    Source(
        "stage", EventGroup.ORDERS, _instant_day(_step.c.at), _step.c.account_id,
        _columns(
            _step.c.opportunity_id, func.local_day(_step.c.at, type_=Date()), title=_deal.c.name,
            text=_step.c.note, status=_step.c.to_stage, amount_minor=_deal.c.amount_minor,
        ).select_from(_step.join(_deal, _deal.c.id == _step.c.opportunity_id)),
    ),
    Source(
        "deal", EventGroup.ORDERS, _deal.c.opened_on, _deal.c.account_id,
        _columns(
            _deal.c.id, _deal.c.opened_on, title=_deal.c.name, text=_deal.c.note,
            status=_deal.c.stage, amount_minor=_deal.c.amount_minor,
        ),
        _deal.c.opened_on.is_not(None),
    ),
    Source(
        "file", EventGroup.FILES, _instant_day(_attachment.c.taken_at), _attachment.c.account_id,
        _columns(
            _attachment.c.id, func.local_day(_attachment.c.taken_at, type_=Date()),
            title=_attachment.c.name, status=_attachment.c.kind, number=_attachment.c.size,
        ),
        _attachment.c.taken_at.is_not(None),
    ),
)  # fmt: skip
