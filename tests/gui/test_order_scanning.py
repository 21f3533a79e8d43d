"""Scanning into an order, packs sold in steps, weighed goods, and what the sheet warns of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from crmdesk.domain.barcodes import check_digit
from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.order.presenter import OrderPresenter
from crmdesk.gui.views.order.widget import OrderPlace, build
from crmdesk.gui.widgets.items import Tone
from crmdesk.services import orders
from crmdesk.services.document_lines import LineInput
from crmdesk.services.queries.order import OrderLineRow, order_sheet
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.order_stage import FakeView
from tests.gui.stage import on_stage


def put(ws: Workspace, statement: str, *values: object) -> None:
    """HQ's news: written with capture off."""
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(statement, values)


def ask(ws: Workspace, query: str, *values: object) -> list[tuple[Any, ...]]:
    with ws.database.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query, values)]


@pytest.fixture
def order_id(demo: Workspace) -> int:
    """An empty draft."""
    return orders.start_order(demo, 1, suggested=False).order_id


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk, view: FakeView, order_id: int
) -> OrderPresenter:
    made = OrderPresenter(PlaceContext(demo, direct_runner, desk), view)
    made.start()
    made.show(order_id)
    return made


@pytest.fixture
def packs(demo: Workspace) -> list[tuple[int, int, str, int]]:
    """Cases of goods sold by the piece: product, packaging, GTIN, factor."""
    return ask(
        demo,
        "SELECT k.product_id, k.id, k.gtin, k.factor FROM packaging k JOIN product p"
        " ON p.id = k.product_id WHERE k.unit = 'CS' AND k.sellable AND p.status = 'active'"
        " AND p.base_unit = 'EA' AND p.id IN (SELECT product_id FROM price_rule) ORDER BY p.sku",
    )


@pytest.fixture
def weighed(demo: Workspace) -> tuple[int, int | None]:
    """A product sold by weight with one of its packagings."""
    return ask(
        demo,
        "SELECT p.id, min(k.id) FROM product p LEFT JOIN packaging k ON k.product_id = p.id"
        " WHERE lower(p.base_unit) = 'g' AND p.status = 'active' GROUP BY p.id LIMIT 1",
    )[0]


def lines_of(ws: Workspace, order_id: int) -> dict[int, OrderLineRow]:
    return {line.product_id: line for line in order_sheet(ws, order_id).lines}


def test_each_scan_adds_one_pack_and_each_is_taken_back(
    presenter: OrderPresenter,
    demo: Workspace,
    order_id: int,
    packs: list[tuple[int, int, str, int]],
) -> None:
    (one, pack, code, factor), (two, _pack, other, _factor) = packs[0], packs[1]
    for text in (code, f"]E0{code}", other, code.zfill(14)):
        presenter.scan(text)
    found = lines_of(demo, order_id)
    assert (found[one].packs, found[one].packaging_id) == (3, pack)
    assert (found[one].base_quantity, found[two].packs) == (3 * factor, 1)
    for _step in range(4):
        presenter.undo()
    assert lines_of(demo, order_id) == {}


def test_a_scan_that_adds_nothing_says_why(
    presenter: OrderPresenter, demo: Workspace, desk: FakeDesk,
    order_id: int, packs: list[tuple[int, int, str, int]],
) -> None:  # fmt: skip
    product, pack, code, _factor = packs[0]
    (name,) = ask(demo, "SELECT name FROM product WHERE id = ?", product)[0]
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    nobody = "999999999999" + str(check_digit("999999999999"))
    presenter.scan(wrong)
    assert "last digit does not fit" in desk.toasts[-1]
    presenter.scan(nobody)
    assert desk.toasts[-1] == f"No product has the barcode {nobody}."
    put(demo, "UPDATE product SET status = 'delisted' WHERE id = ?", product)
    presenter.scan(code)
    assert desk.toasts[-1] == f"{name} is not sold any more."
    put(demo, "UPDATE product SET status = 'active' WHERE id = ?", product)
    orders.set_line(demo, order_id, LineInput(product, None, 5))
    presenter.show(order_id)
    presenter.scan(code)
    assert "in another pack" in desk.toasts[-1]
    line = lines_of(demo, order_id)[product]
    assert (line.packs, line.packaging_id) == (5, None)
    assert pack is not None
    assert not presenter.can_undo


