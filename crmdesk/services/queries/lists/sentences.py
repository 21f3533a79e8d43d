"""Conditions as sentences, both ways: "Class is A and Last visit before 1 Nov 2026".

Owns the wording, reading it back, and what a sentence begun may go on with. The same words are
used for both ways, so whatever is shown can be typed, in every language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from crmdesk.domain.errors import FieldError
from crmdesk.domain.spoken_days import spoken_day
from crmdesk.i18n import (
    _,
    currency_digits,
    format_amount,
    format_date,
    format_number,
    month_short,
    ngettext,
    pgettext,
    read_number,
)
from crmdesk.services.queries.lists.conditions import BARE, DAYS, OPS, Condition, Op, Value
from crmdesk.services.queries.lists.spec import Kind, ListColumn, ListSpec

_COLUMN, _VALUE = "{column}", "{value}"
_MOST_DAYS = 36_500

Listed = Callable[[str], Sequence[str]]
"""Values that a text column has, the usual first."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """What is needed to say and read sentences of one list, on one day."""

    spec: ListSpec
    currency: str
    today: date
    listed: Listed = lambda _key: ()


def say_all(grammar: Grammar, conditions: Sequence[Condition]) -> str:
    """All conditions as one sentence; empty for none."""
    return joiner().join(say(grammar, condition) for condition in conditions)


def say(grammar: Grammar, condition: Condition) -> str:
    """One condition as a sentence."""
    column = grammar.spec.column(condition.column)
    template = _template(condition)
    value = _value_words(grammar, column, condition)
    return template.format(column=column.title(), value=value, count=value)


def example(grammar: Grammar) -> str:
    """A sentence of this list that can be typed as it stands: of a state and a day, if it has any.

    The first column is its last resort.
    """
    conditions: list[Condition] = []
    shown = [column for column in grammar.spec.columns if column.shown]
    choice = next((column for column in shown if column.choices is not None), None)
    if choice is not None and choice.choices is not None:
        conditions.append(Condition(choice.key, Op.IS, next(iter(choice.choices()))))
    day = next((column for column in shown if column.kind is Kind.DAY), None)
    if day is not None:
        month = grammar.today.replace(day=1).isoformat()
        conditions.append(Condition(day.key, Op.BEFORE, month))
    return say_all(grammar, conditions or [Condition(shown[0].key, Op.FILLED)])


def read_all(grammar: Grammar, text: str) -> tuple[Condition, ...]:
    """The conditions of a sentence; FieldError says which part was not understood, and why."""
    return tuple(_read(grammar, part) for part in _parts(text))


def endings(grammar: Grammar, text: str, limit: int = 12) -> list[str]:
    """What the whole sentence may become from here: the text with the part at hand completed."""
    before, part = _last_part(text)
    begun = part.casefold().lstrip()
    found: dict[str, None] = {}
    for column in grammar.spec.columns:
        title = column.title()
        if title.casefold().startswith(begun):
            found[f"{title} "] = None
        elif begun.startswith(title.casefold() + " "):
            for sentence in _sentences(grammar, column):
                if sentence.casefold().startswith(begun) and sentence.casefold() != begun:
                    found[sentence] = None
    if len(found) == 1:
        # One column is meant: what it may go on with is worth a look already.
        title = next(iter(found))
        meant = [c for c in grammar.spec.columns if f"{c.title()} " == title]
        found.update(dict.fromkeys(one for c in meant for one in _sentences(grammar, c)))
    return [before + one for one in found][:limit]


def joiner() -> str:
    """What stands between two conditions."""
    return " " + pgettext("between conditions", "and") + " "


# ---------------------------------------------------------------------------------- templates


def _template(condition: Condition) -> str:
    """The sentence of a condition, with the number of days in its form."""
    if condition.op in DAYS:
        count = condition.value if isinstance(condition.value, int) else 0
        return _days_template(condition.op, count)
    return _templates()[condition.op]


def _days_template(op: Op, count: int) -> str:
    if op is Op.PAST:
        return ngettext(
            "{column} in the last {count} day", "{column} in the last {count} days", count
        )
    if op is Op.NOT_PAST:
        return ngettext(
            "{column} not in the last {count} day", "{column} not in the last {count} days", count
        )
    return ngettext("{column} in the next {count} day", "{column} in the next {count} days", count)


def _templates() -> Mapping[Op, str]:
    return {
        Op.IS: _("{column} is {value}"),
        Op.IS_NOT: _("{column} is not {value}"),
        Op.CONTAINS: _("{column} contains {value}"),
        Op.EMPTY: _("{column} is empty"),
        Op.FILLED: _("{column} is not empty"),
        Op.BEFORE: _("{column} before {value}"),
        Op.AFTER: _("{column} after {value}"),
        Op.ON: _("{column} on {value}"),
        Op.LEAST: _("{column} at least {value}"),
        Op.MOST: _("{column} at most {value}"),
    }


def _ways(op: Op) -> Iterator[str]:
    """Every form that the sentence of an op has in this language."""
    if op not in DAYS:
        yield _templates()[op]
        return
    yield from dict.fromkeys(_days_template(op, count) for count in (1, 2, 5, 21, 42))


# ------------------------------------------------------------------------------------- saying


def _value_words(grammar: Grammar, column: ListColumn, condition: Condition) -> str:
    value, op = condition.value, condition.op
    if op in BARE:
        return ""
    if op in DAYS:
        return format_number(value) if isinstance(value, int) else ""
    if column.kind is Kind.DAY:
        return format_date(date.fromisoformat(str(value)), year=True)
    if column.kind is Kind.MONEY and isinstance(value, int):
        return format_amount(value, grammar.currency).replace("\xa0", " ")
    if column.kind is Kind.NUMBER and isinstance(value, int):
        return format_number(value).replace("\xa0", " ")
    words = str(value or "")
    if column.choices is not None:
        words = column.choices().get(words, words)
    quoted = joiner() in f" {words} " or words != words.strip() or '"' in words or not words
    return '"' + words.replace('"', "") + '"' if quoted else words


# ------------------------------------------------------------------------------------ reading


def _parts(text: str) -> list[str]:
    """The conditions of a text: parted by "and", but not within quotes."""
    parts, quoted = [""], False
    joins = joiner().casefold()
    place = 0
    while place < len(text):
        if text[place] == '"':
            quoted = not quoted
        if not quoted and text[place : place + len(joins)].casefold() == joins:
            parts.append("")
            place += len(joins)
            continue
        parts[-1] += text[place]
        place += 1
    return [part.strip() for part in parts if part.strip()]


def _last_part(text: str) -> tuple[str, str]:
    cut = text.casefold().rfind(joiner().casefold())
    if cut < 0:
        return "", text
    cut += len(joiner())
    return text[:cut], text[cut:]


def _read(grammar: Grammar, part: str) -> Condition:
    problem: FieldError | None = None
    by_length = sorted(grammar.spec.columns, key=lambda column: -len(column.title()))
    for column in by_length:
        title = column.title()
        if not part.casefold().startswith(title.casefold()):
            continue
        # The longest words first: "is not A" is no "is" of a value "not A".
        ways = [(op, way) for op in OPS[column.kind] for way in _ways(op)]
        for op, way in sorted(ways, key=lambda pair: -len(_fixed(pair[1]))):
            typed = _typed(way, title, part)
            if typed is None:
                continue
            try:
                return Condition(column.key, op, _value(grammar, column, op, typed))
            except FieldError as error:
                problem = problem or error
    if problem is not None:
        raise problem
    raise FieldError(
        "filter",
        _("“{words}” is not a condition of this list.").format(words=part),
        _("Write a column, what is asked of it, and a value: {example}").format(
            example=_example(grammar)
        ),
    )


def _fixed(way: str) -> str:
    return re.sub(r"\{\w+\}", "", way)


def _typed(way: str, title: str, part: str) -> str | None:
    """What stands in the place of the value; None when the sentence is another one."""
    shape = re.escape(way.replace(_COLUMN, title).replace("{count}", _VALUE))
    pattern = shape.replace(re.escape(_VALUE), "(.+)")
    found = re.fullmatch(pattern, part.strip(), re.IGNORECASE)
    if found is None:
        return None
    return found.group(1).strip() if found.groups() else ""


def _value(grammar: Grammar, column: ListColumn, op: Op, typed: str) -> Value:
    if op in BARE:
        return None
    words = typed.strip().strip('"')
    if op in DAYS or column.kind is Kind.NUMBER:
        return _whole(column, words, 0)
    if column.kind is Kind.MONEY:
        return _whole(column, words, currency_digits(grammar.currency))
    if column.kind is Kind.DAY:
        return _day(column, words, grammar.today)
    if column.choices is None:
        return words
    known = column.choices()
    for stored, shown in known.items():
        if words.casefold() in (shown.casefold(), stored.casefold()):
            return stored
    if words in grammar.listed(column.key):
        return words
    raise FieldError(
        "filter",
        _("{column} is never “{words}”.").format(column=column.title(), words=words),
        _("It may be: {choices}").format(choices=", ".join(known.values())),
    )


def _whole(column: ListColumn, words: str, digits: int) -> int:
    number = read_number(words.replace(" ", ""))
    exact = None if number is None else number.scaleb(digits)
    if exact is None or exact != exact.to_integral_value() or abs(exact) > Decimal(10) ** 15:
        raise FieldError(
            "filter",
            _("“{words}” is no number.").format(words=words),
            _("{column} is compared with a number.").format(column=column.title()),
        )
    return int(exact)


def _day(column: ListColumn, words: str, today: date) -> str:
    day = read_day(words, today)
    if day is None:
        raise FieldError(
            "filter",
            _("“{words}” is no day.").format(words=words),
            _("{column} is compared with a day: {example}").format(
                column=column.title(), example=format_date(today, year=True)
            ),
        )
    return day.isoformat()


def read_day(words: str, today: date) -> date | None:
    """A day as :func:`format_date` writes it, as ISO, by numbers or in words.

    Without a year it is the nearest.
    """
    spoken = spoken_day(words, today)
    if spoken is not None:
        return spoken
    parts = re.findall(r"\w+", words)
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
            return date.fromisoformat(words)
        if len(parts) not in (2, 3) or not parts[0].isdecimal():
            return None
        month = _month(parts[1])
        year = int(parts[2]) if len(parts) == 3 else 0
        if month is None:
            return None
        if year:
            return date(year if year > 99 else 2000 + year, month, int(parts[0]))
        near = [date(today.year + gap, month, int(parts[0])) for gap in (-1, 0, 1)]
        return min(near, key=lambda day: abs((day - today).days))
    except ValueError:
        return None


def _month(words: str) -> int | None:
    if words.isdecimal():
        return int(words)
    begun = words.casefold()
    for month in range(1, 13):
        short = month_short(month).casefold().rstrip(".")
        if begun == short or (len(short) >= 3 and begun.startswith(short[:3])):
            return month
    return None


# ---------------------------------------------------------------------------------- completing


def _sentences(grammar: Grammar, column: ListColumn) -> Iterator[str]:
    """Sentences with this column, with values where these are few."""
    today = grammar.today
    for op in OPS[column.kind]:
        if op in BARE:
            yield say(grammar, Condition(column.key, op))
        elif op in DAYS:
            for days in (7, 30, 90):
                yield say(grammar, Condition(column.key, op, days))
        elif column.kind is Kind.DAY:
            yield say(grammar, Condition(column.key, op, today.isoformat()))
        elif column.kind in (Kind.MONEY, Kind.NUMBER):
            yield say(grammar, Condition(column.key, op, 100_000 if op is Op.LEAST else 0))
        else:
            choices = column.choices() if column.choices is not None else {}
            for stored in choices or dict.fromkeys(grammar.listed(column.key)):
                yield say(grammar, Condition(column.key, op, stored))


def _example(grammar: Grammar) -> str:
    for column in grammar.spec.columns:
        if column.kind is Kind.CHOICE:
            return next(_sentences(grammar, column), "")
    return next(_sentences(grammar, grammar.spec.columns[0]), "")
