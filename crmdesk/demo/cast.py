"""Today's route of the first rep: its customers and the set habits of two of them.

Owns the names and goods that the first screens show; everything else is left to chance.
"""

from __future__ import annotations

CAST: tuple[tuple[str, str, str, str, str], ...] = (
    ("Autoservicio Araceli", "supermarket", "A", "Andorra la Vella", "Araceli Vidal"),
    ("Panadería San José", "bakery", "B", "les Escaldes", "José Luis Mena"),
    ("Ultramarinos La Perla", "grocer", "A", "Encamp", "Carmen Ruiz"),
    ("Droguería Hnos. Cobo", "drugstore", "B", "Encamp", "Rafael Cobo"),
    ("Бакалея Иванов", "grocer", "A", "Canillo", "Сергей Иванов"),
    ("Bar El Parque", "bar", "B", "Canillo", "Manuel Parra"),
    ("Alimentación Zambra", "grocer", "B", "Soldeu", "Pilar Zambra"),
    ("Supermercado Las Fuentes", "supermarket", "A", "Ordino", "Montse Fuentes"),
    ("Casa Rural Las Rosas", "hotel", "B", "La Massana", "Rosa Vila"),
    ("Kiosco La Ermita", "kiosk", "D", "Pas de la Casa", "Ermita Soler"),
)
"""Today's route of the first rep in its order: name, channel, class, town, owner; then a call."""

CAST_HABITS: dict[int, tuple[tuple[str, str, int, float, int], ...]] = {
    2: (
        ("Aceite oliva La Alquería 1 L", "CS", 2, 14, 14),
        ("Tomate frito Huerta Real 400 g", "CS", 3, 16, 28),
        ("Atún claro Costa Clara 3×80 g", "CS", 1, 21, 14),
        ("Arroz redondo Marisma 1 kg", "CS", 2, 24, 14),
        ("Lejía Blancol 2 L", "CS", 1, 28, 42),
        ("Garbanzo Sierra Sur 570 g", "EA", 24, 28, 28),
        ("Harina Molino Viejo 1 kg", "CS", 1, 30, 14),
        ("Papel cocina Lavamar 3 rollos", "BU", 1, 42, 42),
        ("Café molido Alcor 250 g", "CS", 1, 42, 28),
        ("Detergente Lavamar 3 L", "CS", 1, 46, 140),
        ("Turrón blando Estepeño 250 g", "CS", 2, 20, 14),
        ("Galletas Doré 800 g", "CS", 1, 38, 290),
    ),
    4: (
        ("Гречка Алтын Степной 900 г", "CS", 4, 13, 28),
        ("Сгущёнка Степной 380 г", "CS", 1, 21, 28),
        ("Огурцы солёные Степной 900 г", "CS", 2, 28, 28),
        ("Té negro Hort Petit 25 uds", "CS", 1, 35, 42),
    ),
}
"""What two customers of today's route buy: product, pack, usual quantity, gap in days, and how
many days ago the last purchase may be at the latest."""

CAST_HOURS: tuple[tuple[tuple[int, int], ...], ...] = (
    ((480, 1260),), ((420, 840), (1020, 1200)), ((540, 840), (1050, 1230)),
    ((540, 810), (990, 1200)), ((540, 840), (1020, 1200)), ((480, 1380),), ((540, 1020),),
    ((525, 1290),), ((480, 1200),), ((480, 840), (1020, 1200)),
)  # fmt: skip
"""Opening hours of today's route on weekdays, in minutes; all are open when the rep comes."""

STAPLES = frozenset(habit[0] for habits in CAST_HABITS.values() for habit in habits)
"""Products that are always in the range."""
