"""``crmdesk hq`` as an administrator types it: people, territories, devices, audit, settings."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crmdesk import __version__
from crmdesk.hq.access import passwords
from tests.sync.conftest import Headquarters
from tests.sync.edits import add_note
from tests.sync.hq_commands import crmdesk

__all__ = ["crmdesk"]

pytestmark = pytest.mark.hq


def test_users_are_added_changed_and_listed(hq: Headquarters, crmdesk: Callable[..., Any]) -> None:
    one = hq.join("R1")
    code, made, _err = crmdesk("user", "add", "M1", "Mia", "--role", "manager",
                               "--territory", "T1", "--language", "es")  # fmt: skip
    assert code == 0 and len(made["code"]) == 14

    code, found, _err = crmdesk("user", "list")
    mia = next(row for row in found if row["code"] == "M1")
    assert mia == {
        "code": "M1", "name": "Mia", "role": "manager", "active": True, "language": "es",
        "territories": ["T1"], "devices": 0, "password": False,
    }  # fmt: skip
    assert crmdesk("user")[1] == found

    code, told, _err = crmdesk("user", "change", "R1", "--name", "Ruth R.", "--territory", "T2")
    assert (code, told) == (
        0, {"user": "R1", "changed": ["name"], "given": ["T2"], "taken": ["T1"]}
    )  # fmt: skip
    code, told, _err = crmdesk("user", "change", "R1", "--name", "Ruth R.", "--territory", "T2")
    assert told == {"user": "R1", "changed": [], "given": [], "taken": []}
    one.sync()
    assert one.rows("SELECT code FROM account ORDER BY code") == [("C4",), ("C5",)]
    assert one.one("SELECT name FROM app_user WHERE code = 'R1'") == "Ruth R."


def test_an_inactive_user_gets_nothing_more(hq: Headquarters, crmdesk: Callable[..., Any]) -> None:
    from crmdesk.domain.errors import Refused

    one = hq.join("R1")
    assert crmdesk("user", "change", "R1", "--inactive")[1]["changed"] == ["active"]
    with pytest.raises(Refused):
        one.sync()
    assert crmdesk("user", "change", "R1", "--active")[0] == 0
    assert one.sync().refusals == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["user", "add", "R1", "Again"], "same number or code"),
        (["user", "add", "R9", "Nine", "--role", "king"], "no role king"),
        (["user", "add", "R9", "Nine", "--territory", "T9"], "no territory T9"),
        (["user", "add", "R9", "Nine", "--language", "tlh"], "no language tlh"),
        (["user", "change", "R9", "--name", "x"], "no user R9"),
        (["user", "change", "R1"], "what shall change"),
        (["user", "change", "R1", "--language", "tlh"], "no language tlh"),
        (["user", "password", "R9"], "no user R9"),
        (["territory", "move", "T1"], "Name customers"),
        (["territory", "change", "T1", "--parent", "T1"], "below itself"),
        (["territory", "take", "T1", "R9"], "no user R9"),
        (["device", "retire", "X99"], "no device X99"),
        (["device", "code", "R9"], "no user R9"),
        (["audit", "--user", "R9"], "no user R9"),
        (["setting", "nonsense"], "no setting nonsense"),
        (["setting", "lease-days", "many"], "whole number"),
        (["backup", "--out", "x", "--keep", "0"], "at least one"),
        (["restore", "nowhere.dump"], "no file"),
    ],
)
def test_wrong_input_is_one_sentence_and_changes_nothing(
    hq: Headquarters, crmdesk: Callable[..., Any], arguments: list[str], words: str
) -> None:
    before = hq.one("SELECT count(*) FROM change"), hq.one("SELECT count(*) FROM audit")
    code, document, complaint = crmdesk(*arguments)
    assert (code, document) == (2, None)
    assert words in complaint and len(complaint.splitlines()) == 1
    assert before == (
        hq.one("SELECT count(*) FROM change"), hq.one("SELECT count(*) FROM audit")
    )  # fmt: skip


def test_the_last_administrator_cannot_be_taken_away(
    hq: Headquarters, crmdesk: Callable[..., Any]
) -> None:
    crmdesk("user", "add", "A1", "Ada", "--role", "admin")
    for change in (["--inactive"], ["--role", "rep"]):
        code, _document, complaint = crmdesk("user", "change", "A1", *change)
        assert code == 2 and "last administrator" in complaint
    crmdesk("user", "add", "A2", "Alan", "--role", "admin")
    assert crmdesk("user", "change", "A1", "--inactive")[0] == 0


def test_a_password_comes_from_standard_input_only(
    hq: Headquarters, crmdesk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert crmdesk("user", "password", "O1")[0] == 2
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse ñ\n"))
    assert crmdesk("user", "password", "O1")[0] == 0
    kept = hq.one("SELECT password_hash FROM credential")
    assert passwords.Passwords().verify(kept, "correct horse ñ")
    assert "horse" not in str(hq.rows("SELECT * FROM audit"))
    assert next(r for r in crmdesk("user")[1] if r["code"] == "O1")["password"]
    assert crmdesk("user", "password", "O1", "--clear")[0] == 0
    assert hq.one("SELECT count(*) FROM credential") == 0
    with pytest.raises(AssertionError):
        assert crmdesk("user", "password", "O1", "--password", "x")[0] == 0


def test_customers_move_singly_and_by_a_file_of_codes(
    hq: Headquarters, crmdesk: Callable[..., Any], tmp_path: Path
) -> None:
    one, two = hq.join("R1"), hq.join("R2")
    add_note(one, "C0", "R1", "goes with it")
    one.sync()
    code, done, _err = crmdesk("territory", "move", "T2", "C0", "C0")
    assert (code, done["moved"]) == (0, ["C0"])

    for text in ("name;code\nFirst;C1\nSecond;C9\nThere;C5\n;\n", "C1\nC9\nC5\n"):
        file = tmp_path / "codes.csv"
        file.write_text(text)
        code, done, _err = crmdesk("territory", "move", "T2", "--file", file)
        assert code == 1
        assert done["unknown"] == ["C9"]
    assert done["unchanged"] == ["C1", "C5"]
    one.sync()
    two.sync()
    assert one.rows("SELECT code FROM account ORDER BY code") == [("C2",), ("C3",)]
    assert two.one("SELECT count(*) FROM account") == 4
    assert two.rows("SELECT text FROM note") == [("goes with it",)]


def test_territories_form_a_tree_and_change_hands(
    hq: Headquarters, crmdesk: Callable[..., Any]
) -> None:
    one = hq.join("R1")
    assert crmdesk("territory", "add", "T3", "Coast", "--parent", "T1")[0] == 0
    assert crmdesk("territory", "change", "T1", "--parent", "T3")[0] == 2
    assert crmdesk("territory", "change", "T3", "--name", "The coast", "--parent", "T2")[1] == {
        "territory": "T3", "changed": ["name", "parent_id"],
    }  # fmt: skip
    assert crmdesk("territory", "change", "T3", "--top")[1]["changed"] == ["parent_id"]
    rows = {row["code"]: row for row in crmdesk("territory")[1]}
    assert rows["T1"] == {
        "code": "T1", "name": "North", "parent": None, "customers": 4, "users": ["R1"],
    }  # fmt: skip
    assert crmdesk("territory", "give", "T2", "R1", "R2")[1]["users"] == ["R1"]
    one.sync()
    assert one.one("SELECT count(*) FROM account") == 6
    assert crmdesk("territory", "take", "T1", "R1")[1]["users"] == ["R1"]
    assert crmdesk("territory", "take", "T1", "R1")[1]["users"] == []
    one.sync()
    assert one.one("SELECT count(*) FROM account") == 2


def test_devices_show_what_an_administrator_has_to_know(
    hq: Headquarters, crmdesk: Callable[..., Any]
) -> None:
    one = hq.join("R1")
    one.sync()
    rows = {row["prefix"]: row for row in crmdesk("device")[1]}
    assert rows["R01"]["user_code"] == "R1" and rows["R01"]["schema"] == 2
    assert rows["R01"]["program"] == f"crmdesk/{__version__}"
    assert rows["R01"]["last_seen_at"] is not None
    assert len(crmdesk("device", "code", "R1")[1]["code"]) == 14

    code, ended, _err = crmdesk("device", "retire", "R01")
    assert (code, ended["status"]) == (0, "retiring")
    code, ended, _err = crmdesk("device", "wipe", "R01")
    assert (code, ended["status"]) == (0, "wiped")
    assert crmdesk("device", "wipe", "R01")[0] == 2


def test_the_audit_log_is_filtered_and_written_as_a_table(
    hq: Headquarters, crmdesk: Callable[..., Any], tmp_path: Path
) -> None:
    crmdesk("user", "change", "R1", "--name", "Ruth R.")
    crmdesk("setting", "lease-days", "30")
    crmdesk("setting", "lease-days", "30")
    newest = crmdesk("audit")[1]
    assert [row["action"] for row in newest[:2]] == ["setting", "user-changed"]
    assert newest[0]["detail"] == {"setting": "lease-days", "from": 21, "to": 30}
    assert [r["action"] for r in crmdesk("audit", "--user", "R1", "--most", 1)[1]] == [
        "user-changed"
    ]
    assert crmdesk("audit", "--most", 10**20)[1] == newest
    first, last = (row["at"][:10] for row in (newest[-1], newest[0]))
    assert crmdesk("audit", "--until", "2020-01-01")[1] == []
    assert len(crmdesk("audit", "--since", first, "--until", last)[1]) == len(newest)
    file = tmp_path / "audit.csv"
    assert crmdesk("audit", "--out", file)[1]["rows"] == len(newest)
    assert file.read_text("utf-8-sig").splitlines()[0].split(",")[:2] == ["at", "action"]


def test_the_lease_is_a_setting_that_laptops_are_told(
    hq: Headquarters, crmdesk: Callable[..., Any]
) -> None:
    one = hq.join("R1")
    (before,) = crmdesk("setting", "lease-days")[1]
    assert before["value"] == before["default"] == 21
    (after,) = crmdesk("setting", "lease-days", 7)[1]
    assert after["value"] == 7
    assert [row["name"] for row in crmdesk("setting")[1]].count("lease-days") == 1
    one.sync()
    assert one.one("SELECT offline_lease_days FROM organisation") == 7
    assert crmdesk("setting", "lease-days", 3651)[0] == 2


def test_settings_of_retention_and_quotas_reach_those_who_use_them(
    hq: Headquarters, crmdesk: Callable[..., Any]
) -> None:
    from crmdesk.hq.database import retention
    from crmdesk.hq.exchange import blobs

    found = {row["name"]: row for row in crmdesk("setting")[1]}
    assert all(row["value"] == row["default"] and row["meaning"] for row in found.values())
    assert crmdesk("setting", "retention-days", 6)[0] == 2
    assert crmdesk("setting", "retention-days", 30)[0] == 0
    assert crmdesk("setting", "quota-file-mb", 5)[1][0]["value"] == 5
    with hq.store.transaction() as connection:
        assert retention.retention_days(connection) == 30
        assert blobs.quotas(connection)["quota.file_bytes"] == 5_000_000


@pytest.mark.parametrize("words", [["user"], ["device"], ["check"], ["audit"], ["setting"]])
def test_a_database_of_an_older_version_is_to_be_upgraded_first(
    hq: Headquarters, crmdesk: Callable[..., Any], words: list[str]
) -> None:
    with hq.store.transaction() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    code, _document, complaint = crmdesk(*words)
    assert code == 3 and "crmdesk hq upgrade" in complaint


def test_a_database_that_goes_away_meanwhile_is_one_sentence(
    hq: Headquarters, crmdesk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from crmdesk.hq.administration import people

    def dies(store: Any) -> None:
        with store.transaction() as connection:
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(people, "users", dies)
    code, _document, complaint = crmdesk("user")
    assert code == 3 and "does not answer" in complaint
    assert len(complaint.splitlines()) == 1
