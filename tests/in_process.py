"""The program with all its wiring, run in a test: a process of its own costs a second.

One real start of each command stays with the tests that are about it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from crmdesk import __main__ as program


@dataclass(frozen=True)
class Ended:
    """How a command ended, by the names of ``subprocess.CompletedProcess``."""

    returncode: int
    stdout: str
    stderr: str


def program_in_process(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """A function that runs ``crmdesk ARGUMENTS`` here."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["crmdesk", *arguments])
            code = program.main()
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return run
