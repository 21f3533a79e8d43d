"""What a fit leaves behind, and its plain form for storage and the wire.

Owns the record that HQ sends down as one versioned row: coefficients, λ, the factor, trend and
season of each SKU, the renewal parameters. It leaves fitting and scoring to ``forecast``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from crmdesk.analytics.reorder.exact import Floats, Ints
from crmdesk.analytics.reorder.features import FEATURES
from crmdesk.analytics.reorder.renewal import RenewalParameters

MODEL_VERSION = 3


@dataclass(frozen=True, slots=True)
class SkuFacts:
    """What the organisation knows of each SKU, sorted by SKU.

    ``factor`` is B, ``last_30`` and ``last_90`` the purchase-days of the last days, ``season`` the
    index of the coming month.
    """

    sku: Ints
    factor: Floats
    last_30: Ints
    last_90: Ints
    season: Floats

    def rows_of(self, sku: Ints) -> tuple[Floats, Ints, Ints, Floats]:
        """Factor, trend counts and season of the SKUs; 1, no sales and 0 of an unknown one."""
        if len(self.sku) == 0:
            nothing = np.zeros(len(sku), dtype=np.int64)
            return np.ones(len(sku)), nothing, nothing, np.zeros(len(sku))
        place = np.minimum(np.searchsorted(self.sku, sku), len(self.sku) - 1)
        known = self.sku[place] == sku
        return (
            np.where(known, self.factor[place], 1.0),
            np.where(known, self.last_30[place], 0),
            np.where(known, self.last_90[place], 0),
            np.where(known, self.season[place], 0.0),
        )


@dataclass(frozen=True, slots=True)
class ReorderModel:
    """A fitted reorder model.

    ``coefficients`` holds 28 numbers per horizon in days; a horizon that is missing is answered by
    renewal, and so is the date when ``date_coefficients`` is ``None``. ``rate`` is λ.
    ``silent`` are sorted days on which nobody bought anything (``silence``): they count as closed.
    """

    as_of: int
    rate: float
    skus: SkuFacts
    coefficients: Mapping[int, Floats] = field(default_factory=dict)
    date_coefficients: Floats | None = None
    renewal: RenewalParameters = field(default_factory=RenewalParameters)
    silent: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    version: int = MODEL_VERSION

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, lists and strings, from which ``from_dict`` makes the identical model."""
        date = self.date_coefficients
        return {
            "version": self.version,
            "as_of": self.as_of,
            "rate": self.rate,
            "coefficients": {str(h): w.tolist() for h, w in sorted(self.coefficients.items())},
            "date_coefficients": None if date is None else date.tolist(),
            "renewal": {
                "shape": self.renewal.shape,
                "rate_shape": self.renewal.rate_shape,
                "lost_share": self.renewal.lost_share,
                "prior_weight": self.renewal.prior_weight,
            },
            "silent": self.silent.tolist(),
            "skus": {
                "sku": self.skus.sku.tolist(),
                "factor": self.skus.factor.tolist(),
                "last_30": self.skus.last_30.tolist(),
                "last_90": self.skus.last_90.tolist(),
                "season": self.skus.season.tolist(),
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ReorderModel":
        """The model of ``to_dict``. Raises ``ValueError`` for another version or a wrong shape."""
        if data.get("version") != MODEL_VERSION:
            raise ValueError(f"reorder model version {data.get('version')} is not known")
        date = data["date_coefficients"]
        skus = data["skus"]
        return cls(
            as_of=int(data["as_of"]),
            rate=float(data["rate"]),
            coefficients={int(h): _weights(w) for h, w in data["coefficients"].items()},
            date_coefficients=None if date is None else _weights(date),
            renewal=RenewalParameters(**data["renewal"]),
            silent=np.array(data["silent"], dtype=np.int64),
            skus=SkuFacts(
                np.array(skus["sku"], dtype=np.int64),
                np.array(skus["factor"], dtype=np.float64),
                np.array(skus["last_30"], dtype=np.int64),
                np.array(skus["last_90"], dtype=np.int64),
                np.array(skus["season"], dtype=np.float64),
            ),
        )

    def with_sku_ids(self, ids: Mapping[int, int]) -> "ReorderModel":
        """The same model with SKUs renumbered; those without a new number are dropped.

        Integer ids are local to a machine: HQ maps them to uids for the wire, and a laptop back.
        """
        kept = [place for place, sku in enumerate(self.skus.sku.tolist()) if sku in ids]
        new = np.array([ids[int(self.skus.sku[place])] for place in kept], dtype=np.int64)
        rows = np.array(kept, dtype=np.int64)[np.argsort(new)]
        facts = SkuFacts(
            np.sort(new),
            self.skus.factor[rows],
            self.skus.last_30[rows],
            self.skus.last_90[rows],
            self.skus.season[rows],
        )
        return replace(self, skus=facts)


def _weights(values: list[float]) -> Floats:
    weights = np.array(values, dtype=np.float64)
    if weights.shape != (FEATURES,):
        raise ValueError(f"a reorder model has {FEATURES} coefficients, not {weights.size}")
    return weights
