"""What the reorder board does, without Qt: reading, grouping, picking, quantities, orders.

Owns the state of the board (filter, grouping, order, picks, changed quantities). Painting and keys
are the widget's; forecasts come from :mod:`crmdesk.services.queries.reorder`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.money import divide_half_even
from crmdesk.gui.packs import pack_name, pack_text
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.reorder import words
from crmdesk.gui.views.reorder.items import Grouping, GroupItem, RowItem, TileItem
from crmdesk.gui.widgets.items import Purchases, Tone
from crmdesk.i18n import _, format_amount, format_money, ngettext
from crmdesk.services import reorder_board as commands
from crmdesk.services import undo
from crmdesk.services.queries import reorder as queries
from crmdesk.services.queries.reorder import (
    HISTORY_DAYS,
    BoardCounts,
    PackOption,
    PairEntry,
    PairKey,
    ReorderFilter,
    ReorderRow,
    ReorderSort,
    Route,
    Urgency,
)
from crmdesk.services.queries.reorder_accuracy import BoardAccuracy, board_accuracy

MAX_PACKS = 99_999
_PUT_OFF_DAYS = 30


class ReorderView(Protocol):
    """What the presenter asks of the widget."""

    def show_tiles(self, tiles: Sequence[TileItem]) -> None:
        """Show the counts."""

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""

    def show_routes(self, stops_today: int, stops_week: int) -> None:
        """Show how many stops each route has."""

    def show_entries(
        self, entries: Sequence[PairKey | GroupItem], picks: frozenset[PairKey]
    ) -> None:
        """Show keys and headings; rows are asked for as they come into view."""

    def put_rows(self, items: dict[PairKey, RowItem]) -> None:
        """Rows that were asked for or have changed."""

    def show_total(self, picked: str, amount: str, count: int) -> None:
        """Show what the picks come to; `count` is for the button."""

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row; an empty title takes it away."""


