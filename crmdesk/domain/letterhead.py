"""What a company says of itself on its documents: which fields, their bounds, its logo and terms.

Pure. A logo is kept as ``{"data": base64, "type": "image/png"}``, terms by language as
``{"terms": {"es": …}}``; the laptop's office and HQ's commands check with the same code, and HQ
checks again what laptops send.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from crmdesk.domain.errors import FieldError
from crmdesk.i18n import LANGUAGES, _, format_bytes

FIELDS = (
    "name", "street", "postcode", "city", "country", "tax_id", "phone", "email", "website",
    "bank_account",
)  # fmt: skip
MOST_LOGO_BYTES = 36_000
"""48 kB as base64: a logo goes to every laptop."""
MOST_TERMS = 6_000
_MOST_FIELD = 200
_MAIL = re.compile(r"[^\s@]+@[^\s@]+")
_COUNTRY = re.compile(r"[A-Z]{2}")
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def checked_fields(fields: Mapping[str, str]) -> dict[str, str | None]:
    """The fields as they are kept, by name; FieldError for one that cannot be."""
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


def checked_terms(terms: Mapping[str, str]) -> dict[str, str]:
    """Terms by language, the general ones under an empty name; FieldError."""
    for code, text in terms.items():
        if code and code not in LANGUAGES:
            raise FieldError(f"terms.{code}", _("Documents are not written in this language."))
        if len(text) > MOST_TERMS:
            raise FieldError(
                f"terms.{code}", _("Terms are at most {count} letters.").format(count=MOST_TERMS)
            )
    return {code: text.strip() for code, text in terms.items()}


def with_terms(texts: object, changes: Mapping[str, str]) -> dict[str, object]:
    """The texts by language with some terms changed; an empty one goes."""
    kept = dict(texts) if isinstance(texts, Mapping) else {}
    before = kept.get("terms")
    terms = {**(before if isinstance(before, Mapping) else {}), **changes}
    kept["terms"] = {code: text for code, text in terms.items() if text}
    return kept


def logo_document(logo: bytes) -> dict[str, str] | None:
    """A logo as it is kept; None for none. FieldError for what is no small PNG or JPEG."""
    if not logo:
        return None
    if not logo.startswith(_PICTURES):
        raise FieldError("logo", _("A logo is a PNG or JPEG picture."))
    if len(logo) > MOST_LOGO_BYTES:
        raise FieldError(
            "logo", _("A logo is at most {size}.").format(size=format_bytes(MOST_LOGO_BYTES))
        )
    kind = "image/png" if logo.startswith(_PICTURES[0]) else "image/jpeg"
    return {"data": base64.b64encode(logo).decode("ascii"), "type": kind}


def logo_of(document: object) -> bytes:
    """The picture of a kept logo; nothing where there is none, or none that can be."""
    data = document.get("data") if isinstance(document, Mapping) else None
    if not isinstance(data, str) or len(data) > MOST_LOGO_BYTES * 4 // 3 + 4:
        return b""
    try:
        logo = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return logo if logo.startswith(_PICTURES) else b""
