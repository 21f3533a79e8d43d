"""The reorder model from HQ to every laptop: fitted once on everybody's sales, the same for all."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from crmdesk.analytics.reorder import STATES, purchase_days, score
from crmdesk.analytics.reorder.circumstances import NOTHING_KNOWN
from crmdesk.analytics.reorder.model import MODEL_VERSION
from crmdesk.cli.program import Faces, main
from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.errors import Cancelled
from crmdesk.domain.ids import new_uid
from crmdesk.hq.administration import reorder_fit, settings
from crmdesk.hq.database import bulk, forecast_facts, history
from crmdesk.hq.running import fitting
from crmdesk.hq.running.options import ServeOptions
from crmdesk.services.forecasting import bring_up_to_date, forecast_standing
from crmdesk.services.reorder import reason_text
from crmdesk.services.workspace import Workspace, workspace_of
from crmdesk.storage import reorder_facts, reorder_wire
from crmdesk.storage.check import check
from crmdesk.storage.line_arrays import LineArrays
from crmdesk.storage.rows import Batch, line_maker, row_maker
from crmdesk.storage.taken_over import histories_of
from tests.sync import company
from tests.sync.conftest import Headquarters, Laptop

pytestmark = pytest.mark.hq

_ACCOUNTS, _PRODUCTS, _DAYS = 60, 40, 500


def _clock(days: int = 0) -> ZoneClock:
    return ZoneClock(lambda: datetime.now(UTC), ZoneInfo("UTC"), timedelta(days=days))


def _today() -> date:
    return datetime.now(UTC).astimezone(ZoneInfo("Europe/Madrid")).date()


def _many_sales() -> list[Batch]:
    """Sixty customers, two thirds of them in T1: regular, lapsed and new pairs, returns, packs."""
    rng = np.random.default_rng(11)
    product, pack, account = row_maker("product"), row_maker("packaging"), row_maker("account")
    sale, line = row_maker("sale"), line_maker("sale")
    products = [company.uid(20, n) for n in range(_PRODUCTS)]
    packs = [company.uid(21, 2 * n + k) for n in range(_PRODUCTS) for k in range(2)]
    accounts = [company.uid(22, n) for n in range(_ACCOUNTS)]
    documents = []
    for place, uid in enumerate(accounts):
        gaps = rng.gamma(3, rng.uniform(3, 12), 200).astype(int) + 1
        usual = rng.choice(_PRODUCTS, size=rng.integers(4, 16), replace=False)
        for number, ago in enumerate(_DAYS - gaps.cumsum()):
            if ago < 0 or (place % 9 == 0 and ago < 150):
                break
            lines = []
            for p in usual[rng.random(len(usual)) < 0.5]:
                quantity = int(rng.integers(1, 9)) * (-1 if rng.random() < 0.03 else 1)
                chosen = [None, packs[2 * p], packs[2 * p + 1]][int(rng.integers(0, 3))]
                lines.append(line(product=products[p], packaging=chosen, quantity=quantity,
                                  base_quantity=6 * quantity, net_minor=51 * quantity))  # fmt: skip
            day = (_today() - timedelta(days=int(ago))).isoformat()
            documents.append(
                sale(company.uid(23, 1000 * place + number), tuple(lines), account=uid, date=day)
            )
    return [
        Batch("product", [product(p, sku=f"N{n}", name=f"New {n}", tax_rate=company.uid(8, 1))
                          for n, p in enumerate(products)]),
        Batch("packaging", [packaging
                            for n, p in enumerate(products)
                            for packaging in (pack(packs[2 * n], product=p, unit="CS", factor=6),
                                              pack(packs[2 * n + 1], product=p, unit="IN",
                                                   factor=3))]),
        Batch("account", [account(a, code=f"N{n}", name=f"New {n}",
                                  territory=company.T2 if n % 3 == 0 else company.T1)
                          for n, a in enumerate(accounts)]),
        Batch("sale", documents),
    ]  # fmt: skip


@pytest.fixture
def sold(hq: Headquarters) -> Headquarters:
    """The company with a history worth a fit."""
    bulk.load(hq.store, _many_sales())
    return hq


def _workspace(laptop: Laptop, days: int = 0) -> Workspace:
    def source() -> datetime:
        return datetime.now(UTC) + timedelta(days=days)

    return workspace_of(laptop.folder, laptop.database, source)


def _synced(laptop: Laptop) -> dict[tuple[str, str], tuple[Any, ...]]:
    """What the reorder place shows of each pair, after a round and what follows it."""
    laptop.sync()
    ws = _workspace(laptop)
    bring_up_to_date(ws)
    assert check(laptop.database, laptop.folder) == []
    return _figures(laptop)


def _figures(laptop: Laptop) -> dict[tuple[str, str], tuple[Any, ...]]:
    rows = laptop.rows(
        "SELECT lower(hex(a.uid)), lower(hex(p.uid)), s.n, s.first_on, s.last_on, s.last_quantity,"
        " s.last_net_e4, s.interval_days, s.median_gap, s.p_7, s.p_14, s.p_30, s.state, s.due_on,"
        " s.expected_quantity, k.unit, k.factor, s.packs, s.expected_net_minor,"
        " s.expected_margin_minor, s.as_of, json_remove(s.because, '$.instead_of'),"
        " (SELECT sku FROM product WHERE id = json_extract(s.because, '$.instead_of'))"
        " FROM summary_pair s JOIN account a"
        " ON a.id = s.account_id JOIN product p ON p.id = s.product_id"
        " LEFT JOIN packaging k ON k.id = s.packaging_id"
    )
    return {(a, p): rest for a, p, *rest in rows}


def _of_hq(hq: Headquarters, *, told: bool = True) -> dict[tuple[str, str], tuple[Any, ...]]:
    """The same from PostgreSQL's rows and the model that HQ sends: what it is all about."""
    with hq.store.transaction(snapshot=True) as connection:
        lines = history.read_history(connection)
        document = connection.execute("SELECT payload FROM reorder_model").fetchone()[0]  # type: ignore[index]
        with forecast_facts.as_on_a_laptop(connection, lines) as facts:
            known = reorder_facts.circumstances_of(facts, _today()) if told else NOTHING_KNOWN
            nothing = np.zeros(len(lines), dtype=np.int64)
            sold = LineArrays(lines.sales, nothing, nothing)
            sold = histories_of(sold, reorder_facts.assortment_of(facts), _today()).every
    numbers = {uid: number for number, uid in enumerate(lines.products)}
    model = reorder_wire.unpacked(document, numbers)
    today = (_today() - date(1970, 1, 1)).days
    found = score(purchase_days(sold.sales), model, today, known)
    return {
        (lines.accounts[a].hex(), lines.products[s].hex()): (
            int(n), float(p7), float(p14), float(p30), str(STATES[state]),
            (date(1970, 1, 1) + timedelta(days=int(due))).isoformat(), int(quantity),
        )
        for a, s, n, p7, p14, p30, state, due, quantity in zip(
            found.account, found.sku, found.n, found.p7, found.p14, found.p30, found.state,
            found.expected_next_day, found.expected_quantity, strict=True,
        )
    }  # fmt: skip


