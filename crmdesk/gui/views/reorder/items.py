"""What the board's widgets show, as frozen items. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crmdesk.gui.widgets.items import Purchases, Tone
from crmdesk.services.queries.reorder import PairKey, ReorderRow


class Grouping(StrEnum):
    """Under which headings the rows stand."""

    URGENCY = "urgency"
    CUSTOMER = "customer"
    SKU = "sku"
    TERRITORY = "territory"
    LOSSES = "losses"


@dataclass(frozen=True, slots=True)
class TileItem:
    """One count of the filter bar."""

    key: str
    title: str
    icon: str
    tone: Tone
    count: int
    note: str
    on: bool


@dataclass(frozen=True, slots=True)
class GroupItem:
    """A heading between rows."""

    key: str
    title: str
    icon: str
    tone: Tone
    note: str
    right: str = ""


@dataclass(frozen=True, slots=True)
class RowItem:
    """One row as it is shown."""

    key: PairKey
    product: str
    why: str
    row: ReorderRow
    account: str
    visit: str
    visit_tone: Tone
    purchases: Purchases
    probability: float
    tone: Tone
    packs: int
    unit: str
    margin: str


@dataclass(frozen=True, slots=True)
class DetailItem:
    """What is said under the table of the current row: why so many, and what is known there."""

    product: str
    sentence: str
    rounding: str
    account: str
    facts: str


@dataclass(frozen=True, slots=True)
class LossItem:
    """A customer who stops buying, as it is shown."""

    account_id: int
    account: str
    skus: str
    last: str
    last_detail: str
    worth: str
    agreed: str
    contact: str
    contact_tone: Tone
