"""House rules that no linter knows, read from the source tree itself.

Owns the rules of style that hold for every package at once. Import directions are import-linter's,
everything that ruff and mypy can say is theirs.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGE = _ROOT / "crmdesk"
_SOURCES = sorted(_PACKAGE.rglob("*.py"))
_TESTS = sorted((_ROOT / "tests").rglob("*.py"))

# Where "now" may be read: the faces, the wiring, the server, and the one clock of the protocol.
_CLOCK_OWNERS = ("__main__.py", "cli/", "gui/", "hq/", "sync/clock.py")
_CLOCK_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}

# HQ has a store of its own; everybody else writes in bulk through `storage`. Commands and importers
# may state single rows in SQL, but never many at once.
_BULK_OWNERS = ("storage/", "hq/")
_SQL_OWNERS = (*_BULK_OWNERS, "services/", "interchange/")
_BULK_CALLS = {"executemany", "bulk_insert_mappings", "bulk_update_mappings", "bulk_save_objects"}
_BULK_SQL = re.compile(r"\s*(INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\s", re.I)

_BANNED_IMPORTS = {
    "duckdb",
    "fastapi",
    "httpx",
    "matplotlib",
    "pandas",
    "pydantic",
    "PySide6.QtCharts",
    "PySide6.QtDataVisualization",
    "PySide6.QtGraphs",
    "qtawesome",
    "reportlab",
    "requests",
    "scipy",
    "superqt",
    "weasyprint",
}
_GRAB_BAGS = re.compile(
    r"(utils?|helpers?|managers?|base|common|misc)\.py|.*_(utils?|helpers?|manager)\.py"
)

_MAX_FILE_LINES = 500
_MAX_FUNCTION_LINES = 80

# What start-up must not pay for: each is imported on first use.
_LAZY = {"numpy", "openpyxl", "httpx2", "alembic", "holidays", "phonenumbers"}
_START = ("crmdesk.__main__", "crmdesk.gui.shell", "crmdesk.gui.app")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _inside(path: Path, folders: tuple[str, ...]) -> bool:
    return path.relative_to(_PACKAGE).as_posix().startswith(folders)


def _where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(_ROOT)}:{getattr(node, 'lineno', 1)}"


def _dotted(node: ast.expr) -> str:
    """`a.b.c` of an attribute chain, or what is left of it."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def _calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Call):
            yield node, _dotted(node.func)


