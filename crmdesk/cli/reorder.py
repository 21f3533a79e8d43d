"""``crmdesk reorder``: the forecast as of a day, and how good it has been."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.dates import iso_date, iso_dates
from crmdesk.cli.opening import opened
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _, format_number, ngettext

if TYPE_CHECKING:
    from crmdesk.analytics.reorder.musts import Must
    from crmdesk.cli.context import Context


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    parser = commands.add_parser(
        "reorder", parents=[common], help=_("who needs what again, as of a day")
    )
    parser.add_argument("what", nargs="?", choices=["backtest"], help=_("how good it has been"))
    parser.add_argument("--as-of", type=iso_date, help=_("a date; that day counts"))
    parser.add_argument("--account", help=_("only this customer's code"))
    parser.add_argument("--horizon", type=int, help=_("only what is expected within so many days"))
    parser.add_argument("--cutoffs", type=iso_dates, default=[], help=_("dates, by commas"))
    parser.add_argument("--out", type=Path, help=_(".csv, .csv.zst or .xlsx"))
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, context: Context) -> int:
    if chosen.what == "backtest":
        return _backtest(chosen, context)
    from crmdesk.interchange.writing import write_table
    from crmdesk.services import reorder

    if chosen.horizon is not None and chosen.horizon < 1:
        raise UserError(_("A horizon is at least one day."))
    with opened(context, whole=False) as ws:
        rows = reorder.reorder_rows(
            ws, chosen.as_of or ws.today(), account=chosen.account, horizon=chosen.horizon
        )
        if chosen.out is not None:
            count = write_table(chosen.out, reorder.COLUMNS, rows)
            context.console.document({"rows": count, "file": str(chosen.out)})
            words = ngettext(
                "{count} row written to {file}.", "{count} rows written to {file}.", count
            )
            context.console.say(words.format(count=format_number(count), file=chosen.out))
            return DONE
        found = list(rows)
    context.console.document([dict(zip(reorder.COLUMNS, row, strict=True)) for row in found])
    urgent = sorted(
        (row for row in found if row[2] in ("overdue", "due", "at_risk")), key=lambda r: -r[3]
    )[:30]
    context.console.table(
        (_("customer"), "SKU", _("state"), "p 7", "p 14", _("next"), _("why")),
        [(r[0], r[1], r[2], r[3], r[4], r[6], r[12]) for r in urgent],
    )
    words = ngettext(
        "{count} pair; --out FILE writes it.", "{count} pairs; --out FILE writes them all.",
        len(found),
    )  # fmt: skip
    context.console.say(words.format(count=format_number(len(found))))
    return DONE


def _backtest(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.analytics.reorder.musts import musts
    from crmdesk.services import reorder
    from crmdesk.storage.line_arrays import day_of

    with opened(context, whole=False) as ws:
        report = reorder.backtest(ws, chosen.cutoffs, account=chosen.account)
    methods = {name: asdict(scores) for name, scores in report.methods.items()}
    lines = musts(report)
    context.console.document(
        {
            "methods": methods,
            "musts": [asdict(one) | {"met": one.met} for one in lines],
            "cutoffs": [
                {
                    "cutoff": one.cutoff, "pairs": one.pairs, "scored": one.scored,
                    "methods": {n: asdict(s) for n, s in one.methods.items()},
                    "calibration": one.calibration,
                }
                for one in report.cutoffs
            ],
            "left_out": {str(day): reason.value for day, reason in report.left_out.items()},
        }
    )  # fmt: skip
    if methods:
        days = ", ".join(day_of(one.cutoff).isoformat() for one in report.cutoffs)
        context.console.say(_("Cut-offs: {days}.").format(days=days))
        measures = list(next(iter(methods.values())))
        context.console.table(
            (_("measure"), *methods),
            [(measure, *(scores[measure] for scores in methods.values())) for measure in measures],
        )
        context.console.table(
            (_("measure"), _("value"), _("bound"), "", _("verdict")),
            [(one.measure, one.value, one.bound, one.rule, _verdict(one)) for one in lines],
        )
    else:
        words = _("No past day can be judged: too few days of sales or too few purchases.")
        context.console.say(words)
    return FINDINGS if report.left_out or not methods else DONE


def _verdict(line: Must) -> str:
    if line.met is None:
        return _("cannot be told")
    if line.further:
        return _("further: met") if line.met else _("further: not yet")
    return _("met") if line.met else _("MISSED")
