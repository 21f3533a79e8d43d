"""``crmdesk debts``, ``crmdesk collect`` and ``crmdesk day-sheet``: money taken from customers."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE
from crmdesk.cli.dates import iso_date
from crmdesk.cli.opening import opened
from crmdesk.domain.errors import FieldError
from crmdesk.i18n import _, format_money

if TYPE_CHECKING:
    from crmdesk.cli.context import Context

_METHODS = ("cash", "cheque", "card", "transfer")


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    debts = commands.add_parser(
        "debts", parents=[common], help=_("open invoices and receipts of a customer")
    )
    debts.add_argument("code")
    debts.set_defaults(run=_debts)
    collect = commands.add_parser(
        "collect", parents=[common], help=_("write a receipt: the oldest invoice is paid first")
    )
    collect.add_argument("code")
    collect.add_argument("amount", help=_("in the company's currency, such as 120.50"))
    collect.add_argument("--method", choices=_METHODS, default="cash")
    collect.add_argument("--reference", default="", help=_("number of the cheque or transfer"))
    collect.add_argument("--cheque-on", type=iso_date, help=_("the day on the cheque"))
    collect.add_argument("--note", default="")
    collect.set_defaults(run=_collect)
    back = commands.add_parser(
        "uncollect", parents=[common], help=_("take a receipt back by a counter-entry")
    )
    back.add_argument("number")
    back.set_defaults(run=_uncollect)
    sheet = commands.add_parser(
        "day-sheet", parents=[common], help=_("what was collected since the last sheet")
    )
    sheet.add_argument("--close", metavar="CASH", help=_("close it with the cash counted"))
    sheet.add_argument("--note", default="", help=_("what explains a difference"))
    sheet.set_defaults(run=_day_sheet)


def _debts(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.queries.collecting import collect_sheet
    from crmdesk.services.queries.customer import find_customer

    with opened(context) as ws:
        sheet = collect_sheet(ws, find_customer(ws, chosen.code))
    context.console.document(
        {
            "customer": sheet.customer,
            "invoices": sheet.debts.invoices,
            "open_minor": sheet.debts.open_minor,
            "collected_minor": sheet.debts.collected_minor,
            "left_minor": sheet.debts.left_minor,
            "receipts": sheet.receipts,
        }
    )
    context.console.say(sheet.customer)
    context.console.table(
        (_("invoice"), _("due"), _("open"), _("collected"), _("left")),
        [
            (
                debt.number, str(debt.due_on), _money(debt.open_minor, sheet.currency),
                _money(debt.collected_minor, sheet.currency),
                _money(debt.left_minor, sheet.currency),
            )
            for debt in sheet.debts.invoices
        ],
    )  # fmt: skip
    left = format_money(sheet.debts.left_minor, sheet.currency)
    context.console.say(_("Left to pay: {amount}.").format(amount=left))
    return DONE


def _collect(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.domain.collecting import CollectionMethod
    from crmdesk.services.collecting import Collecting, collect
    from crmdesk.services.queries.customer import find_customer

    with opened(context) as ws:
        what = Collecting(
            _amount(chosen.amount, ws.currency), CollectionMethod(chosen.method),
            chosen.reference, chosen.cheque_on, chosen.note,
        )  # fmt: skip
        receipt = collect(ws, find_customer(ws, chosen.code), what)
    context.console.document({"number": receipt.number, "shares": receipt.shares})
    context.console.say(_("Receipt {number} written.").format(number=receipt.number))
    return DONE


def _uncollect(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.collecting import reverse_receipt

    with opened(context) as ws:
        counter = reverse_receipt(ws, chosen.number)
    context.console.document({"number": counter.number, "shares": counter.shares})
    context.console.say(
        _("Receipt {number} was taken back by {counter}.").format(
            number=chosen.number, counter=counter.number
        )
    )
    return DONE


def _day_sheet(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.day_sheets import Closing, close_sheet
    from crmdesk.services.queries.day_end import day_end

    with opened(context) as ws:
        closed = None
        if chosen.close is not None:
            closed = close_sheet(ws, Closing(_amount(chosen.close, ws.currency), chosen.note))
        day = day_end(ws)
    shown = {"day": day}
    if closed is not None:
        context.console.document({**shown, "difference_minor": closed.difference_minor})
        amount = format_money(closed.difference_minor, day.currency)
        context.console.say(_("Sheet closed. Difference: {amount}.").format(amount=amount))
        return DONE
    context.console.document(shown)
    context.console.table(
        (_("receipt"), _("customer"), _("paid by"), _("amount")),
        [
            (row.number, row.customer, row.method, _money(row.amount_minor, day.currency))
            for row in day.taken
        ],
    )
    cash = format_money(day.cash_minor, day.currency)
    context.console.say(_("Cash there should be: {amount}.").format(amount=cash))
    return DONE


def _amount(text: str, currency: str) -> int:
    from crmdesk.domain.money import typed_minor

    try:
        return typed_minor(text, currency)
    except (ValueError, ArithmeticError) as error:
        raise FieldError(
            "amount", _("{text} is no amount.").format(text=text), _("Type it as 120 or 120.50.")
        ) from error


def _money(minor: int, currency: str) -> str:
    return format_money(minor, currency)
