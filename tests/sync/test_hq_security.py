"""``crmdesk hq certificate`` and ``quarantine``, as an administrator types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crmdesk.cli.program import Faces, main
from crmdesk.domain.errors import Refused
from crmdesk.sync.pinning import split_code
from tests.sync.conftest import Headquarters
from tests.sync.edits import add_note

pytestmark = pytest.mark.hq

Command = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def crmdesk(hq: Headquarters, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """A command on an HQ folder that names this test's database; its code and document."""
    folder = tmp_path / "hq"
    folder.mkdir()
    (folder / "hq.json").write_text(json.dumps({"database": hq.database_url}))
    faces = Faces(lambda _f: 1, lambda _f, _p: 1, lambda: 1)

    def run(*words: object) -> tuple[int, Any, str]:
        arguments = ["hq", *map(str, words), "--folder", str(folder), "--json"]
        code = main(arguments, faces, lambda: datetime.now(UTC))
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else None, err

    return run


def test_a_certificate_is_made_shown_renewed_and_followed_by_another(
    hq: Headquarters, crmdesk: Command
) -> None:
    assert crmdesk("certificate", "--show")[0] == 2
    code, made, _err = crmdesk("certificate", "--name", "hq.office.lan")
    assert code == 0 and len(made["fingerprint"]) == 16
    assert crmdesk("certificate")[0] == 2
    assert crmdesk("certificate", "--show")[1]["sha256"] == made["sha256"]
    assert crmdesk("certificate", "--renew")[1]["sha256"] == made["sha256"]
    given = crmdesk("device", "code", "R1")[1]["code"]
    assert split_code(given)[1] == made["fingerprint"]

    _code, other, _err = crmdesk("certificate", "--next")
    assert other["sha256"] != made["sha256"]
    assert hq.one("SELECT value FROM hq_state WHERE key = 'pins'").split() == [
        made["sha256"], other["sha256"],
    ]  # fmt: skip
    assert crmdesk("certificate", "--switch")[1]["sha256"] == other["sha256"]
    given = crmdesk("device", "code", "R1")[1]["code"]
    assert split_code(given)[1] == other["fingerprint"]


def test_what_a_retired_device_left_is_listed_taken_over_and_dismissed(
    hq: Headquarters, crmdesk: Command
) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", "last words")
    one.run("UPDATE product SET name = 'hacked' WHERE sku = 'SKU1'")
    assert crmdesk("device", "retire", "R01")[1]["status"] == "retiring"
    with pytest.raises(Refused):
        one.sync()

    _code, held, _err = crmdesk("quarantine")
    assert [(h["device"], h["user"]) for h in held] == [("R01", "R1")] * 2
    assert "last words" in held[0]["changes"][0]["fields"]
    code, results, _err = crmdesk("quarantine", "take", "R01")
    assert code == 1 and [bool(r["refused"]) for r in results] == [False, True]
    assert hq.rows("SELECT text FROM note") == [("last words",)]
    assert crmdesk("quarantine", "dismiss", "R01", results[1]["number"])[1] == {"dismissed": 1}
    assert crmdesk("quarantine", "take", "R01")[0] == 2
    assert crmdesk("quarantine")[1] == []
