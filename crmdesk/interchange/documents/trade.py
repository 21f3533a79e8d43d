"""Order, quote and return as pieces: their lines, totals by tax rate, notes, terms, signature."""

from __future__ import annotations

from collections.abc import Sequence

from crmdesk.domain.symbols import symbol_of_gtin
from crmdesk.i18n import _, format_date, format_time, ngettext
from crmdesk.interchange.documents import words
from crmdesk.interchange.documents.content import Line, Signature, Tax, TradeDocument
from crmdesk.interchange.documents.frame import SECTION_GAP, section, sheet_of
from crmdesk.interchange.documents.sheet import (
    Bars,
    Block,
    Drawing,
    Picture,
    Piece,
    Row,
    Sheet,
    Table,
)
from crmdesk.interchange.documents.template import SUM, Html, join, template

_TRADE_WIDTHS = (12, 34, 14, 12, 9, 7, 12)
_TOTALS_GAP = 6.0
_RETURN_WIDTHS = (14, 36, 24, 13, 13)
_EMPTY_GAP = 20.0
_GTIN_SIZE = (130.0, 40.0)
_SIGNATURE_SIZE = (230.0, 80.0)


def trade_sheet(document: TradeDocument, *, gtins: bool = False) -> Sheet:
    """An order, a quote or a return; with ``gtins`` each line shows the barcode of its goods."""
    head = document.head
    pictures: dict[str, Picture] = {}
    pieces: list[Piece] = []
    if document.lines:
        rows = _rows(document, pictures, gtins=gtins)
        pieces += [_table(document, rows), Block(_totals(document), _TOTALS_GAP)]
    else:
        pieces.append(
            Block(template("documents").fill("empty", words=_("No lines yet.")), _EMPTY_GAP)
        )
    pieces += section(_("Note"), head.note)
    pieces += section(_("Conditions of this quote"), document.terms)
    pieces += _payment(document)
    pieces += section(_("Terms"), head.company.terms, part="terms")
    pieces += _signature(document.signature, pictures)
    total = words.money(document.total_minor, head.currency)
    return sheet_of(
        head, pieces, under=document.title, mark=_mark(document), facts=_facts(document),
        summary=_("Total: {amount}").format(amount=total) if document.lines else "",
        pictures=pictures,
    )  # fmt: skip


def _mark(document: TradeDocument) -> str:
    kind, status = document.head.kind, document.status
    if status == "draft":
        return _("Draft: not submitted yet")
    if kind == words.ORDER and status in ("rejected", "cancelled"):
        return _("Rejected") if status == "rejected" else _("Cancelled")
    if kind == words.QUOTE and status in ("lost", "expired"):
        return _("No longer valid")
    return ""


def _facts(document: TradeDocument) -> list[tuple[str, str]]:
    head, kind = document.head, document.head.kind
    facts = [(_("Date"), format_date(head.day, year=True))]
    if kind == words.QUOTE:
        facts.append((_("Version"), str(document.version) if document.version > 1 else ""))
        if document.valid_until is not None:
            facts.append((_("Valid until"), format_date(document.valid_until, year=True)))
    if document.delivery is not None:
        facts.append((_("Delivery"), format_date(document.delivery, year=True)))
    facts += [
        (_("Your reference"), document.reference),
        (_("Contact"), head.customer.contact),
        (_("Our contact"), "\n".join(part for part in (head.rep, head.rep_phone) if part)),
    ]
    if document.terms_days is not None and kind != words.RETURN:
        facts.append((_("Payment"), _terms(document.terms_days)))
    if document.wish:
        facts.append((_("Wanted"), words.wish_word(document.wish)))
    return facts


def _terms(days: int) -> str:
    if days <= 0:
        return _("on delivery")
    return ngettext("within {count} day", "within {count} days", days).format(count=days)


# ------------------------------------------------------------------------------------ the lines


def _table(document: TradeDocument, rows: Sequence[Row]) -> Table:
    fill, currency = template("documents").fill, document.head.currency
    net = words.in_currency(_("Net"), currency)
    if document.head.kind == words.RETURN:
        head = fill(
            "return_head", sku=_("SKU"), product=_("Product"), reason=_("Reason"),
            quantity=_("Quantity"), net=net,
        )  # fmt: skip
    else:
        head = fill(
            "lines_head", sku=_("SKU"), product=_("Product"), quantity=_("Quantity"),
            price=_("Unit price"), discount=_("Discount"), tax=_("Tax"), net=net,
        )  # fmt: skip
    widths = _RETURN_WIDTHS if document.head.kind == words.RETURN else _TRADE_WIDTHS
    return Table(widths, head, tuple(rows), *_carried(len(widths) - 1))


