"""Which column of a file is which field: synonyms in three languages, or the person's own map."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from anyascii import anyascii

from crmdesk.domain.errors import UserError
from crmdesk.i18n import _

SALES: dict[str, tuple[str, ...]] = {
    "account": (
        "account", "customer", "customer id", "customer code", "customer no", "client", "cliente",
        "codigo cliente", "codigo de cliente", "cod cliente", "n cliente", "no cliente",
        "klient", "kod klienta", "kontragent", "pokupatel",
    ),
    "account_name": (
        "account name", "customer name", "nombre", "nombre cliente", "razon social",
        "naimenovanie klienta", "nazvanie klienta",
    ),
    "sku": (
        "sku", "stockcode", "stock code", "product", "product code", "item", "item code", "article",
        "articulo", "codigo articulo", "codigo de articulo", "cod articulo",
        "referencia", "ref", "producto", "artikul", "tovar", "kod tovara",
    ),
    "description": (
        "description", "product name", "item name", "descripcion", "descripcion articulo",
        "naimenovanie", "nazvanie", "nomenklatura",
    ),
    "date": (
        "date", "order date", "invoice date", "invoicedate", "fecha", "fecha factura", "fecha fra",
        "data", "data prodazhi",
    ),
    "quantity": (
        "quantity", "qty", "units", "cantidad", "cant", "unidades", "uds", "kolichestvo", "kol-vo",
    ),
    "unit": (
        "unit", "uom", "unit of measure", "unidad", "ud", "um", "unidad de medida", "edinitsa",
        "ed", "ed izm", "edinitsa izmereniya",
    ),
    "pack": ("pack", "pack size", "units per pack", "unidades por caja", "v upakovke"),
    "unit_price": (
        "unit price", "unitprice", "price", "precio", "precio unitario", "precio ud", "pvp",
        "tsena", "tsena za ed",
    ),
    "amount": ("amount", "net", "net amount", "value", "importe", "total", "summa"),
    "cost": ("cost", "unit cost", "coste", "coste unitario", "sebestoimost"),
    "document": (
        "document", "order no", "order number", "invoice", "invoiceno", "invoice no", "factura",
        "numero factura", "no factura", "n factura", "num factura", "pedido", "albaran",
        "dokument", "nomer", "nakladnaya",
    ),
    "country": ("country", "pais", "strana"),
}  # fmt: skip
SALES_NEEDED = ("account", "sku", "date", "quantity")

ACCOUNTS: dict[str, tuple[str, ...]] = {
    "code": ("code", "codigo", "kod", *SALES["account"]),
    "name": ("name", "naimenovanie", "nazvanie", *SALES["account_name"]),
    "tax_id": ("tax id", "vat", "vat no", "nif", "cif", "nrt", "inn"),
    "class": ("class", "clase", "klass"),
    "channel": ("channel", "canal", "kanal"),
    "segment": ("segment", "segmento"),
    "street": ("street", "address", "direccion", "calle", "adres", "ulitsa"),
    "city": ("city", "town", "ciudad", "poblacion", "gorod"),
    "postcode": ("postcode", "postal code", "zip", "codigo postal", "cp", "indeks"),
    "region": ("region", "province", "provincia", "oblast"),
    "country": SALES["country"],
    "latitude": ("latitude", "lat", "latitud", "shirota"),
    "longitude": ("longitude", "lon", "lng", "longitud", "dolgota"),
}
ACCOUNTS_NEEDED = ("code", "name")

PRODUCTS: dict[str, tuple[str, ...]] = {
    "sku": SALES["sku"] + ("code", "codigo", "kod"),
    "name": ("name", "nombre", *SALES["description"]),
    "brand": ("brand", "marca", "brend", "marka"),
    "base_unit": ("base unit", "unidad base", "bazovaya edinitsa"),
    "status": ("status", "estado", "status tovara"),
    "description": ("long description", "notes", "notas", "primechanie", "description"),
}
PRODUCTS_NEEDED = ("sku", "name")

CONTACTS: dict[str, tuple[str, ...]] = {
    "account": SALES["account"],
    "name": ("name", "contact", "contact name", "nombre", "contacto", "imya", "kontakt"),
    "job": ("job", "title", "role", "cargo", "dolzhnost"),
    "phone": ("phone", "telephone", "mobile", "telefono", "movil", "telefon"),
    "email": ("email", "e-mail", "correo", "pochta"),
}
CONTACTS_NEEDED = ("account", "name")

PACKAGINGS: dict[str, tuple[str, ...]] = {
    "sku": SALES["sku"],
    "unit": SALES["unit"],
    "factor": ("factor", *SALES["pack"]),
    "gtin": ("gtin", "ean", "barcode", "codigo de barras", "shtrikhkod"),
    "minimum": ("minimum", "minimo", "minimum packs"),
    "multiple": ("multiple", "multiplo", "kratnost"),
    "sellable": ("sellable", "vendible"),
}
PACKAGINGS_NEEDED = ("sku", "unit", "factor")

PRICES: dict[str, tuple[str, ...]] = {
    "sku": SALES["sku"],
    "price": SALES["unit_price"],
    "discount_bp": ("discount bp",),
    "price_list": ("price list", "list", "tarifa", "prais", "prays-list"),
    "minimum_quantity": ("minimum quantity", "from quantity", "desde", "cantidad minima", "ot"),
    "valid_from": ("valid from", "from", "desde fecha", "s daty"),
    "valid_to": ("valid to", "to", "hasta", "po datu"),
}
PRICES_NEEDED = ("sku",)

COSTS: dict[str, tuple[str, ...]] = {
    "sku": SALES["sku"],
    "cost": (*SALES["cost"], "purchase price", "precio de compra", "zakupochnaya tsena"),
    "valid_from": PRICES["valid_from"],
}
COSTS_NEEDED = ("sku", "cost")

PROMOTIONS: dict[str, tuple[str, ...]] = {
    "code": ("code", "promotion", "codigo", "promocion", "kod", "aktsiya"),
    "name": ("name", "nombre", "nazvanie", "naimenovanie"),
    "kind": ("kind", "type", "tipo", "vid", "tip"),
    "sku": SALES["sku"],
    "category": ("category", "categoria", "kategoriya"),
    "segment": ("segment", "segmento"),
    "discount": ("discount", "percent", "descuento", "skidka"),
    "discount_bp": ("discount bp",),
    "buy_quantity": ("buy quantity", "buy", "compra", "kupit"),
    "free_quantity": ("free quantity", "free", "gratis", "besplatno"),
    "free_sku": ("free sku", "gift", "regalo", "podarok"),
    "minimum": ("minimum quantity", "from quantity", "cantidad minima", "ot"),
    "valid_from": ("valid from", "from", "desde", "s daty"),
    "valid_to": ("valid to", "to", "hasta", "po datu"),
    "parts": ("parts", "bundle", "lote", "nabor"),
    "quantity": ("set quantity", "any", "cantidad del lote"),
    "skus": ("skus", "products", "productos", "tovary"),
    "categories": ("categories", "categorias", "kategorii"),
    "set_price": ("set price", "bundle price", "precio del lote", "tsena nabora"),
    "limit": ("limit", "limite", "limit na zakaz"),
    "stacks": ("stacks", "on top", "acumulable", "summiruetsya"),
}
PROMOTIONS_NEEDED = ("code", "name", "kind", "valid_from", "valid_to")


_CURRENCY = re.compile(r"(,|\()? ?\b(eur|euros?|usd|gbp|rub)\b ?\)?$")
_NUMBERED = re.compile(r"#(\d{1,3})")


def normalised(heading: str) -> str:
    """A heading as synonyms are compared: Latin small letters, single blanks, without currency."""
    plain = re.sub(r"[\s_./]+", " ", anyascii(heading).casefold()).strip(" :*'\"`")
    return _CURRENCY.sub("", plain).strip()


def map_columns(
    columns: Sequence[str],
    synonyms: Mapping[str, Sequence[str]],
    needed: Sequence[str],
    chosen: Mapping[str, str] | None = None,
) -> dict[str, int]:
    """Field → position in the row. ``chosen`` maps fields to headings, or to ``#`` and the
    number of the column, and goes first.

    UserError names the fields that are missing and the headings there are, or the columns that have
    the same heading.
    """
    heads = [normalised(column) for column in columns]
    found: dict[str, int] = {}
    for field, heading in (chosen or {}).items():
        if field not in synonyms:
            raise UserError(
                _("The map names an unknown field: {field}.").format(field=field),
                _("Fields are: {fields}.").format(fields=", ".join(synonyms)),
            )
        found[field] = _named_column(field, heading, columns, heads)
    taken = set(found.values())
    for field, words in synonyms.items():
        if field in found:
            continue
        for word in words:
            places = [i for i, head in enumerate(heads) if head == word and i not in taken]
            if places:
                found[field] = _only(field, columns, places)
                taken.add(places[0])
                break
    missing = [field for field in needed if field not in found]
    if missing:
        raise UserError(
            _("The file has no column for: {fields}.").format(fields=", ".join(missing)),
            _("Columns are: {columns}. Name them with --map.").format(columns=", ".join(columns)),
        )
    return found


def is_heading(
    columns: Sequence[str],
    synonyms: Mapping[str, Sequence[str]],
    needed: Sequence[str],
    chosen: Mapping[str, str],
) -> bool:
    """Whether a row names every column that is needed, by the usual words or by the map."""
    heads = {normalised(column) for column in columns}
    if any(
        heading not in columns and normalised(heading) not in heads and not _NUMBERED.match(heading)
        for heading in chosen.values()
    ):
        return False
    return all(field in chosen or not heads.isdisjoint(synonyms[field]) for field in needed)


def _named_column(field: str, heading: str, columns: Sequence[str], heads: Sequence[str]) -> int:
    places = [i for i, column in enumerate(columns) if column == heading]
    places = places or [i for i, head in enumerate(heads) if head == normalised(heading)]
    numbered = _NUMBERED.fullmatch(heading)
    if not places and numbered and 1 <= int(numbered[1]) <= len(columns):
        places = [int(numbered[1]) - 1]
    if not places:
        raise UserError(
            _("The map names a column that is not in the file: {column}.").format(column=heading),
            _("Columns are: {columns}.").format(columns=", ".join(columns)),
        )
    return _only(field, columns, places)


def _only(field: str, columns: Sequence[str], places: Sequence[int]) -> int:
    """The one column there is; which of two with the same heading is meant, nobody can say."""
    if len(places) > 1:
        first, second = places[0] + 1, places[1] + 1
        raise UserError(
            _("Two columns are called “{column}”: number {first} and number {second}.").format(
                column=columns[places[0]], first=first, second=second
            ),
            _(
                "Rename one of them in the file, or say which one counts with --map: {example}"
            ).format(example=f'{{"{field}": "#{second}"}}'),
        )
    return places[0]
