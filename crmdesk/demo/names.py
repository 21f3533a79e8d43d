"""Invented names of businesses and persons, in several alphabets.

Owns the words; nothing here is a real business or person.
"""

from __future__ import annotations

from random import Random

from crmdesk.demo.cast import CAST

_KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "ca": {
        "grocer": ("Queviures {}", "Alimentació {}", "Can {}", "Botiga {}"),
        "supermarket": ("Supermercat {}", "Autoservei {}", "Economat {}"),
        "bakery": ("Forn {}", "Fleca {}", "Pastisseria {}"),
        "drugstore": ("Drogueria {}", "Perfumeria {}"),
        "bar": ("Bar {}", "Cafè {}", "Granja {}"),
        "restaurant": ("Restaurant {}", "Borda {}", "Fonda {}", "Braseria {}"),
        "hotel": ("Hotel {}", "Hostal {}", "Apartaments {}", "Refugi {}"),
        "kiosk": ("Quiosc {}", "Estanc {}"),
        "campsite": ("Càmping {}",),
    },
    "es": {
        "grocer": ("Ultramarinos {}", "Alimentación {}", "Colmado {}", "Frutería {}"),
        "supermarket": ("Autoservicio {}", "Supermercado {}", "Economato {}"),
        "bakery": ("Panadería {}", "Confitería {}", "Obrador {}"),
        "drugstore": ("Droguería {}", "Perfumería {}"),
        "bar": ("Bar {}", "Cafetería {}", "Taberna {}"),
        "restaurant": ("Mesón {}", "Restaurante {}", "Asador {}"),
        "hotel": ("Hotel {}", "Hostal {}", "Casa Rural {}"),
        "kiosk": ("Kiosco {}", "Estanco {}"),
        "campsite": ("Camping {}",),
    },
    "fr": {
        "grocer": ("Épicerie {}", "Alimentation {}"), "supermarket": ("Supérette {}",),
        "bakery": ("Boulangerie {}",), "drugstore": ("Droguerie {}",), "bar": ("Café {}",),
        "restaurant": ("Auberge {}", "Brasserie {}"), "hotel": ("Hôtel {}", "Chalet {}"),
        "kiosk": ("Tabac {}",), "campsite": ("Camping {}",),
    },
    "pt": {
        "grocer": ("Mercearia {}",), "supermarket": ("Minimercado {}",),
        "bakery": ("Padaria {}", "Pastelaria {}"), "drugstore": ("Drogaria {}",),
        "bar": ("Café {}", "Bar {}"), "restaurant": ("Churrasqueira {}", "Tasca {}"),
        "hotel": ("Pensão {}",), "kiosk": ("Quiosque {}",), "campsite": ("Campismo {}",),
    },
}  # fmt: skip
_PROPER: dict[str, tuple[str, ...]] = {
    "ca": (
        "del Pont", "Casamanya", "La Solana", "Cal Ros", "Sant Esteve", "Les Neus", "Riu Fred",
        "El Tarter", "Cabanes", "Montclar", "Coma Bella", "Font Vella", "Pessons", "del Roc",
        "L'Avet", "La Plaça", "Ca la Rita", "Els Isards", "Tristaina", "La Borda", "Germans Pal",
        "Torrent", "Sorteny", "La Llacuna", "El Molí", "Meritxell", "Naudi", "Prat Gran",
    ),
    "es": (
        "Los Pinos", "El Valle", "Araceli", "La Muralla", "San Isidro", "El Puente", "Torres",
        "Mena", "Rueda", "Los Arcos", "Benítez", "Machaco", "El Lago", "Ortiz", "La Parada",
        "Lara", "Sole", "Solano", "El Tajo", "La Ermita", "Montilla", "Santa Ana", "Jarales",
        "Hnos. Gil", "La Fuente", "El Olivo", "Las Eras", "Campos", "La Estación", "Miraflores",
    ),
    "fr": (
        "du Col", "Les Sapins", "Le Refuge", "de la Gare", "Martin", "des Neiges", "Bellevue",
        "L'Étape", "Le Grand Pic", "Chez Odile", "du Marché", "Les Gentianes",
    ),
    "pt": (
        "Central", "Nova Lisboa", "O Minho", "Irmãos Costa", "Estrela", "Dona Amélia", "Serra",
        "A Portuguesa", "Ribeiro", "do Porto",
    ),
}  # fmt: skip
_WORLD: tuple[tuple[str, str, str, str], ...] = (
    ("Бакалея Волга", "grocer", "ru", "Ольга Волкова"),
    ("Бистро Одесса", "restaurant", "ru", "Тарас Коваль"),
    ("Магазин Берёзка", "grocer", "ru", "Анна Белова"),
    ("Гастроном Балтика", "supermarket", "ru", "Пётр Лапин"),
    ("Хранителни стоки Родопи", "grocer", "ru", "Иво Димитров"),
    ("مخبز النور", "bakery", "ar", "يوسف الحداد"),
    ("بقالة الأندلس", "grocer", "ar", "مريم بناني"),
    ("מכולת הגליל", "grocer", "he", "דוד לוי"),
    ("Ταβέρνα Ο Νίκος", "restaurant", "el", "Νίκος Παππάς"),
    ("Παντοπωλείο Αθηνά", "grocer", "el", "Αθηνά Κώστα"),
    ("Bakkal Yıldız", "grocer", "tr", "Ayşe Şahin"),
    ("Phở Hà Nội", "restaurant", "vi", "Nguyễn Thị Hoa"),
    ("Łódzka Piekarnia", "bakery", "pl", "Małgorzata Wójcik"),
    ("Ресторан Карпаты", "restaurant", "ru", "Олена Шевченко"),
)
CHANNELS = (
    ("grocer", 26), ("bar", 18), ("restaurant", 17), ("hotel", 12), ("bakery", 9),
    ("supermarket", 8), ("drugstore", 5), ("kiosk", 3), ("campsite", 2),
)  # fmt: skip
_FIRST = {
    "ca": ("Montse", "Jordi", "Núria", "Josep", "Mercè", "Albert", "Laia", "Ramon", "Dolors"),
    "es": ("Carmen", "Antonio", "Pilar", "Francisco", "Lucía", "Rafael", "Isabel", "Javier"),
    "fr": ("Odile", "Michel", "Sophie", "Alain", "Claire", "Denis"),
    "pt": ("Amélia", "João", "Fátima", "Rui", "Teresa", "Nuno"),
}
_LAST = {
    "ca": ("Riba", "Font", "Casal", "Naudi", "Torres", "Mora", "Serra", "Vidal", "Pla", "Areny"),
    "es": ("Ruiz", "Mena", "Cobo", "Lara", "Ortiz", "Campos", "Roldán", "Zafra", "Prieto"),
    "fr": ("Martin", "Roussel", "Garnier", "Petit", "Delmas"),
    "pt": ("Costa", "Ribeiro", "Lopes", "Faria", "Matos"),
}
_NUMBERS = ("II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")


