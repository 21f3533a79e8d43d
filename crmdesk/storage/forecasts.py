"""The forecast rows of ``summary_pair``: lines read into arrays, scored, written back.

Owns the way between the tables and :mod:`crmdesk.analytics.reorder`; imported on first use
because numpy costs start-up time. The same code serves one account after a sale and everything
after a load, so both give the identical rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from crmdesk.analytics.reorder import ReorderModel, fit, purchase_days, score
from crmdesk.storage import reorder_models
from crmdesk.storage.driver import chosen, run
from crmdesk.storage.indexes import indexes_built_afterwards
from crmdesk.storage.line_arrays import LineArrays, day_number, read_lines
from crmdesk.storage.pair_rows import PairColumns, pair_columns
from crmdesk.storage.reorder_facts import assortment_of, circumstances_of
from crmdesk.storage.taken_over import histories_of

_INSERT = (
    "INSERT INTO summary_pair (account_id, product_id, n, first_on, last_on, last_quantity,"
    " last_net_e4, interval_days, median_gap, p_7, p_14, p_30, state, due_on, expected_quantity,"
    " packaging_id, packs, expected_net_minor, expected_margin_minor, as_of, because)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)


def fitted(connection: Connection, today: date) -> tuple[reorder_models.Offered, int] | None:
    """A model fitted on all lines here, and their number; None without lines. Writes nothing."""
    lines = read_lines(connection)
    if len(lines.net_minor) == 0:
        return None
    model = _fit(connection, lines, today)
    return reorder_models.fitted_here(connection, model), len(lines.net_minor)


def fit_model(connection: Connection, lines: LineArrays, today: date) -> ReorderModel:
    """Fit on the lines given, keep the model in this profile and use it from now on."""
    model = _fit(connection, lines, today)
    offered = reorder_models.fitted_here(connection, model)
    reorder_models.adopt(connection, offered, lines=len(lines.net_minor), day=today)
    return reorder_models.in_use(connection) or model


def _fit(connection: Connection, lines: LineArrays, today: date) -> ReorderModel:
    """A model of all that is known here; what substitutes take over is no sale of its own."""
    told = circumstances_of(connection, today, present=_present(connection, today))
    return fit(purchase_days(lines.sales), day_number(today), told)


def write_pairs(
    connection: Connection,
    lines: LineArrays,
    model: ReorderModel,
    today: date,
    account_ids: Sequence[int] | None = None,
) -> None:
    """Replace the rows of ``summary_pair`` of these accounts (or all) by a new forecast."""
    columns = _scored(connection, lines, model, today, account_ids)
    if account_ids is None:
        with indexes_built_afterwards(connection, "summary_pair"):
            connection.exec_driver_sql("DELETE FROM summary_pair")
            _insert(connection, columns)
    else:
        only, values = chosen("account_id", account_ids)
        run(connection, f"DELETE FROM summary_pair WHERE {only}", values)
        _insert(connection, columns)


def _insert(connection: Connection, columns: PairColumns) -> None:
    cursor = connection.connection.cursor()
    cursor.executemany(_INSERT, list(zip(*columns, strict=True)))
    cursor.close()


def columns_as_of(
    connection: Connection, as_of: date, account_id: int | None = None
) -> PairColumns:
    """The forecast as it would have been on a day: fitted and scored on what was known then."""
    lines = read_lines(connection)
    lines = lines.kept(lines.sales.day <= day_number(as_of))
    if len(lines.net_minor) == 0:
        return PairColumns()
    model = _fit(connection, lines, as_of)
    present = _present(connection, as_of)
    if account_id is None:
        return _scored(connection, lines, model, as_of, None, present)
    lines = lines.kept(lines.sales.account == account_id)
    return _scored(connection, lines, model, as_of, [account_id], present)


def _scored(
    connection: Connection,
    lines: LineArrays,
    model: ReorderModel,
    today: date,
    account_ids: Sequence[int] | None,
    present: date | None = None,
) -> PairColumns:
    """The rows of a forecast from the lines of these accounts (or all)."""
    assortment = assortment_of(connection)
    histories = histories_of(lines, assortment, today)
    told = circumstances_of(connection, today, account_ids, present=present, assortment=assortment)
    found = score(purchase_days(histories.every.sales), model, day_number(today), told)
    return pair_columns(connection, found, histories, today, account_ids)


def _present(connection: Connection, day: date) -> date:
    """The day of the summaries, or a later one that is asked for."""
    query = "SELECT value FROM profile WHERE key = 'summaries.as_of'"
    kept = connection.exec_driver_sql(query).scalar()
    return day if kept is None else max(day, date.fromisoformat(str(kept)))