def _sentence(figures: tuple[Any, ...]) -> str:
    n, _first, last, median, p14 = figures[0], figures[1], figures[2], figures[6], figures[8]
    since = (date.fromisoformat(figures[18]) - date.fromisoformat(last)).days
    return reason_text(n, median, since, p14, f"{figures[15]} {figures[13]}")


def _told(office: Laptop) -> None:
    """Closures, a delisted SKU with its substitute, one not listed, a par level and its count."""
    today, user = _today(), "(SELECT id FROM app_user WHERE code = 'O1')"
    some = "(SELECT id FROM account WHERE code = ?)"
    for code, ago in (("N1", 20), ("N2", 3), ("N4", -4)):
        office.run(
            f"INSERT INTO closure (uid, account_id, user_id, from_date, to_date) SELECT ?, {some},"
            f" {user}, ?, ?", new_uid(), code, (today - timedelta(days=ago)).isoformat(),
            (today - timedelta(days=ago - 9)).isoformat(),
        )  # fmt: skip
    office.run(
        "INSERT INTO holiday (uid, date, name, country) SELECT ?, ?, 'Feast', country"
        " FROM organisation", new_uid(), (today + timedelta(days=2)).isoformat(),
    )  # fmt: skip
    office.run(
        "UPDATE product SET status = 'delisted', delisted_on = ?, substitute_uid ="
        " (SELECT uid FROM product WHERE sku = 'N2') WHERE sku IN ('N1', 'N3')",
        (today - timedelta(days=40)).isoformat(),
    )
    pairs = office.rows(
        "SELECT s.account_id, s.product_id FROM summary_pair s JOIN account a ON a.id ="
        " s.account_id WHERE a.code IN ('N5', 'N7', 'N8', 'N10') AND s.n > 3 ORDER BY 1, 2"
    )
    kinds = ("not_now", "quantity", "delisted", "wrong")
    for place, (account, product) in enumerate(pairs[:12]):
        office.run(
            "INSERT INTO reorder_override (uid, account_id, product_id, user_id, reason, kind,"
            f" base_quantity, until, made_on) SELECT ?, ?, ?, {user}, 'said', ?, 30, ?, ?",
            new_uid(), account, product, kinds[place % 4],
            (today + timedelta(days=5)).isoformat() if place % 2 else None,
            (today - timedelta(days=place)).isoformat(),
        )  # fmt: skip
    for account, product in pairs[12:20]:
        office.run(
            "INSERT INTO account_product (uid, account_id, product_id, listed, par_level)"
            " VALUES (?, ?, ?, ?, ?)", new_uid(), account, product, product % 2, 48,
        )  # fmt: skip


