"""The "must" table of the reorder forecast on histories that it was not made for.

Two given sets where the shared data are at hand, and the demo company as a laptop holds it; five
cut-offs each, chosen by the same rule as ``crmdesk reorder backtest`` chooses them.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import zstandard

from crmdesk.analytics.reorder import SaleLines, backtest
from crmdesk.analytics.reorder.circumstances import NOTHING_KNOWN, Circumstances
from crmdesk.analytics.reorder.musts import Must, musts, usual_cutoffs
from crmdesk.analytics.reorder.substitutes import NO_REPLACEMENTS, Replacements
from crmdesk.demo.spec import DEMO_TODAY, DemoSpec
from crmdesk.storage.line_arrays import read_lines
from crmdesk.storage.reorder_facts import circumstances_of, replacements_of
from tests.benchmarks.companies import demo_profile, opened
from tests.benchmarks.harness import Bench

_ROOT = Path(__file__).resolve().parents[2]
_SETS = ("online_retail_dev", "synth_dev")
_FIRST = date(1970, 1, 1).toordinal()


def measure_musts(bench: Bench) -> None:
    """Every line of the table for every set: value, bound, and whether it was met."""
    for name, sales, told, replacements in _histories(bench):
        days = usual_cutoffs(int(sales.day.min()), int(sales.day.max()))
        report = backtest(sales, days, circumstances=told, replacements=replacements)
        judged = len(report.cutoffs)
        for must in musts(report):
            wish = ", further" if must.further else ""
            bench.add(
                f"{name}, {judged} cut-offs: {must.measure}{wish}", _shown(must.value),
                bound=_bound(must), met=None if must.further else must.met,
            )  # fmt: skip
        for rival, scores in report.methods.items():
            known = (scores.log_loss_14, scores.auc_14, scores.call_list, scores.wape)
            bench.say(f"    {rival:14}" + "  ".join(f"{_shown(one):>7}" for one in known))


_History = tuple[str, SaleLines, Circumstances, Replacements]


def _histories(bench: Bench) -> Iterator[_History]:
    shared = Path(os.environ.get("CRMDESK_SHARED") or _ROOT.parent / "shared") / "data"
    for name in _SETS:
        file = shared / f"{name}.csv.zst"
        if file.is_file():
            yield name, read_sales(file), NOTHING_KNOWN, NO_REPLACEMENTS
        else:
            bench.say(f"  {name}: not here")
    with opened(demo_profile(bench.work, DemoSpec(), quick=bench.quick)) as workspace:
        with workspace.database.read() as connection:
            sales = read_lines(connection).sales
            told = circumstances_of(connection, DEMO_TODAY)
            replacements = replacements_of(connection)
        yield "demo company", sales, told, replacements


def read_sales(file: Path) -> SaleLines:
    """The sold lines of a packed CSV with customer, sku, date and qty."""
    codes: dict[str, dict[str, int]] = {"customer": {}, "sku": {}}
    rows = []
    with zstandard.open(file, "rt", encoding="utf-8", newline="") as packed:
        for row in csv.DictReader(io.StringIO(packed.read())):
            account, sku = (
                codes[name].setdefault(row[name], len(codes[name])) for name in ("customer", "sku")
            )
            day = date.fromisoformat(row["date"][:10]).toordinal() - _FIRST
            rows.append((account, sku, day, int(row["qty"])))
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return SaleLines(table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _bound(must: Must) -> str:
    sign = "≥" if must.at_least else "≤"
    return f"{sign} {_shown(must.bound)} ({must.rule})"
