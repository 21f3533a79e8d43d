"""Words, numbers, dates and money in the person's language.

Owns gettext catalogues (English source; Spanish, Russian) and the number and date shapes of
those languages, so that the command line and the desktop print alike without Qt or Babel.
The current language is the one piece of process-wide state: :func:`use_language` sets it once
at start. :func:`speaking` says something in another language for as long as a block runs, in this
thread only: documents are in the customer's language, whatever the interface speaks.
"""

from __future__ import annotations

import gettext
import locale
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from crmdesk.paths import resources_dir

LANGUAGES = ("en", "es", "ru")
DOMAIN = "crmdesk"


@dataclass(frozen=True, slots=True)
class NumberShape:
    """Separators and order of one language (source: CLDR 45)."""

    decimal: str
    group: str
    group_from: int
    currency_first: bool


_NBSP = "\u00a0"
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_SHAPES = {
    "en": NumberShape(".", ",", group_from=4, currency_first=True),
    "es": NumberShape(",", ".", group_from=5, currency_first=False),
    "ru": NumberShape(",", _NBSP, group_from=5, currency_first=False),
}
CURRENCY_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "RUB": "₽", "MXN": "$", "JPY": "¥"}
CURRENCY_DIGITS = {"JPY": 0, "CLP": 0, "KRW": 0, "KWD": 3, "BHD": 3, "TND": 3}


@dataclass(frozen=True, slots=True)
class _Tongue:
    """A language with its catalogue and shapes."""

    language: str
    translations: gettext.NullTranslations
    shape: NumberShape


class _State:
    tongue = _Tongue("en", gettext.NullTranslations(), _SHAPES["en"])


_spoken: ContextVar[_Tongue | None] = ContextVar("crmdesk_spoken", default=None)


def use_language(code: str | None = None) -> str:
    """Choose the language (``en``, ``es``, ``ru``); ``None`` asks the environment. Returns it."""
    wanted = code or os.environ.get("CRMDESK_LANGUAGE") or _environment_language()
    _State.tongue = _tongue(known_language(wanted))
    return _State.tongue.language


def known_language(code: str | None, default: str = "en") -> str:
    """The language the program speaks for a code such as ``es-MX``; the default for others."""
    wanted = (code or "")[:2].lower()
    return wanted if wanted in LANGUAGES else default


@contextmanager
def speaking(code: str) -> Iterator[str]:
    """Say everything in the block in another language, in this thread only; gives its code.

    A language the program does not speak is English.
    """
    tongue = _kept_tongue(known_language(code))
    token = _spoken.set(tongue)
    try:
        yield tongue.language
    finally:
        _spoken.reset(token)


def _tongue(language: str) -> _Tongue:
    translations = gettext.translation(
        DOMAIN, resources_dir() / "translations", languages=[language], fallback=True
    )
    return _Tongue(language, translations, _SHAPES[language])


_kept_tongue = lru_cache(maxsize=len(LANGUAGES))(_tongue)


def _now_spoken() -> _Tongue:
    return _spoken.get() or _State.tongue


def _environment_language() -> str:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return os.environ[name]
    return locale.getlocale()[0] or "en"


def language() -> str:
    """The language in use."""
    return _now_spoken().language


def _(message: str) -> str:
    """The message in the current language."""
    return _now_spoken().translations.gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The right plural of the message for ``count``."""
    return _now_spoken().translations.ngettext(singular, plural, count)


def pgettext(context: str, message: str) -> str:
    """The message in the current language, told apart by its context."""
    return _now_spoken().translations.pgettext(context, message)


def format_number(value: float, decimals: int = 0, *, sign: bool = False) -> str:
    """A number with the language's separators; ``sign`` writes a plus too. Minus is U+2212."""
    shape = _now_spoken().shape
    whole, _dot, fraction = f"{abs(value):.{decimals}f}".partition(".")
    if len(whole) >= shape.group_from:
        whole = f"{int(whole):,}".replace(",", shape.group)
    text = whole + (shape.decimal + fraction if fraction else "")
    zero = not any(c in "123456789" for c in text)
    if value < 0 and not zero:
        return "\u2212" + text
    return "+" + text if sign and value > 0 else text


def read_number(text: str) -> Decimal | None:
    """The number behind :func:`format_number` or :func:`format_amount`; None for other words."""
    shape = _now_spoken().shape
    plain = text.replace(shape.group, "").replace(_NBSP, "").replace("\u2212", "-")
    plain = plain.replace(shape.decimal, ".")
    if not _NUMBER.fullmatch(plain):
        return None
    return Decimal(plain)


def currency_digits(currency: str) -> int:
    """Digits of the minor unit (ISO 4217)."""
    return CURRENCY_DIGITS.get(currency, 2)


