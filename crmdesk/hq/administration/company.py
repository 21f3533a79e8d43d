"""What stands on the company's documents, changed at HQ: checked, audited, sent to all laptops."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from crmdesk.domain.errors import NotFound
from crmdesk.domain.letterhead import (
    FIELDS,
    checked_fields,
    checked_terms,
    logo_document,
    logo_of,
    with_terms,
)
from crmdesk.hq.access import auth
from crmdesk.hq.database import images
from crmdesk.hq.database.store import Store
from crmdesk.hq.exchange import editing
from crmdesk.i18n import _
from crmdesk.sync.protocol import Wire


def present(store: Store) -> dict[str, object]:
    """The company's fields, its terms by language, and how large its logo is in bytes."""
    _uid, values = _row(store)
    texts = values.get("document_texts")
    terms = texts.get("terms") if isinstance(texts, Mapping) else None
    return {
        **{name: values.get(name) or "" for name in FIELDS},
        "terms": {"": values.get("document_terms") or "", **(terms or {})},
        "logo_bytes": len(logo_of(values.get("logo"))),
    }


def change(
    store: Store,
    fields: Mapping[str, str],
    terms: Mapping[str, str],
    logo: bytes | None,
    *,
    now_ms: int,
) -> list[str]:
    """Change what is given; returns the columns that differ. FieldError for what cannot be."""
    uid, before = _row(store)
    values: dict[str, Wire] = dict(checked_fields(fields))
    own = checked_terms(terms)
    if "" in own:
        values["document_terms"] = own.pop("") or None
    if own:
        values["document_texts"] = with_terms(before.get("document_texts"), own)
    if logo is not None:
        values["logo"] = logo_document(logo)
    changed = editing.update_changed(store, "organisation", uid, values, now_ms)
    if changed:
        with store.transaction() as connection:
            detail = msgspec.json.encode({"company": changed}).decode()
            auth.audit(connection, "company", detail=detail)
    return changed


def _row(store: Store) -> tuple[str, Mapping[str, Wire]]:
    with store.transaction() as connection:
        row = connection.execute(
            "SELECT encode(uuid_send(uid),'hex') FROM organisation WHERE NOT deleted LIMIT 1"
        ).fetchone()
        if row is None:
            raise NotFound(_("This HQ has no company yet."))
        uid = str(row[0])
        found = images.read_images(connection, {"organisation": [uid]})
    return uid, found["organisation", uid].values
