"""What the tables know for the reorder forecast besides sales: closures, ranges, counts, wishes.

Owns reading them into the arrays of :mod:`crmdesk.analytics.reorder`; for some accounts or for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection

from crmdesk.analytics.reorder.circumstances import (
    AccountDays,
    Circumstances,
    Delisted,
    PairValues,
    lasting,
)
from crmdesk.analytics.reorder.substitutes import Replacements
from crmdesk.domain.reorder_overrides import ENDS, SETS_ASIDE, OverrideKind
from crmdesk.storage.driver import chosen, rows

_EPOCH = date(1970, 1, 1)
# A closure longer than a year is a mistake of the year.
_LONGEST_CLOSURE = 366
_YEARS_BACK = 6
_LAST = "9999-12-31"


@dataclass(frozen=True, slots=True)
class Assortment:
    """The products that have left the range, and what takes their place.

    ``base_unit`` is that of each of them and of each substitute; ``order`` the place of each of
    them by its uid: one that is the same on every machine.
    """

    delisted: Delisted
    replacements: Replacements
    base_unit: dict[int, str]
    order: dict[int, int]


def assortment_of(connection: Connection) -> Assortment:
    """All delisted products, in one reading.

    A product without a day of delisting is taken as delisted long ago.
    """
    found = rows(
        connection,
        "SELECT p.id, coalesce(p.delisted_on, ''), p.base_unit, s.id, s.base_unit FROM product p"
        " LEFT JOIN product s ON s.uid = p.substitute_uid WHERE p.status = 'delisted'"
        " ORDER BY p.uid",
    )
    gone = sorted((key, _day(day) or 0, by) for key, day, _unit, by, _other in found)
    units = {key: unit for key, _day, unit, _by, _other in found}
    units.update((by, other) for _key, _day, _unit, by, other in found if by is not None)
    return Assortment(
        Delisted(*_columns((row[:2] for row in gone), 2)),
        Replacements(*_columns((row for row in gone if row[2] is not None), 3)),
        units,
        {row[0]: place for place, row in enumerate(found)},
    )


def circumstances_of(
    connection: Connection,
    today: date,
    account_ids: Sequence[int] | None = None,
    *,
    present: date | None = None,
    assortment: Assortment | None = None,
) -> Circumstances:
    """Everything known of these accounts (or all); closed days from six years ago to next year.

    ``present`` is the day the listings are of, where ``today`` is a day before it: they bear no
    date, so that of an earlier day nobody can say what they were. Ids are this store's own.
    ``assortment`` is one that has been read already.
    """
    only, values = chosen("account_id", account_ids)
    goods = assortment or assortment_of(connection)
    overrides = rows(
        connection,
        "SELECT account_id, product_id, coalesce(made_on, ''), coalesce(until, ''),"
        f" base_quantity, kind FROM reorder_override WHERE {only} ORDER BY made_on, uid",
        values,
    )
    shelves = rows(
        connection,
        "SELECT account_id, product_id, NOT listed, par_level FROM account_product"
        f" WHERE (NOT listed OR par_level > 0) AND {only}",
        values,
    )
    listed_on, forever = _number(present or today), lasting(None)
    return Circumstances(
        holidays=_holidays(connection),
        closed=_closed(connection, today, account_ids),
        delisted=goods.delisted,
        substituted=goods.replacements.by_day(_number(today)).sku,
        unlisted=_values(
            [
                *((a, p, listed_on, forever) for a, p, gone, _par in shelves if gone),
                *_overrides(overrides, today, ENDS),
            ]
        ),
        counts=_values(_counts(connection, account_ids)),
        par=_values((a, p, 0, par) for a, p, _gone, par in shelves if par and par > 0),
        put_off=_values(_overrides(overrides, today, SETS_ASIDE - ENDS)),
        wanted=_values(
            (account, product, _day(made) or _number(today), quantity)
            for account, product, made, until, quantity, kind in overrides
            if kind == OverrideKind.QUANTITY
            and quantity
            and (not until or until >= today.isoformat())
        ),
    )


def replacements_of(connection: Connection) -> Replacements:
    """Delisted products with a substitute that is known here."""
    return assortment_of(connection).replacements


def _holidays(connection: Connection) -> Any:
    """Holidays of the company's country, those of a region alone left out."""
    found = rows(
        connection,
        "SELECT DISTINCT date FROM holiday WHERE coalesce(region, '') = ''"
        " AND country = (SELECT country FROM organisation LIMIT 1) ORDER BY date",
    )
    return np.array([_number(date.fromisoformat(row[0])) for row in found], np.int64)


def _closed(connection: Connection, today: date, account_ids: Sequence[int] | None) -> AccountDays:
    only, values = chosen("account_id", account_ids)
    found: list[tuple[int, int]] = []
    closures = rows(
        connection,
        f"SELECT account_id, from_date, to_date, yearly FROM closure WHERE {only}",
        values,
    )
    for account, begin, end, yearly in closures:
        first, last = date.fromisoformat(begin), date.fromisoformat(end)
        length = min((last - first).days, _LONGEST_CLOSURE)
        years = range(today.year - _YEARS_BACK, today.year + 2) if yearly else (first.year,)
        for year in years:
            start = _number(_in_year(first, year))
            found += [(account, day) for day in range(start, start + length + 1)]
    return AccountDays(*_columns(found, 2))


def _in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February
        return date(year, 3, 1) - timedelta(days=1)


def _counts(connection: Connection, account_ids: Sequence[int] | None) -> Iterable[Any]:
    """Newest count last; a visit's own day is the day of the count."""
    only, values = chosen("t.account_id", account_ids)
    found = rows(
        connection,
        "SELECT t.account_id, t.product_id, v.date, t.counted FROM visit_task t"
        " JOIN visit v ON v.id = t.visit_id"
        " WHERE t.product_id IS NOT NULL AND t.counted IS NOT NULL"
        f" AND {only} ORDER BY v.date, t.uid",
        values,
    )
    return [(account, product, _day(day) or 0, units) for account, product, day, units in found]


def _overrides(
    overrides: Sequence[Any], today: date, kinds: Set[OverrideKind]
) -> list[tuple[int, int, int, int]]:
    """Those of some kinds: account, product, the day they were made on, the last day they hold."""
    wanted = {kind.value for kind in kinds}
    return [
        (account, product, _day(made) or _number(today), lasting(_day(until)))
        for account, product, made, until, _quantity, kind in overrides
        if kind in wanted
    ]


def _values(found: Iterable[Any]) -> PairValues:
    return PairValues(*_columns(found, 4))


def _columns(found: Iterable[Any], width: int) -> list[Any]:
    columns = list(zip(*found, strict=True)) or [()] * width
    return [np.array(column, dtype=np.int64) for column in columns]


def _day(text: str) -> int | None:
    return _number(date.fromisoformat(text)) if text else None


def _number(day: date) -> int:
    return (day - _EPOCH).days
