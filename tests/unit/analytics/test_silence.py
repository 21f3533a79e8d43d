"""A stretch in which the whole company was silent says nothing of a single customer."""

import numpy as np
import pytest

from crmdesk.analytics.reorder import ReorderModel, fit, purchase_days, score
from crmdesk.analytics.reorder.circumstances import Circumstances
from crmdesk.analytics.reorder.sentence import because_texts, sentence, sentence_facts
from crmdesk.analytics.reorder.silence import silent_days
from tests.unit.analytics.histories import lines_of

FIRST, AS_OF = 19_000, 19_300


def trade(shut: range, *, gap: int = 7, customers: int = 6, until: int = AS_OF):
    """Customers who buy two SKUs every ``gap`` days, each from another day on, but when shut."""
    return purchase_days(
        lines_of(
            [
                (customer, sku, day, 6)
                for customer in range(customers)
                for sku in range(2)
                for day in range(FIRST + customer % gap, until + 1, gap)
                if day not in shut
            ]
        )
    )


def test_a_closed_month_is_found_but_for_one_usual_pause():
    shut = range(19_200, 19_231)
    known = trade(shut)
    found = silent_days(known, AS_OF)
    pauses = np.diff(np.unique(known.day))
    assert len(found) == int(pauses.max()) - int(np.median(pauses))
    assert set(found.tolist()) <= set(shut)
    assert silent_days(known, 19_199).tolist() == []


@pytest.mark.parametrize(
    ("gap", "customers", "shut"),
    [(7, 6, range(0)), (28, 12, range(0)), (7, 6, range(19_200, 19_207)), (28, 1, range(0)),
     (28, 1, range(19_190, 19_221))],
    ids=["weekly", "in the same days", "a quiet week", "one customer", "one order missed"],
)  # fmt: skip
def test_a_usual_pause_is_none(gap: int, customers: int, shut: range):
    assert silent_days(trade(shut, gap=gap, customers=customers), AS_OF).tolist() == []


def test_sales_that_stopped_for_everybody_are_a_stretch_that_lasts():
    known = trade(range(0), until=AS_OF - 40)
    found = silent_days(known, AS_OF)
    assert found[-1] == AS_OF
    assert len(found) >= 35
    result = score(known, fit(known, AS_OF), AS_OF)
    assert (result.p14 > 0.8).all()


def test_the_forecast_leaves_the_stretch_out_and_the_sentence_says_so():
    known = trade(range(19_262, 19_300), until=AS_OF - 1)
    model = fit(known, AS_OF)
    result = score(known, model, AS_OF)
    assert (result.silent_days > 30).all()
    assert (result.closed_days == 0).all()
    count = int(result.silent_days[0])
    assert f"On {count} days nobody bought anything" in sentence(sentence_facts(result, 0))
    assert f'"silent": {count}' in str(because_texts(result, {})[0])
    assert (result.p14 > 0.8).all()
    assert ReorderModel.from_dict(model.to_dict()).silent.tolist() == model.silent.tolist()


def test_a_holiday_is_said_as_a_closed_day():
    known = trade(range(19_262, 19_300), until=AS_OF - 1)
    shut = Circumstances(holidays=np.arange(19_262, 19_301))
    result = score(known, fit(known, AS_OF, shut), AS_OF, shut)
    assert (result.silent_days == 0).all()
    assert (result.closed_days > 30).all()


def test_no_history_has_no_silence():
    assert silent_days(purchase_days(lines_of([])), AS_OF).tolist() == []
    assert silent_days(purchase_days(lines_of([(1, 1, 5, 6)])), AS_OF).tolist() == []
