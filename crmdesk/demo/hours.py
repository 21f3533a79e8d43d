"""Opening hours and working weeks of the demo company.

Owns the shape of the ``opening_hours`` and ``working_week`` documents: a list of seven lists,
Monday first, of ``[open_minute, close_minute]`` pairs; an empty list is a closed day. A rep's
``working_week`` has one more key, ``lunch``: see :func:`working_week`.
"""

from __future__ import annotations

from random import Random

Week = list[list[list[int]]]

_PATTERNS: dict[str, tuple[tuple[tuple[int, int], ...], ...]] = {
    "grocer": (((540, 840), (1050, 1230)), ((510, 825), (1020, 1200))),
    "supermarket": (((540, 1260),), ((525, 1290),)),
    "bakery": (((420, 840), (1020, 1200)), ((390, 870),)),
    "drugstore": (((540, 810), (990, 1200)), ((570, 810), (1020, 1200))),
    "bar": (((480, 1380),), ((540, 1320),)),
    "restaurant": (((570, 960), (1140, 1380)), ((600, 1380),)),
    "hotel": (((480, 1200),), ((480, 1140),)),
    "kiosk": (((480, 840), (1020, 1200)),),
    "campsite": (((510, 1170),),),
}


def opening_hours(channel: str, rng: Random) -> Week:
    """A week of one channel's usual hours; some close on one weekday."""
    pattern = [list(pair) for pair in rng.choice(_PATTERNS[channel])]
    morning = [pattern[0][:]] if pattern[0][1] <= 900 else [[pattern[0][0], 840]]
    week: Week = [[list(pair) for pair in pattern] for _day in range(5)]
    week.append(morning if channel in ("grocer", "drugstore", "kiosk") else week[0])
    week.append([] if channel in ("grocer", "drugstore") else morning)
    if channel in ("bar", "restaurant") and rng.random() < 0.4:
        week[rng.randrange(7)] = []
    return [[list(pair) for pair in day] for day in week]


def same_hours(pairs: tuple[tuple[int, int], ...]) -> Week:
    """The same hours from Monday to Friday, the morning of them on Saturday, closed on Sunday."""
    week: Week = [[list(pair) for pair in pairs] for _day in range(5)]
    return [*week, [[pairs[0][0], min(pairs[0][1], 840)]], []]


def is_open(week: Week, weekday: int, minute: int, minutes: int) -> bool:
    """True when somebody can be there for so many minutes from that minute on."""
    return any(opens <= minute and minute + minutes <= closes for opens, closes in week[weekday])


def working_week() -> dict[str, object]:
    """A rep's week: ``days`` in the shape above, ``lunch`` ``[from, to, minutes]``, daily km."""
    days: Week = [[[510, 1110]] for _day in range(4)] + [[[510, 960]], [], []]
    return {"days": days, "lunch": [810, 915, 75], "max_km": 280}
