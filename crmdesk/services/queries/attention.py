"""Attention models with what they ask for, exceptions, proposals from data, and what-if.

Owns comparing how customers are served with how they buy. The arithmetic is
:mod:`crmdesk.planning.effort`'s, the facts are :mod:`crmdesk.services.queries.serving_facts`'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from crmdesk.planning.attention import AttentionModel
from crmdesk.planning.effort import Effort, Misfit, effort, fitting_model, in_plans, total
from crmdesk.planning.serving import Serving, ServingModel, serving_of
from crmdesk.services.attention_models import ModelFields
from crmdesk.services.queries.capacity import hours_there, reps
from crmdesk.services.queries.serving_facts import CompanyFacts, ServingFacts, serving_facts
from crmdesk.services.serving import read_models
from crmdesk.services.workspace import Workspace

LEAST_GAIN = 15.0
LEAST_SHARE = 0.05
LEAST_ORDER_DAYS = 6
MOST_PROPOSALS = 200


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model with whom it serves and what a month of it takes; None for the usual figures."""

    model: ServingModel | None
    customers: int
    exceptions: int
    effort: Effort


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """A customer that is served otherwise than its class and segment say."""

    facts: ServingFacts
    usual: Serving
    effort: Effort


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """What the data propose for a customer, and what it would cost and bring in a month."""

    facts: ServingFacts
    wanted: AttentionModel
    misfit: Misfit
    before: Effort
    after: Effort

    @property
    def change(self) -> Effort:
        """What changes in a month."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class AttentionBoard:
    """Everything about attention: models, exceptions, proposals, the sum, and the hours there."""

    models: tuple[ModelRow, ...]
    exceptions: tuple[ExceptionRow, ...]
    proposals: tuple[ProposalRow, ...]
    total: Effort
    hours_there: float
    classes: tuple[str, ...]
    segments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhatIfRow:
    """What a change does at one customer."""

    facts: ServingFacts
    before: Effort
    after: Effort


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a change of models would do in a month, with the customers behind it.

    ``before`` and ``after`` are what is asked for at these; ``asked_before`` and ``asked_after`` at
    all customers.
    """

    before: Effort
    after: Effort
    rows: tuple[WhatIfRow, ...]
    hours_there: float
    asked_before: Effort
    asked_after: Effort

    @property
    def change(self) -> Effort:
        """What changes in a month."""
        return self.after - self.before

    @property
    def hours_needed(self) -> float:
        """The hours that all models then ask for."""
        return self.asked_after.hours

    @property
    def plans_before(self) -> Effort:
        """Visits, hours and kilometres that plans make of it now, in the hours there."""
        return in_plans(self.asked_before, self.hours_there)

    @property
    def plans_after(self) -> Effort:
        """The same after the change: what does not fit is not driven."""
        return in_plans(self.asked_after, self.hours_there)


def attention_board(ws: Workspace) -> AttentionBoard:
    """Models, exceptions and proposals for every customer of this laptop."""
    company = serving_facts(ws)
    with ws.database.read() as connection:
        models = read_models(connection)
        there = sum(hours_there(connection, ws, key) for key, _name in reps(connection))
    efforts = {key: effort_of(company, one) for key, one in company.customers.items()}
    customers = list(company.customers.values())
    return AttentionBoard(
        models=_model_rows(models, customers, efforts),
        exceptions=tuple(
            ExceptionRow(one, usual, efforts[one.account_id])
            for one in customers
            if one.serving.own.any
            for usual in (_without(models, one),)
        ),
        proposals=proposals(company),
        total=total(efforts.values()),
        hours_there=there,
        classes=tuple(sorted({one.account_class for one in customers if one.account_class})),
        segments=tuple(sorted({one.segment for one in customers if one.segment})),
    )


def effort_of(
    company: CompanyFacts, one: ServingFacts, model: AttentionModel | None = None
) -> Effort:
    """A month of serving a customer, as it is served or by another model."""
    wanted = one.serving.model if model is None else model
    return effort(wanted, one.practice, one.rhythms, company.rates)


