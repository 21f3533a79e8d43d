"""What the plan's widgets show, as frozen items made from rows. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from crmdesk.gui.views.plan import reasons, words
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.gui.widgets.map_items import Home, MapStop, StopState
from crmdesk.i18n import _, format_clock, format_money, pgettext, weekday_short
from crmdesk.services.queries.plan import DayRow, StopRow
from crmdesk.services.queries.plan_reasons import UnplannedRow

_FREE_FROM = 60


@dataclass(frozen=True, slots=True)
class CardItem:
    """One visit on the board. `movable` cards have a grip; `past` ones are grey."""

    key: int
    title: str
    clock: str
    town: str
    value: str
    value_tone: Tone
    icon: str
    icon_tone: Tone
    icon_word: str
    movable: bool
    locked: bool
    past: bool
    moved: bool
    sequence: int

    def spoken(self) -> str:
        """The card as a screen reader says it."""
        return ", ".join(
            part for part in (self.title, self.clock, self.town, self.value, self.icon_word) if part
        )


@dataclass(frozen=True, slots=True)
class DayItem:
    """One column. `fill` is the share of the shift that is planned; above 1 it is too full.

    `stats` are visits, hours, kilometres; the first goes where there is no room for all.
    `lunch_before` is the place among the cards before which lunch stands, None without lunch.
    `top_note` says hours and a beginning of its own, `end_note` a night away from home.
    """

    day: date
    title: str
    is_today: bool
    past: bool
    value: str
    stats: tuple[str, ...]
    fill: float
    cards: tuple[CardItem, ...]
    lunch_before: int | None
    free: str
    off: str
    tentative: bool = False
    top_note: str = ""
    end_note: str = ""


@dataclass(frozen=True, slots=True)
class UnplannedItem:
    """A customer who is left out: why, and the next step as a badge."""

    key: int
    title: str
    city: str
    badge: BadgeItem
    sentence: str


@dataclass(frozen=True, slots=True)
class FormField:
    """One thing that is asked for; `choices` are keys and words, empty where it is typed."""

    key: str
    label: str
    value: str = ""
    placeholder: str = ""
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """What it shows."""
        return self.value


@dataclass(frozen=True, slots=True)
class FormItem:
    """A strip that asks for a few things; `kind` says what is done with them.

    `takes_away` is the word of the button that takes away what is there, empty without one.
    """

    kind: str
    title: str
    about: str
    fields: tuple[FormField, ...]
    done: str
    takes_away: str = ""


@dataclass(frozen=True, slots=True)
class VariantItem:
    """One of several plans: its name and its figures with their difference from the first."""

    key: str
    title: str
    figures: tuple[tuple[str, str, str, Tone], ...]
    note: str

    def spoken(self) -> str:
        """The plan as a screen reader says it."""
        parts = [f"{label} {value} {change}".strip() for label, value, change, _t in self.figures]
        return ", ".join([self.title, *parts, self.note])


def day_item(row: DayRow, today: date, currency: str, moved: frozenset[int]) -> DayItem:
    """A column from its row."""
    past = row.day < today
    stats: tuple[str, ...] = (words.visits_words(row.visits),)
    if row.stops:
        stats += (words.hours_words(row.work_minutes), words.km_words(row.km))
    free = ""
    if not past and not row.off and row.free_minutes >= _FREE_FROM:
        free = _("{hours} free").format(hours=words.hours_words(row.free_minutes))
    return DayItem(
        day=row.day,
        title=f"{weekday_short(row.day.weekday())} {row.day.day}",
        is_today=row.day == today,
        past=past,
        value=format_money(row.margin_minor, currency, decimals=0) if row.stops else "",
        stats=(words.off_words(row.off),) if row.off and not row.stops else stats,
        fill=row.work_minutes / row.shift_minutes if row.shift_minutes else 0.0,
        cards=tuple(card_item(stop, currency, moved) for stop in row.stops),
        lunch_before=_lunch_place(row),
        free=free,
        off=words.off_words(row.off) if row.off else "",
        tentative=row.tentative,
        top_note=words.day_note(row),
        end_note=words.end_note(row),
    )


def _lunch_place(row: DayRow) -> int | None:
    """Before the first stop that begins after lunch has begun, if there are stops before it."""
    if row.lunch is None:
        return None
    for place, stop in enumerate(row.stops):
        if stop.in_person and (stop.start_minute or 0) >= row.lunch[0]:
            return place if place else None
    return None


def card_item(stop: StopRow, currency: str, moved: frozenset[int]) -> CardItem:
    """A card from its row."""
    icon, tone, word = _mark(stop, moved)
    clock = pgettext("plan", "call")
    if stop.in_person:
        clock = "" if stop.start_minute is None else format_clock(stop.start_minute)
    value, value_tone = "\u2013", Tone.PLAIN
    if not stop.in_person and not stop.margin_minor:
        value = ""
    elif stop.margin_minor is not None:
        value = format_money(stop.margin_minor, currency, decimals=0)
    if stop.status == "closed":
        value, value_tone = _("closed"), Tone.WARNING
    elif stop.status == "missed":
        value, value_tone = _("missed"), Tone.WARNING
    return CardItem(
        key=stop.id,
        title=stop.account,
        clock=clock,
        town=stop.city,
        value=value,
        value_tone=value_tone,
        icon=icon,
        icon_tone=tone,
        icon_word=word,
        movable=stop.waiting and not stop.locked and not stop.appointment,
        locked=stop.waiting and (stop.locked or stop.appointment),
        past=not stop.waiting and stop.status != "started",
        moved=stop.id in moved and stop.waiting,
        sequence=stop.sequence,
    )


def _mark(stop: StopRow, moved: frozenset[int]) -> tuple[str, Tone, str]:
    """The icon in a card's corner, its tone, and the word it stands for."""
    if stop.status == "done":
        return "check", Tone.MUTED, _("done")
    if stop.status == "started":
        return "play", Tone.ACCENT, _("under way")
    if stop.status in ("closed", "missed"):
        return "", Tone.MUTED, ""
    if stop.id in moved:
        return "reorder", Tone.ACCENT, _("moved by the last re-plan")
    if stop.appointment:
        return "clock", Tone.MUTED, _("appointment")
    if stop.locked:
        return "lock", Tone.MUTED, _("locked")
    if not stop.in_person:
        return "phone", Tone.MUTED, pgettext("plan", "call")
    return "", Tone.MUTED, ""


def unplanned_item(row: UnplannedRow, currency: str, today: date) -> UnplannedItem:
    """A line of the list of those left out."""
    return UnplannedItem(
        key=row.account_id,
        title=row.account,
        city=row.city,
        badge=reasons.unplanned_badge(row),
        sentence=reasons.unplanned_sentence(row, currency, today),
    )


def map_stops(row: DayRow, today: date) -> tuple[MapStop, ...]:
    """The stops of a day in driving order; the first open one of today is the next."""
    found: list[MapStop] = []
    next_found = row.day != today
    for number, stop in enumerate((s for s in row.stops if s.in_person), 1):
        state = StopState.TO_COME
        if not stop.waiting and stop.status != "started":
            state = StopState.DONE
        elif not next_found:
            state, next_found = StopState.NEXT, True
        if stop.latitude is None or stop.longitude is None:
            continue
        found.append(
            MapStop(stop.id, str(number), stop.account, stop.latitude, stop.longitude, state)
        )
    return tuple(found)


def home_of(place: tuple[float, float] | None) -> Home | None:
    """Where the day begins and ends, if it is known."""
    return None if place is None else Home(*place)
