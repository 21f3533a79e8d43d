"""The register of planted bugs: every hard case has one, and names a test that is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.sync.planted import CASES, plants

_TESTS = Path(__file__).resolve().parents[1]
_NAME = re.compile(r"test_case_(\d\d)_\w+")


def named_tests() -> Iterator[tuple[str, int]]:
    """Every test that names a case, as pytest calls it."""
    for path in sorted(_TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = _NAME.fullmatch(node.name) if isinstance(node, ast.FunctionDef) else None
            if found is not None:
                where = path.relative_to(_TESTS.parent).as_posix()
                yield f"{where}::{found[0]}", int(found[1])


def test_every_plant_names_a_test_of_its_case() -> None:
    known = dict(named_tests())
    wrong = [
        (one.name, one.test)
        for one in plants()
        if known.get(one.test.partition("[")[0]) != one.case
    ]
    assert wrong == []


def test_every_case_has_a_test_and_a_plant() -> None:
    assert {one.case for one in plants()} == set(CASES)
    assert {case for _test, case in named_tests()} == set(CASES)
    planted = {one.test.partition("[")[0] for one in plants()}
    assert sorted({test for test, _case in named_tests()} - planted) == []
