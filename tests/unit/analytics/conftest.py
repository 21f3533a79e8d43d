"""The real sets of sold lines for the analytics tests, where present."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from crmdesk.analytics.reorder import SaleLines
from tests.unit.analytics.histories import lines_of


def _read(path: Path) -> SaleLines:
    zstandard = pytest.importorskip("zstandard")
    if not path.exists():
        pytest.skip(f"{path.name} is absent")
    codes: dict[str, dict[str, int]] = {"customer": {}, "sku": {}}
    rows = []
    with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        for row in csv.DictReader(io.TextIOWrapper(stream, encoding="utf-8")):
            account, sku = (
                codes[name].setdefault(row[name], len(codes[name])) for name in ("customer", "sku")
            )
            day = date.fromisoformat(row["date"][:10]).toordinal() - date(1970, 1, 1).toordinal()
            rows.append((account, sku, day, int(row["qty"])))
    return lines_of(rows)


@pytest.fixture(scope="session")
def online_retail(shared_data: Path) -> SaleLines:
    return _read(shared_data / "online_retail_dev.csv.zst")


@pytest.fixture(scope="session")
def synthetic(shared_data: Path) -> SaleLines:
    return _read(shared_data / "synth_dev.csv.zst")
