"""Documents ready to be laid on pages: read, put into the customer's language, made into pieces.

Both faces print through this. Paper is the printing room's, what stands in a document
:mod:`crmdesk.services.queries.documents`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from crmdesk.i18n import speaking
from crmdesk.interchange.documents import words
from crmdesk.interchange.documents.brief import brief_sheet
from crmdesk.interchange.documents.money import day_sheet, receipt_sheet
from crmdesk.interchange.documents.route import route_sheet
from crmdesk.interchange.documents.sheet import Sheet
from crmdesk.interchange.documents.trade import trade_sheet
from crmdesk.services.call_briefs import brief_document, day_document
from crmdesk.services.queries import documents
from crmdesk.services.queries.route_document import route_document
from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which document: its kind and local id; of a day sheet or a route the person's id and the day.

    ``language`` is the customer's where none is asked for; ``gtins`` draws the goods' barcodes.
    """

    kind: str
    key: int
    day: date | None = None
    language: str = ""
    gtins: bool = False


_EVENTS = {
    "order": words.ORDER, "quote": words.QUOTE, "return": words.RETURN,
    "collection": words.RECEIPT,
}  # fmt: skip


def wanted_for_event(kind: str, key: int) -> Wanted | None:
    """The document of an event of a customer's history; None for one that has none."""
    found = _EVENTS.get(kind)
    return None if found is None else Wanted(found, key)


def document_sheet(ws: Workspace, wanted: Wanted) -> Sheet:
    """The document in pieces. Raises NotFound when it is gone."""
    with speaking(wanted.language or _own_language(ws, wanted)):
        if wanted.kind == words.DAY_SHEET:
            day = wanted.day or ws.today()
            return day_sheet(documents.day_sheet_document(ws, wanted.key, day))
        if wanted.kind == words.ROUTE:
            return route_sheet(route_document(ws, wanted.key, wanted.day or ws.today()))
        if wanted.kind == words.BRIEF:
            return brief_sheet(brief_document(ws, wanted.key))
        if wanted.kind == words.BRIEFS:
            return brief_sheet(day_document(ws, wanted.day or ws.today()))
        if wanted.kind == words.RECEIPT:
            return receipt_sheet(documents.receipt_document(ws, wanted.key))
        read = {
            words.ORDER: documents.order_document,
            words.QUOTE: documents.quote_document,
            words.RETURN: documents.return_document,
        }[wanted.kind]
        return trade_sheet(read(ws, wanted.key), gtins=wanted.gtins)


def _own_language(ws: Workspace, wanted: Wanted) -> str:
    if wanted.kind in (words.ROUTE, words.BRIEF, words.BRIEFS):
        return ws.user.language or documents.company_language(ws)
    if wanted.kind == words.DAY_SHEET:
        return documents.company_language(ws)
    return documents.document_language(ws, wanted.kind, wanted.key)
