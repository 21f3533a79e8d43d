"""Numbers of rows as arguments: no larger than the database can hold."""

from __future__ import annotations

import argparse

from crmdesk.i18n import _

_LARGEST = 2**63 - 1


def row_number(text: str) -> int:
    """The number of a conflict, refusal, proposal or import."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= _LARGEST:
        raise argparse.ArgumentTypeError(_("{text} is not a number of this list").format(text=text))
    return number
