"""One small company for all tests of the demo: its rows by entity, by name of their fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from crmdesk.demo.company import company
from crmdesk.demo.spec import DemoSpec
from crmdesk.storage.entities import ENTITIES
from crmdesk.storage.rows import Batch, Value

SMALL = DemoSpec(customers=20, years=1, reps=1)


@dataclass(frozen=True, slots=True)
class Named:
    """A row by the names of its fields."""

    uid: bytes
    values: dict[str, Value]
    lines: tuple[dict[str, Value], ...]

    def __getitem__(self, name: str) -> Value:
        return self.values[name]

    def text(self, name: str) -> str:
        """A field that holds text."""
        value = self.values[name]
        assert isinstance(value, str)
        return value

    def whole(self, name: str) -> int:
        """A field that holds an integer."""
        value = self.values[name]
        assert isinstance(value, int)
        return value


def named(batches: Iterator[Batch] | list[Batch]) -> dict[str, list[Named]]:
    """All rows of a stream by entity."""
    found: dict[str, list[Named]] = {name: [] for name in ENTITIES}
    for batch in batches:
        spec = ENTITIES[batch.entity]
        names = [field.name for field in spec.fields]
        line_names = [field.name for field in spec.lines.fields] if spec.lines else []
        for row in batch.rows:
            lines = tuple(dict(zip(line_names, line, strict=True)) for line in row.lines)
            found[batch.entity].append(
                Named(row.uid, dict(zip(names, row.values, strict=True)), lines)
            )
    return found


@pytest.fixture(scope="session")
def batches() -> list[Batch]:
    """The batches of the small company."""
    return list(company(SMALL))


@pytest.fixture(scope="session")
def rows(batches: list[Batch]) -> dict[str, list[Named]]:
    """The rows of the small company."""
    return named(batches)
