"""Builds the bundle and runs its smoke test: `./dev bundle`.

Owns the two steps and what they print. What goes into the bundle stands in crmdesk.spec; what the
smoke test does inside the program is the program's `--smoke`.
"""

import argparse
import ctypes.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "build_spec" / "crmdesk.spec"
SMOKE_TIMEOUT_S = 60


def missing_tools() -> list[str]:
    """What PyInstaller needs of a Linux system and does not find, as Debian packages."""
    if sys.platform != "linux":
        return []
    missing = [] if shutil.which("objdump") else ["binutils"]
    library = f"python3.{sys.version_info.minor}"
    if not sysconfig.get_config_var("Py_ENABLE_SHARED") and not ctypes.util.find_library(library):
        missing.append(f"lib{library}")
    return missing


def build(dist: Path, work: Path) -> Path:
    """Run PyInstaller and return the program's path; raises CalledProcessError when it fails."""
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR"]
    command += ["--distpath", str(dist), "--workpath", str(work), str(SPEC)]
    subprocess.run(command, cwd=ROOT, check=True)
    return dist / "crmdesk" / ("crmdesk.exe" if sys.platform == "win32" else "crmdesk")


def smoke(program: Path) -> subprocess.CompletedProcess[str]:
    """Run the program's own smoke test with a home of its own, without this Python's variables."""
    home = tempfile.mkdtemp(prefix="crmdesk-smoke-")
    keep = {"PATH", "LANG", "SYSTEMROOT", "TEMP", "TMP"}
    environment = {name: value for name, value in os.environ.items() if name in keep}
    environment |= {"HOME": home, "XDG_RUNTIME_DIR": home, "QT_QPA_PLATFORM": "offscreen"}
    try:
        return subprocess.run(
            [program, "--smoke"],
            env=environment,
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            timeout=SMOKE_TIMEOUT_S,
        )
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main() -> int:
    """Build into dist/, run the smoke test, print sizes and times; 0 when it passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dist", type=Path, default=ROOT / "dist")
    arguments = parser.parse_args()
    began = time.perf_counter()
    program = build(arguments.dist.resolve(), ROOT / "build")
    size = sum(path.stat().st_size for path in program.parent.rglob("*") if not path.is_symlink())
    print(f"built {program.parent} in {time.perf_counter() - began:.0f} s: {size / 1e6:.0f} MB")
    began = time.perf_counter()
    done = smoke(program)
    print(done.stdout + done.stderr, end="")
    print(f"smoke test: exit {done.returncode} after {time.perf_counter() - began:.1f} s")
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main())
