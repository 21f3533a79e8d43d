"""A list as a document: what a table shows, on pages."""

from __future__ import annotations

from collections.abc import Sequence

from crmdesk.i18n import _, language
from crmdesk.interchange.documents.frame import stem_of
from crmdesk.interchange.documents.sheet import Block, Letter, Row, Sheet, Table, paper_of
from crmdesk.interchange.documents.template import PAGE, PAGES, Html, join, plain, template

MOST_ROWS = 5_000


def list_sheet(
    title: str,
    under: str,
    columns: Sequence[tuple[str, int, bool]],
    rows: Sequence[Sequence[str]],
    country: str,
) -> Sheet:
    """A list with its columns as (heading, width, whether numbers stand at the right).

    At most MOST_ROWS rows are printed; what is left out is said at the end.
    """
    fill = template("documents").fill
    total = sum(width for _title, width, _right in columns) or 1
    widths = tuple(max(1, round(100 * width / total)) for _title, width, _right in columns)
    rights = [right for _title, _width, right in columns]
    head = _row("list_head", [title for title, _width, _right in columns], rights)
    body = tuple(Row(_row("list_cell", row, rights)) for row in rows[:MOST_ROWS])
    pieces: list[Block | Table] = [
        Block(fill("list_title", title=title, under=under), with_next=True)
    ]
    pieces.append(Table(widths, head, body) if body else Block(fill("empty", words="–"), 18))
    left = len(rows) - MOST_ROWS
    if left > 0:
        words = _("{count} more rows are not printed. Export the list to have all.")
        pieces.append(Block(fill("empty", words=words.format(count=left)), 18))
    page = _("Page {page} of {pages}").format(page=PAGE, pages=PAGES)
    return Sheet(
        title=plain(title), author="", language=language(), paper=paper_of(country),
        style=fill("style"), pieces=tuple(pieces), top=fill("top", title=title, customer=under,
        day=""), foot=fill("foot", words=title, page=Html(page)), stem=stem_of(title),
        letter=Letter("", plain(title), ""),
    )  # fmt: skip


def _row(part: str, texts: Sequence[str], rights: Sequence[bool]) -> Html:
    fill = template("documents").fill
    cells = [
        fill(part, side="right" if right else "left", text=text)
        for text, right in zip(texts, rights, strict=True)
    ]
    return fill("list_row", cells=join(cells))