def test_an_own_code_or_sku_may_be_scanned_too(
    presenter: OrderPresenter,
    demo: Workspace,
    order_id: int,
    packs: list[tuple[int, int, str, int]],
) -> None:
    product, pack, _code, _factor = packs[0]
    (sku,) = ask(demo, "SELECT sku FROM product WHERE id = ?", packs[1][0])[0]
    put(demo, "UPDATE packaging SET gtin = '12345678' WHERE id = ?", pack)
    # Eight digits without a fitting check digit: the company's own number.
    presenter.scan("12345678")
    presenter.scan(sku.lower())
    assert set(lines_of(demo, order_id)) == {product, packs[1][0]}


def test_the_weight_in_a_barcode_is_what_is_sold(
    presenter: OrderPresenter, demo: Workspace, order_id: int, weighed: tuple[int, int]
) -> None:
    product, pack = weighed
    code = "9841234567890" + str(check_digit("9841234567890"))
    put(demo, "UPDATE packaging SET gtin = ? WHERE id = ?", code, pack)
    presenter.scan(f"(01){code}(3103)001235")
    presenter.scan(f"(01){code}(3103)000765")
    line = lines_of(demo, order_id)[product]
    assert (line.packs, line.base_quantity, line.weighed_quantity) == (2, 2_000, 2_000)
    presenter.undo()
    assert lines_of(demo, order_id)[product].base_quantity == 1_235


@pytest.mark.parametrize(
    ("typed", "base", "packs"), [("1,25 kg", 1_250, None), ("3 = 1.235 kg", 1_235, 3)]
)
def test_weighed_goods_take_an_amount(
    presenter: OrderPresenter, demo: Workspace, order_id: int, weighed: tuple[int, int],
    typed: str, base: int, packs: int | None,
) -> None:  # fmt: skip
    product, pack = weighed
    orders.set_line(demo, order_id, LineInput(product, pack, 2))
    presenter.show(order_id)
    presenter.set_packs(product, typed)
    line = lines_of(demo, order_id)[product]
    assert (line.base_quantity, line.packs) == (base, packs or 2)
    per = ask(demo, "SELECT price_per FROM product WHERE id = ?", product)[0][0]
    # Cents, from a price at 1e-4 for so many grams.
    assert abs(line.net_minor * 100 * per - line.net_price_e4 * base) <= 50 * per
    presenter.undo()
    assert lines_of(demo, order_id)[product].weighed_quantity is None


def test_what_is_no_amount_changes_nothing_and_says_so(
    presenter: OrderPresenter, demo: Workspace, desk: FakeDesk, order_id: int,
    weighed: tuple[int, int],
) -> None:  # fmt: skip
    orders.set_line(demo, order_id, LineInput(weighed[0], weighed[1], 2))
    presenter.show(order_id)
    before = lines_of(demo, order_id)
    presenter.set_packs(weighed[0], "2 litres")
    assert "is no amount of" in str(desk.failures[-1])
    assert lines_of(demo, order_id) == before


def test_packs_are_raised_to_what_is_sold_and_it_is_said(
    presenter: OrderPresenter, demo: Workspace, desk: FakeDesk, order_id: int,
    packs: list[tuple[int, int, str, int]],
) -> None:  # fmt: skip
    product, pack, _code, _factor = packs[0]
    put(demo, "UPDATE packaging SET minimum = 2, multiple = 4 WHERE id = ?", pack)
    orders.set_line(demo, order_id, LineInput(product, pack, 1))
    assert lines_of(demo, order_id)[product].packs == 4
    presenter.show(order_id)
    presenter.set_packs(product, "5")
    assert lines_of(demo, order_id)[product].packs == 8
    assert desk.toasts[-1] == "Sold in steps of 4 cases: 8 instead of 5."
    presenter.set_packs(product, "1")
    assert lines_of(demo, order_id)[product].packs == 4
    assert desk.toasts[-1] == "Sold from 2 cases on: 4 instead of 1."


# ------------------------------------------------------------------------------ what is warned


