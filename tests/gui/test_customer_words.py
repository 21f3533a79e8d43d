"""The customer card in words: opening hours, events, when a SKU is due, the value chart."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from crmdesk.gui.customer_words import address, header_facts, opening_now
from crmdesk.gui.event_words import event_item
from crmdesk.gui.sku_words import next_due
from crmdesk.gui.views.customer.words import (
    waterfall_steps,
)
from crmdesk.gui.widgets.items import Tone
from crmdesk.services.queries.customer import customer_card
from crmdesk.services.queries.customer_matrix import SkuRow
from crmdesk.services.queries.customer_timeline import (
    EventRow,
)
from crmdesk.services.queries.customers import (
    CustomerFilter,
    CustomerSort,
    customer_keys,
)
from crmdesk.services.workspace import Workspace

TODAY = date(2026, 11, 24)


@pytest.fixture
def busiest(demo: Workspace) -> int:
    """The customer that sold most."""
    return customer_keys(demo, CustomerFilter(), CustomerSort.NET, descending=True)[0]


def _at(hour: int, minute: int = 0, day: int = 24) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


SHOP = [[[540, 840], [1050, 1230]]] * 5 + [[[540, 840]], []]


@pytest.mark.parametrize(
    ("now", "is_open", "words"),
    [
        (_at(9, 52), True, "Open now until 14:00"),
        (_at(8), False, "Opens 09:00"),
        (_at(15), False, "Opens 17:30"),
        (_at(22), False, "Closed, opens tomorrow 09:00"),
        (_at(15, day=28), False, "Closed, opens Mon 09:00"),
    ],
)
def test_opening_hours_are_said_for_the_moment(now: datetime, is_open: bool, words: str) -> None:
    opening = opening_now(SHOP, now)
    assert (opening.is_open, opening.text) == (is_open, words)


def test_a_place_that_is_not_exact_is_said_before_the_address(
    demo: Workspace, busiest: int
) -> None:
    card = customer_card(demo, busiest)
    for known in (True, False):
        header = replace(card.header, place_known=known)
        where = header_facts(header, card.value, "EUR", _at(9))[-1]
        assert where.text.startswith("place not exact · ") is not known
        assert where.text.endswith(address(header))


def test_unknown_and_empty_hours_are_said_as_such() -> None:
    assert opening_now(None, _at(9)).text == "Opening hours unknown"
    assert opening_now([[], [], [], [], [], [], []], _at(9)).text == "Closed all week"


@pytest.mark.parametrize(
    ("row", "title", "detail", "value", "tone"),
    [
        (
            EventRow("order", 1, TODAY, "M07-00398", "", "accepted", 24_310, 9_200, 6),
            "Order M07-00398", "6 lines · margin €92", "€243.10", Tone.PLAIN,
        ),
        (
            EventRow("order", 1, TODAY, "M07-00399", "", "rejected", 100, 50, 1),
            "Order M07-00399", "1 line · margin €0 · rejected", "€1.00", Tone.DANGER,
        ),
        (
            EventRow("sale", 1, TODAY, "R1", "", "return", -3_120, None, 1),
            "Return R1", "1 line", "−€31.20", Tone.DANGER,
        ),
        (
            EventRow("visit", 1, TODAY, "person", "Enough stock", "no_order", number=14),
            "Visit, no order", "Enough stock · 14 min", "", Tone.PLAIN,
        ),
        (
            EventRow("visit", 1, TODAY, "call", "", "information", number=4),
            "Call, information", "4 min", "", Tone.PLAIN,
        ),
        (
            EventRow("ticket", 1, TODAY, "T-2291", "4 dented tins", "open"),
            "Ticket T-2291, 4 dented tins", "", "open", Tone.WARNING,
        ),
        (
            EventRow("score", 1, TODAY, "nps", "She calls", "", number=9),
            "Satisfaction 9", "“She calls”", "NPS 9", Tone.GOOD,
        ),
        (
            EventRow("payment", 1, TODAY, "F-26/1043", "", "", 23_175, number=12),
            "Paid F-26/1043", "12 days late", "€231.75", Tone.PLAIN,
        ),
        (
            EventRow("invoice", 1, TODAY, "F-1", "", "open", 21_460, due_on=date(2026, 11, 18)),
            "Invoice F-1, open", "6 days late", "€214.60", Tone.DANGER,
        ),
        (
            EventRow("promise", 1, TODAY, "a sample", "", "promise", due_on=TODAY),
            "Promise: a sample", "Open · for 24 Nov", "", Tone.PLAIN,
        ),
        (
            EventRow("promise", 1, TODAY, "a sample", "", "promise", due_on=date(2026, 11, 2)),
            "Promise: a sample", "Open · for 2 Nov", "late", Tone.DANGER,
        ),
        (
            EventRow("note", 1, TODAY, "Asked for boxes\nfor Christmas"),
            "Asked for boxes", "for Christmas", "", Tone.PLAIN,
        ),
        (EventRow("other", 1, TODAY, "something"), "something", "", "", Tone.PLAIN),
    ],
)  # fmt: skip
def test_events_in_words(row: EventRow, title: str, detail: str, value: str, tone: Tone) -> None:
    item = event_item(row, "EUR", TODAY)
    assert (item.title, item.detail, item.value, item.tone) == (title, detail, value, tone)


def _sku(state: str, **changes: Any) -> SkuRow:
    values: dict[str, Any] = {
        "product_id": 1, "name": "Lejía", "sku": "L2", "units": (0,) * 24, "state": state,
        "times": 12, "gap_days": 21.0, "last_on": date(2026, 10, 27), "due_on": date(2026, 12, 1),
        "p_14": 0.68, "usual_quantity": 36, "packaging_id": 1, "unit": "CS", "factor": 12,
        "packs": 3, "expected_net_minor": 0, "expected_margin_minor": 0, "net_minor": 0,
    }  # fmt: skip
    return SkuRow(**(values | changes))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (_sku("overdue"), ("17 Nov", Tone.DANGER, "warning")),
        (_sku("due"), ("1 Dec", Tone.ACCENT, "")),
        (_sku("due", due_on=date(2026, 11, 20)), ("today", Tone.ACCENT, "")),
        (_sku("at_risk"), ("at risk", Tone.WARNING, "")),
        (_sku("lapsed"), ("lapsed", Tone.MUTED, "")),
        (_sku("fine", due_on=None), ("–", Tone.MUTED, "")),
    ],
)
def test_when_a_sku_is_next_due(row: SkuRow, said: tuple[str, Tone, str]) -> None:
    assert next_due(row, TODAY) == said


def test_the_value_chart_joins_handling_and_leaves_out_what_is_nil(
    demo: Workspace, busiest: int
) -> None:
    waterfall = customer_card(demo, busiest).value.waterfall
    steps = waterfall_steps(waterfall, "EUR")
    assert [steps[0].key, steps[-1].key] == ["revenue", "contribution"]
    assert steps[0].total
    assert steps[-1].total
    assert steps[0].amount_minor + sum(s.amount_minor for s in steps[1:-1]) == (
        steps[-1].amount_minor
    )
    assert "tickets" not in [step.key for step in steps]
