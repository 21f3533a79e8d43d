"""The compiled inner modules are the sources' own, and give the same plans."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import crmdesk.planning
from crmdesk.planning.compiled import MODULES, build_name, use_compiled

ROOT = Path(crmdesk.planning.__file__).parents[2]
PLAN = """
import json, random
import crmdesk.planning
from crmdesk.planning.solver import solve
from tests.unit.planning.territories import make_problem
draw = random.Random(4)
points = [(draw.uniform(-40, 40), draw.uniform(-40, 40)) for _stop in range(30)]
plan = solve(make_problem(points, 5), seed=3, iterations=150)
print(json.dumps([crmdesk.planning.COMPILED, plan.orders(), plan.worth]))
"""


def planned(**environment: str):
    done = subprocess.run(
        [sys.executable, "-c", PLAN], cwd=ROOT, capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.skipif(not crmdesk.planning.COMPILED, reason="the planner is not compiled here")
def test_compiled_and_plain_python_give_the_same_plan():
    compiled, plain = planned(), planned(CRMDESK_PLANNER="pure")
    assert (compiled[0], plain[0]) == (True, False)
    assert compiled[1:] == plain[1:]


def test_every_process_gives_the_same_plan_whatever_its_hash_seed():
    assert planned(PYTHONHASHSEED="1") == planned(PYTHONHASHSEED="4711")


def test_a_changed_source_is_not_mistaken_for_the_compiled_one(tmp_path):
    for name in MODULES:
        (tmp_path / f"{name}.py").write_bytes(
            (ROOT / "crmdesk" / "planning" / f"{name}.py").read_bytes()
        )
    assert build_name(tmp_path) == build_name()
    (tmp_path / "search.py").write_text("changed")
    assert build_name(tmp_path) != build_name()


def test_plain_python_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("CRMDESK_PLANNER", "pure")
    search_path: list[str] = ["here"]
    assert not use_compiled(search_path)
    assert search_path == ["here"]
