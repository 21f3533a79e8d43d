"""Histories made by hand for the analytics tests."""

import numpy as np

from crmdesk.analytics.reorder import SaleLines


def lines_of(rows: list[tuple[int, int, int, int]]) -> SaleLines:
    """Lines from (account, SKU, day, quantity)."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return SaleLines(table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def shuffled(lines: SaleLines, seed: int) -> SaleLines:
    order = np.random.default_rng(seed).permutation(len(lines.day))
    return SaleLines(
        lines.account[order], lines.sku[order], lines.day[order], lines.quantity[order]
    )


def invented_lines(seed: int = 3, accounts: int = 90, skus: int = 12, days: int = 500) -> SaleLines:
    """A regular trade: every pair has a rhythm, some lapse, a few lines are returned."""
    random = np.random.default_rng(seed)
    rows: list[tuple[int, int, int, int]] = []
    for account in range(accounts):
        for sku in random.choice(skus, size=6, replace=False):
            gap = float(random.choice([7, 14, 21, 28, 42]))
            day = float(random.integers(0, 60))
            end = days if random.random() < 0.8 else days * random.random()
            while day < end:
                quantity = int(random.choice([6, 12, 12, 24]))
                rows.append((account, int(sku), int(day) + 19_000, quantity))
                if random.random() < 0.03:
                    rows.append((account, int(sku), int(day) + 19_001, -quantity))
                day += max(1.0, random.normal(gap, gap * 0.2))
    return lines_of(rows)
