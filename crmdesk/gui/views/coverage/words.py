"""What the place of coverage says. No Qt."""

from __future__ import annotations

from datetime import date

from crmdesk.analytics.figures import Figure
from crmdesk.gui.effort_words import hours_text, km_text
from crmdesk.gui.widgets.area_map import Area, Dot
from crmdesk.gui.widgets.items import FactPart, Tone
from crmdesk.i18n import (
    _,
    format_date,
    format_date_near,
    format_money,
    format_number,
    ngettext,
)
from crmdesk.services.queries.coverage import (
    AskedLine,
    CoverageReport,
    CoverageRow,
    CustomerLine,
    Outcome,
    PlannedLine,
)
from crmdesk.services.queries.workload import RepWork, TerritoryWork
from crmdesk.services.reassigning import ReassignPreview, Side

PARTS = ("reps", "classes", "reasons", "balance", "move")
PERIODS = ("month", "weeks", "quarter", "year")
FIGURES = ("not_reached", "reached", "missed", "late", "closed", "on_day", "asked")
Line = CustomerLine | PlannedLine | AskedLine
FULL, EMPTY = 1.1, 0.7
_HOURS_SAID = 0.5


def part_words() -> list[tuple[str, str]]:
    """The parts of the place."""
    return [
        ("reps", _("Reps")), ("classes", _("Classes")), ("reasons", _("Missed")),
        ("balance", _("Balance")), ("move", _("Move customers")),
    ]  # fmt: skip


def period_words() -> list[tuple[str, str]]:
    """The periods that can be looked at."""
    return [
        ("month", _("This month")), ("weeks", _("4 weeks")), ("quarter", _("3 months")),
        ("year", _("12 months")),
    ]  # fmt: skip


def figure_words() -> list[tuple[str, str]]:
    """The figures whose rows can be opened."""
    return [
        ("not_reached", _("Not visited")), ("reached", _("Visited")), ("missed", _("Missed")),
        ("late", _("Late")), ("closed", _("Closed")), ("on_day", _("On the day")),
        ("asked", _("Asked for help")),
    ]  # fmt: skip


def share_text(figure: Figure[float]) -> str:
    """A share as "74 %", or a dash where it has no meaning."""
    return "–" if figure.value is None else f"{format_number(figure.value * 100)} %"


def share_tone(figure: Figure[float], good: float, poor: float) -> Tone:
    """Good from one share on, a warning below the other."""
    if figure.value is None:
        return Tone.MUTED
    return (
        Tone.GOOD if figure.value >= good else Tone.WARNING if figure.value < poor else Tone.PLAIN
    )


def heading(report: CoverageReport) -> tuple[FactPart, ...]:
    """ "74 % of 288 customers visited · 91 % of visits on their day · 8 missed"."""
    whole = report.whole
    missed = ngettext("{count} missed", "{count} missed", whole.plan.missed)
    return (
        FactPart(
            _("{first} – {last}").format(
                first=format_date(report.first), last=format_date(report.last)
            ) + "  ·  ", Tone.MUTED,
        ),
        FactPart(
            _("{share} of {count} customers visited").format(
                share=share_text(whole.field.coverage), count=format_number(whole.assigned)
            )
        ),
        FactPart(
            "  ·  " + _("{share} of visits on their day").format(
                share=share_text(whole.plan.share)
            ) + "  ·  ", Tone.MUTED,
        ),
        FactPart(
            missed.format(count=format_number(whole.plan.missed)),
            Tone.WARNING if whole.plan.missed else Tone.MUTED,
        ),
    )  # fmt: skip


def lines_of(report: CoverageReport, part: str, key: str, figure: str) -> tuple[Line, ...]:
    """The rows behind a figure of a row; an empty key is the whole."""

    def mine(line: Line) -> bool:
        if not key:
            return True
        if part == "classes":
            return line.account_class == key
        return str(line.rep_id) == key

    if figure in ("reached", "not_reached"):
        wanted = figure == "reached"
        return tuple(c for c in report.customers if mine(c) and (c.visits > 0) is wanted)
    if figure == "asked":
        return tuple(a for a in report.asked if mine(a))
    outcome = Outcome(figure)
    return tuple(p for p in report.planned if mine(p) and p.outcome is outcome)


def line_detail(line: Line, today: date) -> str:
    """What there is to know of a row behind a figure."""
    if isinstance(line, AskedLine):
        return line.text
    if isinstance(line, PlannedLine):
        parts = [line.rep, line.reason]
        if line.outcome is Outcome.LATE and line.done_on is not None:
            parts.append(_("visited {day}").format(day=format_date_near(line.done_on, today)))
        return " · ".join(part for part in parts if part)
    parts = [line.rep or _("nobody")]
    if line.visits:
        parts.append(
            ngettext("{count} visit", "{count} visits", line.visits).format(count=line.visits)
        )
    if line.calls:
        parts.append(ngettext("{count} call", "{count} calls", line.calls).format(count=line.calls))
    return " · ".join(parts)


def line_day(line: Line, today: date) -> str:
    """The day of a row behind a figure: planned, asked, or last visited."""
    day = line.last_visit if isinstance(line, CustomerLine) else line.day
    return "–" if day is None else format_date_near(day, today)


