"""Attention models and exceptions: how customers are served, changed by people.

Owns what may be written and by whom: models are the office's, a customer's exceptions everybody's
who has the customer. Reading them is :mod:`crmdesk.services.serving`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.objective_text import objective_entries
from crmdesk.domain.states import Role
from crmdesk.i18n import _
from crmdesk.planning.serving import VIRTUAL_MODES, VIRTUAL_ONLY_DAYS, Exceptions
from crmdesk.services.serving import read_models
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json

BOUNDS: Mapping[str, tuple[int, int]] = {
    "interval_days": (1, VIRTUAL_ONLY_DAYS),
    "virtual_between": (0, 30),
    "visit_minutes": (1, 480),
    "virtual_minutes": (1, 240),
}
MOST_OBJECTIVES = 12


@dataclass(frozen=True, slots=True)
class ModelFields:
    """An attention model as it is written; see :class:`crmdesk.planning.serving.ServingModel`.

    ``objectives`` are in the short form of :mod:`crmdesk.domain.objective_text`.
    """

    code: str
    name: str
    interval_days: int
    virtual_between: int = 0
    virtual_mode: str = "call"
    visit_minutes: int = 20
    virtual_minutes: int = 8
    classes: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    objectives: tuple[str, ...] = ()


def save_model(ws: Workspace, model_id: int | None, fields: ModelFields) -> ChangeSet:
    """Make an attention model, or change one; customers follow at once. Can be undone.

    UserError for a rep, FieldError for what cannot be, and where another model has the code or
    applies to the same class or segment already.
    """
    _require_office(ws)
    with ws.database.write() as tx:
        checked = _checked(fields, _stored_objectives(tx.connection, model_id))
        _check_alone(tx.connection, model_id, fields)
        run = tx.connection.exec_driver_sql
        if model_id is None:
            names = ", ".join(checked)
            marks = ", ".join("?" for _name in checked)
            key = run(
                f"INSERT INTO attention_model (uid, {names}) VALUES (?, {marks})"  # noqa: S608
                " RETURNING id",
                (new_uid(), *checked.values()),
            ).scalar_one()
            return ChangeSet.of("attention_model", [int(key)], undo=tx.txn)
        row = run("SELECT * FROM attention_model WHERE id = ?", (model_id,)).first()
        if row is None:
            raise NotFound(_("This attention model is no longer here."))
        changed = {name: value for name, value in checked.items() if row._mapping[name] != value}
        if not changed:
            return ChangeSet()
        pairs = ", ".join(f"{name} = ?" for name in changed)
        run(
            f"UPDATE attention_model SET {pairs} WHERE id = ?",  # noqa: S608 - own names
            (*changed.values(), model_id),
        )
    return ChangeSet.of("attention_model", [model_id], undo=tx.txn)


def set_exceptions(
    ws: Workspace, wanted: Mapping[int, Exceptions], *, keep: Sequence[str] = ()
) -> ChangeSet:
    """Give customers figures of their own, or take them away with None; one step, can be undone.

    ``keep`` names columns that stay as they are. FieldError for what cannot be, NotFound for a
    customer or model that is not here.
    """
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        touched = []
        for account_id, own in wanted.items():
            values = {
                "attention_model_id": own.model_id,
                "interval_days": _whole("interval_days", own.interval_days),
                "virtual_between": _whole("virtual_between", own.virtual_between),
                "visit_minutes": _whole("visit_minutes", own.visit_minutes),
            }
            row = run(
                "SELECT attention_model_id, interval_days, virtual_between, visit_minutes"
                " FROM account WHERE id = ?",
                (account_id,),
            ).first()
            if row is None:
                raise NotFound(_("This customer is no longer on this laptop."))
            changed = {
                name: value
                for name, value in values.items()
                if name not in keep and row._mapping[name] != value
            }
            if not changed:
                continue
            pairs = ", ".join(f"{name} = ?" for name in changed)
            run(
                f"UPDATE account SET {pairs} WHERE id = ?",  # noqa: S608 - own names
                (*changed.values(), account_id),
            )
            touched.append(account_id)
        if not touched:
            return ChangeSet()
    return ChangeSet.of("account", touched, undo=tx.txn)


def _require_office(ws: Workspace) -> None:
    if ws.user.role is Role.REP:
        raise UserError(
            _("The office decides on attention models."),
            _("Give a customer an exception, or ask the office."),
        )


def _stored_objectives(connection: Connection, model_id: int | None) -> object:
    text = connection.exec_driver_sql(
        "SELECT objectives FROM attention_model WHERE id = ?", (model_id,)
    ).scalar()
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return None


def _checked(fields: ModelFields, stored: object) -> dict[str, object]:
    code, name = fields.code.strip(), fields.name.strip()
    if not code:
        raise FieldError("code", _("A model needs a short code, like A."))
    if len(code) > 20:
        raise FieldError("code", _("A code has 20 characters at most."))
    if not name:
        raise FieldError("name", _("A model needs a name, like “every two weeks”."))
    if fields.virtual_mode not in VIRTUAL_MODES:
        raise FieldError("virtual_mode", _("Choose call, video or message."))
    objectives = objective_entries(fields.objectives, stored)
    if len(objectives) > MOST_OBJECTIVES:
        raise FieldError("objectives", _("Nobody keeps more than twelve objectives in a visit."))
    return {
        "code": code,
        "name": name[:200],
        **{key: _whole(key, getattr(fields, key)) for key in BOUNDS},
        "virtual_mode": fields.virtual_mode,
        "applies": dump_json(
            {"classes": _words(fields.classes), "segments": _words(fields.segments)}
        ),
        "objectives": dump_json(objectives) if objectives else None,
    }


def _words(values: Sequence[str]) -> list[str]:
    return sorted({value.strip() for value in values if value.strip()})


def _whole(key: str, value: int | None) -> int | None:
    if value is None:
        return None
    least, most = BOUNDS[key]
    if not least <= value <= most:
        raise FieldError(
            key, _("This is a whole number from {least} to {most}.").format(least=least, most=most)
        )
    return value


def _check_alone(connection: Connection, model_id: int | None, fields: ModelFields) -> None:
    """Two models with one code, or for one class, would leave it open which one holds."""
    for other in read_models(connection):
        if other.id == model_id:
            continue
        if other.code.casefold() == fields.code.strip().casefold():
            raise FieldError("code", _("There is a model with this code already."))
        for kind, wanted, taken in (
            ("classes", fields.classes, other.classes),
            ("segments", fields.segments, other.segments),
        ):
            for word in sorted(taken & set(_words(wanted))):
                raise FieldError(
                    kind,
                    _("“{word}” is served by model {code} already.").format(
                        word=word, code=other.code
                    ),
                )
