"""Changing what the company says of itself on its documents; the office's, synced to everybody."""

from __future__ import annotations

import json
from collections.abc import Mapping

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import UserError
from crmdesk.domain.letterhead import checked_fields, checked_terms, logo_document, with_terms
from crmdesk.domain.states import Role
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json


def change_company(
    ws: Workspace,
    fields: Mapping[str, str] | None = None,
    terms: Mapping[str, str] | None = None,
    logo: bytes | None = None,
) -> ChangeSet:
    """Change what is given and leave the rest; an empty text or logo takes it away.

    ``terms`` are by language, the general ones under an empty name. ``logo`` is a PNG or JPEG that
    was made small (:mod:`crmdesk.gui.printing.images`). UserError for a rep, FieldError for what
    cannot be; nothing is written then. The change can be undone.
    """
    if ws.user.role is Role.REP:
        raise UserError(
            _("The office looks after the company's documents."),
            _("Ask them; you get theirs with the next sync."),
        )
    values: dict[str, str | None] = checked_fields(fields or {})
    checked = checked_terms(terms or {})
    if "" in checked:
        values["document_terms"] = checked.pop("") or None
    if logo is not None:
        document = logo_document(logo)
        values["logo"] = None if document is None else dump_json(document)
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        row = run("SELECT * FROM organisation ORDER BY id LIMIT 1").one()
        if checked:
            before = json.loads(row.document_texts) if row.document_texts else None
            values["document_texts"] = dump_json(with_terms(before, checked))
        changed = {name: value for name, value in values.items() if getattr(row, name) != value}
        if not changed:
            return ChangeSet()
        for name, value in changed.items():
            # The names are FIELDS and three of our own.
            run(f"UPDATE organisation SET {name} = ? WHERE id = ?", (value, row.id))  # noqa: S608
    return ChangeSet.of("organisation", [row.id], undo=tx.txn)