class Namer:
    """Gives business names that are not given twice; deterministic by its random source."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._given: set[str] = {row[0] for row in CAST}

    def channel(self) -> str:
        """A channel, by its share of the trade."""
        names, weights = zip(*CHANNELS, strict=True)
        return str(self._rng.choices(names, weights)[0])

    def business(self, channel: str, index: int, country: str) -> tuple[str, str, str, str]:
        """Name, channel, language and owner of one more business."""
        rng = self._rng
        if index % 9 == 4:
            name, kind, language, owner = _WORLD[index // 9 % len(_WORLD)]
            return self._unique(name), kind, language, owner
        weights = (60, 22, 10, 8) if country == "AD" else (30, 66, 2, 2)
        language = rng.choices(("ca", "es", "fr", "pt"), weights)[0]
        kind = rng.choice(_KINDS[language][channel])
        return (
            self._unique(kind.format(rng.choice(_PROPER[language]))), channel, language,
            self.person(language),
        )  # fmt: skip

    def person(self, language: str) -> str:
        """A person's name."""
        known = language if language in _FIRST else "es"
        return f"{self._rng.choice(_FIRST[known])} {self._rng.choice(_LAST[known])}"

    def _unique(self, name: str) -> str:
        found, number = name, 0
        while found in self._given:
            number += 1
            tail = _NUMBERS[number - 1] if number <= len(_NUMBERS) else str(number + 1)
            found = f"{name} {tail}"
        self._given.add(found)
        return found
