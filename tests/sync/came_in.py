"""Orders that came in, as the office's tests need them: a rep's, at the office's desks."""

from __future__ import annotations

from datetime import date

from crmdesk.services import orders
from crmdesk.services.document_lines import LineInput
from crmdesk.services.order_alterations import Alteration, alter_order
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at
from tests.sync.trading import price_list


def came_in(hq: Headquarters, *people: str) -> tuple[Laptop, list[Laptop], int]:
    """An order of two lines that R1 has sent, the office's desks that have it, its id there."""
    price_list(hq)
    rep, desks = hq.join("R1"), [hq.join("O1", name) for name in people]
    rep.sync()
    taken(rep)
    assert rep.sync().refusals == 0
    for one in desks:
        one.sync()
    return rep, desks, int(desks[0].one("SELECT id FROM sales_order"))


def taken(rep: Laptop, packs: int = 2) -> int:
    """An order of SKU0 and SKU1 for the first customer, submitted."""
    ws = at(rep)
    account = rep.one("SELECT id FROM account WHERE code = 'C0'")
    order = orders.start_order(ws, account, suggested=False).order_id
    for sku in ("SKU0", "SKU1"):
        product = rep.one("SELECT id FROM product WHERE sku = ?", sku)
        orders.set_line(ws, order, LineInput(product, None, packs))
    orders.submit_order(ws, order)
    return order


def altered(laptop: Laptop, order: int, packs: int, reason: str = "Stock is short") -> None:
    """The first line to so many units, the second taken off."""
    product = laptop.one("SELECT id FROM product WHERE sku = 'SKU0'")
    wanted = Alteration((LineInput(product, None, packs),), date(2030, 1, 7), reason)
    alter_order(at(laptop), order, wanted)


def refused(laptop: Laptop) -> list[str]:
    """The sentences of what HQ refused, the culprit's first; the row is HQ's again."""
    rows = laptop.rows("SELECT sentence FROM refusal WHERE code <> 'together' ORDER BY seq")
    return [sentence for (sentence,) in rows]
