"""Documents as PDF files: the fonts inside, the text to be found in it, whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMarginsF, QUuid
from PySide6.QtGui import QPageLayout, QPageSize, QPainter, QPdfWriter

from crmdesk.domain.errors import DiskFull, EnvironmentProblem, UserError
from crmdesk.gui.printing.laying import lay_out, paint_page
from crmdesk.gui.printing.typeface import missing_letters
from crmdesk.i18n import _
from crmdesk.interchange.documents.sheet import LETTER, Block, Sheet

MARGINS_MM = QMarginsF(17, 15, 17, 12)
_DPI = 1200
_PX = 96
_LONGEST_NAME = 255
_LETTERS = re.compile(rb"begincmap.*?endcmap", re.S)


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written: its pages, and the letters that no bundled font has."""

    path: Path
    pages: int
    missing: str


def page_size(sheet: Sheet) -> QPageSize:
    """The paper of a document."""
    size = QPageSize.PageSizeId.Letter if sheet.paper == LETTER else QPageSize.PageSizeId.A4
    return QPageSize(size)


def write_pdf(sheet: Sheet, path: Path) -> Written:
    """Write a document to a ``.pdf`` file, replacing an older one only once the new one is whole.

    Raises UserError for a name that is none, EnvironmentProblem for a folder that cannot be
    written and DiskFull when the disk is full; nothing is left behind then.
    """
    if path.suffix.lower() != ".pdf" or len(path.name.encode()) > _LONGEST_NAME:
        raise UserError(_("{file} must be a file name that ends in .pdf.").format(file=path.name))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".document-") as work:
            draft = Path(work) / "document.pdf"
            pages = _write(sheet, draft)
            draft.replace(path)
    except OSError as error:
        raise _not_written(path, error) from error
    return Written(path, pages, missing_letters(_text(sheet)))


def _write(sheet: Sheet, path: Path) -> int:
    writer = QPdfWriter(str(path))
    writer.setResolution(_DPI)
    writer.setPageSize(page_size(sheet))
    writer.setPageMargins(MARGINS_MM, QPageLayout.Unit.Millimeter)
    writer.setTitle(sheet.title)
    writer.setAuthor(sheet.author)
    writer.setCreator("crmdesk")
    writer.setDocumentId(_id_of(sheet))
    scale = _DPI / _PX
    laid = lay_out(sheet, writer.width() / scale, writer.height() / scale)
    painter = QPainter()
    if not painter.begin(writer):
        raise OSError(errno.EACCES, _("the file cannot be opened"))
    for number in range(len(laid.pages)):
        if number:
            writer.newPage()
        painter.save()
        painter.scale(scale, scale)
        paint_page(painter, laid, number)
        painter.restore()
    painter.end()
    del writer
    data = path.read_bytes() if path.exists() else b""
    # Qt does not say when it could not write: a whole file ends with its own mark.
    if not data[-8:].rstrip().endswith(b"%%EOF"):
        raise OSError(errno.ENOSPC, _("no space left on the disk"))
    path.write_bytes(_with_spaces(data))
    return len(laid.pages)


def _with_spaces(data: bytes) -> bytes:
    """The file with spaces where its fonts name the tabulator, as Qt does: words can be found."""
    return _LETTERS.sub(lambda found: found.group().replace(b"<0009>", b"<0020>"), data)


def _id_of(sheet: Sheet) -> QUuid:
    """The same document has the same identity in the file, whenever it is written."""
    parts = (sheet.title, sheet.language, sheet.top, *(_html(piece) for piece in sheet.pieces))
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    return QUuid.fromString(f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-"
                            f"{digest[20:]}")  # fmt: skip


def _html(piece: object) -> str:
    if isinstance(piece, Block):
        return piece.html
    return "".join(row.html for row in getattr(piece, "rows", ()))


def _text(sheet: Sheet) -> str:
    return "".join((sheet.top, *(_html(piece) for piece in sheet.pieces)))


def _not_written(path: Path, error: OSError) -> EnvironmentProblem:
    words = _("{file} cannot be written: {reason}.").format(
        file=path, reason=error.strerror or str(error)
    )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(words, _("Make room on the disk, then try again."))
    return EnvironmentProblem(words, _("Choose another folder or another name."))
