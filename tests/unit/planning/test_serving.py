"""Which model serves a customer, and what its exceptions make of it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from crmdesk.planning.attention import AttentionModel
from crmdesk.planning.serving import (
    USUAL,
    Because,
    Exceptions,
    ServingModel,
    serving_of,
)

BY_CLASS = ServingModel(1, "B", "B", AttentionModel(21.0, 1, 35.0), classes=frozenset("B"))
BY_SEGMENT = ServingModel(
    2, "H", "Horeca", AttentionModel(10.0), "video", segments=frozenset({"HORECA"})
)
ALONE = ServingModel(3, "X", "By name only", AttentionModel(90.0))
MODELS = (BY_CLASS, BY_SEGMENT, ALONE)


def test_the_named_model_comes_before_segment_before_class_before_the_usual_one() -> None:
    named = serving_of(MODELS, "B", "HORECA", Exceptions(model_id=3))
    assert (named.source, named.because) == (ALONE, Because.NAMED)
    segment = serving_of(MODELS, "B", "HORECA", Exceptions())
    assert (segment.source, segment.because) == (BY_SEGMENT, Because.SEGMENT)
    assert segment.virtual_mode == "video"
    class_ = serving_of(MODELS, "B", "SHOPS", Exceptions())
    assert (class_.source, class_.because) == (BY_CLASS, Because.CLASS)
    usual = serving_of(MODELS, "C", "", Exceptions())
    assert (usual.source, usual.because, usual.model) == (None, Because.USUAL, USUAL)


def test_a_model_that_is_gone_does_not_leave_a_customer_without_one() -> None:
    assert serving_of(MODELS, "B", "", Exceptions(model_id=99)).source is BY_CLASS


def test_each_figure_gives_way_to_the_customers_own() -> None:
    own = Exceptions(interval_days=12, virtual_between=0, visit_minutes=50)
    model = serving_of(MODELS, "B", "", own).model
    assert (model.interval_days, model.virtual_between, model.visit_minutes) == (12.0, 0, 50.0)
    assert model.virtual_minutes == BY_CLASS.model.virtual_minutes
    only = serving_of(MODELS, "B", "", Exceptions(visit_minutes=50)).model
    assert only == replace(BY_CLASS.model, visit_minutes=50.0)


def test_a_customer_of_ten_years_interval_is_never_driven_to() -> None:
    assert serving_of(MODELS, "B", "", Exceptions(interval_days=3650)).virtual_only
    assert not serving_of(MODELS, "B", "", Exceptions(interval_days=365)).virtual_only


whole = st.none() | st.integers(-10, 4000)


@given(st.text(max_size=2), st.text(max_size=7), whole, whole, whole, whole)
def test_there_is_always_a_model_that_can_be_planned(class_, segment, named, every, between, long):
    model = serving_of(MODELS, class_, segment, Exceptions(named, every, between, long)).model
    assert model.interval_days >= 1
    assert model.virtual_between >= 0
    assert model.visit_minutes > 0
