"""Erasing a person: the right to be forgotten, on this laptop, at HQ and on every other laptop.

Owns the step itself. The row stays, nameless, because visits, tickets and documents refer to it; HQ
and the laptops clear their logs when they see it (:mod:`crmdesk.hq.exchange.forgetting`,
:mod:`crmdesk.sync.forgetting`). Free words that others wrote (notes, messages of tickets, documents
that were sent) are not searched: what to do about those is a person's decision.
"""

from __future__ import annotations

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.erasure import NAMELESS
from crmdesk.domain.errors import NotFound
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace
from crmdesk.storage.profile import get_fact
from crmdesk.sync import facts, forgetting


def erase_person(ws: Workspace, contact_id: int) -> ChangeSet:
    """Erase a person for good; there is no way back, and no undo. NotFound.

    Also goes what a lead of this customer or a rejected row of an import says of the person.
    """
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        row = run(
            "SELECT name, account_id FROM contact WHERE id = ? AND erased_at IS NULL", (contact_id,)
        ).first()
        if row is None:
            raise NotFound(_("This person is no longer here."))
        ways = [
            str(one[0])
            for one in run("SELECT value FROM contact_point WHERE contact_id = ?", (contact_id,))
        ]
        points = run("DELETE FROM contact_point WHERE contact_id = ? RETURNING id", (contact_id,))
        touched = {"contact_point": frozenset(int(one[0]) for one in points)}
        run(
            "UPDATE contact SET name = ?, job = NULL, birthday = NULL, language = NULL,"
            " best_time = NULL, note = NULL, consents = NULL, consent_at = NULL,"
            " consent_channel = NULL, erased_at = ? WHERE id = ?",
            (NAMELESS, format_instant(ws.now()), contact_id),
        )
        words = [str(row.name), *ways]
        touched["lead"] = _erase_leads(tx.connection, int(row.account_id), words)
        _erase_import_rows(tx.connection, words)
    with ws.database.read() as connection:
        alone = get_fact(connection, facts.URL) is None
    forgetting.forget_erased(ws.database, answered=not alone)
    touched["contact"] = frozenset({contact_id})
    touched["account"] = frozenset({int(row.account_id)})
    return ChangeSet(touched)


def _erase_leads(connection: Connection, account_id: int, words: list[str]) -> frozenset[int]:
    """The lead from which the customer came names the same person."""
    marks = ", ".join("?" * len(words))
    found = connection.exec_driver_sql(
        "UPDATE lead SET name = ?, phone = NULL, email = NULL, note = NULL"  # noqa: S608 - marks
        f" WHERE account_uid = (SELECT uid FROM account WHERE id = ?) AND (name IN ({marks})"
        f" OR phone IN ({marks}) OR email IN ({marks})) RETURNING id",
        (NAMELESS, account_id, *words, *words, *words),
    )
    return frozenset(int(one[0]) for one in found)


def _erase_import_rows(connection: Connection, words: list[str]) -> None:
    for word in words:
        connection.exec_driver_sql(
            "UPDATE import_row SET content = NULL WHERE instr(content, ?) > 0", (word,)
        )