def test_every_figure_is_the_same_on_two_laptops_and_at_hq(sold: Headquarters) -> None:
    rep, office = sold.join("R1"), sold.join("O1")
    alone = _synced(rep)
    _synced(office)
    _told(office)
    assert office.sync().refusals == 0
    assert reorder_fit.fit(sold.store, _clock()) is not None

    few, everything, there = _synced(rep), _synced(office), _of_hq(sold)

    assert 100 < len(few) < len(everything) == len(there)
    assert {pair: everything[pair] for pair in few} == few
    assert {pair: _sentence(everything[pair]) for pair in few} == {
        pair: _sentence(figures) for pair, figures in few.items()
    }
    assert {pair: (f[0], *f[7:13]) for pair, f in everything.items()} == there
    # Who joins now has the model from the first moment.
    assert _figures(sold.join("R1", "new")) == few
    # Alone with its own rows the rep's laptop had said something else.
    assert any(alone[pair][8] != few[pair][8] for pair in alone)
    # And what people have told of customers and SKUs counts.
    untold = _of_hq(sold, told=False)
    assert sum(untold[pair] != there[pair] for pair in untold) > 20
    assert len({figures[10] for figures in everything.values()}) >= 4
    assert {"N1", "N3"} <= {figures[20] for figures in few.values()}
    assert sum(figures[19] is not None for figures in few.values()) > 10


