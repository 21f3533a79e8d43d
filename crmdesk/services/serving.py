"""How customers are served: attention models and exceptions read from the local database.

Owns reading them for everybody who asks, the planner, Today, the card and coverage. The decision
itself is :func:`crmdesk.planning.serving.serving_of`; changing models is
:mod:`crmdesk.services.attention_models`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.objective_text import objective_words
from crmdesk.planning.attention import AttentionModel
from crmdesk.planning.serving import (
    USUAL,
    VIRTUAL_MODES,
    Exceptions,
    Serving,
    ServingModel,
    serving_of,
)

_COLUMNS = (
    "SELECT id, class, segment, attention_model_id, interval_days, virtual_between, visit_minutes"
    " FROM account"
)


def read_models(connection: Connection) -> tuple[ServingModel, ...]:
    """The company's attention models by code; what a row cannot mean has the usual figures."""
    rows = connection.exec_driver_sql(
        "SELECT id, code, name, interval_days, virtual_between, visit_minutes, virtual_minutes,"
        " virtual_mode, applies, objectives FROM attention_model ORDER BY code, id"
    )
    return tuple(_model(row) for row in rows)


def _model(row: Any) -> ServingModel:
    applies = _document(row[8])
    mode = row[7] if row[7] in VIRTUAL_MODES else VIRTUAL_MODES[0]
    return ServingModel(
        id=int(row[0]),
        code=row[1],
        name=row[2],
        model=AttentionModel(
            interval_days=float(max(row[3] or USUAL.interval_days, 1)),
            virtual_between=max(row[4] or 0, 0),
            visit_minutes=float(max(row[5] or 0, 0)) or USUAL.visit_minutes,
            virtual_minutes=float(max(row[6] or 0, 0)) or USUAL.virtual_minutes,
        ),
        virtual_mode=mode,
        classes=_words(applies.get("classes")),
        segments=_words(applies.get("segments")),
        objectives=_objectives(row[9]),
    )


def _loaded(text: object) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return None


def _document(text: object) -> Mapping[str, Any]:
    found = _loaded(text)
    return found if isinstance(found, dict) else {}


def _words(value: object) -> frozenset[str]:
    if not isinstance(value, list):
        return frozenset()
    return frozenset(word for word in value if isinstance(word, str) and word)


def _objectives(text: object) -> tuple[str, ...]:
    found = _loaded(text)
    if not isinstance(found, list):
        return ()
    return tuple(words for one in found if (words := objective_words(one)))


def read_servings(
    connection: Connection, account_ids: Sequence[int] | None = None
) -> dict[int, Serving]:
    """How customers are served, by local id; all of them without ``account_ids``."""
    models = read_models(connection)
    if account_ids is None:
        rows = connection.exec_driver_sql(_COLUMNS)
    else:
        rows = connection.exec_driver_sql(
            _COLUMNS + " WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608 - own text
            (json.dumps(sorted(set(account_ids))),),
        )
    return {
        int(row[0]): serving_of(
            models, row[1] or "", row[2] or "", Exceptions(row[3], row[4], row[5], row[6])
        )
        for row in rows
    }


def read_serving(connection: Connection, account_id: int) -> Serving | None:
    """How one customer is served; None for one that is not here."""
    return read_servings(connection, [account_id]).get(account_id)
