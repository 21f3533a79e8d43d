"""Attention models with what they ask for, exceptions, and proposals from data.

Owns comparing how customers are served with how they buy. The arithmetic is
:mod:`crmdesk.planning.effort`'s, the facts are :mod:`crmdesk.services.queries.serving_facts`', what
a change would do :mod:`crmdesk.services.queries.what_if`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from crmdesk.planning.attention import AttentionModel
from crmdesk.planning.effort import Effort, Misfit, effort, fitting_model, total
from crmdesk.planning.serving import Exceptions, Serving, ServingModel, serving_of
from crmdesk.services.queries.capacity import hours_there, reps
from crmdesk.services.queries.serving_facts import CompanyFacts, ServingFacts, serving_facts
from crmdesk.services.queries.serving_people import serving_parts
from crmdesk.services.serving import read_models
from crmdesk.services.workspace import Workspace

LEAST_GAIN = 15.0
LEAST_SHARE = 0.05
LEAST_ORDER_DAYS = 6
MOST_PROPOSALS = 200


def models_now(ws: Workspace) -> dict[int, ServingModel]:
    """The attention models by local id, as they are stored now."""
    with ws.database.read() as connection:
        return {one.id: one for one in read_models(connection)}


def own_figures(ws: Workspace, account_id: int) -> Exceptions:
    """What a customer has of its own now; nothing of one that is gone."""
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT attention_model_id, interval_days, virtual_between, visit_minutes FROM account"
            " WHERE id = ?",
            (account_id,),
        ).first()
    return Exceptions() if row is None else Exceptions(*row)


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
    """Everything about attention: models, exceptions, proposals, the sum, and the hours there.

    ``full_reps`` of ``reps`` have more to do than hours.
    """

    models: tuple[ModelRow, ...]
    exceptions: tuple[ExceptionRow, ...]
    proposals: tuple[ProposalRow, ...]
    total: Effort
    hours_there: float
    classes: tuple[str, ...]
    segments: tuple[str, ...]
    reps: int = 0
    full_reps: int = 0


def attention_board(ws: Workspace) -> AttentionBoard:
    """Models, exceptions and proposals for every customer of this laptop."""
    company = serving_facts(ws)
    with ws.database.read() as connection:
        models = read_models(connection)
        there = {key: hours_there(connection, ws, key) for key, _name in reps(connection)}
        parts = serving_parts(
            connection, ws.today(),
            {key: one.territory_id for key, one in company.customers.items()},
        )  # fmt: skip
    efforts = {key: effort_of(company, one) for key, one in company.customers.items()}
    customers = list(company.customers.values())
    needed = dict.fromkeys(there, 0.0)
    for key, effort_here in efforts.items():
        for part in parts[key]:
            if part.rep_id in needed:
                needed[part.rep_id] += effort_here.hours * part.share
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
        hours_there=sum(there.values()),
        classes=tuple(sorted({one.account_class for one in customers if one.account_class})),
        segments=tuple(sorted({one.segment for one in customers if one.segment})),
        reps=len(there),
        full_reps=sum(needed[key] > hours for key, hours in there.items()),
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
