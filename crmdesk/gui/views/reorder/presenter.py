"""What the reorder board does, without Qt: reading, filtering, grouping, picking, ordering.

Owns the state of the board (filter, grouping, order, rows read). Picks and quantities are
:mod:`.picks`', what is said and planned is :mod:`.steps`', customers who stop buying are
:mod:`.losses`'; painting and keys are the widget's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.packs import pack_name
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.reorder import detail_words, groups, words
from crmdesk.gui.views.reorder.items import (
    Grouping,
    RowItem,
    TileItem,
)
from crmdesk.gui.views.reorder.looking import DetailPresenter
from crmdesk.gui.views.reorder.losses import LossesPresenter
from crmdesk.gui.views.reorder.picks import Picks
from crmdesk.gui.views.reorder.steps import BoardSteps
from crmdesk.gui.views.reorder.view import ReorderView
from crmdesk.gui.widgets.items import Purchases, Tone
from crmdesk.i18n import _, format_amount, format_money, ngettext
from crmdesk.services import reorder_board as commands
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
from crmdesk.services.queries.reorder_filter import (
    ENDED,
    Area,
    AreaRow,
    area_rows,
    territory_names,
)

_SHOWN_KINDS = (
    "sale", "planned_visit", "reorder_override", "account", "account_product", "product",
    "promise", "visit", "visit_task",
)  # fmt: skip


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
        self.steps = BoardSteps(context, view, self)
        self.losses = LossesPresenter(context, view)
        self.detail = DetailPresenter(context, view, self)
        self._sort: tuple[ReorderSort, bool] = (ReorderSort.LIKELY, True)
        self._counts: BoardCounts | None = None
        self._accuracy: BoardAccuracy | None = None
        self._asked_accuracy = False
        self._areas: tuple[AreaRow, ...] = ()
        self._territories: dict[int, str] = {}
        self._rows: dict[PairKey, ReorderRow] = {}
        self._entries: dict[PairKey, PairEntry] = {}
        self._listed = False
        self._asked = 0
        self._picked = Picks()
        self._wanted: PairKey | None = None

    # ------------------------------------------------------------------------------- reading

    def start(self) -> None:
        """Read counts and keys, and once areas and how good the forecast has been."""
        self._read_counts()
        self._read_list()
        if not self._asked_accuracy:
            self._asked_accuracy = True
            ws = self._ws
            self._runner.read(lambda: board_accuracy(ws), self._on_accuracy_read, owner=self)
            self._runner.read(
                lambda: (area_rows(ws), territory_names(ws)), self._on_areas_read, owner=self
            )

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = self.losses.closed = self.detail.closed = True
        self.steps.close()

    def on_changes(self, changes: ChangeSet) -> None:
        """Sales, plans, lists and what was said change the board; orders do not."""
        if changes.touches(*_SHOWN_KINDS):
            self.start()

    def _read_counts(self) -> None:
        ws, route, area = self._ws, self.filter.route, self.filter.area
        self._runner.read(
            lambda: queries.board_counts(ws, route, area),
            lambda counts: self._on_counts_read(counts, route, area),
            owner=self,
        )

    def _read_list(self) -> None:
        if self.grouping is Grouping.LOSSES:
            self.losses.read(self.filter)
            return
        ws, wanted, (sort, descending) = self._ws, self.filter, self._sort
        asked = self._asked = self._asked + 1
        quick = queries.pages_quickly(wanted, sort, descending=descending)
        if quick and not self._listed and self.grouping is Grouping.URGENCY:
            # What is seen first is there at once; the whole list follows.
            self._runner.read(
                lambda: queries.board_page(ws, wanted), self._on_page_read, owner=self
            )
        self._runner.read(
            lambda: queries.board_entries(ws, wanted, sort, descending=descending),
            lambda entries: self._on_entries_read(entries, asked),
            owner=self,
        )

    def _on_page_read(self, entries: tuple[PairEntry, ...]) -> None:
        if entries and not self._listed:
            self._entries = {entry.key: entry for entry in entries}
            self._view.show_entries(
                list(groups.by_state(entries, None, None)), frozenset(self._picked.keys)
            )

    def _on_counts_read(self, counts: BoardCounts, route: Route, area: Area) -> None:
        if (route, area) != (self.filter.route, self.filter.area):
            return
        self._counts = counts
        self._show_tiles()
        self._show_heading()
        self._show_empty()
        self._view.show_routes(counts.stops[Route.TODAY], counts.stops[Route.WEEK])

    def _on_accuracy_read(self, accuracy: BoardAccuracy | None) -> None:
        self._accuracy = accuracy
        self._show_heading()

    def _on_areas_read(self, found: tuple[tuple[AreaRow, ...], dict[int, str]]) -> None:
        self._areas, self._territories = found
        self._show_areas()

    def _show_areas(self) -> None:
        # A rep's only territory, those above it and the rep are one and the same choice.
        several = len({row.accounts for row in self._areas}) > 1
        self._view.show_areas(self._areas, self._area_name(), several=several)

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
                if state not in ENDED or counts.states[state].pairs
            ]
        )

    def _on_entries_read(self, entries: tuple[PairEntry, ...], asked: int) -> None:
        if asked != self._asked:
            return  # Something else was asked for meanwhile; readers may overtake each other.
        self._rows = {}
        self._entries = {entry.key: entry for entry in entries}
        self._reread(self._picked.keys)
        self._listed = True
        if self.grouping is Grouping.URGENCY:
            states = None if self._counts is None else self._counts.states
            shown = list(groups.by_state(entries, states, self._money))
        else:
            shown = list(groups.by_name(entries, self.grouping, self._territories, self._money))
        self._view.show_entries(shown, frozenset(self._picked.keys & self._entries.keys()))
        if self._wanted in self._entries:
            self._view.select(self._wanted)
            self._wanted = None
        customer = ""
        if self.filter.account_id is not None and entries:
            customer = entries[0].account
        self._view.show_sentence(
            detail_words.filter_sentence(
                self.filter, self._area_name(), customer, len(entries),
                len({key[0] for key in self._entries}),
                self._money(sum(entry.margin_minor for entry in entries)),
            )
        )  # fmt: skip
        self._show_empty()
        self._show_total()

    def _show_empty(self) -> None:
        """Say why the board is empty; counts and rows may come in either order."""
        if not self._listed or self._counts is None:
            return
        if self._entries:
            self._view.show_empty("", "")
        elif self._counts.pending:
            self._view.show_empty(
                _("Forecasts are being made"),
                _("They show here as soon as all customers are done; the bar above says how far."),
            )
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

    def read_rows(self, keys: Sequence[PairKey]) -> None:
        """Rows that came into view."""
        ws = self._ws
        self._runner.read(lambda: queries.board_rows(ws, keys), self._on_rows_read, owner=self)

    def _on_rows_read(self, rows: dict[PairKey, ReorderRow]) -> None:
        self._rows.update(rows)
        self._view.put_rows({key: self._item(row) for key, row in rows.items()})
        if self._picked.keys & rows.keys():
            self._show_total()
        if self.detail.key in rows:
            self.detail.look_at(self.detail.key)

    def _item(self, row: ReorderRow) -> RowItem:
        today = self._ws.today()
        packs, pack = self._picked.quantity(row)
        urgent = row.state in (Urgency.AT_RISK, Urgency.LAPSED) or row.state in ENDED
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
            margin=format_amount(self._picked.margin_minor(row), self._ws.currency, decimals=0),
        )

    # ------------------------------------------------------------------------------- filters

    def toggle_state(self, key: str) -> None:
        """Show or hide a state; the last one stays."""
        states = self.filter.states ^ {Urgency(key)}
        if states:
            self._refilter(states=states)
        self._show_tiles()

    def choose_route(self, route: str) -> None:
        """Everybody, today's route or this week's."""
        self._refilter(route=Route(route))
        self._read_counts()

    def choose_area(self, area: Area) -> None:
        """A territory, a person, or everywhere."""
        self._refilter(area=area)
        self._show_areas()
        self._read_counts()

    def search(self, text: str) -> None:
        """Filter rows by words of customer or product."""
        self._refilter(text=text)

    def show_account(self, account_id: int | None, product_id: int | None = None) -> None:
        """Only one customer's rows, or everybody's again; in any state to find a product."""
        if account_id is not None and product_id is not None:
            self._wanted = (account_id, product_id)
            self._refilter(states=frozenset(Urgency), account_id=account_id)
            self._show_tiles()
        else:
            self._refilter(account_id=account_id)

    def choose_grouping(self, grouping: str) -> None:
        """Group by urgency, customer, SKU or territory, or show who stops buying."""
        self.grouping = Grouping(grouping)
        self._view.show_mode(self.grouping)
        self._read_list()

    def sort(self, column: str, *, descending: bool) -> None:
        """Order rows within their groups."""
        self._sort = (ReorderSort(column), descending)
        self._read_list()

    def _refilter(
        self,
        *,
        states: frozenset[Urgency] | None = None,
        route: Route | None = None,
        text: str | None = None,
        account_id: int | None = None,
        area: Area | None = None,
    ) -> None:
        old = self.filter
        self.filter = ReorderFilter(
            states=old.states if states is None else frozenset(states),
            route=old.route if route is None else route,
            text=old.text if text is None else text,
            account_id=account_id,
            area=old.area if area is None else area,
        )
        self._read_list()

    def _area_name(self) -> str:
        chosen = [row.name for row in self._areas if row.area == self.filter.area]
        return chosen[0] if chosen else ""

    # ------------------------------------------------------------------- picks and quantities

    def set_picks(self, picked: Iterable[PairKey]) -> None:
        """Which of the shown rows are picked; picks that are filtered away stay."""
        self._picked.keys = (self._picked.keys - self._entries.keys()) | set(picked)
        self._show_total()

    def picks(self) -> frozenset[PairKey]:
        """All picks, shown or not."""
        return frozenset(self._picked.keys)

    def pick_group(self, key: PairKey) -> None:
        """Pick everything under the same heading as a row, or nothing of it when all is picked."""
        grouping = self.grouping if self.grouping is not Grouping.URGENCY else Grouping.CUSTOMER
        here = self._entries.get(key)
        if here is None:
            return
        wanted = groups.group_key(grouping, here)
        members = {
            one for one, entry in self._entries.items()
            if groups.group_key(grouping, entry) == wanted
        }  # fmt: skip
        keys = self._picked.keys
        self._picked.keys = keys - members if members <= keys else keys | members
        self._reread(members)
        self._view.put_rows({one: self._item(self._rows[one]) for one in members & set(self._rows)})
        self._show_total()

    def _reread(self, keys: set[PairKey]) -> None:
        """Rows that nobody has looked at yet, so that the total is whole."""
        missing = sorted(keys - self._rows.keys())
        if missing:
            self.read_rows(missing)

    def set_packs(self, key: PairKey, text: str) -> bool:
        """Change a row's quantity; picks it. Zero takes the pick away. False: not a quantity."""
        row = self._rows.get(key)
        if row is None or not self._picked.set_packs(row, text):
            return False
        self._show_quantity(row)
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
        if self._picked.next_pack(row, options):
            self._show_quantity(row)
        else:
            self._desk.toast(_("This product is sold in one pack only."))

    def _show_quantity(self, row: ReorderRow) -> None:
        self._view.put_rows({row.key: self._item(row)})
        self._show_total()
        self.detail.look_at(row.key)

    def _show_total(self) -> None:
        count = len(self._picked.keys)
        if not count:
            self._view.show_total("", "", 0)
            return
        self._view.show_total(*self._picked.total(self._rows, self._money), count)

    # ------------------------------------------------------------------------------ commands

    def add_to_orders(self, current: PairKey | None, *, then_open: bool = False) -> None:
        """Put the picks (or the current row when nothing is picked) into today's drafts.

        ``then_open`` opens the draft of the current row's customer afterwards.
        """
        wanted = self._picked.keys or ({current} if current is not None else set())
        ws, keys, picked = self._ws, sorted(wanted), self._picked.copy()
        if not keys:
            self._desk.toast(_("Pick rows with Space first."))
            return

        def work() -> commands.PicksAdded:
            rows = queries.board_rows(ws, keys)
            return commands.add_to_orders(ws, picked.lines(rows.values()))

        def done(added: commands.PicksAdded) -> None:
            self._on_added(added)
            if then_open and added.orders:
                account = current[0] if current is not None else -1
                first = next(iter(added.orders.values()))
                self._desk.go("order", order=added.orders.get(account, first))

        self._runner.write(work, done, owner=self)

    def _on_added(self, added: commands.PicksAdded) -> None:
        self._picked.clear()
        lines = ngettext("{count} line", "{count} lines", added.lines).format(count=added.lines)
        orders = ngettext("{count} draft order", "{count} draft orders", len(added.orders))
        self._desk.toast(
            _("{lines} added to {orders}.").format(
                lines=lines, orders=orders.format(count=len(added.orders))
            )
        )
        self._read_list()

    @property
    def today(self) -> date:
        """The day the board is about."""
        return self._ws.today()

    # --------------------------------------------------------- what the steps ask of the board

    def row(self, key: PairKey) -> ReorderRow | None:
        """A row that has been read."""
        return self._rows.get(key)

    def pack(self, row: ReorderRow) -> PackOption:
        """The packaging a row is shown in."""
        return self._picked.quantity(row)[1]

    def customer(self, key: PairKey | int) -> tuple[int, str]:
        """The customer of a row or of a line of the other list: key and name."""
        if isinstance(key, int):
            return key, self.losses.name_of(key)
        entry = self._entries.get(key)
        return key[0], "" if entry is None else entry.account

    def open(self, key: PairKey | int) -> None:
        """The customer's card, with this SKU's purchases."""
        if isinstance(key, int):
            self._desk.go("customer", account=key)
        else:
            self._desk.go("customer", account=key[0], product=key[1])

    def show_accuracy(self) -> None:
        """How good the forecast has been."""
        account = None if self.detail.key is None else self.detail.key[0]
        self._desk.go("accuracy", **({} if account is None else {"account": account}))

    def sentence(self, item: RowItem) -> str:
        """The full sentence of a row."""
        return words.full_sentence(item.row, self._ws.today())

    def export(self) -> None:
        """Write what is shown, with the columns, filter and order it has, to a file."""
        self._desk.export_list()

    def _money(self, minor: int) -> str:
        return format_money(minor, self._ws.currency, decimals=0)
