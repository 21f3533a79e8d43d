"""Dates as arguments: ISO 8601, with a clear line when they are not."""

from __future__ import annotations

import argparse
from datetime import date

from crmdesk.domain.clock import EARLIEST, LATEST
from crmdesk.i18n import _


def iso_date(text: str) -> date:
    """A date argument, of the years that files are believed to speak of."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            _("{text} is not a date like 2026-11-24").format(text=text)
        ) from None
    if not EARLIEST <= day <= LATEST:
        raise argparse.ArgumentTypeError(_("“{text}” is not a believable date").format(text=text))
    return day


def iso_dates(text: str) -> list[date]:
    """Several dates, separated by commas."""
    return [iso_date(part.strip()) for part in text.split(",") if part.strip()]
