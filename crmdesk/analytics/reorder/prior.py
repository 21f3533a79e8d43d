"""The interval to expect of a pair before its own history speaks.

Owns λ (purchase-days per day over everything), the factor of each account and of each SKU, and
μ₀ = 1 / (λ·A·B) in days. Leaves the use of μ₀ to the features and to the renewal model.
"""

from dataclasses import dataclass

import numpy as np

from crmdesk.analytics.reorder.exact import Floats, Ints, on_grid
from crmdesk.analytics.reorder.model import SkuFacts
from crmdesk.analytics.reorder.purchases import PurchaseDays
from crmdesk.analytics.reorder.season import season_index
from crmdesk.analytics.reorder.snapshot import Snapshot, sku_trend

_ACCOUNT_WEIGHT = 8.0
_SKU_WEIGHT = 20.0
_PASSES = 3
_GRID_BITS = 20
_DEFAULT_RATE = 1.0 / 60.0


@dataclass(frozen=True, slots=True)
class Prior:
    """λ in purchase-days per day and day of exposure, and the factor of each dense SKU."""

    rate: float
    sku_factor: Floats


def fit_prior(account: Ints, sku: Ints, repeats: Ints, exposure: Ints) -> Prior:
    """Fit λ and the SKU factors from all pairs.

    ``account`` and ``sku`` are dense codes from 0; ``repeats`` is m = purchase-days − 1 and
    ``exposure`` the days from the first purchase-day to the as-of day.
    """
    skus = int(sku.max()) + 1 if len(sku) else 0
    exposed = int(exposure.sum())
    if exposed == 0 or int(repeats.sum()) == 0:
        return Prior(_DEFAULT_RATE, np.ones(skus))
    rate = int(repeats.sum()) / exposed
    sku_factor = np.ones(skus)
    bought = np.bincount(sku, weights=repeats, minlength=skus)
    for _ in range(_PASSES):
        account_factor = account_factors(account, repeats, exposure, rate, sku_factor[sku])
        # Factors lie on a binary grid, so that these sums are exact whatever the order of rows.
        expected = np.bincount(sku, weights=exposure * account_factor[account], minlength=skus)
        raw = (bought + _SKU_WEIGHT) / (rate * expected + _SKU_WEIGHT)
        sku_factor = on_grid(raw, _GRID_BITS)
    return Prior(rate, sku_factor)


def account_factors(
    account: Ints, repeats: Ints, exposure: Ints, rate: float, pair_sku_factor: Floats
) -> Floats:
    """Factor of each dense account, given λ and the SKU factor of each of its pairs."""
    accounts = int(account.max()) + 1 if len(account) else 0
    bought = np.bincount(account, weights=repeats, minlength=accounts)
    expected = np.bincount(account, weights=exposure * pair_sku_factor, minlength=accounts)
    raw = (bought + _ACCOUNT_WEIGHT) / (rate * expected + _ACCOUNT_WEIGHT)
    return on_grid(raw, _GRID_BITS)


def sku_facts(purchases: PurchaseDays, snapshot: Snapshot) -> tuple[SkuFacts, float]:
    """λ, and the factor, trend and season of every SKU, from a snapshot of these purchases."""
    skus, code = np.unique(snapshot.sku, return_inverse=True)
    prior = fit_prior(
        snapshot.account_code, code, snapshot.count - 1, snapshot.as_of - snapshot.first
    )
    last_30, last_90 = sku_trend(purchases, snapshot.as_of, skus)
    season = season_index(purchases, snapshot, code, len(skus))
    return SkuFacts(skus, prior.sku_factor, last_30, last_90, season), prior.rate


def prior_days_of(snapshot: Snapshot, rate: float, sku_factor: Floats) -> Floats:
    """μ₀ of each pair."""
    account_factor = account_factors(
        snapshot.account_code,
        snapshot.count - 1,
        snapshot.as_of - snapshot.first,
        rate,
        sku_factor,
    )
    return np.asarray(1.0 / (rate * account_factor[snapshot.account_code] * sku_factor))
