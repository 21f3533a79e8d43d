"""Commands of the program as one types them, and what they said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crmdesk.cli.program import Faces, main
from tests.db.conftest import instant


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document; fails when there is more or less."""
        assert self.out.endswith("\n")
        return json.loads(self.out)


Run = Callable[..., Said]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process on the profile given by ``CRMDESK_PROFILE``."""
    monkeypatch.setenv("CRMDESK_PROFILE", str(tmp_path / "profile"))
    monkeypatch.delenv("CRMDESK_PASSPHRASE", raising=False)

    def command(*arguments: object) -> Said:
        capsys.readouterr()
        faces = Faces(lambda _f: 41, lambda _f, _p: 42, lambda: 43)
        code = main([str(one) for one in arguments], faces, instant)
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        assert "that should not" not in printed.err, (tmp_path / "profile/logs").glob("*")
        return Said(code, printed.out, printed.err)

    return command
