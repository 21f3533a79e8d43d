"""What the order sheet reads, and which quantities are unusual."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.errors import NotFound
from crmdesk.domain.order_guards import UsualRow, unusual_quantity
from crmdesk.gui.packs import pack_of, pack_text
from crmdesk.services import orders
from crmdesk.services.queries.customers import (
    CustomerFilter,
    CustomerNeed,
    CustomerSort,
    customer_keys,
)
from crmdesk.services.queries.order import find_products, order_sheet
from crmdesk.services.workspace import Workspace

USUAL = UsualRow(quantity=36, unit="CS", factor=12, packs=3, most=48, gap_days=21.0, times=16)


@pytest.fixture
def order_id(demo: Workspace) -> int:
    """A draft with suggestions for the customer that needs most."""
    account = customer_keys(
        demo, CustomerFilter(need=CustomerNeed.OVERDUE), CustomerSort.NEEDS, descending=True
    )[0]
    return orders.start_order(demo, account).order_id


def test_totals_are_the_sums_of_the_lines(demo: Workspace, order_id: int) -> None:
    sheet = order_sheet(demo, order_id)
    assert sheet.lines
    assert sheet.net_minor == sum(line.net_minor for line in sheet.lines)
    assert sheet.total_minor == sheet.net_minor + sum(tax.tax_minor for tax in sheet.taxes)
    assert sum(tax.on_minor for tax in sheet.taxes) == sheet.net_minor
    assert sheet.is_draft


def test_what_else_to_ask_is_not_on_the_order(demo: Workspace, order_id: int) -> None:
    line = order_sheet(demo, order_id).lines[0]
    orders.remove_line(demo, order_id, line.product_id)
    sheet = order_sheet(demo, order_id)
    asked = [row.product_id for row in sheet.also_ask]
    assert line.product_id in asked
    assert not set(asked) & {other.product_id for other in sheet.lines}


def test_products_are_found_by_name_number_and_barcode(demo: Workspace, order_id: int) -> None:
    sheet = order_sheet(demo, order_id)
    with demo.database.read() as connection:
        product, name, sku, gtin = connection.exec_driver_sql(
            "SELECT p.id, p.name, p.sku, k.gtin FROM product p JOIN packaging k"
            " ON k.product_id = p.id WHERE p.status = 'active' AND k.gtin IS NOT NULL LIMIT 1"
        ).one()
    for typed in (name, sku, gtin):
        found = find_products(demo, sheet.account_id, typed)
        assert product in [one.product_id for one in found], typed
    assert find_products(demo, sheet.account_id, "zzzzzz") == ()


def test_an_order_that_is_gone_is_not_found(demo: Workspace) -> None:
    with pytest.raises(NotFound):
        order_sheet(demo, 10**6)


# ------------------------------------------------------------------------------ unusual


def test_far_more_than_usual_and_than_ever_is_unusual() -> None:
    found = unusual_quantity(12, "CS", 12, USUAL)
    assert found is not None
    assert (found.code, found.times, found.usual_packs, found.most_packs) == ("too_many", 4, 3, 4)
    assert found.lasts_days == 84


def test_the_usual_number_of_another_pack_is_unusual() -> None:
    found = unusual_quantity(3, "EA", 1, USUAL)
    assert found is not None
    assert (found.code, found.usual_packs, found.usual_unit) == ("other_unit", 3, "CS")


@pytest.mark.parametrize("packs", [1, 3, 4, 7])
def test_a_quantity_near_the_usual_is_not(packs: int) -> None:
    assert unusual_quantity(packs, "CS", 12, USUAL) is None


def test_without_a_rhythm_nothing_is_unusual() -> None:
    new = UsualRow(36, "CS", 12, 3, 48, None, 2)
    assert unusual_quantity(500, "CS", 12, new) is None
    assert unusual_quantity(500, "CS", 12, None) is None


@given(st.integers(0, 10_000), st.sampled_from([1, 12, 144]))
def test_what_was_bought_before_in_that_pack_is_never_too_many(packs: int, factor: int) -> None:
    found = unusual_quantity(packs, "CS", factor, USUAL)
    if found is not None and found.code == "too_many":
        assert packs * factor > USUAL.most


def test_packs_in_words() -> None:
    assert pack_text("CS", 3) == "3 cases"
    assert pack_text("CS", 1) == "1 case"
    assert pack_of("CS", 12) == "case of 12"
    assert pack_of("EA", 1) == "unit"
    assert pack_of("XX", 6) == "XX of 6"


def test_delivery_is_after_the_order(demo: Workspace, order_id: int) -> None:
    sheet = order_sheet(demo, order_id)
    assert sheet.delivery_date is not None
    assert sheet.delivery_date - sheet.order_date >= timedelta(days=1)
