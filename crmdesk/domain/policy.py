"""The company's rules: what is allowed and usual in selling, as one document of the organisation.

Owns which rules there are, their defaults and bounds. Reading is tolerant, so that a damaged
document or one of a newer version never stops anybody's work: what cannot be meant has its
default. Writing is strict. Keeping the document is :mod:`crmdesk.services.company_policy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeGuard

from crmdesk.domain.states import Role
from crmdesk.domain.week import Days, opening_days


class BelowCost(StrEnum):
    """What happens to a line that brings less than it costs."""

    WARN = "warn"
    BLOCK = "block"


class InvalidPolicy(ValueError):
    """A rule that cannot be written: ``key`` says which, ``code`` what is wrong with it."""

    def __init__(self, key: str, code: str) -> None:
        super().__init__(f"{key}: {code}")
        self.key = key
        self.code = code


_DESK = ((9 * 60, 18 * 60),)
USUAL_SERVICE: Days = (*([_DESK] * 5), (), ())
"""When the service works if the company does not say: Monday to Friday, nine to six."""

_MOST_DISCOUNT = MappingProxyType(
    {Role.REP: 1_500, Role.OFFICE: 2_500, Role.MANAGER: 10_000, Role.ADMIN: 10_000}
)

BOUNDS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "quote_valid_days": (1, 730),
        "quote_follow_up_days": (1, 365),
        "stale_stock_hours": (1, 24 * 90),
        "return_days": (0, 3_650),
        "plan_weeks": (1, 4),
        "travel_slack_percent": (0, 100),
        "stale_qualified_days": (1, 730),
        "stale_proposal_days": (1, 730),
        "stale_negotiation_days": (1, 730),
        "response_minutes_high": (1, 60_000),
        "response_minutes_normal": (1, 60_000),
        "response_minutes_low": (1, 60_000),
        "resolution_minutes_high": (1, 600_000),
        "resolution_minutes_normal": (1, 600_000),
        "resolution_minutes_low": (1, 600_000),
        "escalation_percent": (100, 1_000),
        "ask_again_days": (0, 3_650),
    }
)
"""The least and the most of each whole number."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in force.

    ``most_discount_bp`` is the largest discount by hand that a role may give, in basis points;
    ``stale_stock_hours`` the age from which a stock figure is shown as old; ``return_days`` how
    long after a purchase goods may come back (0: never without the office); ``stale_…_days`` the
    days in a stage after which an opportunity is stale. ``response_…`` and ``resolution_minutes_…``
    are minutes of ``service_hours`` (seven lists, Monday first) until a ticket of that priority is
    answered and resolved; ``escalation_percent`` of the latter is the share after which it is
    escalated a second time; ``ask_again_days`` how long nobody is asked again how content they are.
    """

    below_cost: BelowCost = BelowCost.WARN
    quote_valid_days: int = 30
    quote_follow_up_days: int = 7
    stale_stock_hours: int = 48
    return_days: int = 30
    plan_weeks: int = 2
    travel_slack_percent: int = 10
    stale_qualified_days: int = 30
    stale_proposal_days: int = 21
    stale_negotiation_days: int = 14
    response_minutes_high: int = 60
    response_minutes_normal: int = 240
    response_minutes_low: int = 540
    resolution_minutes_high: int = 540
    resolution_minutes_normal: int = 1_620
    resolution_minutes_low: int = 2_700
    escalation_percent: int = 200
    ask_again_days: int = 90
    service_hours: Days = USUAL_SERVICE
    most_discount_bp: Mapping[Role, int] = field(default_factory=lambda: _MOST_DISCOUNT)

    def most_discount_of(self, role: Role) -> int:
        """The largest discount by hand of a role, in basis points."""
        return self.most_discount_bp.get(role, _MOST_DISCOUNT[role])


DEFAULTS = Policy()


def read_policy(document: object) -> Policy:
    """The rules a stored document means; every rule that cannot be meant has its default."""
    if not isinstance(document, Mapping):
        return DEFAULTS
    found: dict[str, Any] = {}
    for key in ("below_cost", *BOUNDS):
        try:
            found[key] = _value(key, document[key])
        except (KeyError, InvalidPolicy):
            continue
    hours = opening_days(document.get("service_hours"))
    if hours is not None and any(hours):
        found["service_hours"] = hours
    discounts = dict(_MOST_DISCOUNT)
    stored = document.get("most_discount_bp")
    for role in Role:
        share = stored.get(role.value) if isinstance(stored, Mapping) else None
        if _is_whole(share) and 0 <= share <= 10_000:
            discounts[role] = share
    return replace(DEFAULTS, **found, most_discount_bp=MappingProxyType(discounts))


def change_policy(stored: object, changes: Mapping[str, object]) -> dict[str, Any]:
    """The document after a change of some rules; what it says beside them stays as it is.

    ``changes`` holds rules by key; ``most_discount_bp`` may name some of the roles only, None
    takes a rule back to its default. Raises InvalidPolicy for the first rule that cannot be.
    """
    document: dict[str, Any] = dict(stored) if isinstance(stored, Mapping) else {}
    for key, value in changes.items():
        if key not in ("below_cost", "most_discount_bp", "service_hours", *BOUNDS):
            raise InvalidPolicy(str(key), "unknown")
        if value is None:
            document.pop(key, None)
        elif key == "service_hours":
            hours = opening_days(value)
            if hours is None or not any(hours):
                raise InvalidPolicy(key, "not-a-document")
            document[key] = [[list(span) for span in day] for day in hours]
        elif key == "most_discount_bp":
            before = document.get(key)
            kept = dict(before) if isinstance(before, Mapping) else {}
            document[key] = {**kept, **_discounts(value)}
        else:
            document[key] = _value(key, value)
    return document


def _value(key: str, value: object) -> str | int:
    if key == "below_cost":
        if not isinstance(value, str) or value not in {one.value for one in BelowCost}:
            raise InvalidPolicy(key, "not-a-choice")
        return BelowCost(value)
    if not _is_whole(value):
        raise InvalidPolicy(key, "not-a-number")
    least, most = BOUNDS[key]
    if not least <= value <= most:
        raise InvalidPolicy(key, "out-of-bounds")
    return value


def _discounts(value: object) -> dict[str, int]:
    key = "most_discount_bp"
    if not isinstance(value, Mapping):
        raise InvalidPolicy(key, "not-a-document")
    found = {}
    for role, share in value.items():
        if role not in {one.value for one in Role}:
            raise InvalidPolicy(key, "unknown")
        if not _is_whole(share):
            raise InvalidPolicy(key, "not-a-number")
        if not 0 <= share <= 10_000:
            raise InvalidPolicy(key, "out-of-bounds")
        found[Role(role).value] = share
    return found


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
