"""``crmdesk holidays``: public holidays by country and region, and where a person lives."""

from __future__ import annotations

import argparse
from datetime import date
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE
from crmdesk.cli.opening import opened
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _, format_date, ngettext

if TYPE_CHECKING:
    from crmdesk.cli.context import Context

_YEARS = (1990, 2100)


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "holidays", parents=[common], help=_("public holidays by country and region")
    )
    parser.add_argument("country", nargs="?", help=_("code of the country, such as ES"))
    parser.add_argument("--region", default="", help=_("code of the region, such as AN"))
    parser.add_argument("--years", type=int, nargs="+", help=_("years; this one and the next"))
    parser.add_argument("--person", help=_("code of somebody who lives there"))
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services import holidays

    with opened(context) as ws:
        this = ws.today().year
        years = chosen.years or [this, this + 1]
        if not all(_YEARS[0] <= year <= _YEARS[1] for year in years):
            raise UserError(_("Years are between 1990 and 2100."))
        if chosen.country is None and (chosen.person or chosen.region):
            raise UserError(_("Say which country."))
        added = 0
        if chosen.country is not None:
            changes = holidays.put_holidays(ws, chosen.country, chosen.region, years)
            added = len(changes.touched.get("holiday", ()))
            if chosen.person:
                holidays.set_region(ws, chosen.person, chosen.country, chosen.region)
        first, last = date(min(years), 1, 1), date(max(years), 12, 31)
        rows = [
            row
            for row in holidays.holidays_between(ws, first, last)
            if chosen.country is None or row.country == chosen.country.upper()
        ]
    context.console.document(
        {
            "added": added,
            "holidays": [
                {
                    "date": row.day.isoformat(), "name": row.name, "country": row.country,
                    "region": row.region,
                }
                for row in rows
            ],
        }
    )  # fmt: skip
    for row in rows:
        where = f"{row.country} {row.region}".strip()
        context.console.say(f"{format_date(row.day, year=True, weekday=True)}  {where}  {row.name}")
    text = ngettext("{count} holiday entered.", "{count} holidays entered.", added)
    context.console.say(text.format(count=added))
    return DONE