def reason_text(name: str) -> str:
    """Why visits were missed."""
    return name or _("nobody said why")


def plan_text(row: CoverageRow) -> str:
    """ "280 of 308 on the day"."""
    return _("{done} of {planned}").format(
        done=format_number(row.plan.on_day), planned=format_number(row.plan.planned)
    )


# --------------------------------------------------------------------------------------- balance


def load_text(load: float | None) -> str:
    """Hours needed ÷ hours there."""
    return "–" if load is None else f"{format_number(load * 100)} %"


def load_tone(load: float | None) -> Tone:
    """Overfull, empty, or just right; the percentage says it too."""
    if load is None or load > FULL:
        return Tone.DANGER
    return Tone.WARNING if load < EMPTY else Tone.GOOD


def hours_of(needed: float, there: float) -> str:
    """ "248 h of 162 h"."""
    return _("{needed} of {there}").format(needed=hours_text(needed), there=hours_text(there))


def served_by(rep: RepWork) -> str:
    """The territories of a rep, and hours for customers who come from elsewhere."""
    said = [rep.territories] if rep.territories else []
    if rep.hours_by_name >= _HOURS_SAID:
        said.append(_("{hours} by name").format(hours=hours_text(rep.hours_by_name)))
    if rep.hours_standing_in >= _HOURS_SAID:
        said.append(_("{hours} standing in").format(hours=hours_text(rep.hours_standing_in)))
    return " · ".join(said) or "–"


def others_text(work: TerritoryWork) -> str:
    """Who has a territory, and what others do of its work."""
    who = work.reps or _("nobody")
    if work.hours_by_others < _HOURS_SAID:
        return who
    return _("{people} · {hours} by others").format(
        people=who, hours=hours_text(work.hours_by_others)
    )


def territory_name(work: TerritoryWork) -> str:
    """The name of a territory, or that there is none."""
    return work.name or _("No territory")


def area_of(work: TerritoryWork, currency: str) -> Area:
    """A territory on the map: its work and what it brings."""
    value = format_money(work.margin_12m_minor, currency, decimals=0)
    return Area(
        work.id if work.id is not None else 0,
        f"{territory_name(work)} {load_text(work.load)}",
        _("{value} a year").format(value=value), work.hull, load_tone(work.load),
    )  # fmt: skip


def dots_of(works: tuple[TerritoryWork, ...], strong: frozenset[int]) -> tuple[Dot, ...]:
    """The customers on the map, those that would move strong."""
    return tuple(
        Dot(place, Tone.ACCENT if key in strong else Tone.MUTED, key in strong)
        for work in works
        for key, place in work.places
    )


# ------------------------------------------------------------------------------------------ move


def side_text(side: Side) -> str:
    """ "Girona: 97 → 87 customers, 240 h → 215 h of 162 h"."""
    return _("{name}: {before} → {after} customers, {needed} → {then} of {there} a month.").format(
        name=side.name, before=format_number(side.customers[0]),
        after=format_number(side.customers[1]), needed=hours_text(side.needed[0]),
        then=hours_text(side.needed[1]), there=hours_text(side.there),
    )  # fmt: skip


def preview_text(preview: ReassignPreview, currency: str) -> str:
    """What moves and what it costs, in sentences."""
    count = len(preview.customers)
    if not count:
        return _("All of these are in {territory} already.").format(territory=preview.target)
    moves = ngettext(
        "{count} customer with {value} of margin a year moves to {territory}.",
        "{count} customers with {value} of margin a year move to {territory}.", count,
    ).format(
        count=format_number(count), territory=preview.target,
        value=format_money(preview.margin_12m_minor, currency, decimals=0),
    )  # fmt: skip
    change = preview.after - preview.before
    km = km_text(abs(change.km))
    way = _("{km} more").format(km=km) if change.km >= 0 else _("{km} less").format(km=km)
    hours = hours_text(abs(change.hours))
    time = _("{hours} more") if change.hours >= 0 else _("{hours} less")
    costs = _("Among their new neighbours they take {way} and {time} a month.").format(
        way=way, time=time.format(hours=hours)
    )
    along = " ".join(_along(preview))
    sides = " ".join(side_text(side) for side in preview.sides)
    parts = (moves, costs, along, sides, _who(preview))
    return " ".join(part for part in parts if part)


def _along(preview: ReassignPreview) -> list[str]:
    """What goes along, each in a sentence of its own; nothing of what there is none."""
    said = []
    if preview.visits:
        said.append(
            ngettext(
                "{count} planned visit goes along.", "{count} planned visits go along.",
                preview.visits,
            ).format(count=format_number(preview.visits))
        )  # fmt: skip
    if preview.waiting:
        said.append(
            ngettext(
                "{count} open matter goes along.", "{count} open matters go along.",
                preview.waiting,
            ).format(count=format_number(preview.waiting))
        )  # fmt: skip
    return said


def _who(preview: ReassignPreview) -> str:
    if not preview.target_reps:
        return _("Nobody has this territory: planned visits stay with whom they are.")
    if len(preview.target_reps) > 1:
        return _("Several reps have this territory: planned visits stay with whom they are.")
    return _("{rep} gets them.").format(rep=preview.target_reps[0][1])