class ReorderPresenter:
    """See the module."""

    def __init__(self, context: PlaceContext, view: ReorderView) -> None:
        self.closed = False
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self.currency = context.workspace.currency
        self.filter = ReorderFilter()
        self.grouping = Grouping.URGENCY
        self._sort: tuple[ReorderSort, bool] = (ReorderSort.LIKELY, True)
        self._counts: BoardCounts | None = None
        self._accuracy: BoardAccuracy | None = None
        self._asked_accuracy = False
        self._rows: dict[PairKey, ReorderRow] = {}
        self._shown: frozenset[PairKey] = frozenset()
        self._listed = False
        self._picks: set[PairKey] = set()
        self._edits: dict[PairKey, tuple[int, PackOption]] = {}

    # ------------------------------------------------------------------------------- reading

    def start(self) -> None:
        """Read counts and keys, and once how good the forecast has been."""
        self._read_counts()
        self._read_entries()
        if not self._asked_accuracy:
            self._asked_accuracy = True
            ws = self._ws
            self._runner.read(lambda: board_accuracy(ws), self._on_accuracy_read, owner=self)

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Sales, plans and put-off SKUs change the board; orders do not."""
        if changes.touches("sale", "planned_visit", "reorder_override", "account", "product"):
            self.start()

    def _read_counts(self) -> None:
        ws, route = self._ws, self.filter.route
        self._runner.read(lambda: queries.board_counts(ws, route), self._on_counts_read, owner=self)

    def _read_entries(self) -> None:
        ws, wanted, (sort, descending) = self._ws, self.filter, self._sort
        self._runner.read(
            lambda: queries.board_entries(ws, wanted, sort, descending=descending),
            self._on_entries_read,
            owner=self,
        )

    def _on_counts_read(self, counts: BoardCounts) -> None:
        self._counts = counts
        self._show_tiles()
        self._show_heading()
        self._show_empty()
        self._view.show_routes(counts.stops[Route.TODAY], counts.stops[Route.WEEK])

    def _on_accuracy_read(self, accuracy: BoardAccuracy | None) -> None:
        self._accuracy = accuracy
        self._show_heading()

    def _show_heading(self) -> None:
        if self._counts is not None:
            self._view.show_heading(
                words.heading(self._counts.as_of, self._ws.today(), self._accuracy)
            )

    def _show_tiles(self) -> None:
        counts = self._counts
        if counts is None:
            return
        today, currency = self._ws.today(), self._ws.currency
        self._view.show_tiles(
            [
                TileItem(
                    state.value,
                    words.state_word(state),
                    words.ICONS[state],
                    words.TONES[state],
                    counts.states[state].pairs,
                    words.state_note(counts.states[state], currency, today),
                    state in self.filter.states,
                )
                for state in Urgency
            ]
        )

    def _on_entries_read(self, entries: tuple[PairEntry, ...]) -> None:
        self._rows = {}
        self._shown = frozenset(entry.key for entry in entries)
        self._listed = True
        self._view.show_entries(list(self._grouped(entries)), frozenset(self._picks & self._shown))
        self._show_empty()
        self._show_total()

    def _show_empty(self) -> None:
        """Say why the board is empty; counts and rows may come in either order."""
        if not self._listed or self._counts is None:
            return
        if self._shown:
            self._view.show_empty("", "")
        elif not any(count.pairs for count in self._counts.states.values()):
            self._view.show_empty(
                _("No purchases yet"),
                _("Import sales or submit orders; after three purchases a rhythm shows here."),
            )
        elif self.filter.text:
            self._view.show_empty(
                _("Nothing found"), _("No SKU or customer has these words in the chosen states.")
            )
        else:
            self._view.show_empty(
                _("Nothing is waiting"), _("Choose other states above to see the rest.")
            )

    def _grouped(self, entries: tuple[PairEntry, ...]) -> Iterable[PairKey | GroupItem]:
        if self.grouping is Grouping.URGENCY:
            for state, group in groupby(entries, key=lambda entry: entry.state):
                members = list(group)
                yield self._state_group(state, members)
                yield from (entry.key for entry in members)
            return
        by_customer = self.grouping is Grouping.CUSTOMER
        named: dict[tuple[str, int], list[PairEntry]] = {}
        for entry in entries:
            key = (entry.account, entry.key[0]) if by_customer else (entry.product, entry.key[1])
            named.setdefault(key, []).append(entry)
        # Groups with the most urgent rows first: entries come in that order.
        for (name, number), members in named.items():
            note = self._money(sum(entry.margin_minor for entry in members))
            count = ngettext("{count} SKU", "{count} SKUs", len(members))
            if not by_customer:
                count = ngettext("{count} customer", "{count} customers", len(members))
            icon = "shop" if by_customer else "box"
            text = f"{count.format(count=len(members))} · {note}"
            yield GroupItem(f"{self.grouping}:{number}", name, icon, Tone.MUTED, text)
            yield from (entry.key for entry in members)

    def _state_group(self, state: Urgency, members: Sequence[PairEntry]) -> GroupItem:
        accounts = len({entry.key[0] for entry in members})
        money = self._money(sum(entry.margin_minor for entry in members))
        note = words.group_note(len(members), accounts, money, state)
        right = ""
        total = self._counts.states[state].pairs if self._counts else len(members)
        if total > len(members):
            right = _("{shown} of {total} shown").format(shown=len(members), total=total)
        return GroupItem(
            state.value,
            words.state_word(state),
            words.ICONS[state],
            words.TONES[state],
            note,
            right,
        )

    def read_rows(self, keys: Sequence[PairKey]) -> None:
        """Rows that came into view."""
        ws = self._ws
        self._runner.read(lambda: queries.board_rows(ws, keys), self._on_rows_read, owner=self)

    def _on_rows_read(self, rows: dict[PairKey, ReorderRow]) -> None:
        self._rows.update(rows)
        self._view.put_rows({key: self._item(row) for key, row in rows.items()})
        if self._picks & rows.keys():
            self._show_total()

    def _item(self, row: ReorderRow) -> RowItem:
        today = self._ws.today()
        packs, pack = self._quantity(row)
        urgent = row.state in (Urgency.AT_RISK, Urgency.LAPSED)
        return RowItem(
            key=row.key,
            product=row.product,
            why=words.why(row, today),
            row=row,
            account=row.account,
            visit=words.next_visit(row, today),
            visit_tone=Tone.ACCENT if row.visit_on == today else Tone.MUTED,
            purchases=Purchases(HISTORY_DAYS, row.purchases),
            probability=row.p_14,
            tone=Tone.WARNING if urgent else Tone.ACCENT,
            packs=packs,
            unit=pack_name(pack.unit, packs),
            margin=format_amount(self._margin(row), self._ws.currency, decimals=0),
        )

    # ------------------------------------------------------------------------------- filters

    def toggle_state(self, key: str) -> None:
        """Show or hide a state; the last one stays."""
        state = Urgency(key)
        states = self.filter.states ^ {state}
        if states:
            self._refilter(states=states)
        self._show_tiles()

    def choose_route(self, route: str) -> None:
        """Everybody, today's route or this week's."""
        self._refilter(route=Route(route))
        self._read_counts()

    def search(self, text: str) -> None:
        """Filter rows by words of customer or product."""
        self._refilter(text=text)

    def show_account(self, account_id: int | None) -> None:
        """Only one customer's rows, or everybody's again."""
        self._refilter(account_id=account_id)

    def choose_grouping(self, grouping: str) -> None:
        """Group by urgency, customer or SKU."""
        self.grouping = Grouping(grouping)
        self._read_entries()

    def sort(self, column: str, *, descending: bool) -> None:
        """Order rows within their groups."""
        self._sort = (ReorderSort(column), descending)
        self._read_entries()

    def _refilter(
        self,
        *,
        states: frozenset[Urgency] | None = None,
        route: Route | None = None,
        text: str | None = None,
        account_id: int | None = None,
    ) -> None:
        old = self.filter
        self.filter = ReorderFilter(
            states=old.states if states is None else frozenset(states),
            route=old.route if route is None else route,
            text=old.text if text is None else text,
            account_id=account_id,
        )
        self._read_entries()

    # ------------------------------------------------------------------- picks and quantities

    def set_picks(self, picked: Iterable[PairKey]) -> None:
        """Which of the shown rows are picked; picks that are filtered away stay."""
        self._picks = (self._picks - self._shown) | set(picked)
        self._show_total()

    def picks(self) -> frozenset[PairKey]:
        """All picks, shown or not."""
        return frozenset(self._picks)

    def set_packs(self, key: PairKey, text: str) -> bool:
        """Change a row's quantity; picks it. Zero takes the pick away. False: not a quantity."""
        row = self._rows.get(key)
        if row is None or not text.isdigit() or int(text) > MAX_PACKS:
            return False
        packs = int(text)
        pack = self._quantity(row)[1]
        self._edits[key] = (packs, pack)
        if packs:
            self._picks.add(key)
        else:
            self._picks.discard(key)
        self._view.put_rows({key: self._item(row)})
        self._show_total()
        return True

    def next_pack(self, key: PairKey) -> None:
        """Say the quantity in the product's next packaging, rounded to at least one."""
        row, ws = self._rows.get(key), self._ws
        if row is None:
            return
        self._runner.read(
            lambda: queries.pack_options(ws, [key[1]]).get(key[1], ()),
            lambda options: self._on_packs_read(row, options),
            owner=self,
        )

    def _on_packs_read(self, row: ReorderRow, options: tuple[PackOption, ...]) -> None:
        packs, pack = self._quantity(row)
        places = [option.packaging_id for option in options]
        if len(options) < 2 or pack.packaging_id not in places:
            self._desk.toast(_("This product is sold in one pack only."))
            return
        following = options[(places.index(pack.packaging_id) + 1) % len(options)]
        base = packs * pack.factor
        self._edits[row.key] = (max(1, divide_half_even(base, following.factor)), following)
        self._view.put_rows({row.key: self._item(row)})
        self._show_total()

    def _quantity(self, row: ReorderRow) -> tuple[int, PackOption]:
        return self._edits.get(row.key, (row.packs, row.pack))

    def _margin(self, row: ReorderRow) -> int:
        """The margin at the quantity shown: in proportion to the suggested one."""
        packs, pack = self._quantity(row)
        suggested = row.packs * row.pack.factor
        if not suggested:
            return 0
        return divide_half_even(row.margin_minor * packs * pack.factor, suggested)

    def _show_total(self) -> None:
        rows = [self._rows[key] for key in self._picks if key in self._rows]
        count = len(self._picks)
        if not count:
            self._view.show_total("", "", 0)
            return
        picked = ngettext("{count} picked", "{count} picked", count).format(count=count)
        units: dict[str, int] = {}
        for row in rows:
            packs, pack = self._quantity(row)
            units[pack.unit] = units.get(pack.unit, 0) + packs
        for unit, packs in sorted(units.items(), key=lambda pair: -pair[1])[:2]:
            picked += f" · {pack_text(unit, packs)}"
        money = self._money(sum(self._margin(row) for row in rows))
        self._view.show_total(picked, _("{amount} margin").format(amount=money), count)

    # ------------------------------------------------------------------------------ commands

    def add_to_orders(self, current: PairKey | None) -> None:
        """Put the picks (or the current row when nothing is picked) into today's drafts."""
        wanted = self._picks or ({current} if current is not None else set())
        ws, keys = self._ws, sorted(wanted)
        if not keys:
            self._desk.toast(_("Pick rows with Space first."))
            return
        edits = dict(self._edits)

        def work() -> commands.PicksAdded:
            rows = queries.board_rows(ws, keys)
            picks = [_pick(row, edits.get(key)) for key, row in rows.items()]
            return commands.add_to_orders(ws, [pick for pick in picks if pick.packs > 0])

        self._runner.write(work, self._on_added, owner=self)

    def _on_added(self, added: commands.PicksAdded) -> None:
        self._picks.clear()
        self._edits.clear()
        lines = ngettext("{count} line", "{count} lines", added.lines).format(count=added.lines)
        orders = ngettext("{count} draft order", "{count} draft orders", len(added.orders))
        self._desk.toast(
            _("{lines} added to {orders}.").format(
                lines=lines, orders=orders.format(count=len(added.orders))
            )
        )
        self._read_entries()

    def put_off(self, key: PairKey, reason: str) -> None:
        """Take a row off the board for a month (or its gap, if longer), and keep why."""
        row, ws = self._rows.get(key), self._ws
        if row is None:
            return
        days = max(_PUT_OFF_DAYS, round(row.gap_days or 0))
        until = ws.today() + timedelta(days=days)

        def done(changes: ChangeSet) -> None:
            text = _("{product} is off the board for {days} days.").format(
                product=row.product, days=days
            )
            self._desk.toast(text, undo=lambda: self._take_back(changes))

        self._runner.write(
            lambda: commands.put_off(ws, key[0], key[1], reason, until), done, owner=self
        )

    def _take_back(self, changes: ChangeSet) -> None:
        ws, txn = self._ws, changes.undo
        if txn is not None:
            self._runner.write(lambda: undo.undo(ws, txn), owner=self)

    def open(self, key: PairKey) -> None:
        """The customer's card with this SKU's purchases."""
        self._desk.go("customer", account=key[0], product=key[1])

    def sentence(self, item: RowItem) -> str:
        """The full sentence of a row."""
        return words.full_sentence(item.row, self._ws.today())

    def export(self, path: Path) -> None:
        """Write all rows of the present filter to a CSV or XLSX file."""
        ws, wanted, (sort, descending) = self._ws, self.filter, self._sort

        def work() -> int:
            # The writer of workbooks is imported when the first one is written.
            from crmdesk.gui.views.reorder.export import write_board

            entries = queries.board_entries(ws, wanted, sort, descending=descending)
            return write_board(ws, path, [entry.key for entry in entries])

        def done(count: int) -> None:
            rows = ngettext("{count} row", "{count} rows", count).format(count=count)
            self._desk.toast(_("{rows} saved as {name}.").format(rows=rows, name=path.name))

        self._runner.read(work, done, owner=self)

    def _money(self, minor: int) -> str:
        return format_money(minor, self._ws.currency, decimals=0)


def _pick(row: ReorderRow, edit: tuple[int, PackOption] | None) -> commands.Pick:
    packs, pack = edit or (row.packs, row.pack)
    suggested = row.packs * row.pack.factor
    return commands.Pick(row.key[0], row.key[1], pack.packaging_id, packs, suggested)
