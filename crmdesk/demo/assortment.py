"""The invented goods of the demo company, written as a table.

Owns names, brands, sizes, prices and packs; :mod:`crmdesk.demo.catalogue` makes rows of them.
Brands are invented. One family a line: category | name | brand | season | variants; a variant is
``size:price in cents:pieces a case:pieces a bulk pack``. Food is taxed at the reduced rate.
"""

from __future__ import annotations

from typing import NamedTuple

CATEGORIES: tuple[tuple[str, str, str], ...] = (
    ("10", "Oils and vinegars", "food"),
    ("11", "Preserves", "food"),
    ("12", "Rice, pasta, pulses", "food"),
    ("13", "Flour and bakery", "food"),
    ("14", "Dairy and cheese", "food"),
    ("15", "Coffee, tea, cocoa", "food"),
    ("16", "Sweets", "food"),
    ("17", "Soft drinks and water", "drink"),
    ("18", "Wine, beer, spirits", "drink"),
    ("19", "Snacks", "food"),
    ("20", "Cleaning", "home"),
    ("21", "Paper", "home"),
    ("22", "Hygiene", "home"),
    ("23", "Disposables", "home"),
    ("24", "Eastern specialities", "food"),
)
DEPARTMENTS = (("food", "Food"), ("drink", "Drinks"), ("home", "Household"))


class Variant(NamedTuple):
    """One SKU as the table gives it; price in cents a piece (a kilogram when sold by weight)."""

    category: str
    family: str
    brand: str
    season: str
    size: str
    price_cents: int
    case: int
    bulk: int


