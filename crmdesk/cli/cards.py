"""``crmdesk customer``, ``brief`` and ``search``: one customer, a day, anything by its words."""

from __future__ import annotations

import argparse
from datetime import date
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE
from crmdesk.cli.dates import iso_date
from crmdesk.cli.opening import opened
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _, format_money

if TYPE_CHECKING:
    from crmdesk.cli.context import Context
    from crmdesk.interchange.documents.content import CallBrief


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    card = commands.add_parser("customer", parents=[common], help=_("the customer card"))
    card.add_argument("code")
    card.set_defaults(run=_customer)
    brief = commands.add_parser(
        "brief", parents=[common], help=_("what to know in the doorway: a customer, or a day")
    )
    brief.add_argument("code", nargs="?", default="", help=_("the customer's code"))
    brief.add_argument("--day", default="", metavar="DATE", help=_("all stops of a day"))
    brief.set_defaults(run=_brief)
    search = commands.add_parser("search", parents=[common], help=_("find anything by its words"))
    search.add_argument("text")
    search.add_argument("--limit", type=int, default=30)
    search.set_defaults(run=_search)


def _customer(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.queries import customer, customer_matrix

    say = context.console.say
    with opened(context) as ws:
        account_id = customer.find_customer(ws, chosen.code)
        card = customer.customer_card(ws, account_id)
        skus = customer_matrix.sku_rows(ws, account_id, card.skus.keys)
    context.console.document({"card": card, "skus": skus})
    head = card.header
    say(f"{head.name} · {head.code} · {head.status} · {head.account_class}")
    place = ", ".join(part for part in (head.street, head.city) if part)
    say(" · ".join(part for part in (place, head.territory) if part))
    say(
        _("overdue {overdue}, due {due}, at risk {risk} · owes {open} · open tickets {tickets}")
        .format(
            overdue=head.overdue, due=head.due, risk=head.at_risk,
            open=format_money(head.open_minor, ws.currency), tickets=head.open_tickets,
        )
    )  # fmt: skip
    say(
        _("last order {order}, last visit {visit}, next visit {next}").format(
            order=head.last_order_on or "–",
            visit=head.last_visit_on or "–",
            next=head.next_visit_on or "–",
        )
    )
    say()
    context.console.table(
        ("SKU", _("product"), _("state"), _("every"), _("packs"), _("unit"), _("next")),
        [
            (row.sku, row.name, row.state, row.gap_days, row.packs, row.unit, str(row.due_on or ""))
            for row in skus[:25]
        ],
    )
    return DONE


def _brief(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services import call_briefs
    from crmdesk.services.queries.customer import find_customer

    with opened(context) as ws:
        briefs: tuple[CallBrief, ...]
        if chosen.code:
            briefs = (call_briefs.call_brief(ws, find_customer(ws, chosen.code)),)
        else:
            day = ws.today() if not chosen.day else _day(chosen.day)
            briefs = call_briefs.day_briefs(ws, day)
    context.console.document({"briefs": briefs})
    for brief in briefs:
        _say_brief(context, brief)
    if not briefs:
        context.console.say(_("No visits are planned on this day."))
    return DONE


def _day(text: str) -> date:
    try:
        return iso_date(text)
    except argparse.ArgumentTypeError as error:
        raise UserError(str(error)) from None


def _say_brief(context: Context, brief: CallBrief) -> None:
    say = context.console.say
    say(" ".join(part for part in (brief.when, brief.name) if part))
    say(" · ".join(part for part in (brief.code, brief.under, brief.place) if part))
    say(" · ".join(f"{label}: {value}" for label, value in brief.facts))
    for section in brief.sections:
        say(f"  {section.title}")
        for line in section.lines:
            words = " – ".join(part for part in (line.text, line.note) if part)
            say(f"    {words}  {line.amount}".rstrip())
    say()


def _search(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.queries.search import find

    with opened(context) as ws:
        found = find(ws, chosen.text, limit=max(1, min(chosen.limit, 500)))
    context.console.document(found)
    context.console.table(
        (_("kind"), _("code"), _("title"), _("where")),
        [(row.kind, row.code, row.title, row.detail) for row in found],
    )
    if not found:
        context.console.say(_("Nothing was found."))
    return DONE
