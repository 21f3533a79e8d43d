"""Imported sales: one row per sold line becomes a line of a sale or return document.

Chunks of rows are written into the store inside the caller's transaction, as columns: what a row
by itself needs (a new customer, an odd amount, a reason for refusing it) is looked at by itself.
Accounts, products and packagings that are unknown are made. A document is (account, date, document
number, sale or return); lines keep the order of the file, and identical lines are distinct sales.
Documents are written last, with their totals, so foreign keys must not be looked up row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from crmdesk.domain.ids import UidMaker
from crmdesk.interchange.ledger import Ledger
from crmdesk.interchange.sales_cells import (
    NONE,
    Columns,
    Ints,
    SalesChunk,
    SalesParser,
    day_text,
)
from crmdesk.interchange.sales_goods import Goods
from crmdesk.interchange.sales_lines import Alone, SoldLines
from crmdesk.storage.bulk import insert_flat

_SALE_COLUMNS = (
    "id", "uid", "account_id", "kind", "date", "document", "currency", "batch_uid", "net_minor",
    "cost_minor", "line_count",
)  # fmt: skip
_LINE_COLUMNS = (
    "parent_id", "position", "product_id", "quantity", "factor", "base_quantity", "net_minor",
)  # fmt: skip
_DOCUMENTS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class SalesContext:
    """What an import writes with: ids, currency, the batch, the territory of new accounts."""

    uids: UidMaker
    currency: str
    batch_uid: bytes
    territory_id: int | None


class _Documents(dict[tuple[int, int, int, bool], int]):
    """(account, day, document text, is a sale) → its place in order of appearance."""

    def __missing__(self, key: tuple[int, int, int, bool]) -> int:
        place = self[key] = len(self)
        return place


class SalesWriter:
    """Takes chunks of rows and writes their lines, in the end the documents they belong to."""

    def __init__(self, connection: Connection, context: SalesContext, parser: SalesParser) -> None:
        self._connection, self._context, self._parser = connection, context, parser
        self.goods = Goods(connection, context.uids, context.currency, context.territory_id)
        last = connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM sale").scalar_one()
        self._first = int(last) + 1
        self._documents = _Documents()
        self._documents_told: list[str] = []
        self._totals = np.zeros((1024, 3), np.int64)
        """Per document: lines, net and cost in minor units."""
        self.differing = 0
        """Rows whose amount is not their price times their quantity."""
        self.first_differing = 0

    def take(self, chunk: SalesChunk, ledger: Ledger) -> None:
        """Write a chunk. Refused rows are counted, with their reasons."""
        self._documents_told += chunk.documents
        found, rows = chunk.columns, chunk.rows
        if found is None:
            return
        account = self.goods.accounts.column(found.account)
        place = self.goods.places.column(found.goods)
        alone = Alone(len(rows))
        for at in np.flatnonzero(found.bad | (account == 0) | (place < 0)).tolist():
            account[at] = self.goods.accounts.of(int(found.account[at]))
            place[at] = self.goods.places.of(int(found.goods[at]))
            if found.bad[at] or account[at] == 0 or place[at] < 0:
                self._by_itself(at, rows[at], found, alone)
        lines = SoldLines(found, account, place, self.goods.table(), self._context.currency)
        for at in np.flatnonzero(lines.odd & alone.open).tolist():
            self._by_itself(at, rows[at], found, alone)
        lines.put(alone)
        self._note_differing(chunk, lines.differing(found), alone)
        for at, reason in sorted(alone.refused.items()):
            ledger.reject(chunk.numbers[at], reason, rows[at])
        ledger.rows += len(rows)
        ledger.created += len(rows) - len(alone.refused)
        self._write(lines, alone)

    def finish(self) -> None:
        """Write the documents with their totals."""
        context, texts = self._context, self._documents_told
        totals = self._totals[: len(self._documents)].tolist()
        flat: list[Any] = []
        for (account, day, document, is_sale), place in self._documents.items():
            count, net, cost = totals[place]
            flat += (
                self._first + place, context.uids(), account, "sale" if is_sale else "return",
                day_text(day), texts[document] or None, context.currency, context.batch_uid,
                net, cost, count,
            )  # fmt: skip
            if len(flat) >= _DOCUMENTS_AT_ONCE * len(_SALE_COLUMNS):
                insert_flat(self._connection, "sale", _SALE_COLUMNS, flat)
                flat.clear()
        insert_flat(self._connection, "sale", _SALE_COLUMNS, flat)

    def _note_differing(
        self, chunk: SalesChunk, unlike: npt.NDArray[np.bool_], alone: Alone
    ) -> None:
        unlike[list(alone.refused)] = False
        places = np.flatnonzero(unlike)
        if len(places) and not self.differing:
            self.first_differing = chunk.numbers[int(places[0])]
        self.differing += len(places)

    def _by_itself(self, at: int, row: list[str], found: Columns, alone: Alone) -> None:
        """Judge one row outside the columns; what it names is made when it is taken."""
        alone.open[at] = False
        try:
            line = self._parser.line(row)
            named = int(found.account[at]), int(found.goods[at])
            alone.taken[at] = self.goods.take(line, *named)
        except ValueError as error:
            alone.refused[at] = str(error)

    def _write(self, lines: SoldLines, alone: Alone) -> None:
        self.goods.write()
        valid = np.ones(len(lines.base), np.bool_)
        valid[list(alone.refused)] = False
        kept = np.flatnonzero(valid)
        if not len(kept):
            return
        keys = zip(
            lines.account[kept].tolist(), lines.day[kept].tolist(),
            lines.document[kept].tolist(), (lines.base[kept] > 0).tolist(), strict=True,
        )  # fmt: skip
        document = np.fromiter(map(self._documents.__getitem__, keys), np.int64, len(kept))
        order = np.argsort(document, kind="stable")
        kept, document = kept[order], document[order]
        starts = np.flatnonzero(np.diff(document, prepend=-1))
        counts = np.diff(starts, append=len(document))
        places = document[starts]
        self._make_room()
        before = self._totals[places, 0]
        position = np.arange(len(document)) - np.repeat(starts - before, counts) + 1
        net, cost = lines.net_minor[kept], lines.cost_minor[kept]
        self._totals[places, 0] += counts
        self._totals[places, 1] += np.add.reduceat(net, starts)
        self._totals[places, 2] += np.add.reduceat(np.where(cost == NONE, 0, cost), starts)
        table = {
            "parent_id": self._first + document, "position": position,
            "product_id": lines.product[kept], "quantity": lines.packs[kept],
            "factor": lines.factor[kept], "base_quantity": lines.base[kept], "net_minor": net,
        }  # fmt: skip
        self._insert(table, lines.packaging[kept], cost)

    def _make_room(self) -> None:
        missing = len(self._documents) - len(self._totals)
        if missing > 0:
            more = np.zeros((max(missing, len(self._totals)), 3), np.int64)
            self._totals = np.concatenate([self._totals, more])

    def _insert(self, table: dict[str, Ints], packaging: Ints, cost: Ints) -> None:
        """Lines with and without packaging and cost are inserted apart: nothing stands for NULL."""
        for has_packaging in (True, False):
            for has_cost in (True, False):
                chosen = ((packaging != 0) == has_packaging) & ((cost != NONE) == has_cost)
                if not chosen.any():
                    continue
                columns = {name: table[name][chosen] for name in _LINE_COLUMNS}
                if has_packaging:
                    columns["packaging_id"] = packaging[chosen]
                if has_cost:
                    columns["cost_minor"] = cost[chosen]
                flat = np.stack(list(columns.values()), axis=1).ravel().tolist()
                insert_flat(self._connection, "sale_line", list(columns), flat)
