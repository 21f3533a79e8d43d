"""What an import did, in sentences: for the terminal and for the window alike."""

from __future__ import annotations

from crmdesk.i18n import _, format_number, ngettext
from crmdesk.services.imports import ImportReport


def report_lines(report: ImportReport) -> list[str]:
    """Rows, what is new, the columns taken, and everything that had to be judged."""
    counts = {
        name: format_number(getattr(report, name))
        for name in ("rows", "created", "updated", "merged", "skipped", "rejected")
    }
    words = ngettext(
        "{rows} row: {created} created, {updated} updated, {merged} merged, {skipped} skipped,"
        " {rejected} rejected.",
        "{rows} rows: {created} created, {updated} updated, {merged} merged, {skipped} skipped,"
        " {rejected} rejected.",
        report.rows,
    )
    lines = [words.format(**counts)]
    if any(report.made.values()):
        lines.append(
            _("New: {accounts} customers, {products} products, {packagings} packs.").format(
                accounts=format_number(report.made.get("account", 0)),
                products=format_number(report.made.get("product", 0)),
                packagings=format_number(report.made.get("packaging", 0)),
            )
        )
    pairs = ", ".join(f"{name} = “{heading}”" for name, heading in report.columns.items())
    lines.append(_("Columns: {columns}.").format(columns=pairs))
    return [*lines, *report.notes]


def reject_lines(report: ImportReport, most: int) -> list[str]:
    """The rows that were not taken, at most so many, each with its line and reason."""
    return [
        _("  line {line}: {reason}").format(line=one.line, reason=one.reason)
        for one in report.rejects[:most]
    ]
