"""The published instances' format, small."""

from __future__ import annotations


def small_instance(**changes):
    return {
        "name": "small",
        "n": 2,
        "horizon_days": 14,
        "workdays": [0, 1, 7],
        "shift": [480, 1050],
        "lunch": {"earliest_clock": 750, "minutes": 45},
        "max_km_day": 280.0,
        "eur_per_km": 0.3,
        "min_spacing_factor": 0.5,
        "home": [0.0, 0.0],
        "customers": [
            {
                "id": i,
                "x": 3.0 + i,
                "y": 4.0,
                "freq": 14,
                "days_since_last": 14,
                "margin": 80.0,
                "visit_min": 30,
                "rho": 1.5,
                "hours": [[[540, 1080]]] * 6 + [[]],
                "usual_weekday": i,
            }
            for i in range(2)
        ],
    } | changes