def _model_rows(
    models: Sequence[ServingModel],
    customers: Sequence[ServingFacts],
    efforts: Mapping[int, Effort],
) -> tuple[ModelRow, ...]:
    rows = []
    for model in (*models, None):
        served = [one for one in customers if _same(one.serving.source, model)]
        if model is None and not served:
            continue
        rows.append(
            ModelRow(
                model, len(served), sum(one.serving.own.any for one in served),
                total(efforts[one.account_id] for one in served),
            )
        )  # fmt: skip
    return tuple(rows)


def _same(source: ServingModel | None, model: ServingModel | None) -> bool:
    return (None if source is None else source.id) == (None if model is None else model.id)


def _without(models: Sequence[ServingModel], one: ServingFacts) -> Serving:
    return serving_of(
        models, one.account_class, one.segment,
        replace(one.serving.own, model_id=None, interval_days=None, virtual_between=None,
                visit_minutes=None),
    )  # fmt: skip


def proposals(company: CompanyFacts) -> tuple[ProposalRow, ...]:
    """Customers for whom another rhythm would bring clearly more than it costs, the best first."""
    found = []
    for one in company.customers.values():
        if one.buys_every is None or one.orders < LEAST_ORDER_DAYS or one.serving.virtual_only:
            continue
        fitting = fitting_model(
            one.serving.model, one.practice, one.rhythms, company.rates, one.buys_every,
            one.visited_every,
        )  # fmt: skip
        if fitting is None:
            continue
        before = effort_of(company, one)
        after = effort_of(company, one, fitting.model)
        gain = after.net - before.net
        if gain >= max(LEAST_GAIN, LEAST_SHARE * abs(before.margin)):
            found.append(ProposalRow(one, fitting.model, fitting.misfit, before, after))
    found.sort(key=lambda row: row.before.net - row.after.net)
    return tuple(found[:MOST_PROPOSALS])


def what_if(ws: Workspace, model_id: int | None, fields: ModelFields) -> WhatIf:
    """What saving a model would cost and bring in a month; writes nothing."""
    with ws.database.read() as connection:
        models = read_models(connection)
    wanted = _as_model(model_id, fields)
    kept = [model for model in models if model.id != model_id]
    changed = sorted((*kept, wanted), key=lambda model: (model.code, model.id))

    def served(one: ServingFacts) -> AttentionModel:
        return serving_of(changed, one.account_class, one.segment, one.serving.own).model

    return _compare(ws, served)


def what_if_exceptions(ws: Workspace, wanted: Mapping[int, AttentionModel]) -> WhatIf:
    """The same for figures of their own of some customers."""
    return _compare(ws, lambda one: wanted.get(one.account_id, one.serving.model))


def _compare(ws: Workspace, served: Callable[[ServingFacts], AttentionModel]) -> WhatIf:
    company = serving_facts(ws)
    with ws.database.read() as connection:
        there = sum(hours_there(connection, ws, key) for key, _name in reps(connection))
    rows, asked_before, asked_after = [], [], []
    for one in company.customers.values():
        before = effort_of(company, one)
        model = served(one)
        after = before if model == one.serving.model else effort_of(company, one, model)
        asked_before.append(before)
        asked_after.append(after)
        if model != one.serving.model:
            rows.append(WhatIfRow(one, before, after))
    rows.sort(key=lambda row: row.before.net - row.after.net)
    return WhatIf(
        total(row.before for row in rows), total(row.after for row in rows), tuple(rows), there,
        total(asked_before), total(asked_after),
    )  # fmt: skip


def _as_model(model_id: int | None, fields: ModelFields) -> ServingModel:
    return ServingModel(
        -1 if model_id is None else model_id, fields.code, fields.name,
        AttentionModel(
            float(max(fields.interval_days, 1)), max(fields.virtual_between, 0),
            float(max(fields.visit_minutes, 0)), float(max(fields.virtual_minutes, 0)),
        ),
        fields.virtual_mode, frozenset(fields.classes), frozenset(fields.segments),
        tuple(fields.objectives),
    )  # fmt: skip
