"""Compiles the planner's inner modules with mypyc, for the Python that runs this: `./dev setup`.

Owns the build into build/kernel/; `crmdesk.planning.compiled` finds it there. Nothing depends on
it: without a C compiler the planner runs as plain Python, about four times slower.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 300


def build(folder: Path, modules: tuple[str, ...]) -> str:
    """Compile `modules` of crmdesk.planning into `folder`; returns what went wrong, or nothing."""
    with tempfile.TemporaryDirectory(prefix="crmdesk-kernel-") as place:
        work = Path(place)
        shutil.copytree(ROOT / "crmdesk", work / "crmdesk", ignore=_not_python)
        shutil.copy(ROOT / "pyproject.toml", work)
        sources = [f"crmdesk/planning/{name}.py" for name in modules]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "mypyc", *sources], cwd=work, capture_output=True,
                text=True, check=False, timeout=TIMEOUT_S,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return "the compiler took too long"
        libraries = [p for p in work.glob("*__mypyc.*") if p.suffix in {".so", ".pyd"}]
        if done.returncode != 0 or not libraries:
            return (done.stdout + done.stderr).strip()[-2000:] or "the compiler gave no reason"
        made = work / "made"
        made.mkdir()
        for library in [*libraries, *_extensions(work / "crmdesk" / "planning")]:
            shutil.move(library, made / library.name)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(made, folder)
    for former in folder.parent.iterdir():
        if former != folder and former.name.startswith(f"{sys.implementation.cache_tag}-"):
            shutil.rmtree(former, ignore_errors=True)
    return ""


def _extensions(folder: Path) -> list[Path]:
    return [p for p in folder.iterdir() if p.suffix in {".so", ".pyd"}]


def _not_python(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if "." in name and not name.endswith((".py", ".pyi"))]


def has_compiler() -> bool:
    """Whether a C compiler that Python can use is there."""
    return sys.platform == "win32" or any(shutil.which(name) for name in ("cc", "gcc", "clang"))


def main() -> int:
    """Build what is not built yet; 0 in any case, for nothing depends on it."""
    sys.path.insert(0, str(ROOT))
    from crmdesk.planning.compiled import MODULES, build_name

    folder = ROOT / "build" / "kernel" / build_name()
    if folder.is_dir():
        return 0
    if not has_compiler():
        print("No C compiler: the planner runs as plain Python.")
        return 0
    print("Compiling the planner")
    failure = build(folder, MODULES)
    if failure:
        print(f"The planner could not be compiled and runs as plain Python: {failure}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
