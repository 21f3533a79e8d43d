"""Colours, spaces and sizes of the interface, as plain values.

Owns every number that describes how crmdesk looks; nothing else in the program names a colour.
Applying them to Qt is left to :mod:`crmdesk.gui.theme`. No Qt here, so that printing, the
contrast test and reports can read the same tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

SPACE_1 = 4
SPACE_2 = 8
SPACE_3 = 12
SPACE_4 = 16
SPACE_5 = 24
SPACE_6 = 32

PAGE_MARGIN = SPACE_4
PANEL_GAP = SPACE_3
RADIUS = 6

SIZE_SMALL = 12
SIZE_BODY = 13
SIZE_STRONG = 15
SIZE_TITLE = 18
SIZE_HERO = 24

REGULAR = 400
MEDIUM = 500
SEMIBOLD = 600

ROW = 32
ROW_COMPACT = 26
ROW_FIELD = 40
PANEL_HEADER = 40
BUTTON = 32
BUTTON_LARGE = 40
RAIL = 200
RAIL_COLLAPSED = 72
TOP_BAR = 48


@dataclass(frozen=True, slots=True)
class Tokens:
    """One colour scheme; every value is ``#RRGGBB``.

    The meaning of the semantic colours is fixed: accent = act, selected, due; danger = overdue,
    late, refused; warning = at risk, unusual, conflict; good = done, passed, better; grey = past.
    """

    name: str
    window: str
    surface: str
    raised: str
    border: str
    border_strong: str
    text: str
    muted: str
    accent: str
    accent_soft: str
    accent_hover: str
    on_accent: str
    good: str
    good_soft: str
    warning: str
    warning_soft: str
    danger: str
    danger_soft: str
    grey_soft: str
    hover: str
    bar: str
    bar_track: str
    past: str
    heat: tuple[str, str, str, str, str]
    map_land: str
    map_water: str
    map_wood: str
    map_road: str
    map_road_edge: str
    map_built: str
    shadow: str

    @property
    def is_dark(self) -> bool:
        """True for the scheme with light text on dark grounds."""
        return self.name == "dark"


LIGHT = Tokens(
    name="light",
    window="#F6F7F9",
    surface="#FFFFFF",
    raised="#FFFFFF",
    border="#E2E6EC",
    border_strong="#C5CCD6",
    text="#1A202A",
    muted="#566070",
    accent="#1D56C9",
    accent_soft="#E6EEFC",
    accent_hover="#17479F",
    on_accent="#FFFFFF",
    good="#17753F",
    good_soft="#E5F3EA",
    warning="#8F5600",
    warning_soft="#FBF0DC",
    danger="#B42318",
    danger_soft="#FCEAE8",
    grey_soft="#E6E9EE",
    hover="#EEF1F5",
    bar="#6592E4",
    bar_track="#F1F3F7",
    past="#C5CCD6",
    heat=("#F1F3F7", "#D5E1F9", "#A6C1F2", "#6592E4", "#1D56C9"),
    map_land="#EFF1EC",
    map_water="#C9DDEC",
    map_wood="#DFE8D8",
    map_road="#FFFFFF",
    map_road_edge="#D3D7DC",
    map_built="#E0E0DE",
    shadow="#1A202A",
)

DARK = Tokens(
    name="dark",
    window="#11151B",
    surface="#191F28",
    raised="#212936",
    border="#2A3340",
    border_strong="#3B4757",
    text="#E7EBF1",
    muted="#9AA6B6",
    accent="#7FA8FF",
    accent_soft="#1E2C48",
    accent_hover="#A3C0FF",
    on_accent="#11151B",
    good="#5BC98A",
    good_soft="#17302A",
    warning="#E3A94B",
    warning_soft="#33291A",
    danger="#F2837A",
    danger_soft="#3A2224",
    grey_soft="#2A3340",
    hover="#212936",
    bar="#5580CE",
    bar_track="#212935",
    past="#3B4757",
    heat=("#212935", "#25395F", "#33558F", "#5580CE", "#8DB1FF"),
    map_land="#171D24",
    map_water="#1C3144",
    map_wood="#1B2823",
    map_road="#3A4553",
    map_road_edge="#262E38",
    map_built="#222A33",
    shadow="#000000",
)

SCHEMES = {LIGHT.name: LIGHT, DARK.name: DARK}


def luminance(color: str) -> float:
    """Relative luminance of ``#RRGGBB`` in 0…1, after WCAG 2.1 section 1.4.3."""
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 (same) … 21 (black on white), after WCAG 2.1."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
