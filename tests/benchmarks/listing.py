"""First pages of every list in every order and with every filter it offers, and all totals.

The floor of a first page is reading the very rows it shows, by their ids, with one statement for
each table through the bare driver: what no order and no filter could do without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import func, select

from crmdesk.services.queries.lists import reading
from crmdesk.services.queries.lists.conditions import BARE, DAYS, OPS, Condition, ListQuery, Op
from crmdesk.services.queries.lists.registry import all_lists
from crmdesk.services.queries.lists.spec import Kind, ListColumn, ListSpec
from crmdesk.services.workspace import Workspace
from tests.benchmarks.companies import big_profile, opened
from tests.benchmarks.harness import Bench, Times, milliseconds, repeat

_BOUND_MS, _TOTALS_MS = 50, 300


def measure_listing(bench: Bench) -> None:
    """Each list: as it opens beside its floor, its slowest order, its slowest filter, totals."""
    with opened(big_profile(bench.work, quick=bench.quick)) as ws:
        for spec in all_lists().values():
            _measure_opening(bench, ws, spec)
            _worst(bench, ws, spec, "order", list(_orders(spec)))
            _worst(bench, ws, spec, "filter", list(_filters(ws, spec)))
            times = repeat(lambda spec=spec: reading.totals(ws, spec, ListQuery()), runs=3)
            bench.add_times(f"{spec.key}: totals of all", times, at_most_ms=_TOTALS_MS)
            _measure_whole(bench, ws, spec)


def _measure_opening(bench: Bench, ws: Workspace, spec: ListSpec) -> None:
    page = reading.first_page(ws, spec, ListQuery())
    times = repeat(lambda: reading.first_page(ws, spec, ListQuery()), runs=15, warm=2)
    marks = ", ".join("?" * len(page.keys))
    statement = f"SELECT * FROM {spec.id.table.name} WHERE id IN ({marks})"
    keys = tuple(page.keys)

    def bare() -> object:
        with ws.database.read() as connection:
            cursor = connection.connection.cursor()
            return cursor.execute(statement, keys).fetchall()

    floor = repeat(bare, runs=15, warm=2)
    wall, cpu = times.median, sorted(times.cpu)[len(times.cpu) // 2]
    below = sorted(floor.cpu)[len(floor.cpu) // 2]
    bench.add(
        f"{spec.key}: first page as it opens", f"{milliseconds(wall)}, CPU {milliseconds(cpu)}",
        floor=milliseconds(below), ratio=cpu / below, bound=f"≤ {_BOUND_MS} ms",
        met=_met(wall, cpu, _BOUND_MS),
    )  # fmt: skip


def _orders(spec: ListSpec) -> Iterator[tuple[str, ListQuery]]:
    for column in spec.columns:
        for down in (False, True):
            if column.sortable:
                yield (
                    f"{column.key} {'down' if down else 'up'}",
                    ListQuery(sort=(column.key, down)),
                )


def _filters(ws: Workspace, spec: ListSpec) -> Iterator[tuple[str, ListQuery]]:
    for column in spec.columns:
        values = _values(ws, spec, column)
        for op in OPS[column.kind]:
            asked: list[Any] = [None] if op in BARE else [1, 30, 400] if op in DAYS else values
            for value in asked:
                wanted = str(value)[1:5] if op is Op.CONTAINS else value
                condition = Condition(column.key, op, wanted)
                yield f"{column.key} {op} {wanted}", ListQuery(conditions=(condition,))


def _values(ws: Workspace, spec: ListSpec, column: ListColumn) -> list[Any]:
    """The usual value, the rarest of some rows, and one that no row has."""
    nothing: Any = {Kind.DAY: "2019-01-01", Kind.TEXT: "qzxq", Kind.CHOICE: "qzxq"}.get(
        column.kind, 987_654_321
    )
    with ws.database.read() as connection:
        some = (
            select(column.stored.label("held"))
            .select_from(spec.source)
            .where(spec.id % 37 == 0, column.stored.is_not(None))
            .limit(20_000)
            .subquery()
        )
        often = select(some.c.held).group_by(some.c.held)
        usual = connection.execute(often.order_by(func.count().desc()).limit(1)).scalar()
        rare = connection.execute(often.order_by(func.count()).limit(1)).scalar()
    kept = [one for one in (usual, rare) if one is not None]
    if column.kind in (Kind.MONEY, Kind.NUMBER):
        kept = [int(one) for one in kept]
    return [*dict.fromkeys(kept), nothing]


def _worst(
    bench: Bench, ws: Workspace, spec: ListSpec, what: str, queries: list[tuple[str, ListQuery]]
) -> None:
    found: list[tuple[float, float, str]] = []
    for name, query in queries:
        times = repeat(_page(ws, spec, query), runs=1)
        found.append((times.cpu[0], times.seconds[0], name))
    late = [name for cpu, _wall, name in found if cpu * 1e3 > _BOUND_MS]
    cpu, wall, name = max(found)
    bench.add(
        f"{spec.key}: first page, slowest of {len(found)} by {what} ({name})",
        f"{milliseconds(wall)}, CPU {milliseconds(cpu)}", bound=f"≤ {_BOUND_MS} ms",
        met=_met(wall, cpu, _BOUND_MS),
    )  # fmt: skip
    if late:
        bench.say(f"    late: {', '.join(late)}")


def _page(ws: Workspace, spec: ListSpec, query: ListQuery) -> Callable[[], object]:
    return lambda: reading.first_page(ws, spec, query)


def _measure_whole(bench: Bench, ws: Workspace, spec: ListSpec) -> None:
    """The 10,000 ids that follow the first page."""
    page = reading.first_page(ws, spec, ListQuery())
    after = page.after
    if after is not None:
        times: Times = repeat(
            lambda: reading.following(ws, spec, ListQuery(), after), runs=3
        )  # fmt: skip
        bench.add_times(f"{spec.key}: the next {reading.BLOCK:,} ids", times)


def _met(wall: float, cpu: float, bound_ms: float) -> bool | str:
    return wall * 1e3 <= bound_ms or ("ok by CPU" if cpu * 1e3 <= bound_ms else False)
