"""Forecasts follow the day and the model behind everything else, and end as a rebuild has them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crmdesk.demo.spec import DEMO_TODAY
from crmdesk.domain.errors import Cancelled
from crmdesk.domain.ids import new_uid
from crmdesk.services import forecasting
from crmdesk.services.forecasting import bring_up_to_date, forecast_standing
from crmdesk.services.imports import import_file
from crmdesk.services.workspace import Workspace, workspace_of
from crmdesk.storage import line_arrays, profile, reorder_models, search, summaries
from crmdesk.storage.check import check
from tests.db.conftest import instant

_FIGURES = ("summary_month", "summary_pair", "summary_account")


def _tomorrow(ws: Workspace, days: int = 1) -> Workspace:
    def source() -> datetime:
        return instant() + timedelta(days=days)

    return workspace_of(ws.folder, ws.database, source)


def _figures(ws: Workspace) -> dict[str, set[tuple[Any, ...]]]:
    with ws.database.read() as connection:
        return {
            name: {tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")}
            for name in _FIGURES
        }


def _rebuilt(ws: Workspace) -> dict[str, set[tuple[Any, ...]]]:
    with ws.database.trial() as connection:
        summaries.rebuild(connection, ws.today(), refit=False)
        return {
            name: {tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")}
            for name in _FIGURES
        }


def _sell(ws: Workspace, account: int, *, lines: int = 4) -> None:
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        sale = run(
            "INSERT INTO sale (uid, account_id, date) VALUES (?, ?, ?) RETURNING id",
            (new_uid(), account, ws.today().isoformat()),
        ).scalar_one()
        for position in range(1, lines + 1):
            run(
                "INSERT INTO sale_line (parent_id, position, product_id, quantity, base_quantity,"
                " net_minor) VALUES (?, ?, ?, 3, 3, 750)",
                (sale, position, position),
            )


def _cut_after(calls: int) -> Callable[[], bool]:
    left = [calls]

    def cancelled() -> bool:
        left[0] -= 1
        return left[0] < 0

    return cancelled


def _accounts(ws: Workspace) -> list[int]:
    with ws.database.read() as connection:
        return list(connection.exec_driver_sql("SELECT id FROM account ORDER BY id").scalars())


@pytest.mark.parametrize("documents", [7, 10_000])
def test_all_lines_are_those_of_every_customer(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch, documents: int
) -> None:
    """Of all they come as long texts, many documents at a time; of some customers as rows."""
    monkeypatch.setattr(line_arrays, "_DOCUMENTS_TOLD", documents)
    with ws.database.read() as connection:
        accounts = connection.exec_driver_sql("SELECT id FROM account").scalars().all()
        every, some = (line_arrays.read_lines(connection, which) for which in (None, accounts))
        count = connection.exec_driver_sql("SELECT count(*) FROM sale_line").scalar_one()
    assert len(every.net_minor) == count > 100
    for one, other in zip(_columns(every), _columns(some), strict=True):
        assert (one == other).all()


def _columns(lines: line_arrays.LineArrays) -> list[Any]:
    sales = lines.sales
    return [sales.account, sales.sku, sales.day, sales.quantity, lines.net_minor, lines.packaging]


def test_a_new_day_is_made_customer_by_customer_as_in_one_go(ws: Workspace) -> None:
    before, later = _figures(ws), _tomorrow(ws)
    seen: list[tuple[int, int]] = []

    assert bring_up_to_date(later, lambda done, of: seen.append((done, of)))

    assert _figures(later) == _rebuilt(later) != before
    assert seen[-1] == (len(_accounts(ws)),) * 2
    assert forecast_standing(later) == forecasting.ForecastStanding(
        DEMO_TODAY + timedelta(days=1), by_hq=False, done=len(_accounts(ws)),
        accounts=len(_accounts(ws)), stale=False,
    )  # fmt: skip
    assert not bring_up_to_date(later)


def test_a_walk_that_was_cut_goes_on_where_it_was(ws: Workspace) -> None:
    later = _tomorrow(ws)
    with pytest.raises(Cancelled):
        bring_up_to_date(later, cancelled=_cut_after(2))
    half = forecast_standing(later)
    assert half.stale and 0 < half.done < half.accounts
    assert check(later.database, later.folder) == []
    reopened = profile.open_database(later.folder, later.clock)
    seen: list[int] = []
    try:
        again = workspace_of(later.folder, reopened, lambda: instant() + timedelta(days=1))
        assert bring_up_to_date(again, lambda done, _of: seen.append(done))
        assert _figures(again) == _rebuilt(again)
    finally:
        reopened.dispose()
    assert seen[-1] == half.accounts - half.done


def test_what_is_sold_during_the_walk_is_scored_as_everything_will_be(ws: Workspace) -> None:
    """Before and behind the point that the walk has come to."""
    later, accounts = _tomorrow(ws), _accounts(ws)
    with pytest.raises(Cancelled):
        bring_up_to_date(later, cancelled=_cut_after(2))
    _sell(later, accounts[0])
    _sell(later, accounts[-1])
    assert bring_up_to_date(later)
    assert _figures(later) == _rebuilt(later)


def test_what_a_large_import_has_left_is_made_customer_by_customer(ws: Workspace) -> None:
    """Killed midway, sold meanwhile, gone on with on the next day: as in one go."""
    accounts = _accounts(ws)
    with ws.database.maintenance() as connection:
        run = connection.exec_driver_sql
        run("DELETE FROM summary_pair WHERE account_id % 3 = 0")
        run("UPDATE summary_month SET lines = lines + 1")
        run("INSERT INTO summary_month VALUES (9999, 1, 202610, 1, 1, 0, 0, 1, 0)")
        run("UPDATE account SET name = 'Zzyzx Deli' WHERE id = ?", (accounts[3],))
        summaries.put_off(connection)
    told: list[tuple[int, int]] = []
    with pytest.raises(Cancelled):
        bring_up_to_date(ws, lambda done, of: told.append((done, of)), cancelled=_cut_after(2))
    half = forecast_standing(ws)
    assert told[0] == (0, len(accounts))
    assert half.stale and 0 < half.done < half.accounts
    with ws.database.read() as connection:
        assert summaries.are_put_off(connection)
    _sell(ws, accounts[0])
    _sell(ws, accounts[-1])
    later = _tomorrow(ws)
    assert bring_up_to_date(later)
    assert _figures(later) == _rebuilt(later)
    with ws.database.read() as connection:
        assert not summaries.are_put_off(connection)
        assert [hit.id for hit in search.find(connection, "zzyzx")] == [accounts[3]]
    assert check(later.database, later.folder) == []


def test_a_holiday_is_for_everybody(ws: Workspace) -> None:
    """Too much for the transaction that brings it: a walk follows, and nothing is wrong before."""
    before = _figures(ws)
    day = DEMO_TODAY + timedelta(days=1)
    with ws.database.write() as tx:
        for number in range(9):
            tx.connection.exec_driver_sql(
                "INSERT INTO holiday (uid, date, name, country) SELECT ?, ?, 'Feast', country"
                " FROM organisation",
                (new_uid(), (day + timedelta(days=number)).isoformat()),
            )
    assert _figures(ws) == before
    assert forecast_standing(ws).stale
    assert check(ws.database, ws.folder) == []
    assert bring_up_to_date(ws)
    assert _figures(ws) == _rebuilt(ws) != before

    with ws.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE organisation SET country = 'XX'")
    assert bring_up_to_date(ws)
    assert _figures(ws) == _rebuilt(ws)


def test_a_third_day_begins_the_walk_anew(ws: Workspace) -> None:
    with pytest.raises(Cancelled):
        bring_up_to_date(_tomorrow(ws), cancelled=_cut_after(2))
    later = _tomorrow(ws, 2)
    assert bring_up_to_date(later)
    assert _figures(later) == _rebuilt(later)


def test_whoever_writes_meanwhile_gets_a_turn(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft that is saved during the walk does not wait for its end."""
    monkeypatch.setattr(forecasting, "_SLICE_S", 0.0)
    later, saved = _tomorrow(ws), threading.Event()
    walking = threading.Event()

    def save() -> None:
        assert walking.wait(10)
        with later.database.write() as tx:
            tx.connection.exec_driver_sql("UPDATE account SET segment = 'Z' WHERE id = 1")
        saved.set()

    writer = threading.Thread(target=save)
    writer.start()
    left: list[int] = []

    def progress(done: int, accounts: int) -> None:
        walking.set()
        time.sleep(0.005)
        if saved.is_set():
            left.append(accounts - done)

    assert bring_up_to_date(later, progress)
    writer.join(10)
    assert left and left[0] > 0
    assert _figures(later) == _rebuilt(later)


