"""Everything behind the customer card: its history, its SKUs, the figures' rows; and its floor.

The floor of the card is its very statements, sent to the bare driver one after the other: what is
above it is making objects of the answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from crmdesk.services.queries import customer, customer_timeline
from crmdesk.services.queries.call_brief import brief_facts
from crmdesk.services.queries.customer_figures import FigureKey, card_figure
from crmdesk.services.queries.customer_matrix import purchases
from crmdesk.services.queries.customer_timeline import EventGroup
from crmdesk.services.queries.stop_brief import stop_brief
from crmdesk.services.workspace import Workspace
from tests.benchmarks.harness import Bench, Times, duration, repeat

_BOUND_MS = 50


def measure_parts(bench: Bench, ws: Workspace, account: int) -> None:
    """What a card leads to, for one customer."""
    card = customer.customer_card(ws, account)
    _beside_floor(bench, ws, account)
    months = {
        group: repeat(
            lambda group=group: customer_timeline.timeline_months(ws, account, group), runs=5
        )
        for group in EventGroup
    }
    _slowest(bench, "months of the history, slowest filter", months)
    newest = card.timeline.months[0][0]
    times = repeat(lambda: customer_timeline.timeline_month(ws, account, newest), runs=7)
    bench.add_times("newest month of the history", times, at_most_ms=_BOUND_MS)
    times = repeat(lambda: customer_timeline.search_timeline(ws, account, "oli"), runs=3)
    bench.add_times(f"history of {card.timeline.total:,} events searched", times)
    if card.skus.keys:
        times = repeat(lambda: purchases(ws, account, card.skus.keys[0]), runs=5)
        bench.add_times("purchases of a SKU", times, at_most_ms=_BOUND_MS)
    figures = {key: repeat(lambda key=key: card_figure(ws, account, key), runs=3)
               for key in FigureKey}  # fmt: skip
    _slowest(bench, f"rows of a figure, slowest of {len(figures)}", figures)
    bench.add_times(
        "brief of a stop", repeat(lambda: stop_brief(ws, account), runs=5), at_most_ms=_BOUND_MS
    )
    bench.add_times(
        "brief for the doorway", repeat(lambda: brief_facts(ws, account), runs=5),
        at_most_ms=_BOUND_MS,
    )  # fmt: skip


def _slowest(bench: Bench, what: str, found: dict[Any, Times]) -> None:
    name = max(found, key=lambda one: sorted(found[one].cpu)[len(found[one].cpu) // 2])
    bench.add_times(f"{what} ({name})", found[name], at_most_ms=_BOUND_MS)


def _beside_floor(bench: Bench, ws: Workspace, account: int) -> None:
    def card() -> object:
        return customer.customer_card(ws, account)

    whole = repeat(card, runs=11, warm=2)
    statements = statements_of(ws, card)

    def bare() -> None:
        with ws.database.read() as connection:
            cursor = connection.connection.cursor()
            for statement, parameters in statements:
                cursor.execute(statement, parameters).fetchall()

    floor = repeat(bare, runs=11, warm=2)
    value, below = (sorted(times.cpu)[5] for times in (whole, floor))
    bench.add(
        f"card ÷ its {len(statements)} statements by the bare driver, processor time",
        duration(value), floor=duration(below), ratio=value / below,
    )  # fmt: skip


def statements_of(ws: Workspace, work: Callable[[], object]) -> list[tuple[str, Any]]:
    """What a piece of work sends to the driver."""
    found: list[tuple[str, Any]] = []

    def seen(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        found.append((statement, parameters))

    with ws.database.read() as connection:
        engine = connection.engine
    event.listen(engine, "before_cursor_execute", seen)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", seen)
    return found
