"""The rail: no place's word is cut, however long it is and whatever waits there."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QPainter
from pytestqt.qtbot import QtBot

from crmdesk.gui.widgets import rail as module
from crmdesk.gui.widgets.charts import text_width
from crmdesk.gui.widgets.rail import Rail


@pytest.mark.parametrize("word", ["Входящие", "Политика цен и скидок компании", "Inbox"])
@pytest.mark.parametrize("count", [0, 7, 120])
def test_no_word_of_the_rail_is_cut(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, word: str, count: int
) -> None:
    drawn: list[tuple[str, float, float]] = []

    def draw(_painter: QPainter, rect: QRectF, text: str, font: QFont, *_rest: Any) -> None:
        drawn.append((text, rect.width(), text_width(font, text)))

    monkeypatch.setattr(module, "draw_text", draw)
    rail = Rail()
    qtbot.addWidget(rail)
    rail.set_places([("inbox", word, "mail"), ("today", "Today", "today")])
    rail.set_badge("inbox", count)
    rail.resize(rail.width(), 400)
    rail.grab()
    cut = [text for text, room, needed in drawn if text == word and needed > room]
    assert word in [text for text, _room, _needed in drawn]
    assert not cut
    if word == "Inbox":
        assert rail.width() == 200
    rail.set_folded(folded=True)
    assert rail.width() == 72
