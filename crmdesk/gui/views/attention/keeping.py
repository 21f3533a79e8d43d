"""What is typed of models and of customers' own figures: read, and saved on the writer's thread."""

from __future__ import annotations

from collections.abc import Mapping

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.form_meeting import Filled, Theirs, keep
from crmdesk.gui.views.attention import words
from crmdesk.gui.views.attention.words import ModelTyped, OwnTyped
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.planning.serving import Exceptions
from crmdesk.services import attention_models as commands
from crmdesk.services.attention_models import ModelFields
from crmdesk.services.queries import attention as queries
from crmdesk.services.workspace import Workspace


def keep_model(ws: Workspace, model_id: int | None, filled: Filled) -> tuple[ChangeSet, Theirs]:
    """Save a model, or without an id make one. Raises what saving it raises."""

    def now() -> list[AskedField]:
        model = None if model_id is None else queries.models_now(ws).get(model_id)
        return words.model_fields(ModelTyped() if model is None else words.typed_of(model))

    def write(values: Mapping[str, str]) -> ChangeSet:
        return commands.save_model(ws, model_id, model_of(ModelTyped(**values)))

    return keep(ws, filled, now, write)


def keep_own(ws: Workspace, account_id: int, filled: Filled) -> tuple[ChangeSet, Theirs]:
    """Save a customer's own figures, which are numbers; its model by name stays as it is."""

    def now() -> list[AskedField]:
        return words.own_fields(words.own_typed(queries.own_figures(ws, account_id)))

    def write(values: Mapping[str, str]) -> ChangeSet:
        own = own_of(OwnTyped(**values)) or Exceptions()
        return commands.set_exceptions(ws, {account_id: own}, keep=("attention_model_id",))

    return keep(ws, filled, now, write)


def model_of(typed: ModelTyped) -> ModelFields:
    """The model that is typed; -1 for what is no number."""
    return ModelFields(
        typed.code, typed.name, words.read_whole(typed.every), words.read_whole(typed.between, 0),
        typed.mode, words.read_whole(typed.visit), words.read_whole(typed.virtual),
        words.read_words(typed.classes), words.read_words(typed.segments),
        words.read_words(typed.objectives, ";"),
    )  # fmt: skip


def own_of(typed: OwnTyped) -> Exceptions | None:
    """A customer's own figures as typed; None for what is no number."""
    values = [words.read_whole(text, -2) for text in (typed.every, typed.between, typed.minutes)]
    if -1 in values:
        return None
    return Exceptions(None, *(None if value == -2 else value for value in values))
