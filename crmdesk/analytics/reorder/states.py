"""The states of a pair (account × SKU), and the rule that gives them.

Owns the words and their order in storage; the interface translates and colours them.
"""

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.reorder.exact import Floats, Ints

MINIMUM_PURCHASES = 3
_LAPSED_BELOW = 0.10
_AT_RISK_BELOW = 0.20
_OVERDUE_GAPS = 1.25
_DUE_FROM = 0.40


class ReorderState(StrEnum):
    """Where a pair stands; the order of the members is the code in ``Forecasts.state``."""

    OVERDUE = "overdue"
    DUE = "due"
    AT_RISK = "at_risk"
    LAPSED = "lapsed"
    FINE = "fine"
    NEW = "new"
    DELISTED = "delisted"
    SUBSTITUTED = "substituted"


STATES: tuple[ReorderState, ...] = tuple(ReorderState)
_CODE = {state: code for code, state in enumerate(STATES)}


def state_codes(
    count: Ints,
    days_since: Ints,
    median_gap: Floats,
    p14: Floats,
    p30: Floats,
    open_p30: Floats,
    unsold: npt.NDArray[np.bool_],
    substituted: npt.NDArray[np.bool_],
) -> npt.NDArray[np.int8]:
    """State of each pair as a position in ``STATES``.

    Delisted where the SKU left the range or the customer's shelf, and substituted where another
    took its place; new below three purchase-days;
    else lapsed, at risk, overdue, due, fine, the first that holds. Lapsed and at risk go by the
    chance within 30 open days: a customer on holiday is neither.
    """
    first_that_holds = (
        (ReorderState.SUBSTITUTED, unsold & substituted),
        (ReorderState.DELISTED, unsold),
        (ReorderState.NEW, count < MINIMUM_PURCHASES),
        (ReorderState.LAPSED, open_p30 < _LAPSED_BELOW),
        (ReorderState.AT_RISK, open_p30 < _AT_RISK_BELOW),
        (
            ReorderState.OVERDUE,
            (days_since > _OVERDUE_GAPS * median_gap) & (p30 >= _AT_RISK_BELOW),
        ),
        (ReorderState.DUE, p14 >= _DUE_FROM),
    )
    codes = np.full(len(count), _CODE[ReorderState.FINE], dtype=np.int8)
    for state, holds in reversed(first_that_holds):
        codes[holds] = _CODE[state]
    return codes
