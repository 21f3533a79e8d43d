"""``crmdesk import`` and ``crmdesk export``: files into and out of the profile."""

from __future__ import annotations

import argparse
import json
from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.numbers import row_number
from crmdesk.cli.opening import opened, opened_or_made
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.i18n import LANGUAGES, _, format_number, ngettext

if TYPE_CHECKING:
    from crmdesk.cli.context import Context

_SHOWN_REJECTS = 20


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    taking = commands.add_parser(
        "import", parents=[common], help=_("import a file: sales, accounts, products, …")
    )
    taking.add_argument("kind", help=_("sales, accounts, contacts, products, prices, or undo"))
    taking.add_argument(
        "file", help=_("CSV, XLSX, XLS or ODS, also .csv.zst; or the number of an import to undo")
    )
    taking.add_argument("--map", type=Path, help=_("JSON file: field to column, or to #number"))
    taking.add_argument("--sheet", default="", help=_("the sheet of a workbook, by its name"))
    taking.add_argument(
        "--decimal", choices=(".", ","), default="", help=_("what stands before the decimals")
    )
    taking.add_argument("--dry-run", action="store_true", help=_("only say what would happen"))
    taking.set_defaults(run=_import)
    giving = commands.add_parser(
        "export", parents=[common], help=_("export a list to a file, or documents as PDF")
    )
    giving.add_argument("kind", help=_("accounts, contacts, products, …; or document"))
    giving.add_argument(
        "which", nargs="*", help=_("of a document: order, quote, return, receipt; its numbers")
    )
    giving.add_argument(
        "--out", type=Path, required=True, help=_(".csv, .csv.zst or .xlsx; .pdf or a folder")
    )
    giving.add_argument("--language", choices=LANGUAGES, help=_("of the documents"))
    giving.add_argument("--gtins", action="store_true", help=_("barcodes of the goods too"))
    giving.set_defaults(run=_export)


def _import(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services import imports

    if chosen.kind == "undo":
        return _undo(chosen.file, context)
    reading = imports.Reading(_column_map(chosen.map), chosen.sheet, chosen.decimal)
    with opened_or_made(context, trial=chosen.dry_run) as ws:
        report = imports.import_file(
            ws, chosen.kind, Path(chosen.file), reading=reading, dry_run=chosen.dry_run,
            progress=context.console.progress(), derive_later=True,
        )  # fmt: skip
    rejects = [{"line": one.line, "reason": one.reason} for one in report.rejects]
    context.console.document(
        {
            "batch": report.batch, "rows": report.rows, "created": report.created,
            "updated": report.updated, "merged": report.merged, "skipped": report.skipped,
            "rejected": report.rejected, "rejects": rejects, "made": report.made,
            "dry_run": report.dry_run, "columns": report.columns, "notes": report.notes,
        }
    )  # fmt: skip
    _say_report(report, context)
    return FINDINGS if report.rejected else DONE


def _say_report(report: Any, context: Context) -> None:
    from crmdesk.services.import_words import reject_lines, report_lines

    say = context.console.say
    for line in [*report_lines(report), *reject_lines(report, _SHOWN_REJECTS)]:
        say(line)
    if len(report.rejects) > _SHOWN_REJECTS:
        say(_("  … and {count} more; --json lists them all.").format(
            count=format_number(len(report.rejects) - _SHOWN_REJECTS)
        ))  # fmt: skip
    if report.dry_run:
        say(_("Dry run: nothing was changed."))
    elif report.batch:
        say(_("Import {number}; take it back with: crmdesk import undo {number}").format(
            number=report.batch
        ))  # fmt: skip


def _undo(number: str, context: Context) -> int:
    from crmdesk.services.import_undo import undo_import

    try:
        batch = row_number(number)
    except ArgumentTypeError:
        raise UserError(_("An import is named by its number.")) from None
    with opened(context) as ws:
        undo_import(ws, batch)
    context.console.document({"undone": batch})
    context.console.say(_("Import {number} was taken back.").format(number=number))
    return DONE


def _column_map(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        columns = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFound(_("There is no file {file}.").format(file=path)) from None
    except (ValueError, RecursionError, OSError) as error:
        raise UserError(_("{file} is not a JSON file.").format(file=path)) from error
    if not isinstance(columns, dict) or not all(isinstance(v, str) for v in columns.values()):
        raise UserError(
            _("{file} must map fields to columns.").format(file=path),
            _("For example: {example}").format(
                example='{"account": "customer", "quantity": "qty"}'
            ),
        )
    return columns


def _export(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.interchange.writing import write_table
    from crmdesk.services import exports

    if chosen.kind == "document":
        from crmdesk.cli.documents import export_documents

        return export_documents(chosen, context)
    if chosen.which:
        raise UserError(_("Only documents are named by their numbers."))
    with opened(context) as ws, exports.export(ws, chosen.kind) as table:
        count = write_table(chosen.out, table.columns, table.rows)
    context.console.document({"rows": count, "file": str(chosen.out)})
    words = ngettext("{count} row written to {file}.", "{count} rows written to {file}.", count)
    context.console.say(words.format(count=format_number(count), file=chosen.out))
    return DONE
