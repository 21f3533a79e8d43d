"""Changing what the company says of itself on its documents; the office's, synced to everybody."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.states import Role
from crmdesk.i18n import LANGUAGES, _, format_bytes
from crmdesk.services.queries.company import FIELDS
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json

MOST_LOGO_BYTES = 36_000
"""48 kB as base64: a logo goes to every laptop."""
MOST_TERMS = 6_000
_MOST_FIELD = 200
_MAIL = re.compile(r"[^\s@]+@[^\s@]+")
_COUNTRY = re.compile(r"[A-Z]{2}")
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


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
    values = _checked_fields(fields or {})
    checked = _checked_terms(terms or {})
    if "" in checked:
        values["document_terms"] = checked.pop("") or None
    if logo is not None:
        values["logo"] = _logo_document(logo)
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        row = run("SELECT * FROM organisation ORDER BY id LIMIT 1").one()
        if checked:
            values["document_texts"] = _with_terms(row.document_texts, checked)
        changed = {name: value for name, value in values.items() if getattr(row, name) != value}
        if not changed:
            return ChangeSet()
        for name, value in changed.items():
            # The names are FIELDS and three of our own.
            run(f"UPDATE organisation SET {name} = ? WHERE id = ?", (value, row.id))  # noqa: S608
    return ChangeSet.of("organisation", [row.id], undo=tx.txn)


def _checked_fields(fields: Mapping[str, str]) -> dict[str, str | None]:
    values: dict[str, str | None] = {}
    for name, text in fields.items():
        value = " ".join(text.split())
        if name not in FIELDS:
            raise FieldError(name, _("There is no such field."))
        if len(value) > _MOST_FIELD:
            raise FieldError(
                name, _("This is longer than {count} letters.").format(count=_MOST_FIELD)
            )
        if name == "country":
            value = value.upper()
        problem = _problem(name, value)
        if problem:
            raise FieldError(name, problem)
        values[name] = value or None
    return values


def _problem(name: str, value: str) -> str:
    if name == "name" and not value:
        return _("A company has a name.")
    if name == "country" and not _COUNTRY.fullmatch(value):
        return _("A country is two letters, such as ES.")
    if name == "email" and value and not _MAIL.fullmatch(value):
        return _("This is no e-mail address.")
    return ""


def _checked_terms(terms: Mapping[str, str]) -> dict[str, str]:
    for code, text in terms.items():
        if code and code not in LANGUAGES:
            raise FieldError(f"terms.{code}", _("Documents are not written in this language."))
        if len(text) > MOST_TERMS:
            raise FieldError(
                f"terms.{code}", _("Terms are at most {count} letters.").format(count=MOST_TERMS)
            )
    return {code: text.strip() for code, text in terms.items()}


def _with_terms(stored: str | None, changes: Mapping[str, str]) -> str | None:
    texts = json.loads(stored) if stored else {}
    before = texts.get("terms") if isinstance(texts, dict) else None
    terms = {**(before if isinstance(before, dict) else {}), **changes}
    kept = {code: text for code, text in terms.items() if text}
    return dump_json({**(texts if isinstance(texts, dict) else {}), "terms": kept})


def _logo_document(logo: bytes) -> str | None:
    if not logo:
        return None
    if not logo.startswith(_PICTURES):
        raise FieldError("logo", _("A logo is a PNG or JPEG picture."))
    if len(logo) > MOST_LOGO_BYTES:
        raise FieldError(
            "logo", _("A logo is at most {size}.").format(size=format_bytes(MOST_LOGO_BYTES))
        )
    kind = "image/png" if logo.startswith(_PICTURES[0]) else "image/jpeg"
    return dump_json({"data": base64.b64encode(logo).decode("ascii"), "type": kind})
