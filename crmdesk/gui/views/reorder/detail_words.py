"""The words of one row in detail: its rounding, what is kept of the SKU, what was agreed. No Qt."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from crmdesk.domain.reorder_overrides import OverrideKind
from crmdesk.gui.packs import base_text, pack_of, rounding_text
from crmdesk.gui.views.reorder import words
from crmdesk.gui.views.reorder.items import DetailItem
from crmdesk.i18n import _, format_date, format_date_near, format_money, ngettext
from crmdesk.services.queries.agreements import Agreed, SaidRow
from crmdesk.services.queries.reorder import PackOption, ReorderRow
from crmdesk.services.queries.reorder_detail import SkuDetail
from crmdesk.services.queries.reorder_filter import ENDED, ReorderFilter, Route, Urgency


def rounding(row: ReorderRow, pack: PackOption) -> str:
    """Why so many packs: what was expected, and how packs are sold."""
    expected = row.agreed_quantity or row.expected_quantity
    text = rounding_text(expected, pack.pack, row.base_unit)
    if row.agreed_quantity is not None:
        return _("Agreed with the customer. {rounding}").format(rounding=text)
    return text


def kept(detail: SkuDetail, base_unit: str, today: date) -> str:
    """Listed or not, par level, the chosen pack and the last count, as one line."""
    parts = []
    if not detail.listed:
        parts.append(_("not listed"))
    if detail.par_level:
        parts.append(_("par level {amount}").format(amount=base_text(base_unit, detail.par_level)))
    chosen = [one for one in detail.packs if one.packaging_id == detail.usual_packaging_id]
    if detail.usual_packaging_id is not None and chosen:
        parts.append(
            _("taken by the {pack}").format(pack=pack_of(chosen[0].unit, chosen[0].factor))
        )
    if detail.counted is not None:
        parts.append(
            _("counted {amount} {day}").format(
                amount=base_text(base_unit, detail.counted.base_quantity),
                day=format_date_near(detail.counted.day, today),
            )
        )
    return " · ".join(parts)


def said_text(said: SaidRow) -> str:
    """What was said against a suggestion, and when."""
    until = "" if said.until is None else format_date(said.until)
    text = {
        OverrideKind.NOT_NOW.value: _("not before {until}: {reason}") if until else _(
            "not now: {reason}"
        ),
        OverrideKind.QUANTITY.value: _("another quantity was agreed"),
        OverrideKind.DELISTED.value: _("no longer listed: {reason}"),
        OverrideKind.SUBSTITUTED.value: _("substituted by {other}"),
        OverrideKind.WRONG_FORECAST.value: _("forecast called wrong: {reason}"),
    }.get(said.kind, "{reason}")  # fmt: skip
    text = text.format(until=until, reason=said.reason, other=said.substitute)
    if said.made_on is None:
        return text
    return _("{what} ({day})").format(what=text, day=format_date(said.made_on))


def last_agreed(agreed: Agreed, *, product: bool = True) -> str:
    """The open promise, the last contact's note and the last word on a SKU; what there is."""
    parts = []
    if agreed.promise:
        due = agreed.promise_on
        promised = _("promised: {text}") if due is None else _("promised by {day}: {text}")
        parts.append(
            promised.format(text=agreed.promise, day="" if due is None else format_date(due))
        )
    if agreed.contact_on is not None:
        day = format_date(agreed.contact_on)
        contact = _("visited {day}") if agreed.contact_mode == "person" else _("called {day}")
        note = f": {agreed.contact_note}" if agreed.contact_note else ""
        parts.append(contact.format(day=day) + note)
    if product and agreed.said is not None:
        parts.append(f"{agreed.said.product}: {said_text(agreed.said)}")
    return " · ".join(parts) or _("nothing agreed so far")


def next_contact(agreed: Agreed, today: date) -> str:
    """When the next visit or call is planned."""
    if agreed.planned_on is None:
        return _("nothing planned")
    day = format_date_near(agreed.planned_on, today)
    return day if agreed.planned_mode == "person" else _("call {day}").format(day=day)


def detail_item(
    row: ReorderRow, pack: PackOption, detail: SkuDetail | None, today: date
) -> DetailItem:
    """The two lines under the table: why so many, and what is known of the SKU there."""
    facts: list[str] = []
    if detail is not None:
        facts = [part for part in (kept(detail, row.base_unit, today),) if part]
        facts += [said_text(said) for said in detail.said[:1]]
        facts.append(last_agreed(detail.agreed, product=False))
    return DetailItem(
        row.product, words.full_sentence(row, today), rounding(row, pack), row.account,
        " · ".join(facts),
    )  # fmt: skip


def filter_sentence(
    wanted: ReorderFilter, area: str, customer: str, shown: int, customers: int, worth: str
) -> str:
    """What the table shows, as a sentence."""
    skus = ngettext("{count} SKU", "{count} SKUs", shown).format(count=shown)
    at = ngettext("at {count} customer", "at {count} customers", customers).format(count=customers)
    parts = [_("{skus} {at}").format(skus=skus, at=at), states_text(wanted.states)]
    parts.append(
        {
            Route.ALL: _("on all routes"),
            Route.TODAY: _("on today's route"),
            Route.WEEK: _("on this week's route"),
        }[wanted.route]
    )
    if area:
        parts.append(_("in {area}").format(area=area))
    if customer:
        parts.append(_("only {customer}").format(customer=customer))
    if wanted.text.strip():
        parts.append(_("with “{words}”").format(words=wanted.text.strip()))
    return _("{what} · {worth} margin").format(what=", ".join(parts), worth=worth)


def states_text(states: Collection[Urgency]) -> str:
    """The chosen states in words: "overdue, due or at risk"; all of them: "in any state"."""
    if frozenset(Urgency) - ENDED <= frozenset(states):
        return _("in any state")
    names = [words.state_word(state).lower() for state in Urgency if state in states]
    if len(names) == 1:
        return names[0]
    return _("{many} or {last}").format(many=", ".join(names[:-1]), last=names[-1])


def a_month(minor: int, currency: str) -> str:
    """An amount a month."""
    return _("{amount} a month").format(amount=format_money(minor, currency, decimals=0))
