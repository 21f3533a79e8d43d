"""Reorder figures as of any day: the table per account and SKU, and how good it has been."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import compress, repeat
from typing import TYPE_CHECKING, Any

from crmdesk.domain.errors import NotFound, UserError
from crmdesk.i18n import _, language, ngettext
from crmdesk.services.workspace import Workspace

if TYPE_CHECKING:
    from crmdesk.storage.pair_rows import PairColumns

COLUMNS = (
    "account", "sku", "state", "p_7", "p_14", "p_30", "expected_next_date", "expected_quantity",
    "packaging", "packs", "interval_days", "n", "reason",
)  # fmt: skip


_FARTHEST_DAYS = 36_500
"""A horizon beyond it is as good as none, and reckoning with it would leave the calendar."""


@dataclass(frozen=True, slots=True)
class _Names:
    accounts: dict[int, str]
    skus: dict[int, str]
    units: dict[int, str]


def reorder_rows(
    ws: Workspace, as_of: date, *, account: str | None = None, horizon: int | None = None
) -> Iterator[tuple[Any, ...]]:
    """Rows in the order of :data:`COLUMNS`, one per account and SKU bought up to ``as_of``.

    The model is fitted on what was known on that day, nothing later is looked at. ``account``
    limits to one code; ``horizon`` keeps pairs expected within so many days. NotFound for an
    unknown code.
    """
    from crmdesk.storage import forecasts

    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        names = _Names(
            {int(r[0]): str(r[1]) for r in run("SELECT id, code FROM account")},
            {int(r[0]): str(r[1]) for r in run("SELECT id, sku FROM product")},
            {int(r[0]): str(r[1]) for r in run("SELECT id, unit FROM packaging")},
        )
        only = None
        if account is not None:
            keys = [key for key, code in names.accounts.items() if code == account]
            if not keys:
                raise NotFound(_("There is no customer {code}.").format(code=account))
            only = keys[0]
        found = forecasts.columns_as_of(connection, as_of, only)
    rows = _table_rows(found, names, as_of)
    if horizon is None:
        return rows
    latest = (as_of + timedelta(days=min(horizon, _FARTHEST_DAYS))).isoformat()
    return compress(rows, (due_on <= latest for due_on in found.due_on))


def _table_rows(found: PairColumns, names: _Names, as_of: date) -> Iterator[tuple[Any, ...]]:
    units = [names.units.get(key or 0, "EA") for key in found.packaging_id]
    return zip(
        map(names.accounts.__getitem__, found.account_id),
        map(names.skus.__getitem__, found.product_id), found.state,
        *(map(round, chance, repeat(4)) for chance in (found.p_7, found.p_14, found.p_30)),
        found.due_on, found.expected_quantity, units, found.packs,
        [None if days is None else round(days, 2) for days in found.interval_days], found.n,
        _reasons(found, units, names, as_of), strict=False,
    )  # fmt: skip


def _reasons(found: PairColumns, units: Sequence[str], names: _Names, as_of: date) -> Iterator[str]:
    """The sentence of each row; as most of them are plain ones, these are made together."""
    from crmdesk.analytics.reorder.sentence import ENDED, plain_sentences

    ago = {day: (as_of - date.fromisoformat(day)).days for day in set(found.last_on)}
    since = [ago[day] for day in found.last_on]
    gaps = [0 if gap is None else round(gap) for gap in found.median_gap]
    usual = list(map(usual_text, units, found.packs))
    plain = plain_sentences(found.n, gaps, since, found.p_14, usual)
    for row, text in enumerate(plain):
        because, state = found.because[row], found.state[row]
        if because is None and state not in ENDED:
            yield text
            continue
        yield reason_text(
            found.n[row], found.median_gap[row], since[row], found.p_14[row], usual[row],
            state=state, because=because, names=names.skus,
        )  # fmt: skip


def reason_text(
    n: int, median_gap: float | None, days_since: int, p_14: float, usual: str | None, *,
    state: str = "", because: str | None = None, names: Mapping[int, str] | None = None,
) -> str:  # fmt: skip
    """The one sentence of a pair, from the numbers that were used.

    ``because`` is the column of ``summary_pair``, ``names`` what products are called, by id.
    """
    from crmdesk.analytics.reorder.sentence import Because, SentenceFacts, sentence

    gap = 0 if median_gap is None else round(median_gap)
    said = Because.of_text(because)
    replaced = None if said.instead_of is None else (names or {}).get(said.instead_of)
    return sentence(SentenceFacts(n, gap, days_since, p_14, said, state, replaced), usual)


def usual_text(unit: str, packs: int) -> str:
    """So many packs in words: ``3 cases``."""
    return _packs_in_words(unit, packs, language())


@lru_cache(maxsize=4096)
def _packs_in_words(unit: str, packs: int, _tongue: str) -> str:
    words = {
        "EA": ngettext("{count} unit", "{count} units", packs),
        "IN": ngettext("{count} inner pack", "{count} inner packs", packs),
        "CS": ngettext("{count} case", "{count} cases", packs),
        "BU": ngettext("{count} bulk pack", "{count} bulk packs", packs),
        "PL": ngettext("{count} pallet", "{count} pallets", packs),
    }
    return words.get(unit, f"{{count}} {unit}").format(count=packs)


def backtest(ws: Workspace, cutoffs: list[date], *, account: str | None = None) -> Any:
    """How good the forecast would have been at these days, beside simple rules.

    Without days five are chosen that leave room for what followed. ``account`` judges one
    customer's pairs alone. Returns :class:`crmdesk.analytics.reorder.backtest.BacktestReport`.
    UserError when there are no sales, or a cut-off lies outside them; NotFound for an unknown code.
    """
    from crmdesk.analytics.reorder.backtest import backtest as judge
    from crmdesk.analytics.reorder.musts import usual_cutoffs
    from crmdesk.storage import line_arrays, reorder_facts

    with ws.database.read() as connection:
        lines = line_arrays.read_lines(connection)
        only = None if account is None else _account_id(connection, account)
        told = reorder_facts.circumstances_of(connection, ws.today())
        replacements = reorder_facts.replacements_of(connection)
    if len(lines.sales.day) == 0:
        raise UserError(_("There are no sales yet."), _("Import them: crmdesk import sales FILE"))
    newest, oldest = int(lines.sales.day.max()), int(lines.sales.day.min())
    first, last = line_arrays.day_of(oldest), line_arrays.day_of(newest)
    for day in cutoffs:
        if not first < day < last:
            raise UserError(
                _("{date} is outside the history ({first} to {last}).").format(
                    date=day, first=first, last=last
                )
            )
    days = [line_arrays.day_number(day) for day in cutoffs] or usual_cutoffs(oldest, newest)
    return judge(lines.sales, days, only, told, replacements)


def _account_id(connection: Any, code: str) -> int:
    found = connection.exec_driver_sql("SELECT id FROM account WHERE code = ?", (code,)).scalar()
    if found is None:
        raise NotFound(_("There is no customer {code}.").format(code=code))
    return int(found)
