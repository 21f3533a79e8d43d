"""The office's window with its inbox, worked by keys."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.domain.clock import fixed_clock
from crmdesk.gui.jobs import Runner
from crmdesk.gui.shell import MainWindow
from crmdesk.services.workspace import Workspace, open_workspace
from crmdesk.storage import profile
from tests.gui.demo_profile import SPEC


@pytest.fixture
def office(demo_template: Path, tmp_path: Path) -> Iterator[Workspace]:
    """The office's workspace on the demo company, with five orders that wait."""
    folder = tmp_path / "office"
    shutil.copytree(demo_template, folder)
    database = profile.open_database(folder, fixed_clock(SPEC.instant()))
    with database.maintenance() as connection:
        run = connection.exec_driver_sql
        uid = run("SELECT uid FROM app_user WHERE role = 'office' ORDER BY id LIMIT 1").scalar_one()
        profile.set_fact(connection, "user.uid", bytes(uid).hex())
        profile.set_fact(connection, "device.prefix", "O01")
    with database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE sales_order SET status = 'submitted' WHERE id IN (SELECT id FROM sales_order"
            " WHERE status IN ('submitted', 'accepted', 'shipped', 'paid') ORDER BY order_date"
            " DESC, id DESC LIMIT 5)"
        )
    database.dispose()
    ws = open_workspace(folder, SPEC.instant)
    yield ws
    ws.close()


class Stage:
    """The real window on the inbox, and ways to use it."""

    def __init__(self, window: MainWindow, runner: Runner, qtbot: QtBot, ws: Workspace) -> None:
        self.window, self.runner, self.qtbot, self.ws = window, runner, qtbot, ws
        self.place: Any = window.place("inbox")

    def rest(self) -> None:
        """Wait until nothing is under way."""
        self.qtbot.waitUntil(lambda: self.runner.running == 0, timeout=10_000)
        QApplication.processEvents()
        self.qtbot.waitUntil(lambda: self.runner.running == 0, timeout=10_000)

    def press(self, *keys: Any) -> None:
        """Press keys where the focus is; texts are typed."""
        for key in keys:
            focus: QWidget | None = QApplication.focusWidget()
            assert focus is not None
            if isinstance(key, str):
                self.qtbot.keyClicks(focus, key)
            elif isinstance(key, tuple):
                self.qtbot.keyClick(focus, key[0], key[1])
            else:
                self.qtbot.keyClick(focus, key)
            self.rest()

    @property
    def current(self) -> int:
        return int(self.place.table.current_key())

    def one(self, sql: str, *parameters: object) -> Any:
        with self.ws.database.read() as connection:
            return connection.exec_driver_sql(sql, parameters).scalar()
