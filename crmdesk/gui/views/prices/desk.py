"""What the parts of the place may ask of its presenter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.presenting import JobRunner
from crmdesk.gui.views.prices.items import Form, FormField, PricesView
from crmdesk.services.workspace import Workspace

Submit = Callable[[Mapping[str, str]], tuple[ChangeSet, str]]
"""Carries out what was typed, on the writer's thread; the words for what was done."""

FieldsNow = Callable[[], Sequence[FormField]]
"""The fields of a form as they would be shown now."""


class PricesDesk(Protocol):
    """The presenter as its parts see it."""

    closed: bool
    ws: Workspace
    runner: JobRunner
    view: PricesView

    def ask(
        self,
        form: Form,
        submit: Submit,
        preview: Callable[[Mapping[str, str]], str] | None = None,
        now: FieldsNow | None = None,
    ) -> None:
        """Open a form; ``now``: of something that somebody else may change meanwhile."""

    def look(self, form: Form, show: Callable[[Mapping[str, str]], None]) -> None:
        """Open a form by which nothing is written: something is only shown."""

    def close_form(self) -> None:
        """Close it."""

    def write(self, work: Callable[[], ChangeSet], said: str) -> None:
        """Carry out a command and say so."""

    def try_out(self, what: str, key: int) -> None:
        """Try a draft (``list``) or a ``promotion`` on last year's lines."""

    def exported(self, count: int, path: Path) -> None:
        """Say that a file was written."""

    def go(self, place: str, **args: object) -> None:
        """Open another place."""