def format_amount(minor: int, currency: str = "EUR", *, decimals: int | None = None) -> str:
    """An amount in minor units, without the currency sign (tables name it in the heading)."""
    digits = currency_digits(currency)
    shape = _now_spoken().shape
    shown = digits if decimals is None else decimals
    if shown < digits:
        unit = 10 ** (digits - shown)
        minor = round(minor / unit)  # display only: whole units
        digits = shown
    whole, fraction = divmod(abs(minor), 10**digits)
    text = str(whole)
    if len(text) >= shape.group_from:
        text = f"{whole:,}".replace(",", shape.group)
    if digits:
        text += shape.decimal + f"{fraction:0{digits}d}"
    return ("\u2212" if minor < 0 else "") + text


def format_money(minor: int, currency: str = "EUR", *, decimals: int | None = None) -> str:
    """An amount in minor units with its currency sign in the language's place."""
    sign = CURRENCY_SIGNS.get(currency, currency)
    text = format_amount(abs(minor), currency, decimals=decimals)
    minus = "\u2212" if minor < 0 and any(c in "123456789" for c in text) else ""
    if _now_spoken().shape.currency_first:
        gap = "" if len(sign) == 1 else _NBSP
        return f"{minus}{sign}{gap}{text}"
    return f"{minus}{text}{_NBSP}{sign}"


def format_price(price_e4: int, currency: str = "EUR") -> str:
    """A unit price held at 1e-4 of the major unit, two to four decimals, no sign."""
    shape = _now_spoken().shape
    whole, fraction = divmod(abs(price_e4), 10_000)
    digits = f"{fraction:04d}".rstrip("0").ljust(currency_digits(currency), "0")
    text = str(whole)
    if len(text) >= shape.group_from:
        text = f"{whole:,}".replace(",", shape.group)
    return ("\u2212" if price_e4 < 0 else "") + text + (shape.decimal + digits if digits else "")


def format_percent(share: float, decimals: int = 0) -> str:
    """A share of one as a percentage: ``0.62`` is ``62 %``."""
    return format_number(share * 100, decimals) + _NBSP + "%"


def month_short(month: int) -> str:
    """Three-letter month name (1–12)."""
    return (
        pgettext("month", "Jan"), pgettext("month", "Feb"), pgettext("month", "Mar"),
        pgettext("month", "Apr"), pgettext("month", "May"), pgettext("month", "Jun"),
        pgettext("month", "Jul"), pgettext("month", "Aug"), pgettext("month", "Sep"),
        pgettext("month", "Oct"), pgettext("month", "Nov"), pgettext("month", "Dec"),
    )[month - 1]  # fmt: skip


def weekday_short(weekday: int) -> str:
    """Three-letter weekday name (Monday is 0)."""
    return (
        pgettext("weekday", "Mon"), pgettext("weekday", "Tue"), pgettext("weekday", "Wed"),
        pgettext("weekday", "Thu"), pgettext("weekday", "Fri"), pgettext("weekday", "Sat"),
        pgettext("weekday", "Sun"),
    )[weekday]  # fmt: skip


def format_date(day: date, *, year: bool = False, weekday: bool = False) -> str:
    """``24 Nov``, with the year or weekday when asked."""
    text = f"{day.day} {month_short(day.month)}"
    if year:
        text += f" {day.year}"
    return f"{weekday_short(day.weekday())} {text}" if weekday else text


def format_date_near(day: date, today: date) -> str:
    """Short and relative within a week: today, yesterday, tomorrow, Mon; else ``3 Dec [2024]``."""
    gap = (day - today).days
    if gap == 0:
        return _("today")
    if gap == -1:
        return _("yesterday")
    if gap == 1:
        return _("tomorrow")
    if -7 < gap < 7:
        return weekday_short(day.weekday())
    return format_date(day, year=abs(gap) > 330)


def format_time(instant: datetime) -> str:
    """``09:05``, in the instant's own zone."""
    return f"{instant.hour:02d}:{instant.minute:02d}"


def format_clock(minutes: int) -> str:
    """Minutes after midnight as ``09:05``."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def format_duration(span: timedelta) -> str:
    """``24 min``, ``7 h 40``, ``3 days``."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return _("{minutes} min").format(minutes=minutes)
    if minutes < 48 * 60:
        return _("{hours} h {minutes}").format(hours=minutes // 60, minutes=f"{minutes % 60:02d}")
    days = minutes // (24 * 60)
    return ngettext("{count} day", "{count} days", days).format(count=days)


def format_bytes(size: int) -> str:
    """``3.1 MB`` with decimal prefixes."""
    if size < 1000:
        return _("{size} B").format(size=size)
    for name, unit in (("kB", 1000), ("MB", 1000**2), ("GB", 1000**3)):
        if size < unit * 1000 or name == "GB":
            return f"{format_number(size / unit, 1)}{_NBSP}{name}"
    return str(size)
