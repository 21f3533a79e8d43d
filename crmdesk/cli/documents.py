"""``crmdesk export document``: orders, quotes, returns, receipts, sheets of a day as PDF files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from crmdesk.cli.console import DONE
from crmdesk.cli.dates import iso_date
from crmdesk.cli.opening import opened
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _, format_number, ngettext

if TYPE_CHECKING:
    from crmdesk.cli.context import Context
    from crmdesk.interchange.documents.sheet import Sheet
    from crmdesk.services.documents import Wanted
    from crmdesk.services.workspace import Workspace


def export_documents(chosen: argparse.Namespace, context: Context) -> int:
    """Write one document to a file, or several into a folder under their own names."""
    from crmdesk.interchange.documents.words import KINDS

    kind, *numbers = chosen.which or [""]
    if kind not in KINDS or not numbers:
        raise UserError(
            _("Say which document: its kind and its number."),
            _("Kinds are: {kinds}.").format(kinds=", ".join(KINDS)),
        )
    if len(numbers) > 1 and chosen.out.suffix:
        raise UserError(_("Several documents need a folder: --out FOLDER."))
    with opened(context) as ws:
        wanted = [_wanted(ws, kind, number, chosen) for number in numbers]
        written = list(context.print_documents(_sheets(ws, wanted, chosen.out)))
    context.console.document(
        {"files": [{"file": str(path), "pages": pages} for path, pages, _missing in written]}
    )
    words = ngettext(
        "{count} document written to {place}.", "{count} documents written to {place}.",
        len(written),
    )  # fmt: skip
    context.console.say(words.format(count=format_number(len(written)), place=chosen.out))
    missing = sorted({letter for *_rest, letters in written for letter in letters})
    if missing:
        context.console.say(
            _("No bundled font has these letters: {letters}").format(letters=" ".join(missing))
        )
    return DONE


def _wanted(ws: Workspace, kind: str, number: str, chosen: argparse.Namespace) -> Wanted:
    from crmdesk.interchange.documents.words import OF_A_DAY
    from crmdesk.services.documents import Wanted
    from crmdesk.services.queries.documents import document_id

    if kind in OF_A_DAY:
        return Wanted(kind, ws.user.id, _day(number), chosen.language or "")
    key = document_id(ws, kind, number)
    return Wanted(kind, key, None, chosen.language or "", chosen.gtins)


def _day(text: str) -> date:
    try:
        return iso_date(text)
    except argparse.ArgumentTypeError as error:
        raise UserError(str(error)) from None


def _sheets(ws: Workspace, wanted: list[Wanted], out: Path) -> Iterator[tuple[Sheet, Path]]:
    from crmdesk.services.documents import document_sheet

    taken: set[str] = set()
    for one in wanted:
        sheet = document_sheet(ws, one)
        if out.suffix:
            yield sheet, out
            continue
        name, again = sheet.stem, 2
        while name in taken:
            name, again = f"{sheet.stem}-{again}", again + 1
        taken.add(name)
        yield sheet, out / f"{name}.pdf"
