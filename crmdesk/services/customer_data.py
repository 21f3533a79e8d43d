"""A customer's own data as one form: address, hours, words, and the fields of the company's own.

Owns saving them in one step; only what differs is written, so that two people's changes meet as
fields. Fields that are HQ's are not in the form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.custom_fields import CustomField
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.hours_text import read_week
from crmdesk.i18n import _
from crmdesk.services.accounts import check_code
from crmdesk.services.custom_fields import fields_in, values_in, write_values
from crmdesk.services.field_words import hours_text
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json

TEXTS = (
    "name", "code", "tax_id", "street", "postcode", "city", "region", "country", "channel",
    "segment", "description",
)  # fmt: skip
_NEEDED = ("name", "code")
MOST_TEXT, MOST_DESCRIPTION = 200, 2_000


@dataclass(frozen=True, slots=True)
class CustomerData:
    """What the form holds: texts by column, the opening hours as a line, own values by field."""

    texts: Mapping[str, str]
    hours: str = ""
    custom: Mapping[int, str] = field(default_factory=dict)
    fields: tuple[CustomField, ...] = ()


def read_data(ws: Workspace, account_id: int) -> CustomerData:
    """The data as the form shows them. Raises NotFound."""
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT * FROM account WHERE id = ?", (account_id,)
        ).first()
        if row is None:
            raise _gone()
        return _data_in(connection, row)


def _data_in(connection: Connection, row: Any) -> CustomerData:
    fields = tuple(one for one in fields_in(connection) if one.active)
    values = values_in(connection, int(row.id))
    return CustomerData(
        {name: str(row._mapping[name] or "") for name in TEXTS},
        _shown_hours(row),
        {one.id: values.get(one.id, "") for one in fields},
        fields,
    )


def save_data(ws: Workspace, account_id: int, data: CustomerData) -> ChangeSet:
    """Save the form as one undoable step. FieldError for what cannot be, NotFound."""
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        row = run("SELECT * FROM account WHERE id = ?", (account_id,)).first()
        if row is None:
            raise _gone()
        now = _data_in(tx.connection, row)
        cells: dict[str, Any] = {
            name: _checked_text(name, data.texts.get(name, ""))
            for name in TEXTS
            if data.texts.get(name, "") != now.texts[name]
        }
        if data.hours != _shown_hours(row):
            week = read_week("hours", data.hours)
            cells["opening_hours"] = None if week is None else dump_json(week)
        changed = {name: value for name, value in cells.items() if row._mapping[name] != value}
        if "code" in changed:
            check_code(tx.connection, str(changed["code"]), account_id)
        if changed:
            pairs = ", ".join(f"{name} = ?" for name in changed)
            query = f"UPDATE account SET {pairs} WHERE id = ?"  # noqa: S608 - own names
            run(query, (*changed.values(), account_id))
        own = write_values(tx.connection, account_id, data.custom)
    if not changed and not own:
        return ChangeSet()
    touched = {"account": frozenset({account_id})}
    if own:
        touched["custom_value"] = frozenset(own)
    return ChangeSet(touched, undo=tx.txn)


def _checked_text(name: str, typed: str) -> str | None:
    text = typed.strip()
    if name in _NEEDED and not text:
        raise FieldError(name, _("This field cannot be empty."))
    most = MOST_DESCRIPTION if name == "description" else MOST_TEXT
    if len(text) > most:
        raise FieldError(name, _("This is longer than {count} letters.").format(count=most))
    return text or None


def _shown_hours(row: Any) -> str:
    return hours_text(row.opening_hours) if row.opening_hours else ""


def _gone() -> NotFound:
    return NotFound(_("This customer is no longer here."))
