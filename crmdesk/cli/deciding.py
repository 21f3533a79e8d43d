"""``crmdesk conflicts``, ``refusals`` and ``proposals``: what sync left for somebody to decide."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.numbers import row_number
from crmdesk.cli.opening import opened
from crmdesk.i18n import _

if TYPE_CHECKING:
    from crmdesk.cli.context import Context
    from crmdesk.services.queries.sync import NeedRow

_CONFLICTS = ("conflict", "price")


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    steps = _command(commands, common, "conflicts", _("list conflicts"), _list_needs)
    resolve = _step(steps, common, "resolve", _("settle a conflict"), _resolve)
    resolve.add_argument(
        "--keep", required=True, metavar="mine|theirs|VALUE", help=_("what shall stand")
    )
    _step(steps, common, "reopen", _("take back how it was settled"), _reopen)
    steps = _command(commands, common, "refusals", _("list refusals"), _list_needs)
    _step(steps, common, "retry", _("send a refused change again"), _settle_refusal)
    _step(steps, common, "discard", _("leave it as HQ has it"), _settle_refusal)
    _step(steps, common, "reopen", _("take back how it was settled"), _reopen)
    words = _("list what reps propose; the office decides")
    steps = _command(commands, common, "proposals", words, _list_proposals)
    _step(steps, common, "accept", _("take the proposed value over"), _decide)
    dismiss = _step(steps, common, "dismiss", _("leave it as it is and say why"), _decide)
    dismiss.add_argument("--reason", required=True, help=_("what the rep reads"))


def _command(
    commands: Any, common: argparse.ArgumentParser, name: str, words: str, run: Any
) -> Any:
    parser = commands.add_parser(name, parents=[common], help=words)
    parser.set_defaults(run=run, what=name, step="")
    return parser.add_subparsers(dest="step", metavar="STEP")


def _step(
    steps: Any, common: argparse.ArgumentParser, name: str, words: str, run: Any
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = steps.add_parser(name, parents=[common], help=words)
    parser.add_argument("number", type=row_number)
    parser.set_defaults(run=run)
    return parser


def _resolve(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.resolving import resolve_conflict

    with opened(context) as ws:
        resolve_conflict(ws, chosen.number, chosen.keep)
    context.console.document({"resolved": chosen.number, "kept": chosen.keep})
    context.console.say(_("Conflict {number} is settled.").format(number=chosen.number))
    return DONE


def _settle_refusal(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services import resolving

    with opened(context) as ws:
        if chosen.step == "retry":
            resolving.retry_refusal(ws, chosen.number)
        else:
            resolving.discard_refusal(ws, chosen.number)
    context.console.document({"refusal": chosen.number, "step": chosen.step})
    context.console.say(_("Refusal {number} is settled.").format(number=chosen.number))
    return DONE


def _reopen(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.resolving import reopen_number

    kind = "refused" if chosen.what == "refusals" else "conflict"
    with opened(context) as ws:
        reopen_number(ws, kind, chosen.number)
    context.console.document({"reopened": chosen.number, "what": chosen.what})
    context.console.say(_("{number} is open again.").format(number=chosen.number))
    return DONE


def _list_needs(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.queries import sync as queries

    with opened(context) as ws:
        needs = queries.sync_centre(ws).needs
        currency = ws.currency
    kinds = _CONFLICTS if chosen.what == "conflicts" else ("refused",)
    rows = [row for row in needs if row.kind in kinds]
    context.console.document(rows)
    for row in rows:
        _say_need(context, row, currency)
    if not rows:
        context.console.say(_("There are none."))
    return FINDINGS if rows else DONE


def _say_need(context: Context, row: NeedRow, currency: str) -> None:
    from crmdesk.services.field_words import field_word, value_text

    numbers = ",".join(map(str, row.ids))
    context.console.say(f"{numbers}  {row.entity} {row.number} {row.name}: {row.sentence}")
    for one in row.collisions:
        if one.kind == "price":
            sku, mine, theirs = (
                one.base.get("sku", ""),
                value_text(one.field, one.mine, currency),
                value_text(one.field, one.theirs, currency),
            )
            words = _("    {sku}: taken at {mine}, HQ's price is {theirs}; nothing to do")
            context.console.say(words.format(sku=sku, mine=mine, theirs=theirs))
            continue
        context.console.say(
            _("    {field}: before {base}, mine {mine}, theirs {theirs}; kept {kept}").format(
                field=field_word(one.field), kept=one.kept,
                base=value_text(one.field, one.base, currency),
                mine=value_text(one.field, one.mine, currency),
                theirs=value_text(one.field, one.theirs, currency),
            )
        )  # fmt: skip


# --------------------------------------------------------------------------------- proposals


def _list_proposals(_chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.field_words import field_word, value_text
    from crmdesk.services.queries.proposals import proposals

    with opened(context) as ws:
        rows = proposals(ws)
        currency = ws.currency
    context.console.document(rows)
    if not rows:
        context.console.say(_("There are none."))
        return DONE
    heads = (_("number"), _("who"), _("customer"), _("field"), _("now"), _("proposed"), _("when"))
    cells = []
    for row in rows:
        values = [
            value_text(row.field, value, currency)
            if row.kind == "field"
            else ", ".join(value_text("net_price_e4", x["price_e4"], currency) for x in value or [])
            for value in (row.now, row.proposed)
        ]
        what = field_word(row.field) if row.kind == "field" else row.number
        cells.append((row.id, row.by, row.name, what, *values, f"{row.at:%Y-%m-%d %H:%M}"))
    context.console.table(heads, cells)
    return FINDINGS


def _decide(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services import proposals

    with opened(context) as ws:
        if chosen.step == "accept":
            proposals.accept(ws, [chosen.number])
            words = _("Proposal {number} is accepted.")
        else:
            proposals.dismiss(ws, [chosen.number], chosen.reason)
            words = _("Proposal {number} is dismissed.")
    context.console.document({"proposal": chosen.number, "step": chosen.step})
    context.console.say(words.format(number=chosen.number))
    return DONE
