"""The tests are tested: bugs planted on purpose, each of which a named test has to catch.

A plant takes the protection of one hard case away. This module owns their register and the run
that shows it: every named test must pass as things are and fail with its plant. The plants stand
in the modules of ``tests/sync/plants``, which are found by themselves. A test process plants the
bug that :data:`VARIABLE` names (see ``tests/conftest.py``); without it nothing happens.

    python -m tests.sync.planted [--case N] [--jobs N]
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

VARIABLE = "CRMDESK_PLANT"
"""The environment variable that names the bug to plant: ``case:function``."""

CASES = range(1, 37)
"""The hard cases of sync."""

_ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT_S = 240
# A test that fails because the plant itself does not work proves nothing.
_PROGRAMMING = ("ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "TypeError",
                "SyntaxError", "fixture")  # fmt: skip

Planting = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Plant:
    """A bug on purpose: whose protection it removes, the test that must see it, how to plant it."""

    case: int
    test: str
    planting: Planting

    @property
    def name(self) -> str:
        """What :data:`VARIABLE` says to plant this one."""
        return f"{self.case}:{self.planting.__name__.strip('_')}"


_found: dict[str, Plant] = {}


def plant(case: int, test: str) -> Callable[[Planting], Planting]:
    """Register a function that removes a protection; ``test`` is pytest's id of who must see it.

    It gets a MonkeyPatch that lives as long as the test process and runs before any fixture.
    """

    def register(planting: Planting) -> Planting:
        new = Plant(case, test, planting)
        if new.name in _found:
            raise ValueError(f"two plants are called {new.name}")
        _found[new.name] = new
        return planting

    return register


def plants() -> list[Plant]:
    """Every plant there is, by case."""
    package = importlib.import_module("tests.sync.plants")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"tests.sync.plants.{module.name}")
    return sorted(_found.values(), key=lambda p: (p.case, p.name))


def apply(name: str, patch: pytest.MonkeyPatch) -> None:
    """Plant the bug of this name in this process."""
    plants()
    _found[name].planting(patch)


# -- the run ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one test run: ``passed``, ``failed`` (with what) or ``broken``."""

    word: str
    detail: str = ""


def run(tests: Iterable[str], planted: str = "") -> dict[str, Outcome]:
    """Run tests in a process of their own and tell what became of each."""
    wanted = list(dict.fromkeys(tests))
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    environment.pop(VARIABLE, None)
    if planted:
        environment[VARIABLE] = planted
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *wanted, "-q", "-p", "no:cacheprovider",
             f"--timeout={_TIMEOUT_S}", f"--junitxml={report}"],
            cwd=_ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if not report.exists():
            return dict.fromkeys(wanted, Outcome("broken", done.stdout[-300:] + done.stderr[-300:]))
        cases = list(ET.parse(report).iter("testcase"))  # noqa: S314
    return {test: _outcome([c for c in cases if _is(c, test)]) for test in wanted}


def _is(case: ET.Element, test: str) -> bool:
    path, _colon, name = test.partition("::")
    module = path.removesuffix(".py").replace("/", ".")
    found = case.get("name", "")
    plain = found if "[" in name else found.partition("[")[0]
    return case.get("classname", "").startswith(module) and plain == name


def _outcome(cases: list[ET.Element]) -> Outcome:
    if not cases:
        return Outcome("broken", "the test was not found")
    for case in cases:
        for word in ("error", "skipped"):
            found = case.find(word)
            if found is not None:
                return Outcome("broken", f"{word}: {found.get('message', '')[:200]}")
    for case in cases:
        found = case.find("failure")
        if found is not None:
            message = (found.get("message") or found.text or "").strip()
            word = "broken" if message.startswith(_PROGRAMMING) else "failed"
            return Outcome(word, message.splitlines()[0][:110] if message else "")
    return Outcome("passed")


def main(arguments: list[str] | None = None) -> int:
    """Show every plant caught; 1 when one is not."""
    parser = argparse.ArgumentParser(prog="python -m tests.sync.planted", description=main.__doc__)
    parser.add_argument("--case", type=int, action="append", help="only this case (repeatable)")
    parser.add_argument("--jobs", type=int, default=1, help="test processes at once")
    chosen = parser.parse_args(arguments)
    wanted = [p for p in plants() if not chosen.case or p.case in chosen.case]
    sound = run(p.test for p in wanted)
    with ThreadPoolExecutor(chosen.jobs) as pool:
        planted = list(pool.map(lambda p: run([p.test], p.name)[p.test], wanted))
    caught = 0
    for one, outcome in zip(wanted, planted, strict=True):
        as_is = sound[one.test]
        good = as_is.word == "passed" and outcome.word == "failed"
        caught += good
        print(f"{one.case:>4}  {'caught' if good else 'NOT CAUGHT':<10}  {one.name}")
        print(f"      {one.test}")
        if as_is.word != "passed":
            print(f"      as it is: {as_is.word} {as_is.detail}")
        print(f"      planted: {outcome.word} {outcome.detail}")
    cases = {p.case for p in wanted}
    print(f"{caught} of {len(wanted)} planted bugs caught, {len(cases)} of {len(CASES)} cases")
    return 0 if wanted and caught == len(wanted) else 1


if __name__ == "__main__":
    # The plants register with the module of this name, not with the program that was started.
    from tests.sync import planted

    sys.exit(planted.main())
