"""Public holidays of countries and regions, and where each person lives; entered by the office.

Owns rows of ``holiday`` and the country and region in a person's working week. Names and days come
from the library of the same name. What one does to a day is :mod:`crmdesk.services.rep_days`'.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _
from crmdesk.services.company_policy import require_office
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json


@dataclass(frozen=True, slots=True)
class HolidayRow:
    """One holiday; without a region it is the whole country's."""

    day: date
    name: str
    country: str
    region: str


def put_holidays(ws: Workspace, country: str, region: str, years: Sequence[int]) -> ChangeSet:
    """Enter a country's holidays of these years, and those of a region beside them.

    What is there already stays. Raises FieldError for a country or region that is not known,
    UserError for a rep.
    """
    require_office(ws)
    code, part = country.strip().upper(), region.strip().upper()
    wanted = _known(code, part, years)
    keys = []
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        for day, name, where in wanted:
            there = run(
                "SELECT 1 FROM holiday WHERE country = ? AND coalesce(region, '') = ? AND date = ?",
                (code, where, day.isoformat()),
            ).first()
            if there is None:
                key = run(
                    "INSERT INTO holiday (uid, country, region, date, name)"
                    " VALUES (?, ?, ?, ?, ?) RETURNING id",
                    (new_uid(), code, where or None, day.isoformat(), name),
                ).scalar_one()
                keys.append(int(key))
    if not keys:
        return ChangeSet()
    return ChangeSet.of("holiday", keys, undo=tx.txn)


def _known(country: str, region: str, years: Sequence[int]) -> list[tuple[date, str, str]]:
    import holidays

    try:
        whole = holidays.country_holidays(country, years=years)
    except NotImplementedError:
        raise FieldError(
            "country", _("No holidays are known for {country}.").format(country=country),
            _("Type the code of a country, such as ES."),
        ) from None  # fmt: skip
    found = [(day, name, "") for day, name in sorted(whole.items())]
    if region:
        try:
            local = holidays.country_holidays(country, subdiv=region, years=years)
        except NotImplementedError:
            known = ", ".join(whole.subdivisions) or "–"
            raise FieldError(
                "region", _("No region {region} is known there.").format(region=region),
                _("Regions are: {regions}.").format(regions=known),
            ) from None  # fmt: skip
        found += [(day, name, region) for day, name in sorted(local.items()) if day not in whole]
    return found


def holidays_between(ws: Workspace, first: date, last: date) -> tuple[HolidayRow, ...]:
    """All holidays that are entered for these days, by day."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT date, name, country, coalesce(region, '') FROM holiday"
            " WHERE date BETWEEN ? AND ? ORDER BY date, country, region",
            (first.isoformat(), last.isoformat()),
        )
        return tuple(HolidayRow(date.fromisoformat(row[0]), *row[1:]) for row in rows)


def set_region(ws: Workspace, user_code: str, country: str, region: str) -> ChangeSet:
    """Say in which country and region somebody lives. Raises NotFound, UserError for a rep."""
    require_office(ws)
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        row = run("SELECT id, working_week FROM app_user WHERE code = ?", (user_code,)).first()
        if row is None:
            raise NotFound(_("There is no user {code}.").format(code=user_code))
        stored = json.loads(row[1]) if row[1] else {}
        week = stored if isinstance(stored, dict) else {}
        week |= {"country": country.strip().upper(), "region": region.strip().upper()}
        run("UPDATE app_user SET working_week = ? WHERE id = ?", (dump_json(week), row[0]))
    return ChangeSet.of("user", [int(row[0])], undo=tx.txn)
