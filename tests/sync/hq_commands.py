"""Commands of the administrator, as one types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crmdesk.cli.program import Faces, main
from tests.sync.conftest import Headquarters


@pytest.fixture
def crmdesk(
    hq: Headquarters, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """Runs ``crmdesk hq ARGUMENTS`` on the HQ: (exit code, the document, what was complained)."""
    folder = tmp_path / "hq"
    folder.mkdir()
    (folder / "hq.json").write_text(json.dumps({"database": hq.database_url}))
    faces = Faces(_no_face, _no_face, _no_face)

    def run(*arguments: object) -> tuple[int, Any, str]:
        words = ["hq", *map(str, arguments), "--folder", str(folder), "--json"]
        code = main(words, faces, lambda: datetime.now(UTC))
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else None, err

    return run


def _no_face(*_arguments: object) -> int:
    raise AssertionError("no window in this test")
