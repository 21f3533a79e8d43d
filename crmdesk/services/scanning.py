"""Scanning into an order: each scan puts one more pack of what was scanned on the draft.

Owns the step from a barcode to a line, in one transaction, so that scans may follow each other
faster than the sheet is drawn. Finding is :mod:`crmdesk.services.queries.scan`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmdesk.domain.changes import ChangeSet
from crmdesk.i18n import _
from crmdesk.services.document_lines import MAX_PACKS, ORDER_LINES, LineInput
from crmdesk.services.orders import draft_terms
from crmdesk.services.queries.scan import Scanned, scanned_product
from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """What a scan did. ``before`` undoes it; None when nothing was changed.

    ``sentence`` says why nothing was changed.
    """

    product_id: int
    before: LineInput | None
    sentence: str
    changes: ChangeSet


def add_scanned(ws: Workspace, order_id: int, text: str) -> ScanOutcome:
    """Put one pack of what was scanned on a draft, or say why not.

    A product that is on the order in another packaging stays as it is. Raises UserError when the
    order is no draft.
    """
    with ws.database.write() as tx:
        terms = draft_terms(tx.connection, order_id)
        scanned = scanned_product(tx.connection, text)
        if scanned.code != "ok":
            return ScanOutcome(scanned.product_id, None, scan_sentence(scanned, text), ChangeSet())
        there = [
            line for line in ORDER_LINES.read(tx.connection, order_id)
            if line.product_id == scanned.product_id
        ]  # fmt: skip
        before = there[0] if there else LineInput(scanned.product_id, scanned.packaging_id, 0)
        if before.packaging_id != scanned.packaging_id:
            sentence = _("{product} is on this order already, in another pack.").format(
                product=scanned.name
            )
            return ScanOutcome(scanned.product_id, None, sentence, ChangeSet())
        weighed = before.weighed_quantity
        if scanned.weight is not None:
            weighed = (weighed or 0) + scanned.weight
        packs = min(before.packs + 1, MAX_PACKS)
        line = LineInput(scanned.product_id, scanned.packaging_id, packs, weighed_quantity=weighed)
        ORDER_LINES.put(tx.connection, order_id, line)
        ORDER_LINES.reprice(tx.connection, order_id, terms)
    return ScanOutcome(scanned.product_id, before, "", ChangeSet.of("order", [order_id]))


def scan_sentence(scanned: Scanned, text: str) -> str:
    """Why a scan adds nothing."""
    if scanned.code == "check-digit":
        return _("{code} was not read right: its last digit does not fit. Scan it again.").format(
            code=text.strip()
        )
    if scanned.code == "delisted":
        return _("{product} is not sold any more.").format(product=scanned.name)
    if scanned.code == "unknown":
        return _("No product has the barcode {code}.").format(code=text.strip())
    return _("Nothing is called {text}.").format(text=text.strip())