def test_figures_stay_the_same_after_sales_that_each_gets_in_its_own_order(
    sold: Headquarters,
) -> None:
    rep, office = sold.join("R1"), sold.join("O1")
    reorder_fit.fit(sold.store, _clock())
    _synced(rep)
    day, accounts = _today().isoformat(), [company.uid(22, n) for n in (1, 2, 4, 5)]
    for position, account in enumerate(accounts * 2):
        office.run(
            "INSERT INTO sale (uid, account_id, date) SELECT ?, id, ? FROM account WHERE uid = ?",
            new_uid(), day, account,
        )  # fmt: skip
        office.run(
            "INSERT INTO sale_line (parent_id, position, product_id, packaging_id, quantity,"
            " base_quantity, net_minor) SELECT (SELECT max(id) FROM sale), 1, k.product_id, k.id,"
            " ?, ?, ? FROM packaging k WHERE k.uid = ?",
            position + 1, 6 * position + 6, 400 + position,
            company.uid(21, 2 * (position // 2 % 2)),
        )  # fmt: skip
        office.sync()
        if position == 3:
            rep.sync()

    few, everything, there = _synced(rep), _synced(office), _of_hq(sold)

    assert {pair: everything[pair] for pair in few} == few
    assert {pair: (f[0], *f[7:13]) for pair, f in everything.items()} == there


def test_a_new_model_is_followed_in_the_background_and_not_before(sold: Headquarters) -> None:
    """What is sold meanwhile is scored by the model of all the others; a cut walk goes on."""
    rep = sold.join("R1")
    before = _synced(rep)
    reorder_fit.fit(sold.store, _clock())
    rep.sync()
    ws = _workspace(rep)
    assert _figures(rep) == before
    assert forecast_standing(ws).stale
    assert not forecast_standing(ws).by_hq
    assert check(rep.database, rep.folder) == []

    steps = 0

    def cut() -> bool:
        nonlocal steps
        steps += 1
        return steps > 3

    with pytest.raises(Cancelled):
        bring_up_to_date(ws, cancelled=cut)
    half = forecast_standing(ws)
    assert half.stale and half.by_hq and 0 < half.done < half.accounts
    assert check(rep.database, rep.folder) == []

    assert bring_up_to_date(ws)
    assert not forecast_standing(ws).stale
    assert not bring_up_to_date(ws)
    assert check(rep.database, rep.folder) == []
    after = _figures(rep)
    assert before.keys() == after.keys() and before != after


def test_the_model_is_one_row_and_small(sold: Headquarters) -> None:
    first = reorder_fit.fit(sold.store, _clock())
    second = reorder_fit.fit(sold.store, _clock())
    assert first is not None and second is not None
    assert (first.version, second.version) == (1, 2)
    assert sold.one("SELECT count(*) FROM reorder_model WHERE NOT deleted") == 1
    assert sold.one("SELECT length(payload::text) FROM reorder_model") < 256 * 1024
    assert sold.one("SELECT count(*) FROM audit WHERE action = 'reorder-fit'") == 2


def test_a_model_of_an_older_program_stays_for_those_who_have_it_and_goes_in_time(
    sold: Headquarters,
) -> None:
    office = sold.join("O1")
    old = {"format": 0, "model": {"version": 0}}
    office.run(
        "INSERT INTO reorder_model (uid, as_of, version, payload) VALUES (?, ?, 7, ?)",
        new_uid(), _today().isoformat(), json.dumps(old),
    )  # fmt: skip
    assert office.sync().refusals == 0
    report = reorder_fit.fit(sold.store, _clock())
    assert report is not None
    assert (report.version, report.retired) == (8, 0)
    # A laptop takes the newest that it can read.
    assert len(_synced(office)) > 100
    assert forecast_standing(_workspace(office)).by_hq
    later = reorder_fit.fit(sold.store, _clock(days=31))
    assert later is not None
    assert (later.version, later.retired) == (9, 1)


def test_it_is_fitted_again_when_enough_is_new(sold: Headquarters) -> None:
    assert reorder_fit.is_due(sold.store, _clock())
    report = reorder_fit.fit(sold.store, _clock(), only_when_due=True)
    assert report is not None and report.lines > 5_000
    assert not reorder_fit.is_due(sold.store, _clock())
    assert reorder_fit.fit(sold.store, _clock(), only_when_due=True) is None
    assert not reorder_fit.is_due(sold.store, _clock(days=6))
    assert reorder_fit.is_due(sold.store, _clock(days=7))
    settings.change(sold.store, "reorder-refit-days", "3", now_ms=sold.now_ms())
    assert reorder_fit.is_due(sold.store, _clock(days=3))
    settings.change(sold.store, "reorder-refit-days", "300", now_ms=sold.now_ms())
    with sold.store.transaction() as connection:
        connection.execute(
            "INSERT INTO sale_line SELECT account_id, parent_uid, position + 1000, product_id,"
            " packaging_id, quantity, factor, base_quantity, net_minor, discount_minor, cost_minor"
            " FROM sale_line LIMIT %s",
            (report.lines // 40,),
        )
    assert reorder_fit.is_due(sold.store, _clock(days=3))


def test_of_two_servers_one_fits(sold: Headquarters, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one comes while the first reads, and goes away again."""
    reading, go_on = threading.Event(), threading.Event()
    read = history.read_history
    found: list[object] = []

    def slow(connection: Any) -> Any:
        reading.set()
        assert go_on.wait(20)
        return read(connection)

    monkeypatch.setattr(history, "read_history", slow)
    first = threading.Thread(target=lambda: found.append(reorder_fit.fit(sold.store, _clock())))
    first.start()
    assert reading.wait(20)
    assert reorder_fit.fit(sold.store, _clock()) is None
    go_on.set()
    first.join(60)
    assert found[0] is not None
    assert sold.one("SELECT count(*) FROM reorder_model") == 1


def test_without_sales_there_is_nothing_to_fit(hq: Headquarters) -> None:
    with hq.store.transaction() as connection:
        connection.execute("DELETE FROM sale_line")
    assert not reorder_fit.is_due(hq.store, _clock())
    assert reorder_fit.fit(hq.store, _clock()) is None


def test_a_damaged_model_stops_nobody(sold: Headquarters) -> None:
    """A row that only looks like a model: the laptop goes on with its own."""
    office, rep = sold.join("O1"), sold.join("R1")
    before = _synced(rep)
    plain = {"version": MODEL_VERSION}
    bad = {"format": reorder_wire.FORMAT, "model": plain, "columns": [], "skus": "?"}
    office.run(
        "INSERT INTO reorder_model (uid, as_of, version, payload) VALUES (?, ?, 9, ?)",
        new_uid(), _today().isoformat(), json.dumps(bad),
    )  # fmt: skip
    office.sync()
    assert _synced(rep) == before
    assert not forecast_standing(_workspace(rep)).by_hq


def test_an_administrator_fits_by_hand(
    sold: Headquarters, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "hq"
    folder.mkdir()
    (folder / "hq.json").write_text(json.dumps({"database": sold.database_url}))
    faces = Faces(_no_face, _no_face, _no_face)

    def fit(*more: str) -> Any:
        words = ["hq", "fit-reorder", *more, "--folder", str(folder), "--json"]
        assert main(words, faces, lambda: datetime.now(UTC)) == 0
        return json.loads(capsys.readouterr().out)

    assert fit()["version"] == 1
    assert fit("--if-due") is None
    assert fit()["version"] == 2


def _no_face(*_arguments: object) -> int:
    raise AssertionError("no window in this test")


def test_a_server_fits_by_itself_in_a_process_of_its_own(sold: Headquarters) -> None:
    options = ServeOptions(log_level="error")
    fitting.when_due(sold.store, _clock(), sold.database_url, options, threading.Event())
    assert sold.one("SELECT version FROM reorder_model") == 1
    # Nothing is new: no process is started, and nothing is written.
    fitting.when_due(sold.store, _clock(), sold.database_url, options, threading.Event())
    assert sold.one("SELECT version FROM reorder_model") == 1


def test_a_fit_ends_with_its_server(sold: Headquarters) -> None:
    over = threading.Event()
    over.set()
    began = time.monotonic()
    options = ServeOptions(log_level="error")
    fitting.when_due(sold.store, _clock(), sold.database_url, options, over)
    assert time.monotonic() - began < 8
    assert reorder_fit.fit(sold.store, _clock()) is not None
