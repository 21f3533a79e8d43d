"""Goods as the history of the demo company sees them: products with packs, prices and costs.

Owns the values; their rows are written by :mod:`crmdesk.demo.catalogue`.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmdesk.domain.ids import Uid

LISTS: tuple[tuple[str, int], ...] = (("B", 10_000), ("A", 9_400), ("C", 10_300))
"""Price lists (standard; supermarkets; hotels, bars, restaurants) with their level of 10,000."""

BREAK_CASES = 10
BREAK_BP = 600


@dataclass(frozen=True, slots=True)
class Pack:
    """A packaging: uid, unit of measure, factor to the base unit."""

    uid: Uid
    unit: str
    factor: int


@dataclass(slots=True)
class Product:
    """A product as the history needs it; prices and costs at 1e-4 by year since the first."""

    uid: Uid
    sku: str
    name: str
    family: str
    category: Uid
    category_code: str
    season: str
    price_per: int
    tax_bp: int
    packs: tuple[Pack, ...]
    weight: float
    prices: tuple[tuple[int, ...], ...]
    costs: tuple[int, ...]
    break_at: int
    launched: int
    delisted: int
    substitute: int | None = None


@dataclass(slots=True)
class Promo:
    """A promotion as the history applies it; days are ordinals."""

    code: str
    name: str
    discount_bp: int
    category: Uid
    first: int
    last: int

    def runs(self, day: int) -> bool:
        """True on the days of the promotion."""
        return self.first <= day <= self.last


@dataclass(slots=True)
class Catalogue:
    """All goods and lists of the company."""

    products: list[Product]
    lists: list[Uid]
    promotions: list[Promo]
    categories: dict[str, Uid]
