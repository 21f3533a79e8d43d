"""The sentence says the numbers that were used."""

import numpy as np
import pytest

from crmdesk.analytics.reorder import fit, purchase_days, score
from crmdesk.analytics.reorder.circumstances import AccountDays, Circumstances
from crmdesk.analytics.reorder.sentence import (
    Because,
    SentenceFacts,
    because_texts,
    plain_sentences,
    sentence,
    sentence_facts,
)
from crmdesk.i18n import format_percent, speaking, use_language
from tests.unit.analytics.histories import lines_of


@pytest.fixture(autouse=True)
def english():
    use_language("en")


def test_the_sentence_of_the_design():
    text = sentence(SentenceFacts(7, 21, 25, 0.62), "3 cases")
    assert text.replace("\u00a0", " ") == (
        "Buys every ~21 days (7 times), last 25 days ago; 62 % likely within 14 days;"
        " usually 3 cases."
    )


@pytest.mark.parametrize(
    ("facts", "start"),
    [
        (SentenceFacts(1, 0, 0, 0.1), "New: bought 1 time, last today; "),
        (SentenceFacts(2, 9, 1, 0.1), "New: bought 2 times, last 1 day ago; "),
        (SentenceFacts(9, 1, 1, 0.9), "Buys every ~1 day (9 times), last 1 day ago; "),
    ],
)
def test_other_shapes(facts, start):
    text = sentence(facts)
    assert text.startswith(start)
    assert text.endswith("within 14 days.")


@pytest.mark.parametrize("code", ["en", "es", "ru"])
def test_many_sentences_say_what_one_by_one_says(code):
    facts = [(n, gap, since, p) for n in (1, 2, 3, 7) for gap in (0, 21) for since in (0, 1, 25)
             for p in (0.004, 0.125, 1.0)]  # fmt: skip
    with speaking(code):
        usual = [f"{row} cases" for row in range(len(facts))]
        times, gaps, since, likely = zip(*facts, strict=True)
        together = plain_sentences(times, gaps, since, likely, usual)
        alone = map(sentence, map(SentenceFacts, times, gaps, since, likely), usual)
        assert list(together) == list(alone)


def test_facts_come_from_the_forecast():
    bought = purchase_days(lines_of([(1, 1, 19_000 + 21 * k, 6) for k in range(7)]))
    as_of = 19_000 + 21 * 6 + 25
    forecasts = score(bought, fit(bought, as_of), as_of)
    facts = sentence_facts(forecasts, 0)
    assert (facts.times, facts.gap_days, facts.days_since) == (7, 21, 25)
    assert facts.likely == forecasts.p14[0]


def test_every_share_is_said_as_it_is_rounded_elsewhere():
    for thousandth in range(1001):
        share = thousandth / 1000
        assert f" {format_percent(share)} likely" in sentence(SentenceFacts(7, 21, 25, share))


def test_a_language_is_not_remembered_beyond_its_sentence():
    facts = SentenceFacts(7, 21, 25, 0.62)
    before = sentence(facts, "3 cases")
    with speaking("es"):
        there = sentence(facts, "3 cajas")
    assert there != before
    assert sentence(facts, "3 cases") == before


@pytest.mark.parametrize(
    ("because", "end"),
    [
        (Because(closed=12), "usually 3 cases. 12 closed days are not counted."),
        (Because(closed=2), "usually 3 cases."),
        (Because(silent=31), "On 31 days nobody bought anything: they are not counted."),
        (Because(ahead=5), "Closed on 5 of the next 14 days."),
        (Because(stock=1), "About 1 unit is left on the shelf."),
        (Because(refused=2), "Put off 2 times."),
        (Because(other_unit=True), "That was counted in another unit: check the quantity."),
        (Because(wished=True), "you asked for 3 cases."),
    ],
)
def test_what_changed_the_forecast_is_said(because, end):
    assert sentence(SentenceFacts(7, 21, 25, 0.62, because), "3 cases").endswith(end)


def test_a_sku_that_ended_promises_nothing():
    facts = SentenceFacts(7, 21, 25, 0.0, state="delisted")
    assert sentence(facts, "3 cases") == "No longer listed; bought 7 times, last 25 days ago."
    other = SentenceFacts(7, 21, 25, 0.0, state="substituted")
    assert sentence(other).startswith("Another product took its place; bought 7 times")
    new = SentenceFacts(7, 21, 25, 0.4, replaced="Blue tea 100 g")
    assert sentence(new).endswith("Takes the place of Blue tea 100 g.")


def test_the_reasons_come_back_from_their_text():
    bought = purchase_days(lines_of([(1, 1, 19_000 + 21 * k, 6) for k in range(7)]))
    as_of = 19_000 + 21 * 6 + 25
    told = Circumstances(closed=AccountDays(np.full(9, 1), np.arange(as_of - 9, as_of)))
    found = score(bought, fit(bought, as_of, told), as_of, told)
    (text,) = because_texts(found, {(1, 1): 7})
    assert Because.of_text(text) == Because(closed=9, instead_of=7)
    assert sentence_facts(found, 0).because.closed == 9
    plain = score(bought, fit(bought, as_of), as_of)
    assert because_texts(plain, {}) == [None]
    assert Because.of_text(None) == Because.of_text('{"unknown": 3}') == Because()
