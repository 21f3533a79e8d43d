"""The menus of the board: why not, what is kept of a SKU, on which day, which area.

Owns their entries; every entry has a letter. What an entry does is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget

from crmdesk.domain.reorder_overrides import OverrideKind
from crmdesk.gui.packs import base_text, pack_of
from crmdesk.gui.views.reorder.asking import Ask
from crmdesk.gui.views.reorder.steps import BoardSteps
from crmdesk.i18n import _, format_date_near, ngettext
from crmdesk.services.queries.contact_days import ContactDay
from crmdesk.services.queries.reorder import PackOption, PairKey
from crmdesk.services.queries.reorder_detail import SkuDetail
from crmdesk.services.queries.reorder_filter import Area, AreaRow

_LETTERS = "123456789"


def _menu(parent: QWidget) -> QMenu:
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu


def reasons_menu(parent: QWidget, steps: BoardSteps, key: PairKey) -> QMenu:
    """Why a suggestion does not stand: one letter or click each."""
    menu = _menu(parent)
    for reason, kind in (
        (_("&Enough in stock"), OverrideKind.NOT_NOW),
        (_("&Buys it elsewhere"), OverrideKind.NOT_NOW),
        (_("&Closed for the season"), OverrideKind.NOT_NOW),
        (_("&Not now"), OverrideKind.NOT_NOW),
        (_("The &forecast is wrong"), OverrideKind.WRONG_FORECAST),
    ):
        plain = reason.replace("&", "")
        menu.addAction(reason, partial(steps.put_off, key, plain, kind))
    menu.addSeparator()
    menu.addAction(_("Another &quantity…"), partial(steps.ask, Ask.QUANTITY, key))
    menu.addAction(_("&Substituted by…"), partial(steps.ask, Ask.SUBSTITUTE, key))
    gone = _("No &longer listed")
    menu.addAction(gone, partial(steps.put_off, key, gone.replace("&", ""), OverrideKind.DELISTED))
    return menu


def kept_menu(parent: QWidget, steps: BoardSteps, detail: SkuDetail, base_unit: str) -> QMenu:
    """What is kept of a SKU at a customer: listed, par level, count, usual pack."""
    menu, key = _menu(parent), detail.key
    listed = menu.addAction(_("&Listed at this customer"))
    listed.setCheckable(True)
    listed.setChecked(detail.listed)
    listed.triggered.connect(lambda on: steps.set_listed(key, listed=on))
    level = _("none") if not detail.par_level else base_text(base_unit, detail.par_level)
    menu.addAction(_("&Par level: {now}…").format(now=level), partial(steps.ask, Ask.PAR, key))
    menu.addAction(_("&Count the shelf…"), partial(steps.ask, Ask.COUNT, key))
    menu.addSection(_("Suggested in"))
    chosen = detail.usual_packaging_id
    habit = menu.addAction(_("&As it was mostly bought"))
    habit.setCheckable(True)
    habit.setChecked(chosen is None)
    habit.triggered.connect(lambda: steps.set_usual_pack(key, None))
    for letter, pack in zip(_LETTERS, detail.packs, strict=False):
        if pack.packaging_id is None:
            continue
        entry = menu.addAction(f"&{letter} {pack_of(pack.unit, pack.factor)}")
        entry.setCheckable(True)
        entry.setChecked(pack.packaging_id == chosen)
        entry.triggered.connect(partial(_set_pack, steps, key, pack))
    return menu


def _set_pack(steps: BoardSteps, key: PairKey, pack: PackOption, *_checked: bool) -> None:
    steps.set_usual_pack(key, pack)


def days_menu(
    parent: QWidget, days: Sequence[ContactDay], today: date, plan: Callable[[date], None]
) -> QMenu:
    """On which day: the figure of the day, and how full it is."""
    menu = _menu(parent)
    for letter, day in zip(_LETTERS, days, strict=False):
        when = format_date_near(day.day, today)
        visits = ngettext("{count} visit", "{count} visits", day.visits).format(count=day.visits)
        text = f"&{letter} {when}\t{visits}"
        if day.calls:
            calls = ngettext("{count} call", "{count} calls", day.calls).format(count=day.calls)
            text = f"{text}, {calls}"
        menu.addAction(text, partial(plan, day.day))
    return menu


def areas_menu(
    parent: QWidget, areas: Sequence[AreaRow], chosen: Area, choose: Callable[[Area], None]
) -> QMenu:
    """Everywhere, territories, people; with the number of their customers."""
    menu = _menu(parent)
    rows = [AreaRow(Area(), _("&Everywhere"), 0), *areas]
    people = False
    for row in rows:
        if row.area.user_id is not None and not people:
            people = True
            menu.addSection(_("People"))
        count = ""
        if row.accounts:
            count = ngettext("{count} customer", "{count} customers", row.accounts)
            count = "\t" + count.format(count=row.accounts)
        entry = menu.addAction(f"{row.name}{count}")
        entry.setCheckable(True)
        entry.setChecked(row.area == chosen)
        entry.triggered.connect(partial(_choose, choose, row.area))
    return menu


def _choose(choose: Callable[[Area], None], area: Area, *_checked: bool) -> None:
    choose(area)
