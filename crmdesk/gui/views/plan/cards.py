"""How the board's parts are painted: cards, day headings, free time.

Owns their look only; where they stand is the board's.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.plan.items import CardItem, DayItem
from crmdesk.gui.widgets.badges import badge_size, paint_badge
from crmdesk.gui.widgets.buttons import key_cap_width, paint_key_cap
from crmdesk.gui.widgets.charts import (
    CENTER,
    RIGHT,
    draw_text,
    fill_round,
    saved,
    text_token,
    text_width,
)
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.i18n import _

_STRIPE = 3
_GRIP = 14
_MARK = 14
_LEAST_TOWN = 26


def paint_card(painter: QPainter, rect: QRectF, card: CardItem, *, selected: bool) -> None:
    """One visit: grip or lock, name, hour and town, what it is worth."""
    _paint_ground(painter, rect, card, selected=selected)
    if card.movable:
        side = theme.scaled(_GRIP)
        grip = QRectF(rect.left() + 2, rect.center().y() - side / 2, side, side)
        icons.paint(painter, "grip", grip, "muted")
    left = rect.left() + theme.scaled(18)
    right = rect.right() - t.SPACE_2
    half = theme.scaled(19)
    top = rect.center().y() - half
    upper = QRectF(left, top, right - left, half)
    if card.icon:
        side = theme.scaled(_MARK)
        mark = QRectF(right - side, upper.center().y() - side / 2, side, side)
        icons.paint(painter, card.icon, mark, text_token(card.icon_tone))
        upper.setRight(mark.left() - t.SPACE_1)
    ink = "muted" if card.past else "text"
    draw_text(painter, upper, card.title, theme.font(t.SIZE_BODY, t.MEDIUM), ink)
    _paint_lower(painter, QRectF(left, top + half, right - left, half), card)


def _paint_ground(painter: QPainter, rect: QRectF, card: CardItem, *, selected: bool) -> None:
    ground = "accent_soft" if selected else "surface"
    if not selected and (card.past or card.locked):
        ground = "hover" if card.locked else "window"
    with saved(painter):
        painter.setBrush(theme.color(ground))
        painter.setPen(QPen(theme.color("accent" if selected else "border"), 2 if selected else 1))
        inset = 1.0 if selected else 0.5
        painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), t.RADIUS, t.RADIUS)
        if card.moved and not selected:
            clip = QPainterPath()
            clip.addRoundedRect(rect, t.RADIUS, t.RADIUS)
            painter.setClipPath(clip)
            stripe = QRectF(rect.left(), rect.top(), _STRIPE, rect.height())
            painter.fillRect(stripe, theme.color("accent"))


def _paint_lower(painter: QPainter, rect: QRectF, card: CardItem) -> None:
    warned = card.value_tone is not Tone.PLAIN
    font = theme.font(t.SIZE_SMALL, t.MEDIUM if warned or card.past else t.SEMIBOLD, tabular=True)
    ink = text_token(card.value_tone)
    if not warned and card.past:
        ink = "muted"
    room = text_width(font, card.value) + 1
    draw_text(painter, rect, card.value, font, ink, RIGHT)
    small = theme.font(t.SIZE_SMALL, tabular=True)
    words = rect.adjusted(0, 0, -room - t.SPACE_1, 0)
    used = draw_text(painter, words, card.clock, small, "muted") + t.SPACE_1
    town = words.adjusted(used if card.clock else 0, 0, 0, 0)
    if town.width() >= theme.scaled(_LEAST_TOWN):  # a letter and dots would say nothing
        draw_text(painter, town, card.town, small, "muted")


def paint_low_card(painter: QPainter, rect: QRectF, card: CardItem, *, selected: bool) -> None:
    """One visit in one line: hour, name, mark or worth."""
    _paint_ground(painter, rect, card, selected=selected)
    small = theme.font(t.SIZE_SMALL, tabular=True)
    area = rect.adjusted(t.SPACE_2, 0, -t.SPACE_2, 0)
    if card.icon:
        side = theme.scaled(_MARK - 2)
        mark = QRectF(area.right() - side, area.center().y() - side / 2, side, side)
        icons.paint(painter, card.icon, mark, text_token(card.icon_tone))
        area.setRight(mark.left() - t.SPACE_1)
    elif card.value_tone is not Tone.PLAIN:
        room = text_width(small, card.value)
        draw_text(painter, area, card.value, small, text_token(card.value_tone), RIGHT)
        area.setRight(area.right() - room - t.SPACE_1)
    if card.clock:
        used = draw_text(painter, area, card.clock, small, "muted")
        area.setLeft(area.left() + used + t.SPACE_1)
    ink = "muted" if card.past else "text"
    draw_text(painter, area, card.title, theme.font(t.SIZE_SMALL, t.MEDIUM), ink)


def paint_low_heading(painter: QPainter, rect: QRectF, day: DayItem) -> None:
    """A day among several weeks: its name, worth and totals in two lines."""
    area = rect.adjusted(t.SPACE_2 + 2, 0, -t.SPACE_2 - 2, 0)
    upper = QRectF(area.left(), area.top() + theme.scaled(5), area.width(), theme.scaled(17))
    value = theme.font(t.SIZE_SMALL, t.SEMIBOLD, tabular=True)
    draw_text(painter, upper, day.value, value, "muted" if day.past else "text", RIGHT)
    name = upper.adjusted(0, 0, -text_width(value, day.value) - t.SPACE_2, 0)
    ink = "accent" if day.is_today else "muted" if day.tentative else "text"
    draw_text(painter, name, day.title, theme.font(t.SIZE_BODY, t.SEMIBOLD), ink)
    lower = QRectF(area.left(), upper.bottom(), area.width(), theme.scaled(15))
    small = theme.font(t.SIZE_SMALL, tabular=True)
    words = [*day.stats[1:]] if len(day.stats) > 1 else [*day.stats]
    if day.tentative:
        words.append(_("tentative"))
    draw_text(painter, lower, " · ".join(words), small, "muted")


def paint_heading(painter: QPainter, rect: QRectF, day: DayItem) -> None:
    """A day's name, worth, totals, and how full it is."""
    area = rect.adjusted(t.SPACE_3 - 2, 0, -t.SPACE_3 + 2, 0)
    upper = QRectF(area.left(), theme.scaled(8), area.width(), theme.scaled(22))
    value = theme.font(t.SIZE_BODY, t.SEMIBOLD, tabular=True)
    title = theme.font(t.SIZE_STRONG, t.SEMIBOLD)
    room = text_width(value, day.value) + t.SPACE_2
    if text_width(title, day.title) + room <= upper.width():
        draw_text(painter, upper, day.value, value, "muted" if day.past else "text", RIGHT)
    else:
        room = 0.0
    name = upper.adjusted(0, 0, -room, 0)
    ink = "accent" if day.is_today else "text"
    used = draw_text(painter, name, day.title, title, ink)
    if day.is_today or day.tentative:
        badge = BadgeItem(_("today"), Tone.ACCENT)
        if day.tentative:
            badge = BadgeItem(_("tentative"), Tone.MUTED)
        size = badge_size(badge)
        left = name.left() + used + t.SPACE_1
        if left + size.width() <= name.right():
            top = upper.center().y() - size.height() / 2
            paint_badge(painter, QRectF(left, top, size.width(), size.height()), badge)
    lower = QRectF(area.left(), theme.scaled(30), area.width(), theme.scaled(18))
    small = theme.font(t.SIZE_SMALL, tabular=True)
    stats = " · ".join(day.stats)
    if len(day.stats) > 1 and text_width(small, stats) > lower.width():
        stats = " · ".join(day.stats[1:])  # the cards below can be counted
    draw_text(painter, lower, stats, small, "muted")
    bar = QRectF(area.left(), theme.scaled(56), area.width(), theme.scaled(6))
    fill_round(painter, bar, "bar_track", bar.height() / 2)
    if day.fill > 0:
        full = QRectF(bar)
        full.setWidth(max(bar.height(), bar.width() * min(1.0, day.fill)))
        token = "past" if day.past else "warning" if day.fill > 1.0 else "accent"
        fill_round(painter, full, token, bar.height() / 2)


def paint_free(painter: QPainter, rect: QRectF, words: str, key: str) -> None:
    """The dashed box of a day's free time."""
    with saved(painter):
        pen = QPen(theme.color("border_strong"), 1, Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([3.0, 3.0])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), t.RADIUS, t.RADIUS)
    half = rect.height() / 2
    upper = QRectF(rect.left(), rect.top() + 4, rect.width(), half - 2)
    draw_text(painter, upper, words, theme.font(t.SIZE_SMALL, t.SEMIBOLD), "text", CENTER)
    font = theme.font(t.SIZE_SMALL)
    hint = _("Drop here or fill")
    room = text_width(font, hint) + t.SPACE_1 + key_cap_width(key)
    middle = QPointF(rect.center().x(), rect.top() + half + half / 2 - 3)
    left = max(rect.left() + t.SPACE_1, middle.x() - room / 2)
    area = QRectF(left, middle.y() - half / 2, rect.right() - left - t.SPACE_1, half)
    used = draw_text(painter, area, hint, font, "muted")
    if left + used + t.SPACE_1 + key_cap_width(key) <= rect.right():
        paint_key_cap(painter, left + used + t.SPACE_1, middle.y(), key)
