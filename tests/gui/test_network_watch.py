"""What the system says of the network: told once it is back, and silence where it knows nothing."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from crmdesk.gui.network import NetworkWatch


def test_only_coming_back_is_told(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    watch = NetworkWatch(lambda: told.append(True))
    for online in (True, None, True, False, None, True, True, False, True):
        monkeypatch.setattr(watch, "_is_online", lambda online=online: online)
        watch._on_reachability_changed(None)
    assert len(told) == 1, "from False to True; what is unknown in between proves nothing"


def test_before_it_has_begun_nothing_is_known(qapp: QApplication) -> None:
    assert NetworkWatch(lambda: None).metered() is None


def test_it_begins_on_any_machine(qapp: QApplication) -> None:
    """With a backend or without: no warning, and an answer or none."""
    watch = NetworkWatch(lambda: None)
    watch.start()
    assert watch.metered() in (None, True, False)
