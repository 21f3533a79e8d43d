"""An attention model as the form has it."""

from __future__ import annotations

from crmdesk.services.attention_models import ModelFields
from crmdesk.services.serving import read_models
from crmdesk.services.workspace import Workspace


def fields_of(ws: Workspace, code: str) -> tuple[int, ModelFields]:
    """The id of a model by its code, and what it says."""
    with ws.database.read() as connection:
        model = next(m for m in read_models(connection) if m.code == code)
    figures = model.model
    return model.id, ModelFields(
        model.code, model.name, round(figures.interval_days), figures.virtual_between,
        model.virtual_mode, round(figures.visit_minutes), round(figures.virtual_minutes),
        tuple(model.classes), tuple(model.segments), model.objectives,
    )  # fmt: skip
