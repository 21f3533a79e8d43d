"""``crmdesk pipeline``: opportunities, leads, where deals break, and how good the forecast was."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE, Console
from crmdesk.cli.opening import opened
from crmdesk.i18n import _, format_money, format_number, format_percent

if TYPE_CHECKING:
    from crmdesk.analytics.figures import Figure
    from crmdesk.cli.context import Context
    from crmdesk.services.queries.pipeline_figures import PipelineFigures
    from crmdesk.services.workspace import Workspace

_WHAT = ("open", "do", "stale", "won", "lost", "all", "leads", "figures")
_DEAL_HEADS = (
    "id", "name", "kind", "customer", "city", "stage", "since", "days", "stale", "amount_minor",
    "opened_on", "expected_close", "next_step", "next_step_on", "closed_on", "reason", "lost_to",
    "person", "shared", "quotes", "chance", "similar",
)  # fmt: skip
_LEAD_HEADS = (
    "id", "company", "name", "city", "phone", "email", "campaign", "source", "status", "points",
    "next_step", "next_step_on", "created_on", "closed_on", "reason", "person", "opportunity_id",
)  # fmt: skip


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    pipeline = commands.add_parser(
        "pipeline", parents=[common],
        help=_("pipeline: opportunities, leads, where deals break, the forecast"),
    )  # fmt: skip
    pipeline.add_argument(
        "what", nargs="?", choices=_WHAT, default="open",
        help=_("do: a next step is due or missing; figures: of a year, with the forecast replayed"),
    )  # fmt: skip
    pipeline.add_argument("--out", type=Path, help=_("write the rows as CSV or XLSX"))
    pipeline.set_defaults(run=_pipeline)


def _pipeline(chosen: argparse.Namespace, context: Context) -> int:
    with opened(context) as ws:
        if chosen.what == "figures":
            _figures(ws, context.console, chosen.out)
        elif chosen.what == "leads":
            _leads(ws, context.console, chosen.out)
        else:
            _deals(ws, context.console, chosen.what, chosen.out)
    return DONE


def _deals(ws: Workspace, console: Console, group: str, out: Path | None) -> None:
    from crmdesk.domain.pipeline import stage_word
    from crmdesk.services.queries.deals import DealFilter, DealGroup, deal_keys, deal_rows
    from crmdesk.services.queries.pipeline_figures import stage_history

    keys = deal_keys(ws, DealFilter(group=DealGroup(group)))
    found, known = deal_rows(ws, keys), stage_history(ws)
    rows = [found[key] for key in keys if key in found]
    documents = []
    for row in rows:
        chance = known.chance(row.stage, row.days).value if row.is_open else None
        documents.append(
            {name: getattr(row, name, None) for name in _DEAL_HEADS}
            | {
                "chance": None if chance is None else round(chance.share, 4),
                "similar": None if chance is None else chance.similar,
            }
        )
    _write(out, _DEAL_HEADS, documents)
    console.document({"opportunities": [_plain_row(one) for one in documents]})
    console.table(
        (_("opportunity"), _("customer"), _("stage"), _("days"), _("amount"), _("next"),
         _("chance")),
        [
            (row.name, row.customer, stage_word(row.stage), f"{row.days}{'!' if row.stale else ''}",
             format_money(row.amount_minor, ws.currency), str(row.next_step_on or "–"),
             "–" if one["chance"] is None else format_percent(one["chance"]))
            for row, one in zip(rows, documents, strict=True)
        ],
    )  # fmt: skip
    if not rows:
        console.say(_("There is no opportunity of this kind."))


def _leads(ws: Workspace, console: Console, out: Path | None) -> None:
    from crmdesk.domain.leads import lead_word
    from crmdesk.services.queries.leads import LeadFilter, LeadGroup, lead_keys, lead_rows

    keys = lead_keys(ws, LeadFilter(group=LeadGroup.ALL))
    found = lead_rows(ws, keys)
    rows = [found[key] for key in keys if key in found]
    documents = [
        {name: getattr(row, name, None) for name in _LEAD_HEADS} | {"points": row.score.points}
        for row in rows
    ]
    _write(out, _LEAD_HEADS, documents)
    console.document({"leads": [_plain_row(one) for one in documents]})
    console.table(
        (_("lead"), _("town"), _("score"), _("state"), _("from"), _("next")),
        [
            (row.title, row.city, row.score.points, lead_word(row.status),
             row.campaign or row.source, str(row.next_step_on or "–"))
            for row in rows
        ],
    )  # fmt: skip
    if not rows:
        console.say(_("There is no lead."))


def _figures(ws: Workspace, console: Console, out: Path | None) -> None:
    from crmdesk.domain.pipeline import stage_word
    from crmdesk.services.queries.pipeline_figures import pipeline_figures

    found = pipeline_figures(ws)
    replays = [
        {
            "day": date.fromordinal(one.day),
            "open_minor": one.forecast.open_minor,
            "expected_minor": one.forecast.expected_minor.value,
            "usual_minor": one.forecast.usual_minor,
            "won_minor": one.actual_minor,
        }
        for one in found.replays
    ]
    heads = ("day", "open_minor", "expected_minor", "usual_minor", "won_minor")
    _write(out, heads, replays)
    console.document(_document(found) | {"replays": [_plain_row(one) for one in replays]})
    console.table(
        (_("stage"), _("were in it"), _("went further"), _("won"), _("median days")),
        [
            (stage_word(flow.stage), len(flow.entered), _rate(flow.on_rate), _rate(flow.won_rate),
             _number(flow.days))
            for flow in found.flows
        ],
    )  # fmt: skip
    console.say()
    console.table(
        (_("broke for"), _("in the stage"), _("how many"), _("worth")),
        [
            (reason or "–", stage_word(stage), len(cell.keys),
             format_money(cell.amount_minor, ws.currency))
            for (stage, reason), cell in sorted(
                found.breaks.cells.items(), key=lambda pair: -len(pair[1].keys)
            )
        ],
    )  # fmt: skip
    console.say()
    said = _(
        "{count} are open, {amount}; {expected} are expected within 90 days, {usual} by usual"
        " weights. Won within a year: {rate}."
    )
    forecast = found.forecast
    console.say(
        said.format(
            count=format_number(len(forecast.open_keys)),
            amount=format_money(forecast.open_minor, ws.currency),
            expected=_money(forecast.expected_minor, ws.currency),
            usual=format_money(forecast.usual_minor, ws.currency),
            rate=_rate(found.win_rate.rate),
        )
    )
    good = found.accuracy
    console.say(
        _("Replayed on {count} past days: off by {ours} (WAPE), by usual weights {usual}.").format(
            count=len(replays), ours=_rate(good.wape), usual=_rate(good.usual_wape)
        )
    )


def _document(found: PipelineFigures) -> dict[str, Any]:
    speed, good = found.velocity, found.accuracy
    return {
        "open": {"count": speed.open_count, "amount_minor": found.forecast.open_minor},
        "forecast": {
            "expected_minor": found.forecast.expected_minor.value,
            "usual_minor": found.forecast.usual_minor,
            "wape": good.wape.value, "bias": good.bias.value,
            "usual_wape": good.usual_wape.value, "usual_bias": good.usual_bias.value,
        },
        "win_rate": {
            "rate": found.win_rate.rate.value, "won": len(found.win_rate.won),
            "lost": len(found.win_rate.lost),
            "people": {
                name: {"rate": one.rate.value, "won": len(one.won), "lost": len(one.lost)}
                for name, one in found.people.items()
            },
        },
        "velocity": {
            "per_day_minor": speed.per_day_minor.value, "cycle_days": speed.cycle_days.value,
        },
        "stages": [
            {"stage": flow.stage.value, "entered": len(flow.entered), "on": len(flow.on),
             "won": len(flow.won), "median_days": flow.days.value}
            for flow in found.flows
        ],
        "breaks": [
            {"stage": stage.value, "reason": reason, "count": len(cell.keys),
             "amount_minor": cell.amount_minor}
            for (stage, reason), cell in sorted(found.breaks.cells.items())
        ],
    }  # fmt: skip


def _write(out: Path | None, heads: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    if out is not None:
        from crmdesk.interchange.writing import write_table

        write_table(out, list(heads), iter([_plain(row[head]) for head in heads] for row in rows))


def _plain_row(row: dict[str, Any]) -> dict[str, Any]:
    return {key: _plain(value) for key, value in row.items()}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float) else str(value)


def _money(figure: Figure[int], currency: str) -> str:
    return "–" if figure.value is None else format_money(figure.value, currency)


def _rate(figure: Figure[float]) -> str:
    return "–" if figure.value is None else format_percent(figure.value)


def _number(figure: Figure[float]) -> str:
    return "–" if figure.value is None else format_number(figure.value)
