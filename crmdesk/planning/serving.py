"""Which attention model serves a customer, and what the customer's own exceptions make of it.

Owns the one decision that the planner, Today and coverage share: the model named on the customer
comes first, then the one for its segment, then the one for its class, then the usual one; every
figure of the model gives way to the customer's own. Leaves the clocks to `attention` and reading
rows to the services.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from crmdesk.planning.attention import AttentionModel

#: From this interval on nobody drives: the customer is served by telephone alone.
VIRTUAL_ONLY_DAYS: Final = 3650
USUAL: Final = AttentionModel(interval_days=28.0, virtual_between=0, visit_minutes=20.0)
VIRTUAL_MODES: Final = ("call", "video", "message")


class Because(Enum):
    """Why this model serves the customer."""

    NAMED = "named"
    SEGMENT = "segment"
    CLASS = "class"
    USUAL = "usual"


@dataclass(frozen=True, slots=True)
class ServingModel:
    """An attention model as the company keeps it, and to whom it applies."""

    id: int
    code: str
    name: str
    model: AttentionModel
    virtual_mode: str = "call"
    classes: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    objectives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What a customer has of its own; None where the model's figure holds."""

    model_id: int | None = None
    interval_days: int | None = None
    virtual_between: int | None = None
    visit_minutes: int | None = None

    @property
    def any(self) -> bool:
        """True where something differs from what the customer's class and segment would give."""
        own = (self.model_id, self.interval_days, self.virtual_between, self.visit_minutes)
        return any(value is not None for value in own)


@dataclass(frozen=True, slots=True)
class Serving:
    """How a customer is served: the figures that hold, the model behind them, and why it."""

    model: AttentionModel
    virtual_mode: str
    source: ServingModel | None
    because: Because
    own: Exceptions = field(default_factory=Exceptions)

    @property
    def virtual_only(self) -> bool:
        """True for a customer that is never driven to."""
        return self.model.interval_days >= VIRTUAL_ONLY_DAYS


def serving_of(
    models: Sequence[ServingModel], class_: str, segment: str, own: Exceptions
) -> Serving:
    """How a customer of a class and segment with its own exceptions is served.

    Of several models for the same segment or class the first one stands. Figures out of range
    (an interval below one day, negative counts) are taken as not given.
    """
    source, because = _model_of(models, class_, segment, own.model_id)
    base = source.model if source is not None else USUAL
    interval = own.interval_days if own.interval_days and own.interval_days >= 1 else None
    between = own.virtual_between if (own.virtual_between or 0) >= 0 else None
    minutes = own.visit_minutes if (own.visit_minutes or 0) > 0 else None
    model = AttentionModel(
        interval_days=base.interval_days if interval is None else float(interval),
        virtual_between=base.virtual_between if between is None else between,
        visit_minutes=base.visit_minutes if minutes is None else float(minutes),
        virtual_minutes=base.virtual_minutes,
    )
    mode = source.virtual_mode if source is not None else VIRTUAL_MODES[0]
    return Serving(model, mode, source, because, own)


def _model_of(
    models: Sequence[ServingModel], class_: str, segment: str, named: int | None
) -> tuple[ServingModel | None, Because]:
    by_id: Mapping[int, ServingModel] = {model.id: model for model in models}
    if named is not None and named in by_id:
        return by_id[named], Because.NAMED
    for model in models:
        if segment and segment in model.segments:
            return model, Because.SEGMENT
    for model in models:
        if class_ and class_ in model.classes:
            return model, Because.CLASS
    return None, Because.USUAL
