"""What stands on documents is the office's: changed there or at HQ, refused to a rep, bounded."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crmdesk.cli.program import Faces, main
from crmdesk.domain.errors import UserError
from crmdesk.domain.letterhead import logo_of
from crmdesk.services.company_policy import change_company_policy
from crmdesk.services.queries.policy import policy_in
from tests.sync.conftest import Headquarters
from tests.sync.desks import at

pytestmark = pytest.mark.hq

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg"
    "gg=="
)


def test_the_command_changes_what_every_laptop_prints(
    hq: Headquarters, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = hq.join("R1")
    folder = tmp_path / "hq"
    folder.mkdir()
    (folder / "hq.json").write_text(json.dumps({"database": hq.database_url}))
    (tmp_path / "logo.png").write_bytes(PNG)
    (tmp_path / "es.txt").write_text("Pago a 30 días.", encoding="utf-8")
    faces = Faces(lambda _f: 1, lambda _f, _p: 1, lambda: 1, make_logo=lambda data: data)

    def run(*arguments: object) -> tuple[int, str, str]:
        words = ["hq", "company", *map(str, arguments), "--folder", str(folder), "--json"]
        code = main(words, faces, lambda: datetime.now(UTC))
        out, err = capsys.readouterr()
        return code, out, err

    code, out, _err = run("--bank-account", "AD12", "--logo", tmp_path / "logo.png", "--terms",
                          f"es={tmp_path / 'es.txt'}")  # fmt: skip
    assert code == 0
    assert json.loads(out)["logo_bytes"] == len(PNG)
    one.sync()
    bank, logo, texts = one.rows("SELECT bank_account, logo, document_texts FROM organisation")[0]
    assert bank == "AD12"
    assert logo_of(json.loads(logo)) == PNG
    assert json.loads(texts) == {"terms": {"es": "Pago a 30 días."}}
    for wrong in (
        ("--country", "Andorra"), ("--terms", "de=x"), ("--logo", tmp_path / "none.png"),
        ("--terms", f"es={tmp_path / 'none.txt'}"),
    ):  # fmt: skip
        code, _out, err = run(*wrong)
        assert code == 2
        assert len(err.splitlines()) == 1
    assert run("--no-logo")[0] == 0
    one.sync()
    assert one.rows("SELECT logo, bank_account FROM organisation") == [(None, "AD12")]


def test_a_rep_cannot_change_the_letterhead(hq: Headquarters) -> None:
    one = hq.join("R1")
    one.run("UPDATE organisation SET bank_account = 'mine'")
    report = one.sync()
    assert report.refusals == 1
    assert hq.rows("SELECT bank_account FROM organisation") == [(None,)]


def test_a_logo_that_is_no_small_picture_is_refused(hq: Headquarters) -> None:
    office = hq.join("O1")
    huge = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 60_000).decode()
    for logo in ({"data": huge}, {"data": "!!"}, {"data": base64.b64encode(b"GIF89a").decode()}, 7):
        office.run("UPDATE organisation SET logo = ?", json.dumps(logo))
        assert office.sync().refusals >= 1
        assert hq.rows("SELECT logo FROM organisation") == [(None,)]
    good = {"data": base64.b64encode(PNG).decode(), "type": "image/png"}
    office.run("UPDATE organisation SET logo = ?", json.dumps(good))
    office.sync()
    assert hq.rows("SELECT logo FROM organisation") == [(good,)]


def test_rules_of_the_company_are_the_offices_and_two_of_them_changed_at_once_both_hold(
    hq: Headquarters,
) -> None:
    first, second, rep = hq.join("O1"), hq.join("O1", "second"), hq.join("R1")
    change_company_policy(at(first), {"quote_valid_days": 21})
    change_company_policy(at(second), {"plan_weeks": 3})
    for laptop in (first, second, first, rep):
        assert laptop.sync().refusals == 0
    for laptop in (first, second, rep):
        with laptop.database.read() as connection:
            policy = policy_in(connection)
        assert (policy.quote_valid_days, policy.plan_weeks) == (21, 3)
    with pytest.raises(UserError, match="office"):
        change_company_policy(at(rep), {"plan_weeks": 1})
    rep.run("UPDATE organisation SET policy = '{\"plan_weeks\":1}'")
    assert rep.sync().refusals == 1
    with rep.database.read() as connection:
        assert policy_in(connection).plan_weeks == 3
