"""What the tables know for the reorder forecast besides sales: closures, ranges, counts, wishes.

Owns reading them into the arrays of :mod:`crmdesk.analytics.reorder`; for some accounts or for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
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

_EPOCH = date(1970, 1, 1)
# A closure longer than a year is a mistake of the year.
_LONGEST_CLOSURE = 366
_YEARS_BACK = 6
_LAST = "9999-12-31"


def circumstances_of(
    connection: Connection,
    today: date,
    account_ids: Sequence[int] | None = None,
    *,
    present: date | None = None,
) -> Circumstances:
    """Everything known of these accounts (or all); closed days from six years ago to next year.

    ``present`` is the day the listings are of, where ``today`` is a day before it: they bear no
    date, so that of an earlier day nobody can say what they were. Ids are this store's own. A
    product without a day of delisting is taken as delisted long ago.
    """
    where, only = _only(account_ids)
    overrides = list(
        _read(
            connection,
            "SELECT account_id, product_id, coalesce(made_on, ''), coalesce(until, ''),"
            f" base_quantity, kind FROM reorder_override{where} ORDER BY made_on, uid",
        )
    )
    return Circumstances(
        holidays=_holidays(connection),
        closed=_closed(connection, today, where),
        delisted=Delisted(*_columns(_delisted(connection), 2)),
        substituted=replacements_of(connection).by_day(_number(today)).sku,
        unlisted=_values(
            [
                *_read(
                    connection,
                    f"SELECT account_id, product_id, {_number(present or today)}, {lasting(None)}"
                    f" FROM account_product WHERE NOT listed{only}",
                ),
                *_overrides(overrides, today, ENDS),
            ]
        ),
        counts=_values(_counts(connection, only)),
        par=_values(
            _read(
                connection,
                "SELECT account_id, product_id, 0, par_level FROM account_product"
                f" WHERE par_level > 0{only}",
            )
        ),
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
    rows = _read(
        connection,
        "SELECT p.id, coalesce(p.delisted_on, ''), s.id FROM product p"
        " JOIN product s ON s.uid = p.substitute_uid WHERE p.status = 'delisted' ORDER BY p.id",
    )
    return Replacements(*_columns(((p, _day(day) or 0, s) for p, day, s in rows), 3))


def _read(connection: Connection, query: str) -> list[Any]:
    """By the driver's own cursor: after an order every one of these finds next to nothing."""
    cursor = connection.connection.cursor()
    cursor.execute(query)
    return list(cursor.fetchall())


def _only(account_ids: Sequence[int] | None) -> tuple[str, str]:
    if account_ids is None:
        return "", ""
    chosen = f"account_id IN ({','.join(str(int(key)) for key in account_ids)})"
    return f" WHERE {chosen}", f" AND {chosen}"


def _holidays(connection: Connection) -> Any:
    """Holidays of the company's country, those of a region alone left out."""
    rows = _read(
        connection,
        "SELECT date FROM holiday WHERE coalesce(region, '') = ''"
        " AND country = (SELECT country FROM organisation LIMIT 1)",
    )
    return np.unique(np.array([_number(date.fromisoformat(row[0])) for row in rows], np.int64))


def _closed(connection: Connection, today: date, where: str) -> AccountDays:
    found: list[tuple[int, int]] = []
    rows = _read(connection, f"SELECT account_id, from_date, to_date, yearly FROM closure{where}")
    for account, begin, end, yearly in rows:
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


def _delisted(connection: Connection) -> Iterable[tuple[int, int]]:
    rows = _read(
        connection, "SELECT id, coalesce(delisted_on, '') FROM product WHERE status = 'delisted'"
    )
    return [(key, _day(since) or 0) for key, since in rows]


def _counts(connection: Connection, only: str) -> Iterable[Any]:
    """Newest count last; a visit's own day is the day of the count."""
    rows = _read(
        connection,
        "SELECT t.account_id, t.product_id, v.date, t.counted FROM visit_task t"
        " JOIN visit v ON v.id = t.visit_id"
        " WHERE t.product_id IS NOT NULL AND t.counted IS NOT NULL"
        f"{only.replace('account_id', 't.account_id')} ORDER BY v.date, t.uid",
    )
    return [(account, product, _day(day) or 0, units) for account, product, day, units in rows]


def _overrides(
    rows: Sequence[Any], today: date, kinds: Set[OverrideKind]
) -> list[tuple[int, int, int, int]]:
    """Those of some kinds: account, product, the day they were made on, the last day they hold."""
    wanted = {kind.value for kind in kinds}
    return [
        (account, product, _day(made) or _number(today), lasting(_day(until)))
        for account, product, made, until, _quantity, kind in rows
        if kind in wanted
    ]


def _values(rows: Iterable[Any]) -> PairValues:
    return PairValues(*_columns(rows, 4))


def _columns(rows: Iterable[Any], width: int) -> list[Any]:
    table = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, width)
    return [np.ascontiguousarray(column) for column in table.T]


def _day(text: str) -> int | None:
    return _number(date.fromisoformat(text)) if text else None


def _number(day: date) -> int:
    return (day - _EPOCH).days