def test_below_cost_free_goods_and_credit_are_shown(
    presenter: OrderPresenter, view: FakeView, demo: Workspace, order_id: int,
    packs: list[tuple[int, int, str, int]],
) -> None:  # fmt: skip
    (one, pack, *_rest), (two, *_more) = packs[0], packs[1]
    (gift,) = ask(demo, "SELECT lower(hex(uid)) FROM product WHERE id = ?", two)[0]
    put(demo, "DELETE FROM promotion")
    put(
        demo, "INSERT INTO promotion (uid, code, name, kind, product_id, buy_quantity,"
        " free_quantity, valid_from, valid_to, rule) VALUES (?, 'G', 'Glass', 'free', ?, 1, 2,"
        " '2020-01-01', '2030-01-01', ?)", b"g" * 16, one, json.dumps({"free_product": gift}),
    )  # fmt: skip
    put(demo, "DELETE FROM account_price")
    put(demo, "DELETE FROM cost_version WHERE product_id = ?", one)
    put(
        demo, "INSERT INTO cost_version (uid, product_id, cost_e4, valid_from)"
        " VALUES (?, ?, 100000000, '2020-01-01')", b"c" * 16, one,
    )  # fmt: skip
    put(demo, "UPDATE account SET credit_limit_minor = 0, credit_mode = 'soft' WHERE id = 1")
    orders.set_line(demo, order_id, LineInput(one, pack, 1))
    presenter.show(order_id)
    assert view.sheet is not None
    assert view.sheet.lines[0].below_cost
    assert "1 line below cost" in [pair.label for pair in view.sheet.worth]
    assert view.sheet.gift is not None
    assert view.sheet.gift.loud.startswith("Free to add: ")
    assert presenter.sheet is not None
    (offered,) = presenter.sheet.gifts
    free = offered.quantity
    assert view.sheet.credit_state.text == "above limit"
    assert view.sheet.credit_state.tone is Tone.WARNING

    put(demo, "UPDATE account SET credit_mode = 'hard' WHERE id = 1")
    presenter.take_gifts()
    sheet = view.sheet
    given = next(line for line in sheet.lines if line.product_id == two)
    assert (given.reason, given.total, given.below_cost) == (f"Glass: {free} free", "0.00", False)
    assert not [pair for pair in sheet.totals if pair.label.startswith("Free to add")]
    assert sheet.credit_state.text == "above limit: blocked"


# ------------------------------------------------------------------------------------ place


@pytest.fixture
def place(
    qtbot: QtBot, demo: Workspace, runner: Runner, desk: FakeDesk, order_id: int,
    packs: list[tuple[int, int, str, int]],
) -> Iterator[OrderPlace]:  # fmt: skip
    orders.set_line(demo, order_id, LineInput(packs[5][0], packs[5][1], 2))
    made = build(PlaceContext(demo, runner, desk))
    window = on_stage(qtbot, made)
    made.presenter.start()
    made.show_target({"order": order_id})
    qtbot.waitUntil(lambda: made.model.rowCount() > 0 and runner.running == 0)
    made.table.setFocus()
    yield made
    made.presenter.close()
    window.close()


def test_a_wedge_types_codes_one_after_the_other_into_the_field(
    qtbot: QtBot, place: OrderPlace, runner: Runner, demo: Workspace, order_id: int,
    packs: list[tuple[int, int, str, int]],
) -> None:  # fmt: skip
    qtbot.keyClick(place.table, Qt.Key.Key_A)
    field = place.finder.field
    assert field.hasFocus()
    # No event is let through between the digits, as from a scanner.
    for code in (packs[0][2], packs[1][2], packs[0][2], packs[0][2]):
        QTest.keyClicks(field, code)
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert field.text() == ""
        assert field.hasFocus()
    qtbot.waitUntil(lambda: runner.running == 0 and place.model.rowCount() >= 3)
    found = lines_of(demo, order_id)
    assert (found[packs[0][0]].packs, found[packs[1][0]].packs) == (3, 1)
    assert field.hasFocus()
    assert place.table.current_key() == packs[0][0]


def test_a_code_scanned_into_a_quantity_is_no_quantity(
    qtbot: QtBot, place: OrderPlace, runner: Runner, demo: Workspace, order_id: int,
    packs: list[tuple[int, int, str, int]], desk: FakeDesk,
) -> None:  # fmt: skip
    before = lines_of(demo, order_id)
    for sign in packs[0][2]:
        target = QApplication.focusWidget()
        assert target is not None
        qtbot.keyClicks(target, sign)
    editor = QApplication.focusWidget()
    assert isinstance(editor, QLineEdit)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: runner.running == 0 and place.model.rowCount() >= 2)
    found = lines_of(demo, order_id)
    assert found.keys() - before.keys() == {packs[0][0]}
    assert found[packs[5][0]].packs == 2
    assert desk.failures == []
