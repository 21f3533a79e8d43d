"""Amounts of weighed goods as they are typed on an order or a quote.

Owns what may be typed into a quantity and what it becomes; saving it is the presenter's.
"""

from __future__ import annotations

from typing import Protocol

from crmdesk.domain.errors import FieldError
from crmdesk.domain.packaging import InvalidAmount, is_weighed, read_amount
from crmdesk.i18n import _
from crmdesk.services.document_lines import MAX_PACKS, LineInput

TYPED = "[0-9][0-9., =xX×*a-z]{0,23}"
"""What a field for quantities takes: whole packs, a barcode, ``1,25 kg``, ``3 = 1,25 kg``."""


class WeighedLine(Protocol):
    """A line of a document as a sheet shows it."""

    @property
    def product_id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def packaging_id(self) -> int | None: ...
    @property
    def packs(self) -> int: ...
    @property
    def factor(self) -> int: ...
    @property
    def base_unit(self) -> str: ...


def weighed_line(line: WeighedLine, text: str) -> LineInput | None:
    """The line with an amount: ``1,25 kg``, or ``3 = 1,25 kg`` with the pieces.

    Nothing weighed takes the line off (no packs). None where the product is not sold by weight;
    raises FieldError for what is no amount.
    """
    if not is_weighed(line.base_unit):
        return None
    try:
        amount = read_amount(text, line.base_unit)
    except InvalidAmount:
        raise FieldError(
            "quantity",
            _("{text} is no amount of {product}.").format(text=text, product=line.name),
            _("Type it as 1.25 kg, 800 g or 3 = 1.25 kg; nothing was changed."),
        ) from None
    if amount.base_quantity == 0:
        return LineInput(line.product_id, line.packaging_id, 0)
    packs = amount.packs or (amount.base_quantity if line.factor == 1 else line.packs)
    return LineInput(
        line.product_id, line.packaging_id, min(packs, MAX_PACKS),
        weighed_quantity=amount.base_quantity,
    )  # fmt: skip
