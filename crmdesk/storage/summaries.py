"""Derived figures kept beside the rows they come from, in the same transaction.

Triggers mark what a change touches in ``dirty``; :func:`maintain` runs before every commit and
brings exactly that up to date. :func:`rebuild` makes everything anew, to the identical result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache

from sqlalchemy import Connection

from crmdesk.domain.clock import Clock
from crmdesk.storage import search_index
from crmdesk.storage.collected import still_owed
from crmdesk.storage.driver import chosen, rows, run
from crmdesk.storage.marking import SEARCHED
from crmdesk.storage.met import somebody_met
from crmdesk.storage.pausing import without_collecting

Progress = Callable[[str], None]
_AS_OF, _REACHED, _WHOLE = "summaries.as_of", "summaries.reached", "summaries.whole"
_SET_FACT = (
    "INSERT INTO profile (key, value) VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)

_MONTHS = (
    "INSERT INTO summary_month (account_id, product_id, month, base_quantity, net_minor,"
    " discount_minor, cost_minor, lines, return_lines)"
    " SELECT s.account_id, l.product_id,"
    " CAST(substr(s.date, 1, 4) || substr(s.date, 6, 2) AS INTEGER) m, sum(l.base_quantity),"
    " sum(l.net_minor), sum(l.discount_minor), sum(coalesce(l.cost_minor, 0)),"
    " count(*), sum(l.base_quantity < 0)"
    " FROM sale s CROSS JOIN sale_line l ON l.parent_id = s.id{where}"
    " GROUP BY s.account_id, l.product_id, m"
)

_ACCOUNTS = """
INSERT INTO summary_account (account_id, order_days, first_on, last_on, net_12m_minor,
  discount_12m_minor, cost_12m_minor, net_prior_12m_minor, cost_prior_12m_minor, overdue, due,
  at_risk, expected_net_minor, expected_margin_minor, open_minor, late_minor, late_since,
  open_tickets, last_visit_on, next_visit_on, as_of)
SELECT a.id, coalesce(d.days, 0), d.first_on, d.last_on, coalesce(m.net, 0),
  coalesce(m.discount, 0), coalesce(m.cost, 0), coalesce(m.net_prior, 0),
  coalesce(m.cost_prior, 0), coalesce(p.overdue, 0), coalesce(p.due, 0), coalesce(p.at_risk, 0),
  coalesce(p.net, 0), coalesce(p.margin, 0), coalesce(i.open, 0), coalesce(i.late, 0),
  i.late_since, coalesce(t.open, 0), v.last_on, n.next_on, :today
FROM account a
LEFT JOIN (SELECT account_id, count(DISTINCT date) days, min(date) first_on, max(date) last_on
  FROM sale WHERE kind = 'sale' AND {only} GROUP BY account_id) d ON d.account_id = a.id
LEFT JOIN (SELECT account_id,
  sum(net_minor) FILTER (WHERE month > :year_ago) net,
  sum(discount_minor) FILTER (WHERE month > :year_ago) discount,
  sum(cost_minor) FILTER (WHERE month > :year_ago) cost,
  sum(net_minor) FILTER (WHERE month <= :year_ago) net_prior,
  sum(cost_minor) FILTER (WHERE month <= :year_ago) cost_prior
  FROM summary_month WHERE month > :two_years_ago AND {only} GROUP BY account_id) m
  ON m.account_id = a.id
LEFT JOIN (SELECT account_id, sum(state = 'overdue') overdue, sum(state = 'due') due,
  sum(state = 'at_risk') at_risk,
  sum(expected_net_minor) FILTER (WHERE state IN ('overdue', 'due')) net,
  sum(expected_margin_minor) FILTER (WHERE state IN ('overdue', 'due')) margin
  FROM summary_pair WHERE {only} GROUP BY account_id) p ON p.account_id = a.id
LEFT JOIN (SELECT account_id, sum(left_minor) open,
  sum(left_minor) FILTER (WHERE due_on < :today) late,
  min(due_on) FILTER (WHERE due_on < :today AND left_minor > 0) late_since
  FROM ({owed}) GROUP BY account_id) i ON i.account_id = a.id
LEFT JOIN (SELECT account_id, count(*) open FROM ticket
  WHERE status IN ('open', 'waiting') AND {only} GROUP BY account_id) t ON t.account_id = a.id
