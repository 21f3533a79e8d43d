"""What a person waits for: the reads behind the card, the lists and the search, on the big company.

Read through the same functions as the desktop, in this process, with a warm cache.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

from crmdesk.services.queries import (
    customer,
    customers,
    deals,
    notices,
    orders,
    pipeline_figures,
    plan,
    reorder,
    search,
    tickets,
    today,
)
from crmdesk.services.queries.stop_brief import stop_brief
from crmdesk.services.workspace import Workspace
from tests.benchmarks.card_parts import measure_parts
from tests.benchmarks.companies import big_profile, opened
from tests.benchmarks.harness import Bench, mean, p95, repeat, time_each

PAGE = 60
"""Rows a list reads for its first screen; a window of 900 px shows about 25."""


def measure_card(bench: Bench) -> None:
    """The customer card of many customers and of the largest one."""
    with opened(big_profile(bench.work, quick=bench.quick)) as ws:
        every = _customers(ws)
        some = Random(1).sample(every, min(300, len(every)))
        largest = largest_customers(ws, 1)[0]

        def card(key: int) -> Callable[[], object]:
            return lambda: customer.customer_card(ws, key)

        cards = [card(key) for key in some]
        time_each(cards)
        times = time_each(cards)
        bench.add_times(f"card, mean of {len(some)} customers", times, mean, at_most_ms=50)
        bench.add_times("card, 95th percentile", times, p95, at_most_ms=50)
        biggest = repeat(card(largest), runs=15, warm=2)
        lines = _count(ws, largest)
        bench.add_times(f"card of the largest customer ({lines:,} lines)", biggest, at_most_ms=50)
        cold = Random(2).sample(every, min(100, len(every)))
        bench.add_times(
            "card, first time of each, mean", time_each(card(key) for key in cold), mean
        )
        measure_parts(bench, ws, largest)


def largest_customers(ws: Workspace, count: int) -> list[int]:
    """The customers with the most sale lines."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT account_id FROM summary_month GROUP BY account_id"
            " ORDER BY sum(lines) DESC LIMIT ?",
            (count,),
        )
        return [int(row[0]) for row in rows]


def _customers(ws: Workspace) -> list[int]:
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT account_id FROM summary_account WHERE order_days > 0"
        )
        return [int(row[0]) for row in rows]


def _count(ws: Workspace, account_id: int) -> int:
    with ws.database.read() as connection:
        return int(
            connection.exec_driver_sql(
                "SELECT sum(lines) FROM summary_month WHERE account_id = ?", (account_id,)
            ).scalar_one()
        )


def measure_lists(bench: Bench) -> None:
    """Top 200 due, and the first page of every place."""
    with opened(big_profile(bench.work, quick=bench.quick)) as ws:
        _measure_due(bench, ws)
        _measure_reorder(bench, ws)
        _measure_customers(bench, ws)
        _measure_today(bench, ws)
        _measure_search(bench, ws)
        _measure_work(bench, ws)


def top_due(ws: Workspace) -> int:
    """The 200 pairs that come due first, over everything in the profile, with their names."""
    until = (ws.today() + timedelta(days=14)).isoformat()
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT p.account_id, p.product_id, p.due_on, p.p_14, a.name, k.name"
            " FROM summary_pair p JOIN account a ON a.id = p.account_id"
            " JOIN product k ON k.id = p.product_id WHERE p.due_on BETWEEN ? AND ?"
            " ORDER BY p.due_on, p.account_id LIMIT 200",
            (ws.today().isoformat(), until),
        ).all()
    return len(rows)


def _measure_due(bench: Bench, ws: Workspace) -> None:
    times = repeat(lambda: top_due(ws), runs=25, warm=2)
    bench.add_times("top 200 by due date with names, one statement", times, at_most_ms=10)
    wanted = reorder.ReorderFilter()
    keys = [entry.key for entry in reorder.board_entries(ws, wanted)[:200]]
    times = repeat(lambda: reorder.board_rows(ws, keys), runs=7)
    bench.add_times("board rows of 200 pairs (sentence, sparkline, visit)", times)


def _measure_reorder(bench: Bench, ws: Workspace) -> None:
    runs = 5
    wanted = reorder.ReorderFilter()
    entries = reorder.board_entries(ws, wanted)
    keys = [entry.key for entry in entries[:PAGE]]
    bench.add_times(
        "Reorder: counts of all states", repeat(lambda: reorder.board_counts(ws), runs=runs)
    )
    times = repeat(lambda: reorder.board_entries(ws, wanted), runs=runs)
    bench.add_times(f"Reorder: order of all {len(entries):,} rows", times)
    times = repeat(lambda: reorder.board_rows(ws, keys), runs=15)
    bench.add_times(f"Reorder: first {PAGE} rows", times)
    week = reorder.ReorderFilter(route=reorder.Route.WEEK)
    times = repeat(lambda: reorder.board_entries(ws, week), runs=runs)
    bench.add_times("Reorder: order of this week's route", times)


