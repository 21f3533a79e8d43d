"""A bug planted in what HQ says of prices: case 22."""

from __future__ import annotations

import pytest

from crmdesk.hq.exchange import following
from tests.sync.planted import plant


@plant(
    case=22,
    test="tests/sync/test_prices.py::test_case_22_a_price_change_at_hq_while_an_order_is_offline_is_said",
)
def _prices_not_compared(patch: pytest.MonkeyPatch) -> None:
    """Orders are taken without a look at HQ's own prices."""
    patch.setattr(following, "differing_prices", lambda *_: {})
