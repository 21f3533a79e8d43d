"""Shares that somebody has in opportunities of customers that are not on this laptop.

HQ sends the customer's name, the amount, the stage and the share, and nothing else of the customer;
an opportunity that is here speaks for itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Integer, cast, exists, select

from crmdesk.domain.money import divide_half_even
from crmdesk.domain.pipeline import OPEN_STAGES, WHOLE_BP, Stage, stage_of
from crmdesk.services.workspace import Workspace
from crmdesk.storage.tables import table


@dataclass(frozen=True, slots=True)
class ShareElsewhere:
    """A share in somebody else's opportunity; money in minor units of ``currency``."""

    id: int
    customer: str
    stage: Stage
    amount_minor: int
    share_bp: int
    currency: str

    @property
    def own_minor(self) -> int:
        """What of the amount is one's own."""
        return divide_half_even(self.amount_minor * self.share_bp, WHOLE_BP)

    @property
    def is_open(self) -> bool:
        """True while it can still be won."""
        return self.stage in OPEN_STAGES


def shares_elsewhere(ws: Workspace) -> tuple[ShareElsewhere, ...]:
    """The shares of this person whose opportunity is not here, the largest first."""
    s = table("deal_share").c
    query = select(
        s.id, s.customer, s.stage, s.amount_minor, s.share_bp, s.currency
    ).where(*only_elsewhere(ws))  # fmt: skip
    with ws.database.read() as connection:
        rows = connection.execute(query).all()
    found = [
        ShareElsewhere(row[0], row[1], stage_of(row[2]), row[3], row[4], row[5]) for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (-one.own_minor, one.id)))


def only_elsewhere(ws: Workspace) -> tuple[ColumnElement[bool], ...]:
    """The conditions on ``deal_share`` of this person's shares elsewhere."""
    s, o = table("deal_share").c, table("opportunity").c
    here = exists().where(o.uid == s.opportunity_uid)
    return (s.user_id == ws.user.id, ~here)


def own_part() -> ColumnElement[int]:
    """What of the amount is the person's own, rounded half to even, as everywhere."""
    s = table("deal_share").c
    product = s.amount_minor * s.share_bp
    whole: ColumnElement[int] = product.op("/")(WHOLE_BP)
    rest = product.op("%")(WHOLE_BP)
    half = WHOLE_BP // 2
    up = (rest > half) | ((rest == half) & (whole.op("%")(2) == 1))
    return whole + cast(up, Integer)
