"""What the company says of itself on its documents: read for whoever changes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from crmdesk.domain.letterhead import FIELDS, logo_of
from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """The company as its documents show it.

    ``fields`` by the names of FIELDS; ``terms`` by language, the general ones under an empty name;
    ``logo`` is a picture file, empty where there is none.
    """

    fields: Mapping[str, str]
    terms: Mapping[str, str]
    logo: bytes


def company(ws: Workspace) -> CompanyRow:
    """The company of this profile."""
    with ws.database.read() as connection:
        row = connection.exec_driver_sql("SELECT * FROM organisation ORDER BY id LIMIT 1").one()
    texts = json.loads(row.document_texts) if row.document_texts else {}
    found = texts.get("terms") if isinstance(texts, Mapping) else None
    terms = {k: v for k, v in found.items() if isinstance(v, str)} if found else {}
    fields = {name: getattr(row, name) or "" for name in FIELDS}
    return CompanyRow(
        fields,
        {"": row.document_terms or "", **terms},
        logo_of(json.loads(row.logo) if row.logo else None),
    )
