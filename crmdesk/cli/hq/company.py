"""``crmdesk hq company``: address, bank, terms and logo of the documents."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crmdesk.cli.console import DONE
from crmdesk.cli.context import Context
from crmdesk.cli.hq.place import now_ms, store_of
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.domain.letterhead import FIELDS
from crmdesk.i18n import LANGUAGES, _, format_bytes

_MOST_BYTES = 4_000_001


def register(steps: Any, shared: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    parser = steps.add_parser(
        "company", parents=[shared], help=_("what stands on the company's documents")
    )
    parser.set_defaults(run=_company)
    for name in FIELDS:
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name)
    parser.add_argument(
        "--terms", action="append", default=[], metavar="LANGUAGE=FILE",
        help=_("terms in a language (en, es, ru; any for all others) from a text file"),
    )  # fmt: skip
    logo = parser.add_mutually_exclusive_group()
    logo.add_argument("--logo", type=Path, help=_("a PNG, JPEG or SVG file"))
    logo.add_argument("--no-logo", action="store_true")


def _company(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import company

    fields = {name: value for name in FIELDS if (value := getattr(chosen, name)) is not None}
    terms = dict(_terms(one) for one in chosen.terms)
    logo: bytes | None = b"" if chosen.no_logo else None
    if chosen.logo is not None:
        logo = context.make_logo(_bytes(chosen.logo))
    with store_of(chosen) as store:
        if fields or terms or logo is not None:
            company.change(store, fields, terms, logo, now_ms=now_ms(context))
        present = company.present(store)
    context.console.document(present)
    shown = {**present, "terms": ", ".join(_codes(present["terms"])) or "–"}
    shown["logo_bytes"] = format_bytes(int(str(present["logo_bytes"])))
    context.console.table((_("field"), _("value")), [(k, str(v)) for k, v in shown.items()])
    return DONE


def _codes(terms: object) -> list[str]:
    found = terms if isinstance(terms, dict) else {}
    return [code or "any" for code, text in found.items() if text]


def _terms(text: str) -> tuple[str, str]:
    code, equals, name = text.partition("=")
    if not equals or code not in (*LANGUAGES, "any"):
        raise UserError(
            _("Terms are given as LANGUAGE=FILE."), _("For example: --terms es=terms.txt")
        )
    try:
        words = _bytes(Path(name)).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(_("{file} is not text in UTF-8.").format(file=name)) from error
    return "" if code == "any" else code, words


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except FileNotFoundError:
        raise NotFound(_("There is no file {file}.").format(file=path)) from None
    except OSError as error:
        raise UserError(
            _("{file} cannot be read.").format(file=path), error.strerror or ""
        ) from error
