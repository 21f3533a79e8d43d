"""What the parts of the place may ask of its presenter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.presenting import JobRunner
from crmdesk.gui.views.prices.items import Form, PricesView
from crmdesk.services.workspace import Workspace


class PricesDesk(Protocol):
    """The presenter as its parts see it."""

    closed: bool
    ws: Workspace
    runner: JobRunner
    view: PricesView

    def ask(
        self,
        form: Form,
        submit: Callable[[Mapping[str, str]], None],
        preview: Callable[[Mapping[str, str]], str] | None = None,
    ) -> None:
        """Open a form."""

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
