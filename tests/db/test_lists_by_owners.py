"""Conditions on the rows a list leads to (customer, rep, reason), with rows that lead nowhere."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from crmdesk.domain.ids import new_uid
from crmdesk.services.queries.lists import reading
from crmdesk.services.queries.lists.conditions import (
    BARE,
    OPS,
    Condition,
    ListQuery,
    Op,
    condition_sql,
)
from crmdesk.services.queries.lists.links import link_of, links_of
from crmdesk.services.queries.lists.registry import all_lists, list_named
from crmdesk.services.queries.lists.spec import Kind, ListColumn, ListSpec
from crmdesk.services.workspace import Workspace
from tests.db.list_reference import everything, holds, places_of, values_of, walk_little


def _lead_nowhere(ws: Workspace, spec: ListSpec) -> None:
    """Every third row without each owner it can be without, and owners that have no values."""
    with ws.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        name = spec.id.table.name
        for link in links_of(spec):
            if link.via.nullable and link.via is not spec.id:
                run(f"UPDATE {name} SET {link.via.name} = NULL WHERE id % 3 = 1")
        run("UPDATE account SET city = NULL WHERE id % 5 = 2")
        run("UPDATE account SET city = '' WHERE id % 5 = 3")
        run("DELETE FROM summary_account WHERE account_id % 7 = 1")


@pytest.mark.parametrize("key", [key for key in all_lists() if links_of(list_named(key))])
@pytest.mark.parametrize("short", [0, 50_000])
def test_conditions_on_owners_are_right_where_there_is_none(
    ws: Workspace, key: str, short: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked of the owners, of few of them, or of each row: no row is lost and none comes twice."""
    walk_little(monkeypatch, 16, short)
    spec, draw = list_named(key), Random(f"{key} {short}")
    _lead_nowhere(ws, spec)
    every = list(places_of(ws, spec, spec.columns[0]))
    rows = list(reading.rows_of(ws, spec, every).values())
    linked = [one for one in spec.columns
              if link_of(spec, condition_sql(one, Condition(one.key, OPS[one.kind][0], _any(one)),
                                             ws.today()))]  # fmt: skip
    assert linked
    for column in linked:
        for op in OPS[column.kind]:
            if op in (Op.PAST, Op.NOT_PAST, Op.AHEAD):
                values: list[Any] = [0, 40]
            else:
                values = [None] if op in BARE else [*values_of(column, rows), _any(column)]
            for value in values:
                condition = Condition(column.key, op, value)
                other = draw.choice(spec.columns)
                filled = Condition(other.key, Op.FILLED)
                twice = (condition, filled) if Op.FILLED in OPS[other.kind] else (condition,)
                found = everything(ws, spec, ListQuery(conditions=twice))
                wanted = {
                    row.id for row in rows
                    if holds(column, condition, row.values[column.key], ws.today())
                    and (len(twice) == 1 or row.values[other.key] not in (None, ""))
                }  # fmt: skip
                assert len(found) == len(set(found)), twice
                assert set(found) == wanted, twice


def _any(column: ListColumn) -> Any:
    """Some value that may be asked of a column, and that no row has."""
    number, day = column.kind in (Kind.MONEY, Kind.NUMBER), column.kind is Kind.DAY
    return -7_654_321 if number else "2001-02-03" if day else "qzxq"


@pytest.mark.parametrize("today", [date(2026, 12, 29), date(2027, 2, 26), date(2028, 2, 26)])
@pytest.mark.parametrize("days", [0, 2, 7, 45, 364, 400])
def test_a_birthday_comes_again_every_year(ws: Workspace, today: date, days: int) -> None:
    """Over new year, on 29 February and all the year round, however long ago somebody was born."""
    spec = list_named("contacts")
    column = spec.column("birthday")
    born = [date(1980, 1, 1) + timedelta(n) for n in range(366)]
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("UPDATE contact SET birthday = NULL")
        for day in born:
            tx.connection.exec_driver_sql(
                "INSERT INTO contact (uid, account_id, name, birthday) VALUES (?, 1, 'Ana', ?)",
                (new_uid(), day.isoformat()),
            )
    for op in (Op.PAST, Op.AHEAD, Op.NOT_PAST):
        condition = Condition("birthday", op, days)
        with ws.database.read() as connection:
            asked = select(column.stored, condition_sql(column, condition, today))
            rows = connection.execute(asked.select_from(spec.source)).all()
        assert len(rows) >= len(born)
        for value, found in rows:
            assert bool(found) == holds(column, condition, value, today), (value, op)
