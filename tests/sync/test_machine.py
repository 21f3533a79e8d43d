"""A few dozen random histories in every run; ``python -m tests.sync.long`` tells thousands."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.sync import machine
from tests.sync.world import Stage

pytestmark = [pytest.mark.hq, pytest.mark.slow]

HISTORIES = int(os.environ.get("CRMDESK_HISTORIES", "40"))
SEED = int(os.environ.get("CRMDESK_SEED", "20261126"))
SHRINK = os.environ.get("CRMDESK_SHRINK", "1") == "1"


@pytest.mark.timeout(1_200)
def test_random_histories_end_with_everybody_equal_to_hq(stage: Stage) -> None:
    tally: Counter[str] = Counter()
    print(f"seed {SEED}, {HISTORIES} histories")  # noqa: T201
    machine.run(stage, tally, histories=HISTORIES, number=SEED, shrink=SHRINK)
    print(dict(sorted(tally.items())))  # noqa: T201
    assert tally["histories"] >= HISTORIES
    assert tally["ops applied"] > tally["ops refused"] > 0
