"""``crmdesk prices``: price lists, the way from list price to margin, margins, a change tried."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE
from crmdesk.cli.opening import opened
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.i18n import _, format_amount, format_number, format_percent, ngettext

if TYPE_CHECKING:
    from crmdesk.analytics.figures import Figure
    from crmdesk.cli.context import Context
    from crmdesk.services.queries.price_margins import Slice
    from crmdesk.services.queries.price_simulation import Trial
    from crmdesk.services.workspace import Workspace


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    parser = commands.add_parser("prices", help=_("price lists, margins, a change tried"))
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
    one = steps.add_parser("list", parents=[common], help=_("price lists and promotions"))
    one.set_defaults(run=_list)
    one = steps.add_parser(
        "waterfall", parents=[common], help=_("from the list price to the margin")
    )
    _add_slice(one)
    one.set_defaults(run=_waterfall)
    one = steps.add_parser("margins", parents=[common], help=_("margin by segment and category"))
    one.add_argument("--out", type=Path, help=_(".csv, .csv.zst or .xlsx"))
    one.set_defaults(run=_margins)
    one = steps.add_parser(
        "simulate", parents=[common], help=_("what a change would have meant last year")
    )
    one.add_argument("--draft", metavar="CODE", help=_("a price list's code"))
    one.add_argument("--percent", type=float, help=_("change of all list prices"))
    one.add_argument("--segment", help=_("only customers of this segment"))
    one.add_argument(
        "--category",
        metavar="CODE",
        action="append",
        default=[],
        help=_("only this category; may be given again"),
    )
    one.add_argument("--out", type=Path, help=_("by customer and SKU: .csv, .csv.zst or .xlsx"))
    one.set_defaults(run=_simulate)


def _add_slice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--segment", help=_("only customers of this segment"))
    parser.add_argument("--account", metavar="CODE", help=_("only this customer"))
    parser.add_argument("--sku", help=_("only this SKU"))


def _list(_chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.queries.price_policy import price_list_rows, promotion_lines

    with opened(context) as ws:
        lists, promotions = price_list_rows(ws), promotion_lines(ws)
    context.console.document({"lists": lists, "promotions": promotions})
    context.console.table(
        (_("code"), _("name"), _("state"), _("from"), _("to"), _("prices"), _("customers")),
        [(r.code, r.name, r.state, r.valid_from, r.valid_to, r.prices, r.customers)
         for r in lists],
    )  # fmt: skip
    context.console.say()
    context.console.table(
        (_("code"), _("state"), _("from"), _("to"), _("promotion")),
        [(r.code, r.state, r.valid_from, r.valid_to, r.words) for r in promotions],
    )
    return DONE


def _waterfall(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.queries.price_margins import price_waterfall

    with opened(context) as ws:
        found = price_waterfall(ws, _slice(ws, chosen))
        currency = ws.currency
    context.console.document(
        {"since": found.since, "until": found.until,
         "steps": {step.value: amount for step, amount in found.steps.items()},
         "lines": {step.value: count for step, count in found.lines.items()}}
    )  # fmt: skip
    context.console.table(
        (_("step"), currency, _("lines")),
        [(step.value, format_amount(found.steps[step], currency), found.lines[step])
         for step in found.steps],
    )  # fmt: skip
    return DONE


def _margins(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.interchange.writing import write_table
    from crmdesk.services.exports import exact_decimal
    from crmdesk.services.queries.price_margins import margin_map

    with opened(context) as ws:
        found = margin_map(ws)
        currency = ws.currency
    cells = sorted(found.cells.values(), key=lambda one: -one.net_minor)
    columns = ("segment", "category", "lines", "net", "cost", "margin")
    rows = [
        (c.segment, c.category, c.lines, exact_decimal(c.net_minor, 2),
         exact_decimal(c.cost_minor, 2), c.margin.value)
        for c in cells
    ]  # fmt: skip
    context.console.document(
        [asdict(c) | {"margin": c.margin.value, "reason": c.margin.reason} for c in cells]
    )
    if chosen.out is not None:
        _said(context, write_table(chosen.out, columns, rows), chosen.out)
        return DONE
    context.console.table(
        (_("segment"), _("category"), _("lines"), currency, _("margin")),
        [(c.segment or "–", c.category, c.lines, format_amount(c.net_minor, currency),
          _share(c.margin)) for c in cells],
    )  # fmt: skip
    return DONE


def _simulate(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.interchange.writing import write_table
    from crmdesk.services.queries.price_simulation import COLUMNS, effect_cells, simulate

    progress = context.console.progress()
    with opened(context) as ws:
        trial = _trial(ws, chosen)
        found = simulate(ws, trial, lambda done, _total: progress(_("lines"), done))
        currency = ws.currency
    whole = found.whole
    lost = whole.volume_to_lose()
    context.console.document(
        {
            "since": found.since, "until": found.until, "lines": whole.lines,
            "unpriced": whole.unpriced, "net": whole.net, "net_after": whole.net_after,
            "margin": whole.margin, "margin_after": whole.margin_after,
            "volume_to_lose": lost.value, "reason": lost.reason,
            "segments": [_part(one) for one in found.segments],
            "categories": [_part(one) for one in found.categories],
        }
    )  # fmt: skip
    if chosen.out is not None:
        _said(context, write_table(chosen.out, COLUMNS, effect_cells(found)), chosen.out)
    context.console.table(
        ("", _("last year"), _("changed"), _("difference")),
        [(_("sales"), *_amounts(whole.net, whole.net_after, currency)),
         (_("margin"), *_amounts(whole.margin, whole.margin_after, currency))],
    )  # fmt: skip
    if lost.value is not None:
        words = (
            _("The volume may fall by {share} until the margin is what it was.")
            if lost.value >= 0
            else _("The volume must grow by {share} until the margin is what it was.")
        )
        share = lost.value if lost.value >= 0 else -lost.value / (1 - lost.value)
        context.console.say(words.format(share=format_percent(share, 1)))
    context.console.say()
    context.console.table(
        (_("category"), _("last year"), _("changed"), _("difference")),
        [(p.name, *_amounts(p.effect.net, p.effect.net_after, currency))
         for p in found.categories[:12]],
    )  # fmt: skip
    if whole.unpriced:
        words = ngettext(
            "{count} line has no price by the lists and counts as it was.",
            "{count} lines have no price by the lists and count as they were.", whole.unpriced,
        )  # fmt: skip
        context.console.say(words.format(count=format_number(whole.unpriced)))
    return DONE


def _trial(ws: Workspace, chosen: argparse.Namespace) -> Trial:
    from crmdesk.domain.price_change import PriceChange
    from crmdesk.services.queries.price_simulation import Trial

    if (chosen.draft is None) == (chosen.percent is None):
        raise UserError(_("Give --draft CODE or --percent NUMBER."))
    if chosen.draft is not None:
        return Trial(list_id=_id(ws, "price_list", "code", chosen.draft))
    try:
        change = PriceChange(percent_bp=round(chosen.percent * 100))
    except (ValueError, OverflowError):
        raise UserError(_("This percent is not possible.")) from None
    categories = tuple(_id(ws, "category", "code", code) for code in chosen.category)
    return Trial(change=change, segment=chosen.segment, categories=categories)


def _slice(ws: Workspace, chosen: argparse.Namespace) -> Slice:
    from crmdesk.services.queries.price_margins import Slice

    return Slice(
        segment=chosen.segment,
        account_id=None if chosen.account is None else _id(ws, "account", "code", chosen.account),
        product_id=None if chosen.sku is None else _id(ws, "product", "sku", chosen.sku),
    )


def _id(ws: Workspace, table: str, column: str, value: str) -> int:
    from crmdesk.services.queries.price_policy import id_of

    found = id_of(ws, table, column, value)
    if found is None:
        raise NotFound(_("There is nothing with the code {code}.").format(code=value))
    return found


def _part(part: Any) -> dict[str, Any]:
    effect = part.effect
    return {
        "code": part.code, "name": part.name, "lines": effect.lines, "net": effect.net,
        "net_after": effect.net_after, "margin": effect.margin,
        "margin_after": effect.margin_after, "unpriced": effect.unpriced,
    }  # fmt: skip


def _said(context: Context, count: int, path: Path) -> None:
    words = ngettext("{count} row written to {file}.", "{count} rows written to {file}.", count)
    context.console.say(words.format(count=format_number(count), file=path))


def _amounts(before: int, after: int, currency: str) -> tuple[str, str, str]:
    return (
        format_amount(before, currency), format_amount(after, currency),
        format_amount(after - before, currency),
    )  # fmt: skip


def _share(figure: Figure[float]) -> str:
    return "–" if figure.value is None else format_percent(figure.value, 1)