def _carried(span: int) -> tuple[str, str]:
    """The rows that carry a sum over the page's end; the sum itself is filled in there."""
    fill = template("documents").fill
    return (
        fill("carry", span=span, words=_("Carried over"), sum=Html(SUM)),
        fill("carry", span=span, words=_("Brought forward"), sum=Html(SUM)),
    )


def _rows(document: TradeDocument, pictures: dict[str, Picture], *, gtins: bool) -> list[Row]:
    rows, sum_minor = [], 0
    currency = document.head.currency
    make = _return_row if document.head.kind == words.RETURN else _trade_row
    valued = any(line.net_minor for line in document.lines)
    for place, line in enumerate(document.lines):
        bars = ""
        symbol = symbol_of_gtin(line.gtin) if gtins else None
        if symbol is not None:
            bars = f"gtin-{place}"
            pictures[bars] = Bars(symbol, *_GTIN_SIZE)
        sum_minor += line.net_minor
        net = words.amount(line.net_minor, currency) if valued else "–"
        rows.append(Row(make(line, currency, bars, net), words.amount(sum_minor, currency)))
    return rows


def _trade_row(line: Line, currency: str, bars: str, net: str) -> Html:
    return template("documents").fill(
        "line", sku=line.sku, name=line.name, detail=_detail(line.reason, line.note), bars=bars,
        quantity=words.quantity(line), pack=words.pack(line), price=words.price(line, currency),
        per=words.price_unit(line), tax=words.percent(line.tax_bp),
        discount=words.percent(line.discount_bp) if line.discount_bp > 0 else "",
        net=net,
    )  # fmt: skip


def _return_row(line: Line, _currency: str, bars: str, net: str) -> Html:
    condition = words.condition_word(line.condition)
    return template("documents").fill(
        "return_line", sku=line.sku, name=line.name, reason=line.reason or "–", bars=bars,
        detail=_detail(condition, line.note), quantity=words.quantity(line),
        pack=words.pack(line), net=net,
    )  # fmt: skip


def _detail(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


# ----------------------------------------------------------------------------------- the totals


def _totals(document: TradeDocument) -> Html:
    fill, currency = template("documents").fill, document.head.currency

    def sum_row(text: str, minor: int) -> Html:
        return fill("sum", words=text, amount=words.amount(minor, currency))

    rows = []
    if document.head.kind == words.RETURN:
        total = _("Net value of the goods")
        amount = words.money(document.net_minor, currency)
        return fill("totals", rows=fill("grand", words=total, amount=amount))
    if document.discount_minor > 0:
        before = document.net_minor + document.discount_minor
        rows.append(sum_row(_("At list prices"), before))
        rows.append(sum_row(_("Discounts"), -document.discount_minor))
    rows.append(sum_row(_("Net"), document.net_minor))
    rows += [sum_row(_tax_words(tax, currency), tax.tax_minor) for tax in document.taxes]
    total = words.money(document.total_minor, currency)
    rows.append(fill("grand", words=_("Total"), amount=total))
    return fill("totals", rows=join(rows))


def _tax_words(tax: Tax, currency: str) -> str:
    return _("{tax} {rate} on {amount}").format(
        tax=tax.name or _("Tax"),
        rate=words.percent(tax.rate_bp),
        amount=words.amount(tax.on_minor, currency),
    )


def _payment(document: TradeDocument) -> list[Piece]:
    bank = document.head.company.bank
    if document.head.kind != words.ORDER or not bank:
        return []
    return section(_("Please pay to"), bank)


def _signature(signature: Signature | None, pictures: dict[str, Picture]) -> list[Piece]:
    if signature is None or not signature.strokes:
        return []
    pictures["signature"] = Drawing(signature.strokes, *_SIGNATURE_SIZE)
    parts = [signature.by]
    if signature.at is not None:
        parts.append(f"{format_date(signature.at.date(), year=True)}, {format_time(signature.at)}")
    by = ", ".join(part for part in parts if part)
    fill = template("documents").fill
    return [Block(fill("signature", label=_("Signed for the customer"), by=by), SECTION_GAP)]