_TABLE = """
10|Aceite oliva|La Alquería|even|250 ml:260:24:0;1 L:840:12:0;5 L:3890:4:0
10|Aceite girasol|Campo Llano|even|1 L:215:15:0;5 L:1020:4:0;25 L:4890:1:0
10|Vinagre de vino|La Alquería|even|500 ml:98:12:0;1 L:152:12:0
10|Oli d'oliva arbequina|Mas del Noguer|even|500 ml:690:12:0;2 L:2290:6:0
11|Tomate frito|Huerta Real|even|400 g:84:12:144;800 g:149:12:0;2,5 kg:398:6:0
11|Tomate triturado|Huerta Real|even|400 g:72:12:144;2,5 kg:345:6:0
11|Atún claro|Costa Clara|summer|3×80 g:285:24:0;1 kg:940:8:0
11|Sardinas en aceite|Costa Clara|summer|120 g:139:25:0;550 g:495:12:0
11|Mejillones en escabeche|Ría Mansa|summer|111 g:225:25:0
11|Aceitunas rellenas|Olivar Chico|summer|350 g:118:24:0;2,5 kg:690:4:0
11|Pimientos asados|Huerta Real|even|390 g:189:12:0;2,5 kg:815:6:0
11|Maíz dulce|Huerta Real|summer|3×150 g:176:12:0
11|Mermelada|Can Serrat|even|fresa 350 g:168:12:0;melocotón 350 g:168:12:0;monodosis 20 g:9:120:0
12|Arroz redondo|Marisma|even|1 kg:138:12:0;5 kg:640:4:0
12|Arroz largo|Marisma|even|1 kg:132:12:0;5 kg:615:4:0
12|Garbanzo|Sierra Sur|winter|570 g:95:12:0;5 kg:1090:4:0
12|Lenteja|Sierra Sur|winter|570 g:92:12:0;5 kg:1020:4:0
12|Alubia blanca|Sierra Sur|winter|570 g:96:12:0
12|Espagueti|Grano Alto|even|500 g:79:24:0;5 kg:680:3:0
12|Macarrón|Grano Alto|even|500 g:79:24:0;5 kg:680:3:0
12|Caldo de pollo|Olla Vella|winter|1 L:149:12:0
13|Harina|Molino Viejo|even|1 kg:76:12:0;5 kg:345:5:0;25 kg:1450:1:4
13|Harina de fuerza|Molino Viejo|even|1 kg:112:12:0;25 kg:1890:1:4
13|Levadura|Molino Viejo|even|500 g:145:20:0
13|Azúcar|Caña Clara|even|1 kg:118:10:0;sobres 8 g:4:1000:0;25 kg:2390:1:0
13|Sal fina|Salina Baja|even|1 kg:48:16:0;25 kg:690:1:0
13|Pan rallado|Molino Viejo|even|750 g:129:12:0
14|Leche entera|Prat Verd|even|1 L:98:6:72;1,5 L:142:6:0
14|Leche semidesnatada|Prat Verd|even|1 L:94:6:72
14|Mantequilla|Prat Verd|even|250 g:245:20:0;1 kg:890:10:0
14|Nata para cocinar|Prat Verd|winter|200 ml:89:24:0;1 L:365:6:0
14|Queso curado|Valdeoro|winter|3 kg:1290:2:0
14|Queso tierno|Valdeoro|even|1,5 kg:920:4:0
14|Huevos camperos|Corral Alt|even|docena:285:15:0
15|Café molido|Alcor|even|250 g:295:12:0;natural 1 kg:1090:8:0
15|Café en grano|Alcor|even|1 kg:1140:8:0;descafeinado 1 kg:1260:8:0
15|Cápsulas de café|Alcor|even|10 uds:285:20:0;50 uds:1290:6:0
15|Cacao soluble|Negrillo|winter|400 g:265:12:0;2,5 kg:1390:4:0
15|Infusión manzanilla|Hort Petit|winter|25 uds:112:12:0
15|Té negro|Hort Petit|winter|25 uds:128:12:0
16|Galletas|Doré|even|800 g:265:12:0;individual 40 g:29:100:0
16|Turrón blando|Estepeño|christmas|250 g:360:10:0
16|Turrón duro|Estepeño|christmas|250 g:375:10:0
16|Polvorones|Estepeño|christmas|650 g:495:8:0
16|Bombones surtidos|Estepeño|christmas|300 g:620:9:0
16|Chocolate con leche|Negrillo|winter|150 g:145:20:0
16|Magdalenas|Doré|even|12 uds:219:10:0
16|Miel de montaña|Can Serrat|winter|500 g:545:12:0
17|Agua mineral|Font Freda|summer|50 cl:24:24:0;1,5 L:42:6:84;vidrio 75 cl:69:12:0
17|Agua con gas|Font Freda|summer|50 cl:38:24:0;vidrio 33 cl:41:24:0
17|Refresco cola|Zumba|summer|33 cl:44:24:0;2 L:128:6:0
17|Refresco naranja|Zumba|summer|33 cl:43:24:0;2 L:124:6:0
17|Refresco limón|Zumba|summer|33 cl:43:24:0
17|Tónica|Zumba|summer|20 cl:52:24:0
17|Zumo de naranja|Huerta Real|even|1 L:149:12:0;20 cl:48:30:0
17|Zumo de piña|Huerta Real|even|1 L:146:12:0
18|Vino tinto joven|Cerro Alto|winter|75 cl:345:6:0;garrafa 5 L:1150:4:0
18|Vino blanco|Cerro Alto|summer|75 cl:365:6:0
18|Vino crianza|Cerro Alto|winter|75 cl:690:6:0
18|Cava brut|Roca Blava|christmas|75 cl:525:6:0
18|Cerveza rubia|Pic Negre|summer|33 cl:58:24:0;barril 30 L:6450:1:0;lata 33 cl:49:24:0
18|Cerveza tostada|Pic Negre|even|33 cl:72:24:0
18|Ratafía|Hort Petit|winter|70 cl:980:6:0
18|Vermut|Roca Blava|even|1 L:690:6:0
19|Patatas fritas|Crocant|summer|150 g:129:16:0;30 g:36:60:0
19|Cacahuete tostado|Crocant|even|200 g:125:20:0;1 kg:490:10:0
19|Almendra frita|Crocant|even|125 g:245:16:0
19|Mezcla frutos secos|Crocant|even|200 g:198:16:0
20|Lejía|Blancol|even|2 L:115:8:0;5 L:245:4:0
20|Detergente|Lavamar|even|3 L:690:4:0;polvo 10 kg:1890:1:0
20|Lavavajillas|Lavamar|even|1 L:145:12:0;5 L:590:4:0;máquina 20 kg:3890:1:0
20|Friegasuelos|Blancol|even|1,5 L:159:8:0;5 L:445:4:0
20|Limpiacristales|Blancol|even|750 ml:165:12:0
20|Desengrasante|Blancol|even|750 ml:228:12:0;5 L:890:4:0
20|Suavizante|Lavamar|even|2 L:265:6:0
20|Estropajo|Blancol|even|3 uds:89:24:0
20|Bolsa de basura|Blancol|even|30 L 25 uds:98:20:0;100 L 10 uds:145:20:0
21|Papel cocina|Lavamar|even|3 rollos:210:1:12;industrial 2 uds:890:3:0
21|Papel higiénico|Lavamar|even|12 rollos:390:1:9;industrial 18 uds:1890:1:0
21|Servilletas|Lavamar|summer|40×40 50 uds:165:24:0;30×30 100 uds:98:24:0
21|Mantel papel|Lavamar|summer|1×100 m:1690:1:6
22|Gel de manos|Aura Neta|even|500 ml:185:12:0;5 L:990:4:0
22|Champú|Aura Neta|ski|750 ml:235:12:0;hotel 30 ml:18:250:0
22|Gel de ducha|Aura Neta|ski|750 ml:219:12:0;hotel 30 ml:17:250:0
22|Pasta de dientes|Aura Neta|even|75 ml:165:12:0
23|Vaso de papel|Llesta|summer|25 cl 50 uds:245:20:0;40 cl 50 uds:325:20:0
23|Plato de caña|Llesta|summer|23 cm 50 uds:590:10:0
23|Film alimentario|Llesta|even|30 cm×300 m:790:4:0
23|Papel aluminio|Llesta|even|30 cm×100 m:890:4:0
24|Гречка Алтын|Степной|even|900 г:245:12:0
24|Сгущёнка|Степной|even|380 г:215:20:0
24|Огурцы солёные|Степной|winter|900 г:265:8:0
24|Квас|Степной|summer|1,5 л:189:6:0
24|Пельмени|Степной|winter|800 г:495:10:0
"""

SOLD_BY_WEIGHT = {"Queso curado", "Queso tierno"}
"""Base unit gram, price a kilogram."""


def assortment() -> list[Variant]:
    """Every SKU of the table, in its order."""
    found = []
    for line in _TABLE.strip().splitlines():
        category, family, brand, season, variants = line.split("|")
        for variant in variants.split(";"):
            size, cents, case, bulk = variant.split(":")
            found.append(
                Variant(category, family, brand, season, size, int(cents), int(case), int(bulk))
            )
    return found
