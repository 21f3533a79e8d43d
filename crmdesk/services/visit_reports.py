"""What is told of a visit while it runs: answers to objectives and questions, photos, its promises.

Owns rows of ``visit_task`` that are answers or photos. Which items there are says the attention
model of the customer; what an answer may be is :mod:`crmdesk.domain.visit_work`'s. Counts of the
shelf are :mod:`crmdesk.services.stock_counts`'.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.domain.visit_work import VisitItem, check_answer, missing, read_items
from crmdesk.i18n import _, ngettext
from crmdesk.services import attachments
from crmdesk.services.serving import read_serving
from crmdesk.services.workspace import Workspace

MOST_PHOTO_BYTES = 1_500_000
"""A photo larger than this was not compressed."""


def items_of(connection: Connection, account_id: int) -> tuple[VisitItem, ...]:
    """What a visit to a customer is for, by the attention model that serves it."""
    serving = read_serving(connection, account_id)
    if serving is None or serving.source is None:
        return ()
    text = connection.exec_driver_sql(
        "SELECT objectives FROM attention_model WHERE id = ?", (serving.source.id,)
    ).scalar()
    try:
        return read_items(json.loads(text) if isinstance(text, str) else text)
    except ValueError:
        return ()


def answers_of(connection: Connection, visit_id: int) -> dict[str, str]:
    """The answers of a visit by item key."""
    rows = connection.exec_driver_sql(
        "SELECT key, answer FROM visit_task WHERE visit_id = ? AND key IS NOT NULL"
        " AND answer IS NOT NULL ORDER BY id",
        (visit_id,),
    )
    return {str(row[0]): str(row[1]) for row in rows}


def missing_in(
    connection: Connection, visit_id: int, outcome: VisitOutcome | None = None
) -> tuple[VisitItem, ...]:
    """The mandatory items of a visit that have no answer yet."""
    row = connection.exec_driver_sql(
        "SELECT account_id, mode FROM visit WHERE id = ?", (visit_id,)
    ).first()
    if row is None:
        return ()
    items = items_of(connection, int(row[0]))
    return missing(items, answers_of(connection, visit_id), VisitMode(row[1]), outcome)


def missing_answers(ws: Workspace, visit_id: int) -> tuple[VisitItem, ...]:
    """The mandatory items of a visit that have no answer yet, if somebody was met."""
    with ws.database.read() as connection:
        return missing_in(connection, visit_id)


def check_answered(connection: Connection, visit_id: int, outcome: VisitOutcome) -> None:
    """Raise UserError (code ``unanswered``) while mandatory items of a visit have no answer."""
    left = missing_in(connection, visit_id, outcome)
    if left:
        raise UserError(
            ngettext(
                "{count} question of this visit has to be answered first: {name}.",
                "{count} questions of this visit have to be answered first, such as {name}.",
                len(left),
            ).format(count=len(left), name=left[0].name),
            _("Answer it on the visit sheet, or say that nobody was met."),
            code="unanswered",
        )


def answer_item(ws: Workspace, visit_id: int, key: str, typed: str) -> ChangeSet:
    """Keep the answer to an item of a visit; nothing typed takes it back.

    Raises FieldError for what is no answer, NotFound, UserError for a visit of somebody else.
    """
    with ws.database.write() as tx:
        visit = _own_visit(tx.connection, ws, visit_id)
        items = items_of(tx.connection, int(visit.account_id))
        place = next((at for at, one in enumerate(items) if one.key == key), None)
        if place is None:
            raise NotFound(_("This question is no longer asked."))
        item = items[place]
        answer = check_answer(item, typed)
        run = tx.connection.exec_driver_sql
        found = run(
            "SELECT id FROM visit_task WHERE visit_id = ? AND key = ? ORDER BY id LIMIT 1",
            (visit_id, key),
        ).scalar()
        if found is None and answer is None:
            return ChangeSet()
        if found is None:
            found = run(
                "INSERT INTO visit_task (uid, account_id, visit_id, kind, name, answer, position,"
                " key, mandatory) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    new_uid(), visit.account_id, visit_id, item.kind, item.name, answer, place + 1,
                    key, int(item.mandatory),
                ),
            ).scalar_one()  # fmt: skip
        else:
            run("UPDATE visit_task SET answer = ? WHERE id = ?", (answer, found))
    return _touched(tx.txn, visit, visit_task=int(found))


def attach_photo(ws: Workspace, visit_id: int, data: bytes, name: str) -> ChangeSet:
    """Keep a photo of a visit; ``data`` is a compressed PNG or JPEG (:mod:`crmdesk.gui.photos`).

    Raises UserError for what is no picture or was not compressed, NotFound.
    """
    if len(data) > MOST_PHOTO_BYTES:
        raise UserError(_("This photo is too large."), _("Choose it anew; it is made smaller."))
    with ws.database.read() as connection:
        visit = _own_visit(connection, ws, visit_id)
    taken = attachments.attach_file(
        ws, int(visit.account_id), data, name=name, kind=attachments.PHOTO,
        owner=("visit", visit.uid),
    )  # fmt: skip
    with ws.database.write() as tx:
        key = tx.connection.exec_driver_sql(
            "INSERT INTO visit_task (uid, account_id, visit_id, kind, name, attachment_uid,"
            " position) SELECT ?, account_id, ?, 'photo', name, uid, 100 FROM attachment"
            " WHERE id = ? RETURNING id",
            (new_uid(), visit_id, taken.attachment_id),
        ).scalar_one()
    touched = _touched(None, visit, visit_task=int(key))
    return ChangeSet({**touched.touched, "attachment": frozenset({taken.attachment_id})})


def promise_in_visit(ws: Workspace, visit_id: int, text: str, due_on: date) -> ChangeSet:
    """Remember something promised in a visit: a task of the person who promised it."""
    with ws.database.write() as tx:
        visit = _own_visit(tx.connection, ws, visit_id)
        key = add_task(
            tx.connection, ws, visit, "promise", text, due_on,
            _("A promise needs words."),
        )  # fmt: skip
    return _touched(tx.txn, visit, promise=key)


def add_task(
    connection: Connection, ws: Workspace, visit: Any, kind: str, text: str, due_on: date,
    wordless: str,
) -> int:  # fmt: skip
    """Write a promise or task of a visit inside an open transaction; its local id.

    ``visit`` has ``uid`` and ``account_id``. FieldError with ``wordless`` for an empty text.
    """
    if not text.strip():
        raise FieldError("text", wordless)
    row = connection.exec_driver_sql(
        "INSERT INTO promise (uid, account_id, user_id, visit_uid, kind, text, made_on,"
        " due_on, assignee_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            new_uid(), visit.account_id, ws.user.id, visit.uid, kind, text.strip(),
            ws.today().isoformat(), due_on.isoformat(), ws.user.id,
        ),
    )  # fmt: skip
    return int(row.scalar_one())


def _own_visit(connection: Connection, ws: Workspace, visit_id: int) -> Any:
    row = connection.exec_driver_sql(
        "SELECT id, uid, account_id, user_id, ended_at FROM visit WHERE id = ?", (visit_id,)
    ).first()
    if row is None:
        raise NotFound(_("This visit is no longer here."))
    if row.user_id != ws.user.id:
        raise UserError(_("This visit is somebody else's."), _("Only who was there tells of it."))
    return row


def _touched(txn: int | None, visit: Any, **more: int) -> ChangeSet:
    touched = {name: frozenset({key}) for name, key in more.items()}
    touched["visit"] = frozenset({int(visit.id)})
    touched["account"] = frozenset({int(visit.account_id)})
    return ChangeSet(touched, undo=txn)
