"""Puts the tokens onto Qt: fonts, palette, style and the small application stylesheet.

Owns what every widget asks when it paints: :func:`tokens`, :func:`color` and :func:`font`. The
values themselves live in :mod:`crmdesk.gui.theme_tokens`. The active scheme and text scale are
properties of the ``QApplication``; a change reaches widgets as Qt's own palette and font events.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory, QWidget

from crmdesk.gui import theme_tokens as t
from crmdesk.gui.theme_tokens import Tokens
from crmdesk.paths import resources_dir

FAMILY = "Inter"
_SCHEME = "crmdesk_scheme"
_SCALE = "crmdesk_text_scale"
_SIZES = "crmdesk_sizes"
_FONTS_LOADED = "crmdesk_fonts_loaded"
_STYLED = "crmdesk_styled"
_WEIGHTS = {
    t.REGULAR: QFont.Weight.Normal,
    t.MEDIUM: QFont.Weight.Medium,
    t.SEMIBOLD: QFont.Weight.DemiBold,
}
_FONT_FILES = (
    "Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf", "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
)  # fmt: skip
# Names of customers may be written from right to left, on a system that has no fonts at all.
_FAMILIES = (FAMILY, "Noto Sans Arabic", "Noto Sans Hebrew")
TEXT_SCALES = (1.0, 1.1, 1.25, 1.5)


def _application() -> QApplication:
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise RuntimeError("the theme needs a QApplication first")
    return app


def tokens() -> Tokens:
    """The tokens of the active scheme; light before :func:`apply` was called."""
    app = QApplication.instance()
    name = app.property(_SCHEME) if app is not None else None
    return t.SCHEMES.get(str(name), t.LIGHT)


def text_scale() -> float:
    """The factor on every type size, 1.0 … 1.5."""
    app = QApplication.instance()
    value = app.property(_SCALE) if app is not None else None
    return float(value) if value else 1.0


def scale_beside(step: int) -> float:
    """The text scale so many steps larger (or smaller) than the present one, within the list."""
    nearest = min(range(len(TEXT_SCALES)), key=lambda i: abs(TEXT_SCALES[i] - text_scale()))
    return TEXT_SCALES[min(max(nearest + step, 0), len(TEXT_SCALES) - 1)]


def scaled(pixels: int) -> int:
    """A height in px that must grow with the text (rows, buttons, fields)."""
    return round(pixels * text_scale())


def color(name: str, *, alpha: float = 1.0) -> QColor:
    """The colour of a token (``"accent"``, ``"heat3"``, ``"#RRGGBB"``), alpha 0…1."""
    if name.startswith("#"):
        value = QColor(name)
    elif name.startswith("heat"):
        value = QColor(tokens().heat[int(name[4:])])
    else:
        value = QColor(getattr(tokens(), name))
    if alpha < 1.0:
        value.setAlphaF(alpha)
    return value


def font(size: int = t.SIZE_BODY, weight: int = t.REGULAR, *, tabular: bool = False) -> QFont:
    """Inter at a size of the type scale (px before text scale) and weight 400, 500 or 600."""
    return QFont(_font(round(size * text_scale()), weight, tabular=tabular))


@lru_cache(maxsize=64)
def _font(pixels: int, weight: int, *, tabular: bool) -> QFont:
    """Made once: a table asks for it in every cell."""
    made = QFont(list(_FAMILIES))
    made.setPixelSize(pixels)
    made.setWeight(_WEIGHTS[weight])
    if tabular:
        made.setFeature(QFont.Tag("tnum"), 1)
    return made


def load_fonts() -> None:
    """Register the bundled typeface; a second call does nothing.

    Raises FileNotFoundError when a font file is missing from the installation.
    """
    app = _application()
    if app.property(_FONTS_LOADED):
        return
    for file_name in _FONT_FILES:
        path = resources_dir() / "fonts" / file_name
        if QFontDatabase.addApplicationFont(str(path)) < 0:
            raise FileNotFoundError(path)
    app.setProperty(_FONTS_LOADED, True)


def _palette(tk: Tokens) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for key, value in (
        (role.Window, tk.window),
        (role.WindowText, tk.text),
        (role.Base, tk.surface),
        (role.AlternateBase, tk.window),
        (role.Text, tk.text),
        (role.PlaceholderText, tk.muted),
        (role.Button, tk.surface),
        (role.ButtonText, tk.text),
        (role.BrightText, tk.danger),
        (role.ToolTipBase, tk.raised),
        (role.ToolTipText, tk.text),
        (role.Highlight, tk.accent),
        (role.HighlightedText, tk.on_accent),
        (role.Accent, tk.accent),
        (role.Link, tk.accent),
        (role.LinkVisited, tk.accent),
        (role.Light, tk.border),
        (role.Midlight, tk.border),
        (role.Mid, tk.border_strong),
        (role.Dark, tk.border_strong),
        (role.Shadow, tk.shadow),
    ):
        palette.setColor(key, QColor(value))
    for key in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, QColor(tk.muted))
    return palette


def _stylesheet(tk: Tokens) -> str:
    return f"""
    QToolTip {{ background: {tk.raised}; color: {tk.text}; border: 1px solid {tk.border_strong};
        padding: 4px 8px; }}
    QMenu {{ background: {tk.raised}; border: 1px solid {tk.border_strong}; padding: 4px; }}
    QMenu::item {{ padding: 6px 24px 6px 12px; border-radius: 4px; color: {tk.text}; }}
    QMenu::item:selected {{ background: {tk.accent_soft}; color: {tk.accent}; }}
    QMenu::item:disabled {{ color: {tk.muted}; }}
    QMenu::separator {{ height: 1px; background: {tk.border}; margin: 4px 0; }}
    QAbstractScrollArea {{ background: transparent; border: none; }}
    QAbstractScrollArea::corner {{ background: transparent; border: none; }}
    QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QComboBox, QDateEdit {{
        background: {tk.surface}; color: {tk.text}; border: 1px solid {tk.border_strong};
        border-radius: {t.RADIUS}px; padding: 4px 8px;
        selection-background-color: {tk.accent}; selection-color: {tk.on_accent}; }}
    QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QComboBox:focus,
    QDateEdit:focus {{ border: 2px solid {tk.accent}; padding: 3px 7px; }}
    QLineEdit:disabled {{ background: {tk.window}; color: {tk.muted}; }}
    QComboBox::drop-down {{ border: none; width: 20px; }}
    QHeaderView {{ background: {tk.surface}; border: none; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
    QScrollBar::handle {{ background: {tk.border_strong}; border-radius: 3px; margin: 2px; }}
    QScrollBar::handle:vertical {{ min-height: 24px; }}
    QScrollBar::handle:horizontal {{ min-width: 24px; }}
    QScrollBar::handle:hover {{ background: {tk.muted}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QSplitter::handle {{ background: transparent; }}
    QProgressBar {{ background: {tk.bar_track}; border: none; border-radius: 3px; height: 6px; }}
    QProgressBar::chunk {{ background: {tk.accent}; border-radius: 3px; }}
    """


def fix_height(widget: QWidget, px: int) -> None:
    """A height that follows the text scale, also when that changes while the widget is shown."""
    _keep(widget, "setFixedHeight", px)


def fix_width(widget: QWidget, px: int) -> None:
    """A width that follows the text scale."""
    _keep(widget, "setFixedWidth", px)


def least_height(widget: QWidget, px: int) -> None:
    """A least height that follows the text scale."""
    _keep(widget, "setMinimumHeight", px)


def least_width(widget: QWidget, px: int) -> None:
    """A least width that follows the text scale."""
    _keep(widget, "setMinimumWidth", px)


def most_width(widget: QWidget, px: int) -> None:
    """A largest width that follows the text scale."""
    _keep(widget, "setMaximumWidth", px)


def _keep(widget: QWidget, setter: str, px: int) -> None:
    kept = widget.property(_SIZES) or {}
    widget.setProperty(_SIZES, {**kept, setter: px})
    getattr(widget, setter)(scaled(px))


def _follow_scale(app: QApplication) -> None:
    for widget in app.allWidgets():
        for setter, px in (widget.property(_SIZES) or {}).items():
            getattr(widget, setter)(scaled(px))


def apply(app: QApplication, scheme: str = "light", *, scale: float = 1.0) -> None:
    """Give the application one scheme (``"light"`` or ``"dark"``) and a text scale 1.0 … 1.5.

    Raises KeyError for an unknown scheme. May be called again at any time; open widgets follow.
    """
    tk = t.SCHEMES[scheme]
    app.setProperty(_SCHEME, scheme)
    before, now = app.property(_SCALE), min(max(scale, 1.0), 1.5)
    app.setProperty(_SCALE, now)
    load_fonts()
    # Asked once: behind a stylesheet the style has no name any more.
    if not app.property(_STYLED):
        if app.style().name().lower() != "fusion":
            app.setStyle(QStyleFactory.create("Fusion"))
        app.setProperty(_STYLED, True)
    if before is not None and before != now:
        _follow_scale(app)
    app.setFont(font())
    app.setPalette(_palette(tk))
    app.setStyleSheet(_stylesheet(tk))
