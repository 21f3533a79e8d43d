"""Call briefs as pieces: a page per customer with what matters in the doorway."""

from __future__ import annotations

from crmdesk.i18n import _, format_date
from crmdesk.interchange.documents.content import BriefLine, BriefSection, BriefSheet, CallBrief
from crmdesk.interchange.documents.frame import SECTION_GAP, sheet_of
from crmdesk.interchange.documents.sheet import Block, Piece, Sheet
from crmdesk.interchange.documents.template import Html, join, template

LEFT_SECTIONS = ("due", "debts", "quotes", "tickets")
"""What stands in the left column, on paper and on the screen."""


def brief_sheet(sheet: BriefSheet) -> Sheet:
    """One brief, or those of a whole day one below the other."""
    pieces: list[Piece] = []
    for place, brief in enumerate(sheet.briefs):
        pieces += _brief(brief, first=place == 0)
    if not sheet.briefs:
        words = _("No visits are planned on this day.")
        pieces.append(Block(template("documents").fill("empty", words=words), SECTION_GAP))
    facts = [
        (_("Date"), format_date(sheet.head.day, year=True, weekday=True)),
        (_("Rep"), sheet.head.rep),
    ]
    return sheet_of(sheet.head, pieces, facts=facts, parties=False)


def _brief(brief: CallBrief, *, first: bool) -> list[Piece]:
    fill = template("documents").fill
    name = f"{brief.when}  {brief.name}".strip()
    head = fill(
        "brief_head", name=name, under=f"{brief.code} · {brief.under}", place=brief.place,
        facts=" · ".join(f"{label}: {value}" for label, value in brief.facts),
    )  # fmt: skip
    pieces: list[Piece] = [Block(head, SECTION_GAP if first else 34, with_next=True)]
    left = join([_section(one) for one in brief.sections if one.key in LEFT_SECTIONS])
    right = join([_section(one) for one in brief.sections if one.key not in LEFT_SECTIONS])
    pieces.append(Block(fill("brief_pair", left=left, right=right), 8))
    return pieces


def _section(section: BriefSection) -> Html:
    fill = template("documents").fill
    return fill(
        "brief_section", title=section.title, lines=join([_line(line) for line in section.lines])
    )


def _line(line: BriefLine) -> Html:
    mark = {"danger": "! ", "warning": "! "}.get(line.tone, "")
    return template("documents").fill(
        "brief_line",
        text=f"{mark}{line.text}",
        note=line.note,
        amount=line.amount,
        bare="" if line.amount else "bare",
    )
