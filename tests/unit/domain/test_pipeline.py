"""Stages, splits and the score of leads: what may be, and what is refused."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.errors import IllegalTransition
from crmdesk.domain.leads import (
    LEAD_STEPS,
    QUESTIONS,
    LeadStatus,
    check_lead,
    check_lead_step,
    lead_word,
    question_word,
    reply_word,
    score,
)
from crmdesk.domain.pipeline import (
    CLOSED_STAGES,
    OPEN_STAGES,
    STAGE_STEPS,
    USUAL_WEIGHT_BP,
    Stage,
    check_deal,
    check_splits,
    check_stage_step,
    read_splits,
    stage_word,
    stale_after_days,
)
from crmdesk.domain.policy import BOUNDS, DEFAULTS


def test_every_move_is_either_legal_or_refused_with_words() -> None:
    for old, new in itertools.product(Stage, Stage):
        if old is new or new in STAGE_STEPS[old]:
            check_stage_step(old, new)
        else:
            with pytest.raises(IllegalTransition, match="Open it again"):
                check_stage_step(old, new)
    assert {stage for stage in Stage if stage_word(stage)} == set(Stage)


def test_of_two_ends_the_first_stands_and_not_buying_again_comes_after_winning() -> None:
    assert Stage.LOST not in STAGE_STEPS[Stage.WON]
    assert Stage.WON not in STAGE_STEPS[Stage.LOST]
    assert Stage.ENDED in STAGE_STEPS[Stage.WON]
    assert Stage.ENDED not in STAGE_STEPS[Stage.LOST]


@pytest.mark.parametrize("stage", CLOSED_STAGES)
def test_an_end_says_why_and_when(stage: Stage) -> None:
    whole = {"stage": stage.value, "reason_id": 7, "closed_on": "2026-11-24"}
    check_deal(whole)
    for missing in ("reason_id", "closed_on"):
        with pytest.raises(IllegalTransition):
            check_deal({**whole, missing: None})


def test_an_open_opportunity_has_no_end_and_nothing_is_worth_less_than_nothing() -> None:
    check_deal({"stage": "proposal", "amount_minor": 0})
    for wrong in (
        {"stage": "proposal", "closed_on": "2026-11-24"},
        {"stage": "proposal", "amount_minor": -1},
        {"stage": "thought of"},
        {"stage": None},
    ):
        with pytest.raises(IllegalTransition):
            check_deal(wrong)


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=8))
def test_shares_are_taken_only_when_they_add_to_the_whole(shares: list[int]) -> None:
    document = [{"user": f"{place:032x}", "bp": share} for place, share in enumerate(shares)]
    if sum(shares) == 10_000:
        check_splits(document)
        assert list(read_splits(document).values()) == shares
    else:
        with pytest.raises(IllegalTransition):
            check_splits(document)


@pytest.mark.parametrize(
    "document",
    [
        "10000", {"user": "a", "bp": 10_000}, [{"user": "a", "bp": True}], [{"bp": 10_000}],
        [{"user": "a", "bp": 5_000}, {"user": "a", "bp": 5_000}], [None],
        [{"user": f"u{n}", "bp": 1_000} for n in range(10)],
    ],
)  # fmt: skip
def test_what_cannot_be_shares_is_refused(document: object) -> None:
    with pytest.raises(IllegalTransition):
        check_splits(document)


def test_the_days_after_which_a_stage_is_stale_are_the_companys() -> None:
    for stage in OPEN_STAGES:
        days = stale_after_days(stage, DEFAULTS)
        least, most = BOUNDS[f"stale_{stage}_days"]
        assert days is not None and least <= days <= most
    assert stale_after_days(Stage.WON, DEFAULTS) is None
    assert list(USUAL_WEIGHT_BP) == list(OPEN_STAGES)


# -------------------------------------------------------------------------------------- leads


def test_the_best_answers_make_a_hundred_points() -> None:
    assert score({q.key: q.replies[0].key for q in QUESTIONS}).points == 100
    assert score(None).points == score({"need": "who knows", "x": "now"}).points == 0


_QUALIFICATIONS = st.fixed_dictionaries(
    {}, optional={q.key: st.sampled_from([r.key for r in q.replies]) for q in QUESTIONS}
)


@given(_QUALIFICATIONS)
def test_a_score_is_the_sum_of_what_explains_it(given_replies: dict[str, str]) -> None:
    found = score(given_replies)
    assert found.points == sum(part.points for part in found.parts)
    assert 0 <= found.points <= 100
    assert found.asked == len(given_replies)
    for part in found.parts:
        assert question_word(part.question) != part.question
        assert not part.reply or reply_word(part.question, part.reply) != part.reply


def test_leads_move_by_legal_steps_and_say_why_they_went() -> None:
    for old, new in itertools.product(LeadStatus, LeadStatus):
        if old is not new and new not in LEAD_STEPS[old]:
            with pytest.raises(IllegalTransition):
                check_lead_step(old, new)
    assert all(lead_word(status) for status in LeadStatus)
    check_lead({"status": "lost", "reason_id": 3, "closed_on": "2026-11-24"})
    check_lead({"status": "lost"})  # of before reasons were asked for
    for wrong in (
        {"status": "lost", "closed_on": "2026-11-24"},
        {"status": "converted"},
        {"status": "dreamt"},
        {"status": "new", "score": 101},
    ):
        with pytest.raises(IllegalTransition):
            check_lead(wrong)
