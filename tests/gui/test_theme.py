"""The tokens are readable (WCAG AA), the typeface is bundled, the icons are recoloured."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFontDatabase, QFontInfo, QFontMetricsF, QRawFont
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t

SCHEMES = [t.LIGHT, t.DARK]
GROUNDS = (
    "window", "surface", "raised", "accent_soft", "good_soft", "warning_soft", "danger_soft",
    "grey_soft", "hover", "map_land", "map_water", "map_wood",
)  # fmt: skip


def test_contrast_follows_wcag_examples() -> None:
    assert t.contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert t.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.name)
def test_text_reads_on_every_ground(scheme: t.Tokens) -> None:
    for ground in GROUNDS:
        for text in ("text", "muted"):
            ratio = t.contrast(getattr(scheme, text), getattr(scheme, ground))
            assert ratio >= 4.5, f"{text} on {ground}: {ratio:.2f}"
    assert t.contrast(scheme.text, scheme.map_road) >= 4.5  # muted names keep a halo of land


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.name)
def test_semantic_colours_read_on_their_grounds(scheme: t.Tokens) -> None:
    for name in ("accent", "good", "warning", "danger"):
        for ground in (f"{name}_soft", "surface", "window", "raised"):
            ratio = t.contrast(getattr(scheme, name), getattr(scheme, ground))
            assert ratio >= 4.5, f"{name} on {ground}: {ratio:.2f}"
    assert t.contrast(scheme.on_accent, scheme.accent) >= 4.5
    assert t.contrast(scheme.on_accent, scheme.accent_hover) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
def test_apply_reaches_palette_and_tokens(qapp: QApplication, name: str) -> None:
    theme.apply(qapp, name)
    assert theme.tokens().name == name
    assert qapp.palette().window().color().name().upper() == t.SCHEMES[name].window
    theme.apply(qapp, "light")


def test_unknown_scheme_is_refused(qapp: QApplication) -> None:
    with pytest.raises(KeyError):
        theme.apply(qapp, "sepia")


def test_inter_is_bundled_with_cyrillic_and_greek(qapp: QApplication) -> None:
    theme.apply(qapp, "light")
    for weight in (t.REGULAR, t.MEDIUM, t.SEMIBOLD):
        font = theme.font(t.SIZE_BODY, weight)
        assert QFontInfo(font).family() == theme.FAMILY
        raw = QRawFont.fromFont(font)
        assert all(raw.supportsCharacter(ord(letter)) for letter in "Añ€ЖЯщΚαλημέρα−…≈·")
    assert "Inter" in QFontDatabase.families()


def test_tabular_figures_have_one_width(qapp: QApplication) -> None:
    theme.apply(qapp, "light")
    tabular = QFontMetricsF(theme.font(tabular=True))
    proportional = QFontMetricsF(theme.font())
    assert tabular.horizontalAdvance("1111") == tabular.horizontalAdvance("8888")
    assert proportional.horizontalAdvance("1111") < proportional.horizontalAdvance("8888")


def test_text_scale_is_held_between_100_and_150_percent(qapp: QApplication) -> None:
    theme.apply(qapp, "light", scale=4.0)
    assert theme.text_scale() == 1.5
    assert theme.font(t.SIZE_SMALL).pixelSize() == 18
    theme.apply(qapp, "light")
    assert theme.font(t.SIZE_SMALL).pixelSize() == 12


def test_icons_are_drawn_in_the_asked_colour(qapp: QApplication) -> None:
    theme.apply(qapp, "light")
    assert len(icons.names()) > 60
    for name in icons.names():
        image = icons.pixmap(name, "danger", 20, 2.0).toImage()
        inked = [
            image.pixelColor(x, y)
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() == 255
        ]
        assert inked, f"{name} is empty"
        assert {c.name().upper() for c in inked} == {t.LIGHT.danger}, name


def test_unknown_icon_is_an_error(qapp: QApplication) -> None:
    with pytest.raises(FileNotFoundError):
        icons.pixmap("no-such-icon")


def test_sizes_follow_a_scale_that_changes_while_they_are_shown(
    qtbot: QtBot, qapp: QApplication
) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    theme.fix_height(widget, 28)
    theme.least_width(widget, 100)
    assert (widget.height(), widget.minimumWidth()) == (28, 100)
    theme.apply(qapp, "light", scale=1.5)
    assert (widget.height(), widget.minimumWidth()) == (42, 150)
    theme.fix_height(widget, 20)
    theme.apply(qapp, "light")
    assert (widget.height(), widget.minimumWidth()) == (20, 100)
