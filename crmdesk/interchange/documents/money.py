"""Receipt and day sheet as pieces: money taken from customers, and what a day brought."""

from __future__ import annotations

from crmdesk.i18n import _, format_date, format_time, ngettext
from crmdesk.interchange.documents import words
from crmdesk.interchange.documents.content import DaySheet, Receipt, Taken
from crmdesk.interchange.documents.frame import SECTION_GAP, section, sheet_of, signing
from crmdesk.interchange.documents.sheet import Block, Picture, Piece, Row, Sheet, Table
from crmdesk.interchange.documents.template import SUM, Html, join, template

_TAKEN_WIDTHS = (8, 17, 33, 16, 13, 13)


def receipt_sheet(receipt: Receipt) -> Sheet:
    """A receipt for money, or for its return."""
    head = receipt.head
    fill = template("documents").fill
    back = receipt.amount_minor < 0
    amount = words.money(abs(receipt.amount_minor), head.currency)
    label = _("Given back") if back else _("Received with thanks")
    pieces: list[Piece] = [Block(fill("amount", label=label, amount=amount), SECTION_GAP)]
    pieces.append(Block(fill("totals", rows=join(_shares(receipt))), SECTION_GAP))
    pieces += section(_("Note"), head.note)
    pictures: dict[str, Picture] = {}
    pieces.append(signing(_("Customer"), head.rep or _("For the company"), pictures))
    at = f"{format_date(receipt.at.date(), year=True)}, {format_time(receipt.at)}"
    facts = [
        (_("Date"), at),
        (_("Method"), words.method_word(receipt.method)),
        (_("Reference"), receipt.reference),
        (_("Cheque dated"), format_date(receipt.cheque_on, year=True) if receipt.cheque_on else ""),
        (_("Takes back receipt"), receipt.reverses),
        (_("Received by"), head.rep),
    ]
    mark = _("This receipt takes back an earlier one") if receipt.reverses else ""
    summary = _("Amount: {amount}").format(amount=amount)
    return sheet_of(head, pieces, facts=facts, mark=mark, summary=summary, pictures=pictures)


def _shares(receipt: Receipt) -> list[Html]:
    fill, currency = template("documents").fill, receipt.head.currency
    return [
        fill(
            "share",
            words=_("For invoice {number}").format(number=invoice) if invoice else _("On account"),
            amount=words.amount(minor, currency),
        )
        for invoice, minor in receipt.shares
    ]


def day_sheet(sheet: DaySheet) -> Sheet:
    """What a rep took on one day, in order, by method, beside what was counted."""
    head = sheet.head
    fill = template("documents").fill
    pieces: list[Piece] = []
    if sheet.taken:
        pieces.append(_taken_table(sheet))
    else:
        pieces.append(Block(fill("empty", words=_("No money was taken on this day.")), SECTION_GAP))
    pieces.append(Block(fill("totals", rows=join(_sums(sheet))), 6))
    pieces += section(_("Note"), head.note)
    pictures: dict[str, Picture] = {}
    pieces.append(signing(head.rep, _("Received at the office"), pictures))
    closed = sheet.closed_at
    facts = [
        (_("Date"), format_date(head.day, year=True, weekday=True)),
        (_("Rep"), head.rep),
        (
            _("Closed"),
            f"{format_date(closed.date(), year=True)}, {format_time(closed)}" if closed else "",
        ),
        (_("Orders"), _orders(sheet)),
    ]
    mark = "" if closed else _("Not closed yet")
    return sheet_of(head, pieces, facts=facts, mark=mark, parties=False, pictures=pictures)


def _orders(sheet: DaySheet) -> str:
    text = ngettext("{count} order, net {amount}", "{count} orders, net {amount}", sheet.orders)
    amount = words.money(sheet.orders_minor, sheet.head.currency)
    return text.format(count=sheet.orders, amount=amount)


def _taken_table(sheet: DaySheet) -> Table:
    fill, currency = template("documents").fill, sheet.head.currency
    head = fill(
        "taken_head", time=_("Time"), number=_("Receipt"), customer=_("Customer"),
        method=_("Method"), invoice=_("Invoice"),
        amount=words.in_currency(_("Amount"), currency),
    )  # fmt: skip
    rows, sum_minor = [], 0
    for taken in sheet.taken:
        sum_minor += taken.amount_minor
        rows.append(Row(_taken_row(taken, currency), words.amount(sum_minor, currency)))
    span = len(_TAKEN_WIDTHS) - 1
    return Table(
        _TAKEN_WIDTHS, head, tuple(rows),
        fill("carry", span=span, words=_("Carried over"), sum=Html(SUM)),
        fill("carry", span=span, words=_("Brought forward"), sum=Html(SUM)),
    )  # fmt: skip


def _taken_row(taken: Taken, currency: str) -> Html:
    return template("documents").fill(
        "taken", time=format_time(taken.at), number=taken.number or "–", customer=taken.customer,
        method=words.method_word(taken.method), reference=taken.reference,
        invoice=taken.invoice or "–", amount=words.amount(taken.amount_minor, currency),
    )  # fmt: skip


def _sums(sheet: DaySheet) -> list[Html]:
    fill, currency = template("documents").fill, sheet.head.currency
    by_method: dict[str, int] = {}
    for taken in sheet.taken:
        by_method[taken.method] = by_method.get(taken.method, 0) + taken.amount_minor
    rows = [
        fill("sum", words=words.method_word(method), amount=words.amount(minor, currency))
        for method, minor in sorted(by_method.items())
    ]
    total = words.money(sum(by_method.values()), currency)
    rows.append(fill("grand", words=_("Total"), amount=total))
    if sheet.counted_minor is not None:
        off = sheet.counted_minor - by_method.get("cash", 0)
        counted = words.amount(sheet.counted_minor, currency)
        rows.append(fill("sum", words=_("Cash counted"), amount=counted))
        rows.append(fill("sum", words=_("Difference"), amount=words.amount(off, currency)))
    return rows
