"""``crmdesk quotes``: the queue of follow-ups, the list of quotes, and their figures."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE
from crmdesk.cli.opening import opened
from crmdesk.i18n import _, format_amount, format_money, format_percent

if TYPE_CHECKING:
    from crmdesk.analytics.figures import Figure
    from crmdesk.cli.context import Context
    from crmdesk.services.queries.quotes import QuoteRow

_GROUPS = ("queue", "open", "drafts", "won", "lost", "untouched", "all")
_HEADS = (
    "number", "version", "customer", "title", "status", "state", "next_follow_up", "valid_until",
    "sent_on", "decided_on", "net_minor", "follow_ups", "last_follow_up", "chance", "similar",
    "of", "rep", "reason",
)  # fmt: skip


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    quotes = commands.add_parser(
        "quotes", parents=[common], help=_("quotes: what to follow up, the list, figures")
    )
    quotes.add_argument(
        "what", nargs="?", choices=_GROUPS, default="queue",
        help=_("queue: to be followed up now; untouched: lost within a year without a follow-up"),
    )  # fmt: skip
    quotes.add_argument("--out", type=Path, help=_("write the rows as CSV or XLSX"))
    quotes.set_defaults(run=_quotes)


def _quotes(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.queries.quote_figures import quote_figures
    from crmdesk.services.queries.quotes import QuoteFilter, QuoteGroup, quote_keys, quote_rows

    console = context.console
    with opened(context) as ws:
        keys = quote_keys(ws, QuoteFilter(group=QuoteGroup(chosen.what)))
        found = quote_rows(ws, keys)
        value, untouched = quote_figures(ws)
    rows = [found[key] for key in keys if key in found]
    if chosen.out is not None:
        from crmdesk.interchange.writing import write_table

        cells = [[_plain(cell) for cell in _cells(row).values()] for row in rows]
        write_table(chosen.out, list(_HEADS), iter(cells))
    console.document(
        {
            "quotes": [_cells(row) for row in rows],
            "open": {
                "count": value.count, "net_minor": value.net_minor,
                "expected_minor": value.expected_minor.value,
            },
            "untouched": {
                "lost": untouched.lost, "untouched": untouched.untouched,
                "rate": untouched.rate.value,
                "by_rep": [
                    {"rep": one.rep, "lost": one.lost, "untouched": one.untouched,
                     "rate": one.rate.value}
                    for one in untouched.by_rep
                ],
            },
        }
    )  # fmt: skip
    console.table(
        (_("number"), _("customer"), _("state"), _("next"), _("valid until"), _("net"),
         _("follow-ups"), _("chance")),
        [
            (row.name, row.customer, row.state or row.status, str(row.next_follow_up or "–"),
             str(row.valid_until or "–"), format_amount(row.net_minor, ws.currency),
             row.follow_ups, _chance(row))
            for row in rows
        ],
    )  # fmt: skip
    if not rows:
        console.say(_("There is no quote of this kind."))
    console.say()
    console.say(
        _("{count} quotes wait for an answer, {net}, expected {expected}.").format(
            count=value.count, net=format_money(value.net_minor, ws.currency),
            expected=_money(value.expected_minor, ws.currency),
        )
    )  # fmt: skip
    said = _(
        "Of {lost} quotes lost or run out within a year {untouched} were never followed up: {rate}."
    )
    rate = _rate(untouched.rate)
    console.say(said.format(lost=untouched.lost, untouched=untouched.untouched, rate=rate))
    return DONE


def _cells(row: QuoteRow) -> dict[str, Any]:
    chance = row.chance.value
    return {
        name: getattr(row, name, None) for name in _HEADS
    } | {
        "chance": None if chance is None else round(chance.share, 4),
        "similar": None if chance is None else chance.similar,
        "of": None if chance is None else chance.of,
    }  # fmt: skip


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float) else str(value)


def _chance(row: QuoteRow) -> str:
    found = row.chance.value
    if found is None:
        return "–"
    return f"{format_percent(found.share)} ({found.similar}/{found.of})"


def _money(figure: Figure[int], currency: str) -> str:
    return "–" if figure.value is None else format_money(figure.value, currency)


def _rate(figure: Figure[float]) -> str:
    return "–" if figure.value is None else format_percent(figure.value)