def _file(path: Path, *, customers: int, orders: int, first: str = "A") -> Path:
    rows = ["account,sku,date,quantity,unit_price,document"]
    for customer in range(customers):
        for order in range(orders):
            day = (DEMO_TODAY - timedelta(days=3 + 9 * order + customer % 5)).isoformat()
            rows += [
                f"{first}{customer},K{sku},{day},{6 + sku},1.5,{first}{customer}-{order}"
                for sku in range(4)
            ]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_alone_a_model_is_fitted_again_when_enough_is_new(alone: Workspace, tmp_path: Path) -> None:
    import_file(alone, "sales", _file(tmp_path / "a.csv", customers=60, orders=12))
    bring_up_to_date(alone)
    first = _stamp(alone)
    assert first is not None and first.startswith("own:")

    # Under 2 % more: the model stays.
    import_file(alone, "sales", _file(tmp_path / "b.csv", customers=1, orders=12, first="B"))
    bring_up_to_date(alone)
    assert _stamp(alone) == first

    import_file(alone, "sales", _file(tmp_path / "c.csv", customers=3, orders=12, first="C"))
    assert forecast_standing(alone).stale
    assert bring_up_to_date(alone)
    assert _stamp(alone) not in (None, first)
    assert _figures(alone) == _rebuilt(alone)

    # And after a week, for the trends of SKUs are those of its last days.
    second = _stamp(alone)
    bring_up_to_date(_tomorrow(alone, 6))
    assert _stamp(alone) == second
    bring_up_to_date(_tomorrow(alone, 7))
    assert _stamp(alone) != second


def test_an_empty_profile_has_nothing_to_renew_twice(alone: Workspace) -> None:
    assert bring_up_to_date(alone)
    assert not bring_up_to_date(alone)
    assert bring_up_to_date(_tomorrow(alone))
    assert not bring_up_to_date(_tomorrow(alone))


def _stamp(ws: Workspace) -> str | None:
    with ws.database.read() as connection:
        return reorder_models.stamp_in_use(connection)


@pytest.mark.parametrize(
    ("lines", "fitted", "days", "worth"),
    [
        (0, 0, 99, False), (1, 0, 0, True), (1019, 1000, 0, False), (1020, 1000, 0, True),
        (980, 1000, 0, True), (1000, 1000, 6, False), (1000, 1000, 7, True),
        # A clock that was set back does not keep a model for ever.
        (1000, 1000, -1, True),
    ],
)  # fmt: skip
def test_enough_is_new(lines: int, fitted: int, days: int, worth: bool) -> None:
    found = reorder_models.worth_a_refit(lines, fitted, days, refit_days=7, refit_percent=2)
    assert found is worth
