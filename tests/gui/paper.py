"""A document to print in tests: an order of as many lines as wanted, everything in it hostile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from crmdesk.interchange.documents.content import (
    Address,
    Company,
    Customer,
    Head,
    Line,
    Signature,
    Tax,
    TradeDocument,
)

LONG_WORD = "Сельскохозяйственнопродовольственнопромышленноперерабатывающийкомбинат"
HEBREW = "מכולת השכונה"
ARABIC = "متجر الحي"
MARKUP = "<script>alert(1)</script> & <b>bold</b>"


def order(lines: int, *, country: str = "AD", kind: str = "order") -> TradeDocument:
    """An order; every line is 12.50 net with 4.5 % tax, every seventh has a discount."""
    company = Company(
        Address("Distribucions Valira", "Avinguda de Salou 60", "AD500", "Andorra", "", country),
        "L-712345-K", "+376812345", "comandes@valira.example", "valira.example",
        "AD12 0001 2030 2003 5910 0100", "Goods remain ours until paid.",
    )  # fmt: skip
    customer = Customer(
        "C00040", Address(HEBREW, "Carrer 1", "AD100", "Canillo"), "L-700039-M",
        Address(ARABIC, "Carrer 2", "25700", "La Seu", "", "ES"), "Мария", "shop@example.com",
    )  # fmt: skip
    head = Head(
        kind, "M07-000123", date(2026, 11, 24), "EUR", company, customer, "Rocío Almagro",
        "+376638916", "rocio@valira.example", MARKUP,
    )  # fmt: skip
    rows = tuple(_line(number) for number in range(1, lines + 1))
    net, tax = 1250 * lines, 56 * lines
    return TradeDocument(
        head, rows, (Tax("IGI", 450, net, tax),) if rows else (), net, 0, tax, net + tax,
        status="submitted", delivery=date(2026, 11, 26), reference="PO 77", terms_days=30,
        signature=Signature("Мария", datetime(2026, 11, 24, 9, 30, tzinfo=UTC), STROKES),
    )  # fmt: skip


STROKES = (((0.0, 10.0), (20.0, 0.0), (40.0, 30.0)), ((50.0, 5.0),))


def _line(number: int) -> Line:
    line = Line(
        f"SKU-{number:04}", f"Tomate frito {number}", "CS", 2, 12, 24, "EA", 5208, 5208, 1, 0,
        1250, 450, 56, gtin="4006381333931",
    )  # fmt: skip
    if number % 7 == 0:
        return replace(
            line, name=LONG_WORD, discount_bp=650, list_price_e4=5570, reason="10+ units"
        )
    return line
