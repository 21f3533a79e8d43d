"""What a change of attention models would cost and bring, in all and rep by rep, before it is made.

Owns the comparison of a month now with a month then. The arithmetic is
:mod:`crmdesk.planning.effort`'s, hours there are :mod:`crmdesk.services.queries.capacity`'s, who
serves whom is :mod:`crmdesk.services.queries.serving_people`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crmdesk.planning.attention import AttentionModel
from crmdesk.planning.effort import Effort, in_plans, total
from crmdesk.planning.serving import ServingModel, serving_of
from crmdesk.services.attention_models import ModelFields
from crmdesk.services.queries.attention import effort_of
from crmdesk.services.queries.capacity import hours_there, reps
from crmdesk.services.queries.serving_facts import ServingFacts, serving_facts
from crmdesk.services.queries.serving_people import part_of, serving_parts
from crmdesk.services.serving import read_models
from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class WhatIfRow:
    """What a change does at one customer."""

    facts: ServingFacts
    before: Effort
    after: Effort


@dataclass(frozen=True, slots=True)
class RepMonth:
    """A rep's month as models ask for it, before and after a change, and the hours there."""

    id: int
    name: str
    before: Effort
    after: Effort
    hours_there: float

    @property
    def load_before(self) -> float | None:
        """Hours asked for ÷ hours there; None where there are none."""
        return self.before.hours / self.hours_there if self.hours_there > 0 else None

    @property
    def load_after(self) -> float | None:
        """The same after the change."""
        return self.after.hours / self.hours_there if self.hours_there > 0 else None

    @property
    def plans_before(self) -> Effort:
        """What plans make of it now; nothing for who is not there."""
        return in_plans(self.before, self.hours_there) if self.hours_there > 0 else Effort()

    @property
    def plans_after(self) -> Effort:
        """The same after the change."""
        return in_plans(self.after, self.hours_there) if self.hours_there > 0 else Effort()


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a change of models would do in a month, with the customers behind it.

    ``before`` and ``after`` are what is asked for at these; ``asked_before`` and ``asked_after`` at
    all customers. ``reps`` says the same rep by rep, the fullest then first: one is full where
    another is not. ``unserved`` customers have no rep, so no plan drives to them.
    """

    before: Effort
    after: Effort
    rows: tuple[WhatIfRow, ...]
    hours_there: float
    asked_before: Effort
    asked_after: Effort
    reps: tuple[RepMonth, ...] = ()
    unserved: int = 0

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
        """Visits, hours and kilometres that plans make of it now, in the hours of each rep."""
        if not self.reps:
            return in_plans(self.asked_before, self.hours_there)
        return total(rep.plans_before for rep in self.reps)

    @property
    def plans_after(self) -> Effort:
        """The same after the change: what does not fit is not driven."""
        if not self.reps:
            return in_plans(self.asked_after, self.hours_there)
        return total(rep.plans_after for rep in self.reps)


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
        people = reps(connection)
        there = {key: hours_there(connection, ws, key) for key, _name in people}
        parts = serving_parts(
            connection, ws.today(),
            {key: one.territory_id for key, one in company.customers.items()},
        )  # fmt: skip
    rows, asked_before, asked_after = [], [], []
    now = dict.fromkeys(there, Effort())
    then = dict.fromkeys(there, Effort())
    for key, one in company.customers.items():
        before = effort_of(company, one)
        model = served(one)
        after = before if model == one.serving.model else effort_of(company, one, model)
        asked_before.append(before)
        asked_after.append(after)
        if model != one.serving.model:
            rows.append(WhatIfRow(one, before, after))
        for part in parts[key]:
            if part.rep_id in there:
                now[part.rep_id] += part_of(before, part.share)
                then[part.rep_id] += part_of(after, part.share)
    rows.sort(key=lambda row: row.before.net - row.after.net)
    months = [RepMonth(key, name, now[key], then[key], there[key]) for key, name in people]
    months.sort(key=lambda month: -_fullness(month))
    return WhatIf(
        total(row.before for row in rows), total(row.after for row in rows), tuple(rows),
        sum(there.values()), total(asked_before), total(asked_after), tuple(months),
        sum(not parts[key] for key in company.customers) if people else 0,
    )  # fmt: skip


def _fullness(month: RepMonth) -> float:
    load = month.load_after
    return load if load is not None else float(month.after.hours > 0) * 9.0


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
