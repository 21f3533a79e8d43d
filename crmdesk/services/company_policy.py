"""Changing the company's rules: strict, by the office, journalled and judged at HQ like any row.

Which rules there are is :mod:`crmdesk.domain.policy`; reading is services.queries.policy.
"""

from __future__ import annotations

from collections.abc import Mapping

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.policy import BOUNDS, InvalidPolicy, change_policy
from crmdesk.domain.states import Role
from crmdesk.i18n import _
from crmdesk.services.queries.policy import stored_policy
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json


def require_office(ws: Workspace) -> None:
    """UserError unless this person is of the office: prices and rules are HQ's."""
    if ws.user.role is Role.REP:
        raise UserError(
            _("The office sets prices and rules."),
            _("Ask them; you get theirs with the next sync."),
        )


def change_company_policy(ws: Workspace, changes: Mapping[str, object]) -> ChangeSet:
    """Change rules by key (see :func:`crmdesk.domain.policy.change_policy`).

    UserError for a rep, FieldError for a rule that cannot be; nothing is written then.
    """
    require_office(ws)
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        before = stored_policy(tx.connection)
        try:
            after = change_policy(before, changes)
        except InvalidPolicy as error:
            raise FieldError(error.key, _problem(error)) from error
        key = int(run("SELECT id FROM organisation ORDER BY id LIMIT 1").scalar_one())
        if after == before:
            return ChangeSet()
        run("UPDATE organisation SET policy = ? WHERE id = ?", (dump_json(after), key))
    return ChangeSet.of("organisation", [key], undo=tx.txn)


def _problem(error: InvalidPolicy) -> str:
    if error.code == "out-of-bounds":
        if error.key in BOUNDS:
            least, most = BOUNDS[error.key]
            return _("This is a whole number from {least} to {most}.").format(
                least=least, most=most
            )
        return _("A discount is from 0 to 100 %.")
    if error.code == "not-a-number":
        return _("This must be a whole number.")
    if error.code == "not-a-choice":
        return _("Choose to warn or to block.")
    return _("There is no such rule.")