LEFT JOIN (SELECT account_id, max(date) last_on FROM visit
  WHERE mode = 'person' AND ended_at IS NOT NULL AND {met} AND {only} GROUP BY account_id) v
  ON v.account_id = a.id
LEFT JOIN (SELECT account_id, min(date) next_on FROM planned_visit
  WHERE status IN ('planned', 'started') AND date >= :today AND {only} GROUP BY account_id) n
  ON n.account_id = a.id
WHERE {of_account}
"""


def maintain(connection: Connection, clock: Clock) -> None:
    """Bring up to date what this transaction touched; called before its commit.

    Figures are of the day and the model that hold for all of them, so that rows agree with each
    other; another day or model comes with :func:`rebuild` or :mod:`crmdesk.storage.rescoring`.
    """
    marks = rows(connection, "SELECT kind, a, b FROM dirty")
    if not marks:
        return
    run(connection, "DELETE FROM dirty")
    marked: dict[str, set[int]] = {}
    months: dict[int, list[int]] = {}
    for kind, key, month in marks:
        marked.setdefault(kind, set()).add(int(key))
        if month:
            months.setdefault(int(key), []).append(int(month))
    for name in SEARCHED:
        if f"search:{name}" in marked:
            search_index.refresh(connection, name, sorted(marked[f"search:{name}"]))
    if "everybody" in marked and as_of(connection) is not None:
        # Too much for this transaction: a walk over all customers follows.
        set_reached(connection, 0)
    paired = marked.get("sales", set())
    if "product" in marked:
        paired |= _buyers(connection, sorted(marked["product"]))
    accounts = paired | marked.get("account", set())
    if not accounts:
        return
    today = as_of(connection) or clock.today()
    for account in sorted(months):
        _refresh_months(connection, account, months[account])
    if paired:
        refresh_pairs(connection, sorted(paired), today)
    refresh_accounts(connection, sorted(accounts), today)


def _refresh_months(connection: Connection, account_id: int, months: Sequence[int]) -> None:
    """Sums of some months (yyyymm) of an account, anew from its sale lines."""
    for month in sorted(months):
        first, after = month_bounds(month)
        run(
            connection,
            "DELETE FROM summary_month WHERE account_id = ? AND month = ?",
            (account_id, month),
        )
        run(
            connection,
            _MONTHS.format(where=" WHERE s.account_id = ? AND s.date >= ? AND s.date < ?"),
            (account_id, first, after),
        )


def month_bounds(month: int) -> tuple[str, str]:
    """First day of a month (yyyymm), and the first one after it, as dates are kept."""
    year, number = divmod(month, 100)
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    return f"{year:04d}-{number:02d}-01", f"{following[0]:04d}-{following[1]:02d}-01"


def _buyers(connection: Connection, product_ids: Sequence[int]) -> set[int]:
    """Accounts with a forecast for any of the products."""
    only, values = chosen("product_id", product_ids)
    found = rows(connection, f"SELECT DISTINCT account_id FROM summary_pair WHERE {only}", values)
    return {int(row[0]) for row in found}


def refresh_sales(connection: Connection, account_ids: Sequence[int], today: date) -> None:
    """Months and pairs of these accounts, anew from their sale lines."""
    only, values = chosen("account_id", account_ids)
    run(connection, f"DELETE FROM summary_month WHERE {only}", values)
    run(connection, _MONTHS.format(where=f" WHERE s.{only}"), values)
    refresh_pairs(connection, account_ids, today)


def refresh_pairs(connection: Connection, account_ids: Sequence[int], today: date) -> None:
    """Forecasts of these accounts, anew from their sale lines, by the model in use."""
    from crmdesk.storage import forecasts, reorder_models
    from crmdesk.storage.line_arrays import read_lines

    lines = read_lines(connection, account_ids)
    model = reorder_models.in_use(connection) or forecasts.fit_model(connection, lines, today)
    forecasts.write_pairs(connection, lines, model, today, account_ids)


def refresh_accounts(
    connection: Connection, account_ids: Sequence[int] | None, today: date
) -> None:
    """Rows of ``summary_account`` of these accounts, or of all."""
    only, values = chosen("account_id", account_ids)
    run(connection, f"DELETE FROM summary_account WHERE {only}", values)
    run(
        connection,
        _accounts_statement(only),
        {
            "today": today.isoformat(),
            "year_ago": (today.year - 1) * 100 + today.month,
            "two_years_ago": (today.year - 2) * 100 + today.month,
            **values,
        },
    )


@lru_cache(maxsize=4)
def _accounts_statement(only: str) -> str:
    """:data:`_ACCOUNTS` of some accounts, by the few conditions of :func:`chosen`."""
    return _ACCOUNTS.format(
        only=only, of_account=only.replace("account_id", "a.id"),
        owed=still_owed(f"AND {only}"), met=somebody_met(),
    )  # fmt: skip


@without_collecting()
def rebuild(
    connection: Connection, today: date, *, refit: bool = True, progress: Progress | None = None
) -> None:
    """Make every summary and the search index anew, in this transaction.

    ``refit`` takes HQ's newest model, or fits this profile's own where HQ gives none; without it
    the model in use stays. Takes about 8 s for 2 million sale lines.
    """
    from crmdesk.storage import forecasts, reorder_models
    from crmdesk.storage.line_arrays import read_lines

    say = progress or (lambda _what: None)
    say("months")
    connection.exec_driver_sql("DELETE FROM summary_month")
    connection.exec_driver_sql(_MONTHS.format(where=""))
    say("forecast")
    lines = read_lines(connection)
    model = None if refit else reorder_models.in_use(connection)
    if model is None:
        offered = reorder_models.of_hq(connection)
        if offered is not None:
            reorder_models.adopt(connection, offered)
            model = reorder_models.in_use(connection)
    forecasts.write_pairs(
        connection, lines, model or forecasts.fit_model(connection, lines, today), today
    )
    say("accounts")
    refresh_accounts(connection, None, today)
    say("search")
    search_index.rebuild(connection)
    connection.exec_driver_sql("DELETE FROM dirty")
    set_as_of(connection, today)
    set_reached(connection, None)
    set_whole(connection, on=False)


def put_off(connection: Connection) -> None:
    """Leave all of it to the next :func:`rebuild`: of what is there now nothing holds any more."""
    keys = (_AS_OF, _REACHED, _WHOLE)
    connection.exec_driver_sql("DELETE FROM profile WHERE key IN (?, ?, ?)", keys)
    connection.exec_driver_sql("DELETE FROM dirty")


def are_put_off(connection: Connection) -> bool:
    """Sales are here and summaries were never made of all of them, or put off."""
    sold = connection.exec_driver_sql("SELECT max(id) FROM sale").scalar()
    return sold is not None and (as_of(connection) is None or is_whole(connection))


def as_of(connection: Connection) -> date | None:
    """The day of the forecasts: that of the last rebuild or walk; None before the first."""
    found = _fact(connection, _AS_OF)
    return None if found is None else date.fromisoformat(found)


def set_as_of(connection: Connection, day: date) -> None:
    """Whatever is written from now on is as of this day."""
    connection.exec_driver_sql(_SET_FACT, (_AS_OF, day.isoformat()))


def reached(connection: Connection) -> int | None:
    """The account up to which a walk over all has come; None when none is on its way."""
    found = _fact(connection, _REACHED)
    return None if found is None else int(found)


def set_reached(connection: Connection, account_id: int | None) -> None:
    """Note how far a walk has come, or (None) that there is none."""
    if account_id is None:
        connection.exec_driver_sql("DELETE FROM profile WHERE key = ?", (_REACHED,))
    else:
        connection.exec_driver_sql(_SET_FACT, (_REACHED, str(account_id)))


def is_whole(connection: Connection) -> bool:
    """Whether the walk on its way makes everything, months too: after :func:`put_off`."""
    return _fact(connection, _WHOLE) is not None


def set_whole(connection: Connection, *, on: bool) -> None:
    """Note that the walk on its way makes everything, or that none does."""
    if on:
        run(connection, _SET_FACT, (_WHOLE, "1"))
    else:
        run(connection, "DELETE FROM profile WHERE key = ?", (_WHOLE,))


def drop_orphans(connection: Connection) -> None:
    """Delete what was made of customers that are gone: marks of theirs may have been put off."""
    for name in ("summary_month", "summary_pair", "summary_account"):
        run(connection, f"DELETE FROM {name} WHERE account_id NOT IN (SELECT id FROM account)")


def _fact(connection: Connection, key: str) -> str | None:
    found = rows(connection, "SELECT value FROM profile WHERE key = ?", (key,))
    return None if not found or found[0][0] is None else str(found[0][0])
