"""Files carried between a laptop and HQ for the tests of sync by files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from crmdesk.domain.clock import ZoneClock
from crmdesk.hq.running import serving
from crmdesk.hq.running.endpoints import Hq, open_hq
from crmdesk.hq.running.filesync import Answered, answer_file
from crmdesk.sync.filesync import Exported, Taken, export, take
from tests.sync.conftest import Headquarters, Laptop


class Post:
    """Carries files between a laptop and HQ; numbers them so that old ones can come again."""

    def __init__(self, hq: Headquarters, laptop: Laptop, folder: Path) -> None:
        self.hq, self.laptop, self.folder = hq, laptop, folder
        self.number = 0

    def inside(self) -> Hq:
        return open_hq(self.hq.store, serving.system_clock())

    def out(self) -> Path:
        self.number += 1
        file = self.folder / f"{self.number}.up"
        self.exported: Exported = export(self.laptop.database, file)
        return file

    def answered(self, file: Path, **limits: int) -> Path:
        answer = file.with_suffix(".down")
        self.answer: Answered = answer_file(self.inside(), file, answer, **limits)
        return answer

    def take(self, answer: Path) -> Taken:
        return take(self.laptop.database, answer)

    def round(self, **limits: int) -> Taken:
        """There and back."""
        return self.take(self.answered(self.out(), **limits))


def stopped(instant: datetime) -> ZoneClock:
    """A clock that shows one instant."""
    return ZoneClock(lambda: instant, ZoneInfo("UTC"))


_TABLES = ("account", "contact", "note", "sales_order", "order_line", "sale", "product", "handover")


def contents(laptop: Laptop) -> dict[str, list[tuple[object, ...]]]:
    """What the laptop has, without its own numbers."""
    found = {}
    for name in _TABLES:
        columns = [
            str(row[1])
            for row in laptop.rows(f"PRAGMA table_info({name})")
            if row[1] != "id" and not str(row[1]).endswith("_id")
        ]
        found[name] = sorted(laptop.rows(f"SELECT {', '.join(columns)} FROM {name}"), key=repr)
    return found
