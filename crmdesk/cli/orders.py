"""``crmdesk orders``: what came in, accepting, rejecting and shipping, for office scripts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.opening import opened
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.i18n import _, format_amount, ngettext

if TYPE_CHECKING:
    from crmdesk.cli.context import Context
    from crmdesk.services.office_orders import Taken
    from crmdesk.services.queries.inbox import InboxRow
    from crmdesk.services.workspace import Workspace

_GROUPS = ("waiting", "to_ship", "to_invoice", "today", "rejected")
_HEADS = (
    "number", "customer", "rep", "status", "order_date", "delivery_date", "lines", "net_minor",
    "total_minor", "margin_minor", "answer", "look",
)  # fmt: skip


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    orders = commands.add_parser(
        "orders", parents=[common], help=_("orders that came in: list, accept, reject, ship")
    )
    verbs = orders.add_subparsers(dest="verb", metavar=_("what"), required=True)
    listing = verbs.add_parser("list", parents=[common], help=_("the office's inbox"))
    listing.add_argument("what", nargs="?", choices=_GROUPS, default="waiting")
    listing.add_argument("--out", type=Path, help=_("write the rows as CSV or XLSX"))
    listing.set_defaults(run=_list)
    accept = verbs.add_parser("accept", parents=[common], help=_("accept orders by number"))
    accept.add_argument("numbers", nargs="*", metavar="NUMBER")
    accept.add_argument(
        "--clear", action="store_true", help=_("all that wait and show nothing to look at")
    )
    accept.add_argument(
        "--beyond-credit", default="", metavar="WHY",
        help=_("accept orders that pass a hard credit limit, and say why: the rep reads it"),
    )  # fmt: skip
    accept.set_defaults(run=_accept)
    reject = verbs.add_parser("reject", parents=[common], help=_("reject an order, with the why"))
    reject.add_argument("number", metavar="NUMBER")
    reject.add_argument("--reason", default="", help=_("what the rep reads"))
    reject.add_argument("--code", help=_("code of a structured reason (order_rejected)"))
    reject.set_defaults(run=_reject)
    ship = verbs.add_parser("ship", parents=[common], help=_("note that orders have left"))
    ship.add_argument("numbers", nargs="+", metavar="NUMBER")
    ship.set_defaults(run=_ship)


def _list(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.queries.inbox import InboxFilter, InboxGroup, inbox

    console = context.console
    with opened(context) as ws:
        found = inbox(ws, InboxFilter(group=InboxGroup(chosen.what)))
    if chosen.out is not None:
        from crmdesk.interchange.writing import write_table

        cells = [[_plain(cell) for cell in _cells(row).values()] for row in found.rows]
        write_table(chosen.out, list(_HEADS), iter(cells))
    console.document({"orders": [_cells(row) for row in found.rows], "left_out": found.left_out})
    console.table(
        (_("number"), _("customer"), _("rep"), _("status"), _("delivery"), _("net"), _("look")),
        [
            (row.number, row.customer, row.rep, row.status, str(row.delivery_date or "–"),
             format_amount(row.net_minor, ws.currency), _look(row))
            for row in found.rows
        ],
    )  # fmt: skip
    if not found.rows:
        console.say(_("There is no order of this kind."))
    return DONE


def _accept(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.office_orders import accept_orders
    from crmdesk.services.queries.inbox import InboxFilter, inbox

    if bool(chosen.numbers) == chosen.clear:
        raise UserError(_("Name orders by their numbers, or --clear."))
    with opened(context) as ws:
        if chosen.clear:
            ids = [row.id for row in inbox(ws, InboxFilter()).rows if not row.attention]
        else:
            ids = _ids(ws, chosen.numbers)
        return _told(context, accept_orders(ws, ids, beyond_credit=chosen.beyond_credit))


def _reject(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.office_orders import reject_order

    with opened(context) as ws:
        reason = _reason(ws, chosen.code) if chosen.code else None
        (order_id,) = _ids(ws, [chosen.number])
        return _told(context, reject_order(ws, order_id, chosen.reason, reason_id=reason))


def _ship(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.office_orders import ship_orders

    with opened(context) as ws:
        return _told(context, ship_orders(ws, _ids(ws, chosen.numbers)))


def _told(context: Context, taken: Taken) -> int:
    console = context.console
    console.document(
        {
            "command": taken.command, "done": len(taken.order_ids),
            "left": [{"number": one.number, "why": one.sentence} for one in taken.left],
        }
    )  # fmt: skip
    count = len(taken.order_ids)
    said = ngettext("{count} order moved on.", "{count} orders moved on.", count)
    console.say(said.format(count=count))
    for one in taken.left:
        console.say(_("{number} was left: {why}").format(number=one.number, why=one.sentence))
    return FINDINGS if taken.left else DONE


def _ids(ws: Workspace, numbers: Sequence[str]) -> list[int]:
    from crmdesk.services.queries.inbox import orders_by_number

    known = orders_by_number(ws, numbers)
    missing = [number for number in numbers if number not in known]
    if missing:
        raise NotFound(
            _("There is no order {numbers}.").format(numbers=", ".join(missing)),
            _("See the numbers with: crmdesk orders list"),
        )
    return [known[number] for number in numbers]


def _reason(ws: Workspace, code: str) -> int:
    from crmdesk.services.queries.inbox import reason_by_code

    found = reason_by_code(ws, "order_rejected", code)
    if found is None:
        raise NotFound(_("There is no reason with the code {code}.").format(code=code))
    return found


def _cells(row: InboxRow) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(row, name, None) for name in _HEADS}
    return values | {"look": [note.code for note in row.attention]}


def _look(row: InboxRow) -> str:
    return ", ".join(note.code for note in row.attention)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(value)
    return value if value is None or isinstance(value, int | float) else str(value)
