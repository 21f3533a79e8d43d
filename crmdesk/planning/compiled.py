"""The solver's inner modules, compiled where somebody has built them from these very sources.

Owns finding them: `build/kernel/<python>-<digest of the sources>` beside the package, made by
`build_spec/kernel.py`. Without it, with other sources or with `CRMDESK_PLANNER=pure` the same
modules run as plain Python: slower, with the same plans.
"""

from __future__ import annotations

import hashlib
import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Final

#: What is compiled, in the order of their imports.
MODULES: Final = ("model", "routes", "insertion", "search")
_HERE: Final = Path(__file__).resolve().parent


def build_name(sources: Path = _HERE) -> str:
    """The folder's name for the Python that runs and the sources in `sources`."""
    digest = hashlib.sha256()
    for name in MODULES:
        digest.update((sources / f"{name}.py").read_bytes())
    return f"{sys.implementation.cache_tag}-{sys.platform}-{digest.hexdigest()[:16]}"


def use_compiled(search_path: list[str]) -> bool:
    """Put the compiled modules first on the package's search path; False when there are none."""
    if os.environ.get("CRMDESK_PLANNER") == "pure":
        return False
    try:
        folder = _HERE.parent.parent / "build" / "kernel" / build_name()
        shared = sorted(folder.glob("*__mypyc.*"))
        for library in shared:
            name = library.name.split(".", 1)[0]
            spec = spec_from_file_location(name, library)
            if spec is None or spec.loader is None:
                return False
            sys.modules[name] = module = module_from_spec(spec)
            spec.loader.exec_module(module)
    except (OSError, ImportError):
        return False
    if shared:
        search_path.insert(0, str(folder))
    return bool(shared)