def _imports(path: Path) -> Iterator[tuple[ast.AST, str]]:
    """Every imported module, and every `module.name` of a from-import."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node, node.module
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def test_the_source_tree_is_found() -> None:
    assert _PACKAGE / "paths.py" in _SOURCES


def test_core_reads_no_clock() -> None:
    found = [
        f"{_where(path, call)} {name}()"
        for path in _SOURCES
        if not _inside(path, _CLOCK_OWNERS)
        for call, name in _calls(path)
        if ".".join(name.split(".")[-2:]) in _CLOCK_CALLS
    ]
    assert not found, "`today` and clocks are passed in: " + ", ".join(found)


def test_bulk_writing_stays_in_storage() -> None:
    found = []
    for path in _SOURCES:
        if _inside(path, _BULK_OWNERS):
            continue
        found += [
            f"{_where(path, call)} {name}()"
            for call, name in _calls(path)
            if name.rpartition(".")[2] in _BULK_CALLS
        ]
        found += [
            f"{_where(path, node)} SQL"
            for node in ast.walk(_tree(path))
            if not _inside(path, _SQL_OWNERS)
            and isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and _BULK_SQL.match(node.value)
        ]
    assert not found, "rows are written in bulk by storage: " + ", ".join(found)


def test_no_banned_library_is_imported() -> None:
    found = [
        f"{_where(path, node)} {name}"
        for path in _SOURCES
        for node, name in _imports(path)
        if any(name == banned or name.startswith(f"{banned}.") for banned in _BANNED_IMPORTS)
    ]
    assert not found, f"licence, weight or a better choice forbids: {', '.join(found)}"


def test_domain_needs_the_standard_library_only() -> None:
    allowed = {*sys.stdlib_module_names, "crmdesk"}
    found = [
        f"{_where(path, node)} {name}"
        for path in _SOURCES
        if _inside(path, ("domain/",))
        for node, name in _imports(path)
        if name.partition(".")[0] not in allowed
    ]
    assert not found, ", ".join(found)


def test_no_file_is_a_grab_bag() -> None:
    found = [str(path.relative_to(_ROOT)) for path in _SOURCES if _GRAB_BAGS.fullmatch(path.name)]
    assert not found, f"name the one concept of the file: {', '.join(found)}"


def test_no_test_is_taken_from_another_module_of_tests() -> None:
    """What several modules of tests use stands in a module that is none, under its own name."""
    borrowed = [
        f"{_where(path, node)} {name}"
        for path in _TESTS
        for node, name in _imports(path)
        if re.match(r"tests\.(\w+\.)*test_", name)
    ]
    assert not borrowed


def test_files_are_short() -> None:
    found = {
        str(path.relative_to(_ROOT)): lines
        for path in [*_SOURCES, *_TESTS]
        if (lines := path.read_text(encoding="utf-8").count("\n")) > _MAX_FILE_LINES
    }
    assert not found, f"over {_MAX_FILE_LINES} lines: {found}"


def test_functions_are_short() -> None:
    found = []
    for path in _SOURCES:
        if "migrations" in path.parts:
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[1] if ast.get_docstring(node) and node.body[1:] else node.body[0]
                lines = (node.end_lineno or 0) - first.lineno + 1
                if lines > _MAX_FUNCTION_LINES:
                    found.append(f"{_where(path, node)} {node.name}: {lines}")
    assert not found, f"over {_MAX_FUNCTION_LINES} lines of body: {', '.join(found)}"


def test_sources_name_no_machine_and_no_registry() -> None:
    # Put together here, so that this file does not contain what it looks for.
    words = [
        "/wo" + "rk/",
        "pypi" + ".org",
        "python" + "hosted",
        "deb.debian" + ".org",
    ]
    texts = [*_SOURCES, *_TESTS, *(_ROOT / "docs").rglob("*.md"), *_ROOT.glob("*.*"), _ROOT / "dev"]
    # Of a second checkout .git is a file of git's own with a path in it, and no source.
    found = [
        f"{path.relative_to(_ROOT)}: {word}"
        for path in texts
        if path.is_file() and path.name != ".git"
        for word in words
        if word in path.read_text(encoding="utf-8")
    ]
    assert not found, ", ".join(found)


@pytest.mark.parametrize("module", _START)
def test_start_up_imports_nothing_slow(module: str) -> None:
    path = _ROOT.joinpath(*module.split("."))
    if not (path.with_suffix(".py").exists() or path.is_dir()):
        pytest.skip(f"{module} does not exist")
    code = f"import sys, {module}; print(*({_LAZY!r} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=_ROOT
    )
    assert done.stdout.split() == [], f"{module} imports these before they are needed"


# ------------------------------------------------------------------------------------- the lock


def _locked_versions() -> dict[str, str]:
    text = (_ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", text, re.M)
    }


def test_lock_names_no_registry() -> None:
    assert "://" not in (_ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_lock_holds_what_the_project_asks_for() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [
        *project["project"]["dependencies"],
        *(r for extra in project["project"]["optional-dependencies"].values() for r in extra),
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    locked = _locked_versions()
    wrong = [
        text
        for text in asked
        if (wanted := Requirement(text)).name != "crmdesk"
        and not (
            (version := locked.get(canonicalize_name(wanted.name)))
            and wanted.specifier.contains(version)
        )
    ]
    assert not wrong, f"run `./dev lock`: {wrong}"


def test_no_qt_add_ons_are_locked() -> None:
    """QtCharts and QtGraphs come with the add-ons and are GPL."""
    assert not {"pyside6", "pyside6-addons"} & _locked_versions().keys()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_qt_calls_do_not_lose_references_to_none() -> None:
    """PySide6 6.12.0 drops one reference to None per void call and aborts after some thousands."""
    from PySide6.QtGui import QPainterPath

    path = QPainterPath()
    before = sys.getrefcount(None)
    for step in range(1000):
        path.lineTo(float(step), 1.0)
    assert abs(sys.getrefcount(None) - before) < 100