def _measure_customers(bench: Bench, ws: Workspace) -> None:
    wanted = customers.CustomerFilter()
    keys = customers.customer_keys(ws, wanted)
    times = repeat(lambda: customers.customer_keys(ws, wanted), runs=7)
    bench.add_times(f"Customers: order of all {len(keys):,}", times)
    times = repeat(lambda: customers.customer_counts(ws), runs=7)
    bench.add_times("Customers: counts of the chips", times)
    times = repeat(lambda: customers.customer_rows(ws, keys[:PAGE]), runs=15)
    bench.add_times(f"Customers: first {PAGE} rows", times)
    found = customers.CustomerFilter(text="bar")
    times = repeat(lambda: customers.customer_keys(ws, found), runs=7)
    bench.add_times("Customers: narrowed by a text", times)


def _measure_today(bench: Bench, ws: Workspace) -> None:
    route = today.day_route(ws)
    times = repeat(lambda: today.day_route(ws), runs=15, warm=2)
    bench.add_times(f"Today: the route ({len(route.stops)} stops)", times)
    if route.stops:
        account = route.stops[0].account_id
        times = repeat(lambda: stop_brief(ws, account), runs=15, warm=2)
        bench.add_times("Today: the brief of a stop", times)
    monday = plan.monday_of(ws.today())
    bench.add_times("Plan: the week", repeat(lambda: plan.week_plan(ws, monday), runs=15))
    shown = orders.OrderFilter()
    bench.add_times("Orders: order of all", repeat(lambda: orders.order_keys(ws, shown), runs=7))


def _measure_work(bench: Bench, ws: Workspace) -> None:
    """What waits in Tasks, the board of opportunities and its figures, the tickets."""
    times = repeat(lambda: notices.notices(ws), runs=5)
    bench.add_times("Tasks: what waits", times, at_most_ms=50)
    every, named = deals.DealFilter(), deals.DealFilter(text="oli")
    times = repeat(lambda: deals.board(ws, every), runs=5)
    bench.add_times("Pipeline: the board", times, at_most_ms=50)
    times = repeat(lambda: deals.board(ws, named), runs=5)
    bench.add_times("Pipeline: the board narrowed by a text", times, at_most_ms=50)
    bench.add_times("Pipeline: counts", repeat(lambda: deals.deal_counts(ws, every), runs=5))
    for group in deals.DealGroup:
        wanted = deals.DealFilter(group=group)
        times = repeat(lambda wanted=wanted: deals.deal_keys(ws, wanted), runs=3)
        bench.add_times(f"Pipeline: order of a list ({group})", times, at_most_ms=50)
    times = repeat(lambda: pipeline_figures.pipeline_figures(ws), runs=3)
    bench.add_times("Pipeline: all figures", times)
    times = repeat(lambda: pipeline_figures.stage_history(ws), runs=3)
    bench.add_times("Pipeline: chances", times)
    keys = tickets.ticket_keys(ws, tickets.TicketFilter())
    times = repeat(lambda: tickets.ticket_keys(ws, tickets.TicketFilter()), runs=5)
    bench.add_times(f"Service: order of {len(keys):,} tickets", times, at_most_ms=50)
    times = repeat(lambda: tickets.ticket_rows(ws, keys[:PAGE]), runs=5)
    bench.add_times(f"Service: first {PAGE} rows", times, at_most_ms=50)


def _measure_search(bench: Bench, ws: Workspace) -> None:
    with ws.database.read() as connection:
        names = connection.exec_driver_sql(
            "SELECT name FROM contact ORDER BY id LIMIT 4000"
        ).scalars().all()  # fmt: skip
    some = Random(3).sample(list(names), min(60, len(names)))
    words = [name.split()[0] for name in some] + [name.split()[-1][:4] for name in some]
    words += ["gel", "oli", "cafe", "iva", "andorra"]
    words = [word for word in words if len(word) >= 3]
    pieces = [lambda word=word: search.find(ws, word) for word in words]
    time_each(pieces)
    times = time_each(pieces)
    bench.add_times(f"search, mean of {len(words)} texts of 3+ letters", times, mean, at_most_ms=20)
    bench.add_times("search, 95th percentile", times, p95, at_most_ms=20)
    search.warm(ws)
    wrong = [word[:1] + word[2:] for word in words if len(word) > 4]
    texts = [*words, *wrong, "600 12", "34 6", "ldona", "Иванов", "papadopulos"]
    fields = [lambda text=text: search.find_of_each(ws, text) for text in texts]
    time_each(fields)
    times = time_each(fields)
    bench.add_times(f"command field, mean of {len(texts)} texts", times, mean, at_most_ms=20)
    bench.add_times("command field, 95th percentile", times, p95, at_most_ms=20)
    with ws.database.read() as connection:
        indexed = connection.exec_driver_sql("SELECT count(*) FROM search_index").scalar_one()
    bench.add("search entries", f"{indexed:,}")
